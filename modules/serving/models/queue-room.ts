import { QueueFullError } from "../errors.ts";
import type { BatchJob } from "./batch.ts";
import type { Batching } from "./served.ts";

/** What the jobs of a queue that have not begun take of its room. */
export class QueueRoom {
  readonly #name: string;
  readonly #batching: Batching;
  #rows = 0;
  #bytes = 0;

  /** @param of - `name`: what is served, for messages. */
  constructor({ name, batching }: { readonly name: string; readonly batching: Batching }) {
    this.#name = name;
    this.#batching = batching;
  }

  /** Where nothing waits, there is room for any job. @throws {@link QueueFullError} */
  check(job: BatchJob): void {
    const { maxQueueSize, maxQueueBytes } = this.#batching;
    if (this.#rows === 0) return;
    const problem =
      this.#rows + this.#rowsOfOneBatch(job) > maxQueueSize
        ? `${this.#rows} rows wait, and with ${job.rows} more there would be more than ${maxQueueSize}`
        : this.#bytes + job.bytes > maxQueueBytes
          ? `requests of ${this.#bytes} bytes wait, and with ${job.bytes} more there would be more than ${maxQueueBytes}`
          : undefined;
    if (problem === undefined) return;
    throw new QueueFullError(`The queue of ${this.#name} is full: ${problem}. Ask again later, or another server.`);
  }

  /** A job waits from now on. */
  take(job: BatchJob): void {
    this.#rows += this.#rowsOfOneBatch(job);
    this.#bytes += job.bytes;
  }

  /** It has begun, or waits no longer. */
  free(job: BatchJob): void {
    this.#rows -= this.#rowsOfOneBatch(job);
    this.#bytes -= job.bytes;
  }

  /** A job larger than a batch takes turns with others, so it is before them with one batch only. */
  #rowsOfOneBatch({ rows }: BatchJob): number {
    return Math.min(rows, this.#batching.maxBatchSize);
  }
}
