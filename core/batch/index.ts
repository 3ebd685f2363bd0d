export type { AcceptedResult } from "./accepted-results.ts";
export type { BatchDocument, BatchFile, StageDocument, TaskRunId } from "./batch-document.ts";
export { BatchFolder, type BatchFolderOptions } from "./batch-folder.ts";
export { type AttemptId, BatchPaths, relativeAttempt } from "./batch-paths.ts";
export { type BatchTwin, bringTwin } from "./bring-twin.ts";
export * from "./client/index.ts";
export * from "./collect/index.ts";
export {
  BatchDamagedError,
  BatchFolderExistsError,
  BatchNotFoundError,
  InvalidSweepError,
  PackingImpossibleError,
} from "./errors.ts";
export { choosePacking, type Packing, type PackingFacts, pack } from "./packing.ts";
export {
  type ElementOptions,
  type ElementProgress,
  type ElementResult,
  type ElementRun,
  parametersOf,
  runElement,
} from "./run-element.ts";
export { type SealBatchOptions, type SealedBatch, sealBatch } from "./seal-batch.ts";
export type { Submission } from "./submission.ts";
export { type ParsedSweep, parseSweep, type Sweep } from "./sweep.ts";
export { parseSweepTable, readSweepTable, type SweepTableFormat } from "./sweep-table.ts";
export type { ElementClaim, Witness } from "./witnesses.ts";
