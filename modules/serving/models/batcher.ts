import { ServerDrainingError } from "../errors.ts";
import type { Batch, BatchJob, BatchTimes, JobTimes, Piece } from "./batch.ts";
import { QueueRoom } from "./queue-room.ts";
import type { Batching } from "./served.ts";

/** What a {@link Batcher} is made with. */
export interface BatcherInit<J extends BatchJob> {
  /** What is served, for messages. */
  readonly name: string;
  readonly batching: Batching;
  /** Computes a batch and leaves each job its results. May be asked for the same piece again, after a failure. */
  compute(batch: Batch<J>): Promise<BatchTimes>;
  /** The rows that wait have changed. */
  onQueue?(rows: number): void;
  /** A batch was computed; `times` is absent where it failed. */
  onBatch?(batch: Batch<J>, times: BatchTimes | undefined, totalMs: number): void;
}

/** A job in the queue or in batches. */
interface Entry<J extends BatchJob> {
  readonly job: J;
  readonly arrivedMs: number;
  readonly times: { -readonly [time in keyof JobTimes]: number };
  /** Rows that batches have taken. */
  taken: number;
  /** Rows that are computed. */
  computed: number;
  /** The batches that compute it. */
  readonly batches: Running<J>[];
  isSettled: boolean;
  resolve(times: JobTimes): void;
  reject(reason: unknown): void;
  /** Forgets the signal of its caller. */
  release(): void;
}

interface Running<J extends BatchJob> extends Batch<J> {
  readonly entries: readonly Entry<J>[];
  readonly controller: AbortController;
  /** Entries that somebody waits for. */
  wanted: number;
}

/** What would be computed next. */
interface Candidate<J extends BatchJob> {
  readonly entries: Entry<J>[];
  rows: number;
  /** Nothing is gained by waiting. */
  isComplete: boolean;
}

/** Batches computed at once: the next one's inputs are made while the one before it is computed. */
const MOST_RUNNING = 2;

/** Jobs larger than a batch that are computed in turns: what is done of each is kept until all of it is. */
const MOST_LARGE_JOBS = 4;

/**
 * Puts jobs together to batches, in the order in which they came.
 *
 * A model that is idle begins at once, unless it is told to wait for more (`maxQueueDelayMs`). While it computes, jobs gather;
 * the next batch begins early only if it is of a preferred size or full, else when the one before it has ended. A job that
 * is larger than a batch is computed in pieces, and others take turns with them.
 */
