export { type DamagedResult, damagedResults } from "./check-results.ts";
export { BatchLiveError, type CleanedUp, cleanUpBatch } from "./clean-up.ts";
export {
  type CollectedResults,
  type CollectResultsOptions,
  type CollectResultsProgress,
  collectResults,
} from "./collect.ts";
export {
  type CollectedRun,
  type CollectedStage,
  type Collection,
  collectionJsonSchema,
  type GatheredFile,
} from "./collection-schema.ts";
export { type GatherOptions, gatherResults } from "./gather.ts";
export type { GatherRun } from "./gather-run.ts";
export { quarantineResults } from "./quarantine.ts";
export { readCollection } from "./read-collection.ts";
