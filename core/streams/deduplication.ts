import { z } from "zod";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { invalidState, readState } from "./read-state.ts";
import { type SequenceGap, SourceSequences } from "./source-sequences.ts";

/** What becomes of an event: it counts, it counted before (or was given up), or its source finds no room. */
export type Admission = "new" | "repeated" | "refused";

/** Bounds of a {@link Deduplication}. */
export interface DeduplicationOptions {
  /** Sources that are known at once; events of further ones are refused. 1,024 by default. */
  readonly maxSources?: number | undefined;
  /** Gaps of a source that are waited for; beyond it the oldest is given up. 1,024 by default. */
  readonly maxGaps?: number | undefined;
  /** Hears of each gap that is given up: those events never count, even if they come. */
  readonly onGivenUp?: ((source: string, gap: SequenceGap) => void) | undefined;
}

const WHAT = "state of a deduplication";

const digits = z.string().regex(/^\d{1,20}$/, "Digits are needed");

const DeduplicationStateSchema = z.object({
  sources: z.array(
    z.object({
      source: z.string(),
      next: digits,
      gaps: z.array(z.tuple([digits, digits])),
      givenUp: digits,
    }),
  ),
});

/** State of a {@link Deduplication} as JSON, sources in the order of their names: equal states are equal texts. */
export type DeduplicationState = z.output<typeof DeduplicationStateSchema>;

/** How far a source is. */
export interface SourceProgress {
  readonly source: string;
  /** One more than the highest sequence that has come. */
  readonly next: bigint;
  /** What is missing and waited for, ascending: what a replay should bring. */
  readonly gaps: readonly SequenceGap[];
  /** How many events are missing and no longer waited for. */
  readonly givenUp: bigint;
}

/**
 * Tells new events from repeated ones by source and sequence, so that each counts once, however often it comes and in
 * whatever order. What is missing is known. Sequences of a source begin with 0: one that is seen first at 17 misses 17.
 *
 * Memory is bounded, and an event is never counted twice for it: an old gap that finds no room is given up and told, and
 * what it misses is treated as repeated from then on; a source that finds no room is refused.
 *
 * @example
 * const seen = new Deduplication();
 * seen.admit("ecal", 0n); // => "new"
 * seen.admit("ecal", 2n); // => "new"
 * seen.admit("ecal", 0n); // => "repeated"
 * seen.progress("ecal")?.gaps; // => [{ from: 1n, to: 1n }]
 */
export class Deduplication {
  readonly #sources: Map<string, SourceSequences> = new Map();
  readonly #maxSources: number;
  readonly #maxGaps: number;
  readonly #onGivenUp: (source: string, gap: SequenceGap) => void;

  /** @throws `TWIN_INVALID_ARGUMENT` when a bound is no integer of 1 or more. */
  constructor(options: DeduplicationOptions = {}) {
    this.#maxSources = positive(options.maxSources ?? 1024, "maxSources");
    this.#maxGaps = positive(options.maxGaps ?? 1024, "maxGaps");
    this.#onGivenUp = options.onGivenUp ?? (() => undefined);
  }

  /**
   * The deduplication of a state that {@link toJSON} gave.
   *
   * @throws `TWIN_INVALID_ARGUMENT` when it is none.
   */
  static fromJSON(state: unknown, options: DeduplicationOptions = {}): Deduplication {
    const { sources } = readState(DeduplicationStateSchema, state, WHAT);
    const made = new Deduplication(options);
    for (const { source, next, gaps, givenUp } of sources) {
      const ranges = gaps.map(([from, to]) => ({ from: BigInt(from), to: BigInt(to) }));
      // Each gap must begin after something that has come, and something must have come after it.
      const isOrdered = ranges.every(
        ({ from, to }, i) => from <= to && to + 1n < BigInt(next) && from > (ranges[i - 1]?.to ?? -2n) + 1n,
      );
      if (!isOrdered) {
        throw invalidState(WHAT, `the gaps of source ${JSON.stringify(source)} do not ascend below ${next}.`);
      }
      if (made.#sources.has(source)) {
        throw invalidState(WHAT, `source ${JSON.stringify(source)} is there twice.`);
      }
      made.#sources.set(source, new SourceSequences(BigInt(next), ranges, BigInt(givenUp)));
    }
    return made;
  }

  /** What {@link admit} would say of an event, which is not taken. */
  judge(source: string, sequence: bigint): Admission {
    const sequences = this.#sources.get(source);
    if (sequences) return sequences.has(sequence) ? "repeated" : "new";
    return this.#sources.size < this.#maxSources ? "new" : "refused";
  }

  /** Takes an event; whether it counts. */
  admit(source: string, sequence: bigint): Admission {
    let sequences = this.#sources.get(source);
    if (!sequences) {
      if (this.#sources.size >= this.#maxSources) return "refused";
      sequences = new SourceSequences();
      this.#sources.set(source, sequences);
    }
    if (!sequences.take(sequence)) return "repeated";
    this.#tell(source, sequences.keepGaps(this.#maxGaps));
    return "new";
  }

  /**
   * Waits no longer for what is missing of a source below a sequence: a recording does not have it either, or a twin that
   * joins late does not want it. A source that is not known yet begins there.
   *
   * @returns What is given up; it is told to `onGivenUp`, too.
   * @throws `TWIN_INVALID_ARGUMENT` when the source finds no room.
   */
  giveUp(source: string, below: bigint): readonly SequenceGap[] {
    const sequences = this.#sources.get(source) ?? new SourceSequences();
    if (!this.#sources.has(source) && this.#sources.size >= this.#maxSources) {
      throw new InvalidArgumentError(`${this.#maxSources} sources are known, the most; forget one that has ended.`);
    }
    this.#sources.set(source, sequences);
    const given = sequences.giveUpBelow(below);
    this.#tell(source, given);
    return given;
  }

  /** Forgets a source that has ended, and makes room for another. Should it come again, its events count anew. */
  forget(source: string): void {
    this.#sources.delete(source);
  }

  /** How far a source is; `undefined` when nothing of it has come. */
  progress(source: string): SourceProgress | undefined {
    const sequences = this.#sources.get(source);
    if (!sequences) return undefined;
    const { next, gaps, givenUp } = sequences;
    return { source, next, gaps: [...gaps], givenUp };
  }

  /** How far all sources are, in the order of their names. */
  get sources(): readonly SourceProgress[] {
    const names = [...this.#sources.keys()].sort((a, b) => (a < b ? -1 : 1));
    return names.flatMap((name) => this.progress(name) ?? []);
  }

  /** The whole state. */
  toJSON(): DeduplicationState {
    return {
      sources: this.sources.map(({ source, next, gaps, givenUp }) => ({
        source,
        next: String(next),
        gaps: gaps.map(({ from, to }) => [String(from), String(to)]),
        givenUp: String(givenUp),
      })),
    };
  }

  #tell(source: string, gaps: readonly SequenceGap[]): void {
    for (const gap of gaps) this.#onGivenUp(source, gap);
  }
}

function positive(value: number, name: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError(`${name} is ${value}; an integer of 1 or more is needed.`);
}