export class Batcher<J extends BatchJob> {
  readonly #init: BatcherInit<J>;
  /** Fewer rows than these are no complete batch. */
  readonly #leastComplete: number;
  readonly #queue = new Set<Entry<J>>();
  #waitingRows = 0;
  readonly #room: QueueRoom;
  /** Jobs larger than a batch that have begun and not ended. */
  #largeJobs = 0;
  #running = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed: { readonly idle: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(init: BatcherInit<J>) {
    this.#init = init;
    this.#room = new QueueRoom(init);
    const { maxBatchSize, preferredBatchSizes } = init.batching;
    this.#leastComplete = Math.min(maxBatchSize, ...preferredBatchSizes);
  }

  /**
   * Has a job computed; its results are in it then.
   *
   * @param signal - Ends the wait: a job that waits leaves the queue, and a batch that nobody waits for is told to stop.
   * @throws {@link QueueFullError}, {@link ServerDrainingError}; what computing throws; the signal's reason.
   */
  async run(job: J, signal: AbortSignal): Promise<JobTimes> {
    signal.throwIfAborted();
    if (this.#closed) throw new ServerDrainingError(`${this.#init.name} is no longer served here.`);
    this.#room.check(job);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.#abandon(entry, signal.reason);
      const entry: Entry<J> = {
        job,
        arrivedMs: performance.now(),
        times: { queueMs: 0, inputMs: 0, inferMs: 0, outputMs: 0 },
        taken: 0,
        computed: 0,
        batches: [],
        isSettled: false,
        resolve,
        reject,
        release: () => signal.removeEventListener("abort", onAbort),
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#queue.add(entry);
      this.#room.take(job);
      this.#setWaiting(this.#waitingRows + job.rows);
      this.#dispatch();
    });
  }

  /** Refuses new jobs; resolves when those that it has are settled and nothing is computed any more. */
  async close(): Promise<void> {
    if (!this.#closed) {
      let resolve = (): void => undefined;
      const idle = new Promise<void>((settle) => {
        resolve = settle;
      });
      this.#closed = { idle, resolve };
      this.#dispatch();
      this.#tellIdle();
    }
    await this.#closed.idle;
  }

  #isLarge({ rows }: J): boolean {
    return rows > this.#init.batching.maxBatchSize;
  }

  #dispatch(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#waitingRows > 0 && this.#running < MOST_RUNNING) {
      if (this.#running > 0 && this.#waitingRows < this.#leastComplete) return;
      const candidate = this.#candidate();
      if (candidate.entries.length === 0) return;
      if (!candidate.isComplete) {
        if (this.#running > 0) return;
        const restMs = this.#restMs(candidate);
        if (restMs > 0) {
          this.#timer = setTimeout(() => this.#dispatch(), restMs);
          return;
        }
      }
      void this.#compute(this.#take(candidate));
    }
  }

  /** How long the first job of a batch is still to wait for others. */
  #restMs({ entries }: Candidate<J>): number {
    const { maxQueueDelayMs } = this.#init.batching;
    const [first] = entries;
    if (maxQueueDelayMs === 0 || this.#closed || first === undefined) return 0;
    return first.arrivedMs + maxQueueDelayMs - performance.now();
  }

  /** The first job and those after it that fit: a full batch, else of the largest preferred size, else all there are. */
  #candidate(): Candidate<J> {
    const { maxBatchSize, preferredBatchSizes } = this.#init.batching;
    const entries: Entry<J>[] = [];
    let rows = 0;
    let preferred: { readonly count: number; readonly rows: number } | undefined;
    let isFull = false;
    let largeJobs = this.#largeJobs;
    for (const entry of this.#queue) {
      if (entries.length > 0 && entry.job.group !== entries[0]?.job.group) continue;
      if (this.#isLarge(entry.job) && entry.taken === 0) {
        if (largeJobs === MOST_LARGE_JOBS) continue;
        largeJobs++;
      }
      const count = Math.min(entry.job.rows - entry.taken, maxBatchSize);
      isFull = rows + count > maxBatchSize;
      if (isFull) break;
      entries.push(entry);
      rows += count;
      if (preferredBatchSizes.includes(rows)) preferred = { count: entries.length, rows };
      isFull = rows === maxBatchSize;
      if (isFull) break;
    }
    if (isFull || preferred === undefined) return { entries, rows, isComplete: isFull };
    return { entries: entries.slice(0, preferred.count), rows: preferred.rows, isComplete: true };
  }

  #take({ entries, rows }: Candidate<J>): Running<J> {
    const { maxBatchSize } = this.#init.batching;
    const now = performance.now();
    const controller = new AbortController();
    const pieces = entries.map((entry): Piece<J> => {
      const start = entry.taken;
      const count = Math.min(entry.job.rows - start, maxBatchSize);
      if (start === 0) {
        entry.times.queueMs = now - entry.arrivedMs;
        this.#room.free(entry.job);
        if (this.#isLarge(entry.job)) this.#largeJobs++;
      }
      entry.taken += count;
      this.#queue.delete(entry);
      // What is left of a large job goes behind those that wait.
      if (entry.taken < entry.job.rows) this.#queue.add(entry);
      return { job: entry.job, start, count };
    });
    const batch = { entries, pieces, rows, controller, signal: controller.signal, wanted: entries.length };
    for (const entry of entries) entry.batches.push(batch);
    this.#setWaiting(this.#waitingRows - rows);
    return batch;
  }

  async #compute(batch: Running<J>): Promise<void> {
    this.#running++;
    const failed = await this.#attempt(batch, batch.entries);
    if (failed) await this.#afterFailure(batch, failed.reason);
    this.#running--;
    // A large job is not to keep its neighbours in memory.
    for (const entry of batch.entries) entry.batches.splice(entry.batches.indexOf(batch), 1);
    // Before whoever waits for this batch goes on: the model is not to idle while results are encoded.
    this.#dispatch();
    this.#tellIdle();
  }

  /** One job may have spoilt a batch for all: computed one by one, only that one fails. */
  async #afterFailure({ entries, pieces, signal }: Running<J>, reason: unknown): Promise<void> {
    for (const [index, entry] of entries.entries()) {
      if (entry.isSettled) continue;
      const piece = pieces[index] as Piece<J>;
      const failed =
        entries.length === 1
          ? { reason }
          : await this.#attempt({ pieces: [piece], rows: piece.count, signal }, [entry]);
      if (failed) this.#abandon(entry, failed.reason);
    }
  }

  /** Computes a batch; resolves to what went wrong. */
  async #attempt(batch: Batch<J>, entries: readonly Entry<J>[]): Promise<{ readonly reason: unknown } | undefined> {
    const begun = performance.now();
    let times: BatchTimes;
    try {
      times = await this.#init.compute(batch);
    } catch (reason) {
      this.#init.onBatch?.(batch, undefined, performance.now() - begun);
      return { reason };
    }
    this.#init.onBatch?.(batch, times, performance.now() - begun);
    for (const [index, entry] of entries.entries()) {
      entry.times.inputMs += times.inputMs;
      entry.times.inferMs += times.inferMs;
      entry.times.outputMs += times.outputMs;
      entry.computed += (batch.pieces[index] as Piece<J>).count;
      if (entry.computed === entry.job.rows) this.#settle(entry)?.resolve(entry.times);
    }
    return undefined;
  }

  /** Nobody waits for a job any more, or it has failed. */
  #abandon(entry: Entry<J>, reason: unknown): void {
    const open = this.#settle(entry);
    if (!open) return;
    open.reject(reason);
    if (this.#queue.delete(entry)) {
      if (entry.taken === 0) this.#room.free(entry.job);
      this.#setWaiting(this.#waitingRows - (entry.job.rows - entry.taken));
    }
    for (const batch of entry.batches) {
      batch.wanted--;
      if (batch.wanted === 0) batch.controller.abort(reason);
    }
  }

  #settle(entry: Entry<J>): Entry<J> | undefined {
    if (entry.isSettled) return undefined;
    entry.isSettled = true;
    if (entry.taken > 0 && this.#isLarge(entry.job)) this.#largeJobs--;
    entry.release();
    return entry;
  }

  #setWaiting(rows: number): void {
    this.#waitingRows = rows;
    this.#init.onQueue?.(rows);
  }

  #tellIdle(): void {
    if (this.#running === 0 && this.#waitingRows === 0) this.#closed?.resolve();
  }
}
