export { type DamagedResult, damagedResults } from "./check-results.ts";
export { BatchLiveError, type CleanedUp, cleanUp } from "./clean-up.ts";
export { type Collected, type CollectOptions, type CollectProgress, collect } from "./collect.ts";
export {
  type CollectedRun,
  type CollectedStage,
  type Collection,
  collectionJsonSchema,
  type GatheredFile,
} from "./collection-schema.ts";
export { type GatherOptions, gather } from "./gather.ts";
export type { GatherRun } from "./gather-run.ts";
export { quarantineResults } from "./quarantine.ts";
export { readCollection } from "./read-collection.ts";
