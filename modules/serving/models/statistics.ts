import type { BatchTimes, JobTimes } from "./batch.ts";
import type { BatchStatistics, ServedStatistics, TimedCount } from "./served.ts";

/** Counts and adds up; milliseconds, as sums of nanoseconds leave the range of exact numbers within weeks. */
class Tally {
  #count = 0;
  #ms = 0;

  add(ms: number): void {
    this.#count++;
    this.#ms += ms;
  }

  get now(): TimedCount {
    return { count: this.#count, ns: BigInt(Math.round(this.#ms * 1e6)) };
  }
}

class ComputeTallies {
  readonly #input = new Tally();
  readonly #infer = new Tally();
  readonly #output = new Tally();

  add({ inputMs, inferMs, outputMs }: BatchTimes): void {
    this.#input.add(inputMs);
    this.#infer.add(inferMs);
    this.#output.add(outputMs);
  }

  get now(): Pick<BatchStatistics, "computeInput" | "computeInfer" | "computeOutput"> {
    return { computeInput: this.#input.now, computeInfer: this.#infer.now, computeOutput: this.#output.now };
  }
}

/** Keeps the {@link ServedStatistics} of one thing served. */
export class StatisticsRecorder {
  readonly #success = new Tally();
  readonly #fail = new Tally();
  readonly #queue = new Tally();
  readonly #compute = new ComputeTallies();
  readonly #batches = new Map<number, ComputeTallies>();
  #inferenceCount = 0;
  #executionCount = 0;
  #lastInferenceMs = 0;

  /** A batch was computed. */
  addBatch(rows: number, times: BatchTimes): void {
    this.#inferenceCount += rows;
    this.#executionCount++;
    let tallies = this.#batches.get(rows);
    if (!tallies) {
      tallies = new ComputeTallies();
      this.#batches.set(rows, tallies);
    }
    tallies.add(times);
  }

  /** A request was answered. */
  addSuccess(times: JobTimes, totalMs: number): void {
    this.#success.add(totalMs);
    this.#queue.add(times.queueMs);
    this.#compute.add(times);
    this.#lastInferenceMs = Date.now();
  }

  /** A request was not answered. */
  addFailure(totalMs: number): void {
    this.#fail.add(totalMs);
  }

  get now(): ServedStatistics {
    return {
      lastInferenceMs: this.#lastInferenceMs,
      inferenceCount: this.#inferenceCount,
      executionCount: this.#executionCount,
      success: this.#success.now,
      fail: this.#fail.now,
      queue: this.#queue.now,
      ...this.#compute.now,
      batches: [...this.#batches]
        .sort(([left], [right]) => left - right)
        .map(([batchSize, tallies]) => ({ batchSize, ...tallies.now })),
    };
  }
}
