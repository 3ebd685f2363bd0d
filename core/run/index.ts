export { type CheckedPlan, type CheckedStep, checkPlan } from "./check-plan.ts";
export type { Checkpoint, TaskCheckpoint } from "./checkpoint.ts";
export type { Environment } from "./environment.ts";
export {
  CheckpointGoneError,
  InputChangedError,
  InvalidParametersError,
  InvalidPlanError,
  OutputMissingError,
  RunFailedError,
  RunFolderExistsError,
  RunRecordDamagedError,
  TaskStoppedError,
} from "./errors.ts";
export {
  type AddStep,
  definePlan,
  type FileInput,
  file,
  type Plan,
  type PlanInput,
  type PlanStep,
  type StepHandle,
  type StepOutput,
} from "./plan.ts";
export { type PlanDocument, planDocument, planFromDocument, type StepDocument } from "./plan-document.ts";
export { planOf, type RunOptions, type RunTaskOptions, runPlan, runTask } from "./run-plan.ts";
export {
  type ErrorRecord,
  type FileRecord,
  type RunRecord,
  type RunState,
  readRunRecord,
  type StepRecord,
} from "./run-record.ts";
export type { RunProgress } from "./run-steps.ts";
export {
  type AnyTask,
  defineTask,
  type Task,
  type TaskContext,
  type TaskInput,
  type TaskOutput,
} from "./task.ts";
