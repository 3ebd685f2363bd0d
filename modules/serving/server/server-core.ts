import type * as Grpc from "@grpc/grpc-js";
import type { Clock, Log } from "../../../core/index.ts";
import type { Access } from "./access.ts";
import type { ServerMetrics } from "./metrics.ts";
import type { OpenCalls } from "./open-calls.ts";
import type { CheckedServerOptions } from "./options.ts";
import type { RareWarning } from "./rare-warning.ts";
import type { Repository } from "./repository.ts";
import type { ResponseCodec } from "./response-codec.ts";
import type { ServedModels } from "./served-models.ts";

/** What those who answer calls share. */
export interface ServerCore {
  /** The library, loaded. */
  readonly grpc: typeof Grpc;
  readonly options: CheckedServerOptions;
  readonly models: ServedModels;
  readonly repository: Repository;
  readonly calls: OpenCalls;
  readonly access: Access;
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics: ServerMetrics | undefined;
  /** Told of those who ask for what they may not. */
  readonly refusals: RareWarning;
  readonly responses: ResponseCodec;
}

/** Whether requests are taken: something was published, and the server does not stop. */
export function isReady({ models, calls }: ServerCore): boolean {
  return models.isPublished && !calls.isDraining;
}
