export {
  Adaptable,
  type AdaptableCondition,
  type Cause,
  type ConditionDrift,
  type Expectation,
  type Features,
  type SlowControlCoefficient,
} from "./adaptable.ts";
export { checkArrayJob, checkArrayToken } from "./check-array-job.ts";
export { Clock } from "./clock.ts";
export { Connector, type OpenDataset, type OpenOptions, type WriteOptions } from "./connector.ts";
export type { CounterFaults, Counters, Marks, NoisyCounter } from "./counters.ts";
export {
  type Delivery,
  EventStream,
  type StreamLag,
  type SubscribeOptions,
  type Subscription,
} from "./event-stream.ts";
export {
  type ArrayJob,
  type ElementResources,
  type ElementState,
  type ElementStatus,
  Executor,
  type ExecutorCallOptions,
  type ExecutorLimits,
  type FailureCause,
  type SubmittedArray,
} from "./executor.ts";
export { ExecutorRefusedError, ExecutorUnreachableError } from "./executor-errors.ts";
export {
  type FallbackRanges,
  type GeneratedBatch,
  type GenerateRequest,
  Generator,
  type GeneratorFacts,
  type GeneratorOutput,
  type ValidityRange,
} from "./generator.ts";
export {
  type HdfAttributes,
  type HdfColumn,
  type HdfCreateOptions,
  type HdfDataset,
  type HdfDatasetSpec,
  type HdfEditor,
  type HdfFile,
  HdfFiles,
  type HdfFilter,
  type HdfGroup,
  type HdfLink,
  type HdfMember,
  type HdfNumberType,
  type HdfProblem,
  type HdfSlab,
  type HdfType,
  type HdfWriter,
} from "./hdf-files.ts";
export { Log, type LogFields } from "./log.ts";
export { Model, type ModelProvider, type TensorSpec } from "./model.ts";
export { type ObjectOptions, ObjectStore, type StoredObject } from "./object-store.ts";
export {
  type Axis,
  type Figure,
  type GeoMap,
  type GeoPoint,
  type GeoTrack,
  type HeatMap,
  MOST_AXIS_NAMES,
  type Picture,
  Report,
  type ReportDocument,
  type ReportSection,
  type Series,
  type Table,
  type TableColumn,
} from "./report.ts";
export {
  type DownloadOptions,
  Source,
  type SourceEntry,
  type SourceFile,
  type SourceOptions,
  type SourceRange,
} from "./source.ts";
export { type Token, token, tokenName } from "./token.ts";
