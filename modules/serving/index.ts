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
export type { OnnxFacts, TritonOptions } from "./triton/model-config.ts";
export {
  type RepositoryModel,
  type RepositoryOptions,
  type WrittenModel,
  writeModelRepository,
} from "./triton/model-repository.ts";
