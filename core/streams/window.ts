import { z } from "zod";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { invalidState, readState } from "./read-state.ts";
import { WindowSummary, WindowSummarySchema } from "./window-summary.ts";

/** Which windows there are, and what is summed in each. */
export interface WindowOptions {
  /** Length of a window, ns. One begins at each multiple of it since 1970-01-01T00:00:00Z. */
  readonly widthNs: bigint;
  /** Numbers that each event comes with, to be summed. */
  readonly features: number;
}

const WindowsStateSchema = z.object({
  closedNs: z
    .string()
    .regex(/^-?\d{1,20}$/, "Digits are needed")
    .nullable(),
  windows: z.array(z.object({ summary: WindowSummarySchema, workers: z.array(z.string()) })),
});

/** State of {@link TumblingWindows} as JSON, windows in the order of time, workers of their names. */
export type WindowsState = z.output<typeof WindowsStateSchema>;

/** What becomes of a worker's summary: it counts, it counted before, or its window is closed. */
export type MergeOutcome = "merged" | "repeated" | "late";

interface Window {
  readonly summary: WindowSummary;
  readonly workers: Set<string>;
}

/**
 * Windows of event time, one after the other, each with a summary of its events. A worker adds events, and emits the
 * summaries of the windows that the watermark has closed; who decides merges those of all workers. Closed summaries are equal
 * to the bit, whichever worker saw which event, and in whatever order summaries came.
 *
 * Windows are open from the watermark to the newest event, so a `Watermark` bounds their number: to the allowed lateness and
 * the time until a source is idle, divided by the width.
 *
 * @example
 * const windows = new TumblingWindows({ widthNs: 1_000_000_000n, features: 1 });
 * windows.add(1_200_000_000n, [0.5]);
 * windows.close(2_000_000_000n).map(({ startNs, count }) => [startNs, count]); // => [[1000000000n, 1]]
 */
export class TumblingWindows {
  readonly #widthNs: bigint;
  readonly #features: number;
  readonly #open: Map<bigint, Window> = new Map();
  #closedNs: bigint | undefined;

  /** @throws `TWIN_INVALID_ARGUMENT` when the width is not above 0, or the features are no integer of 0 or more. */
  constructor({ widthNs, features }: WindowOptions) {
    if (widthNs <= 0n || !Number.isSafeInteger(features) || features < 0) {
      throw new InvalidArgumentError(
        `widthNs is ${widthNs} and features ${features}; a width above 0 and 0 features or more are needed.`,
      );
    }
    this.#widthNs = widthNs;
    this.#features = features;
  }

  /**
   * The windows of a state that {@link toJSON} gave.
   *
   * @throws `TWIN_INVALID_ARGUMENT` when it is none, or one of other windows.
   */
  static fromJSON(state: unknown, options: WindowOptions): TumblingWindows {
    const what = "state of windows";
    const { closedNs, windows } = readState(WindowsStateSchema, state, what);
    const made = new TumblingWindows(options);
    made.#closedNs = closedNs === null ? undefined : BigInt(closedNs);
    for (const { summary, workers } of windows) {
      const read = WindowSummary.fromJSON(summary);
      const { startNs } = read;
      const isFitting = startNs === made.startOf(startNs) && read.sums.length === options.features;
      if (!isFitting) throw invalidState(what, `the window from ${startNs} ns is none of ${options.widthNs} ns.`);
      if (made.#isClosed(startNs) || made.#open.has(startNs)) {
        throw invalidState(what, `the window from ${startNs} ns is closed, or there twice.`);
      }
      made.#open.set(startNs, { summary: read, workers: new Set(workers) });
    }
    return made;
  }

  /** When the window of a time begins, ns. */
  startOf(timeNs: bigint): bigint {
    const within = timeNs % this.#widthNs;
    return within < 0n ? timeNs - within - this.#widthNs : timeNs - within;
  }

  /** Windows that begin before are closed, ns; `undefined` before the first is. */
  get closedNs(): bigint | undefined {
    return this.#closedNs;
  }

  /**
   * Takes an event.
   *
   * @param values - A number for each feature.
   * @returns Whether it counts: not when its window is closed.
   * @throws `TWIN_INVALID_ARGUMENT` when the numbers are not as many as the features.
   */
  add(timeNs: bigint, values: ArrayLike<number>): boolean {
    const startNs = this.startOf(timeNs);
    if (this.#isClosed(startNs)) return false;
    this.#checkFeatures(values.length, "An event");
    this.#window(startNs).summary.add(values);
    return true;
  }

  /**
   * Takes what a worker emitted for a window. Each worker emits a window once: what comes again from the same is repeated.
   *
   * @throws `TWIN_INVALID_ARGUMENT` when it is the summary of no such window.
   */
  merge(worker: string, summary: WindowSummary): MergeOutcome {
    const { startNs } = summary;
    if (startNs !== this.startOf(startNs)) {
      throw new InvalidArgumentError(`No window of ${this.#widthNs} ns begins at ${startNs} ns.`);
    }
    if (this.#isClosed(startNs)) return "late";
    this.#checkFeatures(summary.sums.length, "A summary");
    const window = this.#window(startNs);
    if (window.workers.has(worker)) return "repeated";
    window.summary.merge(summary);
    window.workers.add(worker);
    return "merged";
  }

  /**
   * Closes the windows that end at a watermark or before; who merges takes the least of the workers' watermarks.
   *
   * @returns Those that have events, in the order of time.
   */
  close(watermarkNs: bigint): readonly WindowSummary[] {
    const startNs = this.startOf(watermarkNs);
    if (this.#isClosed(startNs)) return [];
    this.#closedNs = startNs;
    const closed = [...this.#open.values()].filter(({ summary }) => summary.startNs < startNs);
    for (const { summary } of closed) this.#open.delete(summary.startNs);
    return closed.map(({ summary }) => summary).sort(inTime);
  }

  /** The whole state. */
  toJSON(): WindowsState {
    const windows = [...this.#open.values()].sort((a, b) => inTime(a.summary, b.summary));
    return {
      closedNs: this.#closedNs === undefined ? null : String(this.#closedNs),
      windows: windows.map(({ summary, workers }) => ({
        summary: summary.toJSON(),
        workers: [...workers].sort((a, b) => (a < b ? -1 : 1)),
      })),
    };
  }

  #isClosed(startNs: bigint): boolean {
    return this.#closedNs !== undefined && startNs < this.#closedNs;
  }

  /** Before a window is made for what it cannot hold. */
  #checkFeatures(features: number, what: string): void {
    if (features === this.#features) return;
    throw new InvalidArgumentError(`${what} came with ${features} features; windows have ${this.#features}.`);
  }

  #window(startNs: bigint): Window {
    let window = this.#open.get(startNs);
    if (!window) {
      window = { summary: WindowSummary.empty(startNs, this.#features), workers: new Set() };
      this.#open.set(startNs, window);
    }
    return window;
  }
}

function inTime(a: WindowSummary, b: WindowSummary): number {
  return a.startNs < b.startNs ? -1 : 1;
}
