import { createRequire } from "node:module";
import { importOptional, WorkerClient } from "../../core/index.ts";
import { CLOSED, INSIDE, OPEN, type WorkerRequest } from "./worker/protocol.ts";

/**
 * The one thread that owns ONNX Runtime in this process, and its queue: all sessions live there, and what is asked of them
 * is done one after another, in order. Its own thread, because ONNX Runtime computes synchronously: on the main thread
 * nothing else would go on meanwhile.
 */
class Runtime {
  /** @see protocol.ts */
  readonly #gate: Int32Array = new Int32Array(new SharedArrayBuffer(4));
  readonly #client: WorkerClient<WorkerRequest & { readonly location: string }>;
  #lastSession = 0;

  constructor() {
    this.#client = new WorkerClient({
      // From the sources the worker is TypeScript, too.
      file: new URL(import.meta.url.endsWith(".ts") ? "./worker/worker.ts" : "./worker/worker.js", import.meta.url),
      runs: "ONNX Runtime",
      // A large batch of a large model takes its time, and nothing tells how far it is.
      timeoutMs: Number.POSITIVE_INFINITY,
      locationOf: ({ location }) => location,
    });
    process.on("exit", () => this.#close());
  }

  newSession(): number {
    return ++this.#lastSession;
  }

  run<T>(
    request: WithoutGate<WorkerRequest> & { readonly location: string },
    options: { readonly signal?: AbortSignal | undefined; readonly transfer?: readonly ArrayBuffer[] } = {},
  ): Promise<T> {
    return this.#client.run({ ...request, gate: this.#gate }, options);
  }

  /** Lets nothing more begin, and waits for what is under way. */
  #close(): void {
    const until = performance.now() + EXIT_WAIT_MS;
    while (Atomics.compareExchange(this.#gate, 0, OPEN, CLOSED) === INSIDE && performance.now() < until) {
      Atomics.wait(this.#gate, 0, INSIDE, until - performance.now());
    }
  }
}

type WithoutGate<T> = T extends unknown ? Omit<T, "gate"> : never;

/** What takes longer is ended with the process, whatever comes of it. */
const EXIT_WAIT_MS = 60_000;

const PACKAGE = "onnxruntime-node";
let runtime: Runtime | undefined;

/** @throws `TWIN_PACKAGE_MISSING` */
export async function theRuntime(): Promise<Runtime> {
  const { resolve } = createRequire(import.meta.url);
  // Imported in the other thread; here it is only looked for.
  await importOptional(async () => resolve(PACKAGE), {
    package: PACKAGE,
    // Its script loads CUDA, some hundred megabytes from outside the registry; the CPU needs none of it.
    install: `npm install --ignore-scripts ${PACKAGE}@1.30.0`,
    neededBy: "Computing ONNX models",
  });
  runtime ??= new Runtime();
  return runtime;
}

export type { Runtime };
