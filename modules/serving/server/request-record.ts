import { reasonOf, TwinError } from "../../../core/index.ts";
import type { Served } from "../models/served.ts";
import { type FailedStatus, statusOf } from "../protocol/status.ts";
import type { Caller } from "./access.ts";
import type { ServerCore } from "./server-core.ts";

/** A request that is being answered, as logs and metrics tell of it. */
export class RequestRecord {
  readonly method: string;
  readonly #core: ServerCore;
  readonly #began = performance.now();
  /** Whether it was answered, one way or the other. */
  isOver: boolean = false;
  caller: Caller | undefined;
  served: Served | undefined;

  constructor(core: ServerCore, method: string) {
    this.#core = core;
    this.method = method;
  }

  /** It was answered. */
  answered(): void {
    this.#finished("OK", undefined);
  }

  /** It was not. @returns What the client is told. */
  failed(error: unknown): FailedStatus {
    const status = statusOf(error);
    this.#finished(this.#core.grpc.status[status.code] ?? "UNKNOWN", error);
    return status;
  }

  #finished(code: string, error: unknown): void {
    const { log, metrics } = this.#core;
    this.isOver = true;
    const { method, served, caller } = this;
    const ms = performance.now() - this.#began;
    if (served) metrics?.finished({ name: served.name, version: served.version }, { code, seconds: ms / 1000 });
    const fields = {
      method,
      ...(served && { model: served.name, version: served.version }),
      ...(caller?.name !== undefined && { caller: caller.name }),
      status: code,
      ...(error instanceof TwinError && { error: error.code }),
      ms: Math.round(ms * 1000) / 1000,
    };
    if (OURS.has(code)) log.warn({ ...fields, reason: reasonOf(error) }, "A request failed");
    else log.debug(fields, "A request ended");
  }
}

/** What is the server's own failure. What a client did wrong is told to the client. */
const OURS: ReadonlySet<string> = new Set(["INTERNAL", "UNKNOWN", "DATA_LOSS", "UNIMPLEMENTED"]);
