import { reasonOf, TwinError } from "../../../core/index.ts";
import type { Served } from "../models/served.ts";
import { type FailedStatus, statusOf } from "../protocol/status.ts";
import type { Caller } from "./access.ts";
import type { ServerCore } from "./server-core.ts";

/** A request that is being answered, as logs and metrics tell of it. */
export class RequestRecord {
  readonly method: string;
  readonly #core: ServerCore;
  readonly #call: { getPeer(): string };
  readonly #began = performance.now();
  /** Whether it was answered, one way or the other. */
  isOver: boolean = false;
  caller: Caller | undefined;
  served: Served | undefined;

  constructor(core: ServerCore, method: string, call: { getPeer(): string }) {
    this.#core = core;
    this.method = method;
    this.#call = call;
  }

  /** It was answered. */
  answered(): void {
    this.#finished("OK", { isWithheld: false });
  }

  /** It was not. @returns What the client is told. */
  failed(error: unknown): FailedStatus {
    const status = statusOf(error);
    this.#finished(this.#core.grpc.status[status.code] ?? "UNKNOWN", { error, isWithheld: status.isWithheld });
    return status;
  }

  #finished(code: string, { error, isWithheld }: { readonly error?: unknown; readonly isWithheld: boolean }): void {
    const { log, metrics, refusals } = this.#core;
    this.isOver = true;
    const { method, served, caller } = this;
    const ms = performance.now() - this.#began;
    metrics?.finished(served ?? NO_MODEL, { code, seconds: ms / 1000 });
    const fields = {
      method,
      ...(served && { model: served.name, version: served.version }),
      ...(caller?.name !== undefined && { caller: caller.name }),
      status: code,
      ...(error instanceof TwinError && { error: error.code }),
      ms: Math.round(ms * 1000) / 1000,
    };
    if (isWithheld || OURS.has(code)) log.warn({ ...fields, reason: reasonOf(error) }, "A request failed");
    else if (FORBIDDEN.has(code)) refusals.tell(() => ({ ...fields, peer: this.#call.getPeer() }));
    else log.debug(fields, "A request ended");
  }
}

const NO_MODEL = { name: "", version: "" };

/** What is the server's own failure. What a client did wrong is told to the client. */
const OURS: ReadonlySet<string> = new Set(["INTERNAL", "UNKNOWN", "DATA_LOSS", "UNIMPLEMENTED"]);

/** What somebody may try who is up to no good. */
const FORBIDDEN: ReadonlySet<string> = new Set(["UNAUTHENTICATED", "PERMISSION_DENIED"]);
