/**
 * The messages of the protocol under short names. A plain name is a message as it is received: what the peer left out is
 * absent, lists are there, 64-bit integers are strings of digits. `…Init` is what may be sent.
 *
 * @module
 */
export type {
  GRPCInferenceServiceClient as InferenceClient,
  GRPCInferenceServiceHandlers as InferenceHandlers,
} from "../../../protos/gen/inference/GRPCInferenceService.ts";
export type { InferParameter__Output as InferParameter } from "../../../protos/gen/inference/InferParameter.ts";
export type { InferTensorContents__Output as InferTensorContents } from "../../../protos/gen/inference/InferTensorContents.ts";
export type {
  ModelConfig as ModelConfigInit,
  ModelConfig__Output as ModelConfig,
} from "../../../protos/gen/inference/ModelConfig.ts";
export type {
  ModelInferRequest as ModelInferRequestInit,
  ModelInferRequest__Output as ModelInferRequest,
} from "../../../protos/gen/inference/ModelInferRequest.ts";
export type {
  ModelInferResponse as ModelInferResponseInit,
  ModelInferResponse__Output as ModelInferResponse,
} from "../../../protos/gen/inference/ModelInferResponse.ts";
export type {
  ModelMetadataResponse as ModelMetadataResponseInit,
  ModelMetadataResponse__Output as ModelMetadataResponse,
} from "../../../protos/gen/inference/ModelMetadataResponse.ts";
export type { ModelStatistics as ModelStatisticsInit } from "../../../protos/gen/inference/ModelStatistics.ts";
export type { ModelStreamInferResponse__Output as ModelStreamInferResponse } from "../../../protos/gen/inference/ModelStreamInferResponse.ts";
export type { RepositoryIndexResponse__Output as RepositoryIndexResponse } from "../../../protos/gen/inference/RepositoryIndexResponse.ts";
export type { ServerMetadataResponse__Output as ServerMetadataResponse } from "../../../protos/gen/inference/ServerMetadataResponse.ts";
