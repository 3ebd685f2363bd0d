import {
  BufferPool,
  checkModelInputs,
  checkModelOutputs,
  type Digest,
  emptyModelOutputs,
  type Log,
  type Model,
  ModelFailedError,
  type ModelProvider,
  type NdArray,
  type Startable,
  type TensorSpec,
  WorkerRequestError,
} from "../../core/index.ts";
import { ModelUnreadableError } from "./errors.ts";
import type { OnnxFile } from "./onnx-file.ts";
import { type Runtime, theRuntime } from "./runtime.ts";
import { buffersOf, fromWire, toWire } from "./wire.ts";
import type { FailureKind, Loaded, ProviderName, RunResult, WireTensor } from "./worker/protocol.ts";

/** What an {@link OnnxModel} is made with. */
export interface OnnxModelInit {
  readonly name: string;
  readonly location: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly digest: Digest;
  readonly file: OnnxFile;
  readonly provider: ProviderName;
  /** What happens where the provider is not to be had. */
  readonly fallback: "warn" | "refuse";
  readonly threads: number;
  readonly log: Log;
}

/** A model as ONNX Runtime has it. */
interface Session {
  readonly runtime: Runtime;
  readonly number: number;
}

/** A model in an ONNX file. What it states comes from the file; ONNX Runtime gets it when its twin starts. */
export class OnnxModel implements Model, Startable {
  readonly name: string;
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  readonly outputs: Readonly<Record<string, TensorSpec>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly digest: Digest;
  /** All that the file tells about itself. */
  readonly file: OnnxFile;
  readonly #init: Omit<OnnxModelInit, "bytes">;
  readonly #waiting = new Set<AbortController>();
  readonly #pool = new BufferPool();
  /** Until they are in the session. */
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #provider: ModelProvider;
  #session: Session | undefined;
  #state: "new" | "started" | "stopped" = "new";

  constructor({ bytes, ...init }: OnnxModelInit) {
    this.#init = init;
    this.#bytes = bytes;
    this.#provider = { name: init.provider };
    this.name = init.name;
    this.digest = init.digest;
    this.file = init.file;
    this.inputs = init.file.inputs;
    this.outputs = init.file.outputs;
    this.metadata = init.file.metadata;
  }

  get provider(): ModelProvider {
    return this.#provider;
  }

  /** @throws `TWIN_PACKAGE_MISSING`; {@link ModelUnreadableError}; {@link ModelFailedError} without the provider. */
  async start({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { provider, threads, location } = this.#init;
    const runtime = await theRuntime();
    const number = runtime.newSession();
    const bytes = this.#bytes ?? new Uint8Array();
    this.#bytes = undefined;
    const request = { op: "load", session: number, bytes, provider, threads, location } as const;
    const release = (): Promise<void> => runtime.run({ op: "release", session: number, location });
    try {
      const loaded = await runtime.run<Loaded>(request, { signal, transfer: [bytes.buffer] });
      this.#checkLoaded(loaded);
    } catch (error) {
      // It may have been loaded all the same.
      await release().catch(() => undefined);
      throw this.#coded(error);
    }
    this.#session = { runtime, number };
    this.#state = "started";
  }

  async infer(
    inputs: Readonly<Record<string, NdArray>>,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Readonly<Record<string, NdArray>>> {
    signal?.throwIfAborted();
    const lengths = checkModelInputs(this, inputs);
    const session = this.#session;
    if (session === undefined) throw this.#notRunning();
    const empty = emptyModelOutputs(this, lengths);
    if (empty) return empty;
    const feeds = Object.fromEntries(Object.entries(inputs).map(([name, array]) => [name, toWire(array, this.#pool)]));
    const outputs = await this.#compute(session, feeds, signal);
    const arrays = Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, fromWire(tensor)]));
    return checkModelOutputs(this, arrays, lengths);
  }

  /** Calls that wait are rejected; what is being computed is finished and dropped. */
  async stop(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    this.#state = "stopped";
    for (const call of this.#waiting) call.abort(this.#notRunning());
    if (session === undefined) return;
    await session.runtime.run({ op: "release", session: session.number, location: this.#init.location });
  }

  async #compute(
    { runtime, number }: Session,
    feeds: Readonly<Record<string, WireTensor>>,
    signal: AbortSignal | undefined,
  ): Promise<Readonly<Record<string, WireTensor>>> {
    const call = new AbortController();
    const onAbort = (): void => call.abort(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#waiting.add(call);
    try {
      const { outputs, spent } = await runtime.run<RunResult>(
        { op: "run", session: number, feeds, location: this.#init.location },
        { signal: call.signal, transfer: buffersOf(feeds) },
      );
      this.#pool.give(spent);
      return outputs;
    } catch (error) {
      throw call.signal.aborted ? call.signal.reason : this.#coded(error);
    } finally {
      this.#waiting.delete(call);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  #checkLoaded({ inputs, outputs, provider, fallbackReason }: Loaded): void {
    for (const [kind, found, stated] of [
      ["inputs", inputs, this.inputs],
      ["outputs", outputs, this.outputs],
    ] as const) {
      if (found.length !== Object.keys(stated).length || !found.every((name) => Object.hasOwn(stated, name))) {
        const problem = `ONNX Runtime finds the ${kind} ${found.join(", ")}, and the file states ${Object.keys(stated).join(", ")}.`;
        throw new ModelUnreadableError(this.#init.location, problem);
      }
    }
    if (fallbackReason === undefined) return;
    const wanted = this.#init.provider;
    if (this.#init.fallback === "refuse") {
      const problem = `the provider "${wanted}" is not to be had here: ${fallbackReason}. Install what it needs, or allow the fallback.`;
      throw new ModelFailedError(this.name, problem);
    }
    this.#provider = { name: provider, fallbackReason };
    const facts = { model: this.name, location: this.#init.location, wanted, provider, reason: fallbackReason };
    this.#init.log.warn(
      facts,
      `The model is computed by the ${provider}: the provider asked for is not to be had here.`,
    );
  }

  #notRunning(): ModelFailedError {
    const why = this.#state === "new" ? "has not started; its twin starts it" : "has stopped, with its twin";
    return new ModelFailedError(this.name, `it ${why}.`);
  }

  /** What the thread says, as an error of ours. */
  #coded(error: unknown): unknown {
    if (!(error instanceof WorkerRequestError)) return error;
    const { kind } = error as WorkerRequestError<FailureKind>;
    const message = withoutPlace(error.message);
    const { location } = this.#init;
    if (kind === "load")
      return new ModelFailedError(this.name, `ONNX Runtime cannot be loaded: ${message}`, { cause: error });
    if (kind === "unreadable")
      return new ModelUnreadableError(location, `ONNX Runtime refuses it: ${message}`, { cause: error });
    if (kind === "lost" || kind === "fatal") {
      const problem = `the thread that computed it has ended (${message}). Create the twin again.`;
      return new ModelFailedError(this.name, problem, { cause: error });
    }
    return new ModelFailedError(this.name, message, { cause: error });
  }
}

/** Without the place in ONNX Runtime's own sources that some of its messages begin with. */
function withoutPlace(message: string): string {
  return message.replace(/^\/onnxruntime_src\/\S+:\d+ .*?\) (?=[A-Z])/s, "").trim();
}
