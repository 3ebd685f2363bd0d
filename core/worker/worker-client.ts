import { type ResourceLimits, type Transferable, Worker } from "node:worker_threads";
import { ReadTimeoutError } from "../files/errors.ts";
import { CANCELLED, PROGRESS, type WorkerFailure, type WorkerMessage, type WorkerReply } from "./protocol.ts";

/** A request failed in the worker; callers turn it into an error that names file and variable. */
export class WorkerRequestError<Kind extends string = string> extends Error {
  readonly kind: WorkerFailure<Kind>["kind"];

  constructor(failure: WorkerFailure<Kind>) {
    super(failure.message);
    this.kind = failure.kind;
  }
}

/** How a {@link WorkerClient} starts its worker and speaks of it. */
export interface WorkerClientOptions<Request> {
  /** The worker's file, beside the caller's: `new URL("./worker/worker.ts", import.meta.url)`; `.js` once built. */
  readonly file: URL;
  /** What runs in it, for messages: `"HDF5"`. */
  readonly runs: string;
  /** Time without any progress after which a request is given up, ms. */
  readonly timeoutMs: number;
  /**
   * Processor time without any progress after which a request is given up, ms: what waits for a slow mount uses none,
   * what loops on a damaged file does. None by default, and where Node does not tell it.
   */
  busyMs?(request: Request): number;
  /** What its heap may grow to; a worker that needs more ends, and is replaced. None by default. */
  readonly resourceLimits?: ResourceLimits;
  /** The file that a request is about, for messages. */
  locationOf(request: Request): string;
}

/** How often progress is looked at in the time allowed, and how seldom at most. */
const LOOKS = 8;
const LOOK_MS = 250;

interface Job<Request> {
  readonly message: WorkerMessage<Request>;
  readonly location: string;
  readonly busyMs: number;
  readonly transfer: readonly Transferable[];
  settle(reply: WorkerReply | Error): void;
}

/**
 * Runs requests in a worker thread, one after another. The worker starts with the first request, is replaced when it
 * crashes or makes no progress, and does not keep the process alive when nothing is asked of it. The worker answers each
 * {@link WorkerMessage} with a {@link WorkerReply}.
 */
export class WorkerClient<Request> {
  /** Counts the workers: one with another number knows nothing of files that an earlier one had open. */
  generation = 0;
  readonly #options: WorkerClientOptions<Request>;
  readonly #queue: Job<Request>[] = [];
  #worker: Worker | undefined;
  #current: Job<Request> | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #lastId = 0;
  /** Set for good by {@link stop}. */
  #stopped: WorkerRequestError | undefined;

  constructor(options: WorkerClientOptions<Request>) {
    this.#options = options;
  }

  /**
   * @throws {@link WorkerRequestError}; {@link ReadTimeoutError}; the signal's reason.
   */
  run<T>(
    request: Request,
    options: { readonly signal?: AbortSignal | undefined; readonly transfer?: readonly Transferable[] } = {},
  ): Promise<T> {
    const { signal, transfer = [] } = options;
    return new Promise<T>((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#stopped) throw this.#stopped;
      const shared = new Int32Array(new SharedArrayBuffer(8));
      const onAbort = (): void => {
        Atomics.store(shared, CANCELLED, 1);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#queue.push({
        message: { id: ++this.#lastId, request, shared },
        location: this.#options.locationOf(request),
        busyMs: this.#options.busyMs?.(request) ?? Number.POSITIVE_INFINITY,
        transfer,
        settle: (reply) => {
          signal?.removeEventListener("abort", onAbort);
          if (reply instanceof Error) reject(reply);
          else if ("failure" in reply) reject(new WorkerRequestError(reply.failure));
          else resolve(reply.value as T);
        },
      });
      this.#next();
    });
  }

  /** Ends the worker and all requests, for good. */
  async stop(): Promise<void> {
    const stopped = new WorkerRequestError({ kind: "stopped", message: "the connector has stopped" });
    this.#stopped = stopped;
    for (const job of this.#queue.splice(0)) job.settle(stopped);
    await this.replace(stopped);
  }

  #next(): void {
    if (this.#current) return;
    const job = this.#queue.shift();
    if (job === undefined) {
      this.#worker?.unref();
      return;
    }
    this.#current = job;
    this.#worker ??= this.#start();
    this.#worker.ref();
    this.#watch(job);
    this.#worker.postMessage(job.message, [...job.transfer]);
  }

  #start(): Worker {
    // What the library prints on a crash is in the error already.
    const { file, resourceLimits } = this.#options;
    const worker = new Worker(file, { stdout: true, stderr: true, ...(resourceLimits && { resourceLimits }) });
    worker.on("message", (reply: WorkerReply) => {
      if (this.#worker !== worker || reply.id !== this.#current?.message.id) return;
      if ("failure" in reply && reply.failure.kind === "fatal")
        void this.replace(new WorkerRequestError(reply.failure));
      else this.#finish(reply);
    });
    const died = (error: unknown): void => {
      if (this.#worker !== worker) return;
      const message = `the ${this.#options.runs} worker ended: ${error instanceof Error ? error.message : String(error)}`;
      void this.replace(new WorkerRequestError({ kind: "fatal", message }));
    };
    worker.on("error", died);
    worker.on("exit", died);
    return worker;
  }

  /** Gives the worker up; the current request fails, those that wait go to a new one. */
  async replace(error: Error): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.generation++;
    // First, so that files of the old worker are closed before anybody looks.
    await worker?.terminate();
    this.#finish(error);
  }

  #finish(reply: WorkerReply | Error): void {
    clearInterval(this.#watchdog);
    const job = this.#current;
    this.#current = undefined;
    job?.settle(reply);
    this.#next();
  }

  /** Replaces the worker when a request made no progress for the time allowed. */
  #watch(job: Job<Request>): void {
    const { timeoutMs } = this.#options;
    const { busyMs } = job;
    let seen = 0;
    let since = performance.now();
    let busySince: number | undefined;
    let isAsking = false;
    const giveUp = (ms: number, of?: "processor"): void => {
      clearInterval(this.#watchdog);
      void this.replace(new ReadTimeoutError(job.location, ms, of));
    };
    const look = async (): Promise<void> => {
      const progress = Atomics.load(job.message.shared, PROGRESS);
      const now = performance.now();
      if (progress !== seen) {
        seen = progress;
        since = now;
        busySince = undefined;
      } else if (now - since >= timeoutMs) return giveUp(timeoutMs);
      if (busyMs === Number.POSITIVE_INFINITY || isAsking) return;
      // A thread that waits for the disk answers later, and has not been busy.
      isAsking = true;
      const used = await processorMs(this.#worker);
      isAsking = false;
      const isStill = this.#current === job && Atomics.load(job.message.shared, PROGRESS) === seen;
      if (used === undefined || !isStill) return;
      busySince ??= used;
      if (used - busySince >= busyMs) giveUp(busyMs, "processor");
    };
    this.#watchdog = setInterval(() => void look(), Math.min(LOOK_MS, Math.max(1, timeoutMs / LOOKS)));
    this.#watchdog.unref();
  }
}

/** Processor time that a worker has used; `undefined` where Node does not tell (before 22.20 and 24.6), or it has ended. */
async function processorMs(worker: Worker | undefined): Promise<number | undefined> {
  if (typeof worker?.cpuUsage !== "function") return undefined;
  const used = await worker.cpuUsage().catch(() => undefined);
  return used && (used.user + used.system) / 1000;
}
