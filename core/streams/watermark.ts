import { z } from "zod";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { readState } from "./read-state.ts";

/** How long a {@link Watermark} waits, in event time. */
export interface WatermarkOptions {
  /** How far behind the newest of its source an event may be and still be in time, ns. */
  readonly allowedLatenessNs: bigint;
  /** A source whose newest event is further behind the newest of all holds the watermark back no longer, ns. */
  readonly idleAfterNs: bigint;
}

const digits = z.string().regex(/^-?\d{1,21}$/, "Digits are needed");

const WatermarkStateSchema = z.object({
  timeNs: digits.nullable(),
  sources: z.array(z.tuple([z.string(), digits])),
});

/** State of a {@link Watermark} as JSON, sources in the order of their names with the time of their newest event, ns. */
export type WatermarkState = z.output<typeof WatermarkStateSchema>;

/**
 * How far event time has come: earlier events are late. Made from event times only, so that a recording gives the same
 * watermarks however fast it is played.
 *
 * It is the least, over all sources, of the time of their newest event, less the allowed lateness; it never goes back. A
 * source that falls behind the others by more than `idleAfterNs` counts as idle, until it has come close again. So a clock that
 * is ahead by more than that makes all others idle, and their events late: the clocks of publishers are trusted.
 *
 * Memory: a time for each source that is not idle.
 *
 * @example
 * const watermark = new Watermark({ allowedLatenessNs: 10n, idleAfterNs: 1000n });
 * watermark.observe("ecal", 100n); // => true: in time
 * watermark.timeNs; // => 90n
 * watermark.observe("ecal", 80n); // => false: late
 */
export class Watermark {
  readonly #allowedLatenessNs: bigint;
  readonly #idleAfterNs: bigint;
  /** Time of the newest event by source. */
  readonly #newest: Map<string, bigint> = new Map();
  #newestOfAll: bigint | undefined;
  /** The source that holds the watermark back, and its time. */
  #slowest: { readonly source: string; readonly timeNs: bigint } | undefined;
  #timeNs: bigint | undefined;

  /** @throws `TWIN_INVALID_ARGUMENT` when a time is negative. */
  constructor({ allowedLatenessNs, idleAfterNs }: WatermarkOptions) {
    if (allowedLatenessNs < 0n || idleAfterNs < 0n) {
      throw new InvalidArgumentError(
        `allowedLatenessNs is ${allowedLatenessNs} and idleAfterNs ${idleAfterNs}; neither can be negative.`,
      );
    }
    this.#allowedLatenessNs = allowedLatenessNs;
    this.#idleAfterNs = idleAfterNs;
  }

  /**
   * The watermark of a state that {@link toJSON} gave.
   *
   * @throws `TWIN_INVALID_ARGUMENT` when it is none.
   */
  static fromJSON(state: unknown, options: WatermarkOptions): Watermark {
    const { timeNs: mark, sources } = readState(WatermarkStateSchema, state, "state of a watermark");
    const made = new Watermark(options);
    for (const [source, time] of sources) {
      const timeNs = BigInt(time);
      made.#newest.set(source, timeNs);
      if (made.#newestOfAll === undefined || timeNs > made.#newestOfAll) made.#newestOfAll = timeNs;
    }
    made.#timeNs = mark === null ? undefined : BigInt(mark);
    return made;
  }

  /** No event before it is waited for, ns since 1970; `undefined` before the first event. */
  get timeNs(): bigint | undefined {
    return this.#timeNs;
  }

  /** Takes the time of an event; whether it is in time, that is, not before the watermark as it was. */
  observe(source: string, timeNs: bigint): boolean {
    const isInTime = this.#timeNs === undefined || timeNs >= this.#timeNs;
    const before = this.#newest.get(source);
    if (before !== undefined && timeNs <= before) return isInTime;
    this.#newest.set(source, timeNs);
    if (this.#newestOfAll === undefined || timeNs > this.#newestOfAll) this.#newestOfAll = timeNs;
    // Otherwise it holds on to the same source as before.
    const slowest = this.#slowest;
    const isMoved =
      before === undefined || !slowest || slowest.source === source || this.#isIdle(slowest.timeNs, this.#newestOfAll);
    if (isMoved) this.#advance(this.#newestOfAll);
    return isInTime;
  }

  /** The whole state. Idle sources are left out: they count again as new ones do. */
  toJSON(): WatermarkState {
    const newestOfAll = this.#newestOfAll;
    const active = [...this.#newest].filter(
      ([, time]) => newestOfAll !== undefined && !this.#isIdle(time, newestOfAll),
    );
    return {
      timeNs: this.#timeNs === undefined ? null : String(this.#timeNs),
      sources: active.sort(([a], [b]) => (a < b ? -1 : 1)).map(([source, time]) => [source, String(time)]),
    };
  }

  #isIdle(timeNs: bigint, newestOfAll: bigint): boolean {
    return newestOfAll - timeNs > this.#idleAfterNs;
  }

  #advance(newestOfAll: bigint): void {
    let slowest: { readonly source: string; readonly timeNs: bigint } | undefined;
    for (const [source, timeNs] of this.#newest) {
      // Forgotten, it counts as it would: until it comes as close as active ones are, it is idle again.
      if (this.#isIdle(timeNs, newestOfAll)) this.#newest.delete(source);
      else if (!slowest || timeNs < slowest.timeNs) slowest = { source, timeNs };
    }
    this.#slowest = slowest;
    if (!slowest) return;
    const timeNs = slowest.timeNs - this.#allowedLatenessNs;
    if (this.#timeNs === undefined || timeNs > this.#timeNs) this.#timeNs = timeNs;
  }
}
