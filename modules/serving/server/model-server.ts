import { type Token, token } from "../../../core/index.ts";
import type { ServerAddress } from "./inference-server.ts";

/** Serves the models and generators of a twin to other programs. */
export interface ModelServer {
  /** Where, once its twin has started. */
  readonly address: ServerAddress;
  /** Where its metrics are told; `undefined` where they are not. */
  readonly metricsAddress: ServerAddress | undefined;
  /** Names of what is served, sorted. */
  readonly models: readonly string[];
}
export const ModelServer: Token<ModelServer> = token("model-server");
