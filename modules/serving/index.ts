/**
 * Fast simulation over gRPC: a server of models and generators that speaks the Open Inference Protocol, and parts that ask one.
 *
 * @module
 */

export {
  ModelNotServedError,
  QueueFullError,
  RemoteModelChangedError,
  ServerDrainingError,
  ServerInsecureError,
  ServerRefusedError,
  ServerStartError,
  ServerUnreachableError,
  WireError,
} from "./errors.ts";
export type {
  Batching,
  BatchStatistics,
  RequestOutcome,
  Served,
  ServedAnswer,
  ServedName,
  ServedRequest,
  ServedStatistics,
  ServeFacts,
  ServeObserver,
  TensorMetadata,
  TimedCount,
} from "./models/served.ts";
export { serveGenerator } from "./models/served-generator.ts";
export { type ServeModelFacts, serveModel } from "./models/served-model.ts";
export type { OnnxFacts, TritonOptions } from "./triton/model-config.ts";
export {
  type RepositoryModel,
  type RepositoryOptions,
  type WrittenModel,
  writeModelRepository,
} from "./triton/model-repository.ts";
