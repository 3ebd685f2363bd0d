/**
 * Fast simulation over gRPC: a server of models and generators that speaks the Open Inference Protocol, and parts that ask one.
 *
 * @module
 */

export type { ClientTls, ConnectionOptions } from "./client/connection-options.ts";
export type { EndpointStatus } from "./client/endpoint-status.ts";
export type { GeneratorDescription } from "./client/generator-contract.ts";
export { type ListedModel, listModels } from "./client/list-models.ts";
export {
  type RemoteGeneratorOptions,
  type RemoteModelOptions,
  remoteGenerator,
  remoteModel,
} from "./client/plugins.ts";
export type { RemoteCounts } from "./client/remote-counts.ts";
export type { RemoteGenerator } from "./client/remote-generator.ts";
export type { RemoteModel } from "./client/remote-model.ts";
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
export { type RegisteredServer, type RegisterServerOptions, registerServer } from "./registry/register-server.ts";
export type { ServerRegistration } from "./registry/registration.ts";
export { readRegistry } from "./registry/registration.ts";
export { AliasFollower, type FollowAliasOptions, followAlias, type OpenedVersion } from "./server/follow-alias.ts";
export { InferenceServer, type InferenceServerParts, type ServerAddress } from "./server/inference-server.ts";
export { ModelServer } from "./server/model-server.ts";
export type { AccessToken, BatchingOptions, InferenceServerOptions, ServerTls } from "./server/options.ts";
export { ServingPart, serving } from "./server/plugin.ts";
export { type Servable, type ServablesOptions, servablesOf } from "./server/servable.ts";
export type { OnnxFacts, TritonOptions } from "./triton/model-config.ts";
export {
  type RepositoryModel,
  type RepositoryOptions,
  type WrittenModel,
  writeModelRepository,
} from "./triton/model-repository.ts";
