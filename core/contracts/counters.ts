/**
 * What an adaptable twin counts in events, beside what its conditions are about: cells that may die or grow noisy, of which there
 * are too many for a score each. An event *marks* a counter or it does not; see `Features.marks`.
 */
export interface Counters {
  /** How many there are; they are counted from 0. */
  readonly size: number;
  /** Unique: `"cell [8, 3, 0]"`. @throws `TWIN_INVALID_ARGUMENT` for a counter that there is not */
  name(counter: number): string;
  /**
   * The group of each counter, `[counter]`. Which share of the marks of its group a counter has does not depend on what events are
   * like (in a ring of cells around the beam, at all energies): what one counts is judged by what the others do.
   */
  readonly groups: Uint32Array;
  /** A copy: the faults that the twin in this process has, those that `Adaptable.apply` took last. */
  readonly faults: CounterFaults;
}

/** Counters that are not as the twin describes them. Plain JSON; equal faults have equal canonical text. */
export interface CounterFaults {
  /** Count no more, ascending. */
  readonly silent: readonly number[];
  /** Count by themselves, too, in the order of their counters. None of them is silent. */
  readonly noisy: readonly NoisyCounter[];
}

/** A counter that counts by itself. */
export interface NoisyCounter {
  readonly counter: number;
  /** Probability that it does, in an event; above 0 to 1. */
  readonly rate: number;
}

/** Which counters events marked: those of the first event, then those of the next. */
export interface Marks {
  /** Event i has those from `offsets[i]` to `offsets[i + 1]`, that one excluded; `[event + 1]`. */
  readonly offsets: Uint32Array;
  /** Of each event each at most once, ascending. */
  readonly counters: Uint32Array;
}
