export { type BatchArray, batchArrayJob } from "./array-job.ts";
export { BatchClient, openBatch, readBatchStatus } from "./batch-client.ts";
export type { SubmissionState, TaskRunStanding } from "./batch-state.ts";
export type { BatchStatus, StageStatus, SubmissionStatus, TaskRunCounts } from "./batch-status.ts";
export { BatchBusyError, BatchMismatchError } from "./errors.ts";
export type {
  OpenBatchOptions,
  RefreshBatchOptions,
  ResumeBatchOptions,
  SubmitBatchOptions,
  WatchBatchOptions,
} from "./options.ts";
export {
  TASK_RUN_STATES,
  type TaskRunCause,
  type TaskRunState,
  taskRunCanFollow,
} from "./states.ts";
