import { type CounterFaults, InvalidArgumentError } from "../../../core/index.ts";
import type { CounterShares } from "./counter-shares.ts";
import { type Counted, type CounterChange, logRatio, silenceDelay } from "./likelihood-ratio.ts";

/** How many times as often a noisy counter counts: few, for one that counts often anyhow, and many. */
const TIMES = [2, 8] as const;
const SLOTS = 1 + TIMES.length;

/** A sum that has reached the threshold. */
export interface CounterSuspicion {
  readonly counter: number;
  readonly change: CounterChange;
  /** Events that had been taken when the sum was 0 last. */
  readonly changedAt: number;
  readonly value: number;
}

/** A counter that is looked at, and what it is held for. */
interface Suspected {
  readonly counter: number;
  readonly isSound: boolean;
}

/** What a counter did, and what it should have done by what the others of its group did. */
export interface Seen extends Counted {
  expected: number;
}

/** Sums that are not 0: `[place, value, changedAt]`. Plain JSON. */
export type CounterWatchState = readonly (readonly [place: number, value: number, changedAt: number])[];

/**
 * Looks at how often each counter counts, given how often the others of its group do, for those that fall silent, become noisy, or
 * are sound again. For each change of each counter there is a cumulative sum of logarithms of a likelihood ratio (Page, Biometrika 41
 * (1954) 100).
 *
 * The threshold is ln(sums · averageRunLength / events of a block). While nothing changes, each sum reaches it in N blocks
 * with a probability of at most N exp(-threshold): Ville's inequality for the sum over all beginnings of the products of ratios (S. W.
 * Roberts, Technometrics 8 (1966) 411; M. Pollak, Annals of Statistics 13 (1985) 206). So the stated rate of false alarms of all
 * together is a bound and no approximation, where the bounds on the shares hold. It is that of counters held for sound: given the marks of
 * their group with their own, each has its share of them. Faulty ones are compared with the others, so with an estimate.
 */
export class CounterWatch {
  readonly shares: CounterShares;
  readonly threshold: number;
  readonly #sums: Float64Array;
  readonly #since: Float64Array;
  readonly #totals: Float64Array;
  readonly #sharesLeft: Float64Array;
  /** 1 for counters that say nothing of others. */
  readonly #leftOut: Uint8Array;

  constructor(
    shares: CounterShares,
    { averageRunLength, blockEvents }: { readonly averageRunLength: number; readonly blockEvents: number },
  ) {
    this.shares = shares;
    const size = shares.counts.length;
    this.threshold = Math.log((SLOTS * size * averageRunLength) / blockEvents);
    this.#sums = new Float64Array(SLOTS * size);
    this.#since = new Float64Array(SLOTS * size);
    this.#totals = new Float64Array(shares.totals.length);
    this.#sharesLeft = new Float64Array(shares.totals.length);
    this.#leftOut = new Uint8Array(size);
  }

  /** Expected events until a counter is seen that has become silent, if groups count as in the reference. */
  delayOfSilence(counter: number): number {
    const { lower, counts, events } = this.shares;
    // Silent, it adds nothing to its group; by itself in one, it leaves nothing to be compared with.
    const others = this.shares.groupRate(counter) - (counts[counter] as number) / events;
    return silenceDelay((lower[counter] as number) * others, this.threshold);
  }

  /** Whether a counter counts so often that it could count in every event and would not be seen to be noisy. */
  isBlindToNoise(counter: number): boolean {
    const { upper, counts, events } = this.shares;
    const rate = (counts[counter] as number) / events;
    const expected = (this.shares.groupRate(counter) + 1 - rate) * (upper[counter] as number);
    return TIMES.every((times) => logRatio({ events: 1, counted: 1, lower: 0, upper: expected }, noisy(times)) <= 0);
  }

  /**
   * Takes the counts of some events.
   *
   * @param faults - Counters that are known not to be sound: what they count says nothing of others.
   * @param suspected - Counters that are being looked into, or of which no share is known; nothing of others either, and no sums of
   *   their own.
   * @param taken - Events that had been taken before these.
   * @returns What is suspected now, of each counter once; and what each of those suspected did.
   */
  take(
    { counts, events }: { readonly counts: Uint32Array; readonly events: number },
    {
      faults,
      suspected,
      taken,
    }: { readonly faults: CounterFaults; readonly suspected: ReadonlySet<number>; readonly taken: number },
  ): { readonly suspicions: readonly CounterSuspicion[]; readonly of: (suspect: Suspected) => Seen } {
    const faulty = changesOf(faults);
    this.#leftOut.fill(0);
    for (const counter of [...faulty.keys(), ...suspected]) this.#leftOut[counter] = 1;
    this.#addUp(counts);
    const suspicions: CounterSuspicion[] = [];
    const counted = { events, counted: 0, lower: 0, upper: 0, expected: 0 };
    for (let counter = 0; counter < counts.length; counter++) {
      if (this.#leftOut[counter] === 1 && suspected.has(counter)) continue;
      this.#read({ counter, isSound: this.#leftOut[counter] === 0 }, counts, counted);
      const changes = this.#leftOut[counter] === 1 ? (faulty.get(counter) as readonly CounterChange[]) : OF_SOUND;
      let found: CounterSuspicion | undefined;
      for (let slot = 0; slot < changes.length; slot++) {
        const change = changes[slot] as CounterChange;
        const place = SLOTS * counter + slot;
        const value = this.#add(place, logRatio(counted, change), taken);
        if (value < Math.max(this.threshold, found?.value ?? 0)) continue;
        found = { counter, change, changedAt: this.#since[place] as number, value };
      }
      if (!found) continue;
      suspicions.push(found);
      this.forget(counter);
    }
    return {
      suspicions,
      of: (suspect) => {
        this.#read(suspect, counts, counted);
        return { ...counted };
      },
    };
  }

  /** The sums of a counter begin again. */
  forget(counter: number): void {
    this.#sums.fill(0, SLOTS * counter, SLOTS * (counter + 1));
  }

  state(): CounterWatchState {
    const state: [number, number, number][] = [];
    this.#sums.forEach((value, place) => {
      if (value !== 0) state.push([place, value, this.#since[place] as number]);
    });
    return state;
  }

  /** @throws `TWIN_INVALID_ARGUMENT` for what is of other counters; nothing has changed then. */
  restore(state: CounterWatchState): void {
    if (!state.every(([place, value, since]) => place in this.#sums && value > 0 && since >= 0)) {
      throw new InvalidArgumentError("This is no state of a watch on these counters. Restore what state() gave.");
    }
    this.#sums.fill(0);
    for (const [place, value, since] of state) [this.#sums[place], this.#since[place]] = [value, since];
  }

  /** Marks of each group by its sound counters, and which share of all they have. */
  #addUp(counts: Uint32Array): void {
    const { groups, shares } = this.shares;
    this.#totals.fill(0);
    this.#sharesLeft.fill(0);
    for (let counter = 0; counter < counts.length; counter++) {
      if (this.#leftOut[counter] === 1) continue;
      const group = groups[counter] as number;
      this.#totals[group] = (this.#totals[group] as number) + (counts[counter] as number);
      this.#sharesLeft[group] = (this.#sharesLeft[group] as number) + (shares[counter] as number);
    }
  }

  /** What a counter did, and what its group lets expect. */
  #read({ counter, isSound }: Suspected, counts: Uint32Array, into: Seen): void {
    const { groups, shares, totals } = this.shares;
    const group = groups[counter] as number;
    const [counted, lower, upper] = [counts[counter], this.shares.lower[counter], this.shares.upper[counter]] as [
      number,
      number,
      number,
    ];
    const [total, left] = [this.#totals[group] as number, this.#sharesLeft[group] as number];
    into.counted = counted;
    into.expected = left > 0 ? ((total / left) * (lower + upper)) / 2 : 0;
    if (totals[group] === 0) {
      [into.lower, into.upper] = [0, into.events * upper];
      return;
    }
    // Given the marks of all its group, the mean of a sound counter is its share of them.
    const isApart = isSound && this.#leftOut[counter] === 1;
    const share = isApart ? left + (shares[counter] as number) : left;
    const perShare = share > 0 ? (isApart ? total + counted : total) / share : 0;
    into.lower = perShare * lower;
    // That others have counted nothing does not mean that nothing can be counted.
    into.upper = (isSound || share === 0 ? perShare : (total + 1) / share) * upper;
  }

  #add(place: number, value: number, taken: number): number {
    const before = this.#sums[place] as number;
    if (before === 0) this.#since[place] = taken;
    const sum = Math.max(0, before + value);
    this.#sums[place] = sum;
    return sum;
  }
}

const SILENT: CounterChange = { from: "sound", to: "silent", times: 1, rate: 0 };
const noisy = (times: number): CounterChange => ({ from: "sound", to: "noisy", times, rate: 0 });
const OF_SOUND: readonly CounterChange[] = [SILENT, ...TIMES.map(noisy)];
const OF_SILENT: readonly CounterChange[] = [{ from: "silent", to: "sound", times: 1, rate: 0 }];

/** What may become of each counter that is not sound. */
function changesOf({ silent, noisy: loud }: CounterFaults): ReadonlyMap<number, readonly CounterChange[]> {
  return new Map([
    ...silent.map((counter) => [counter, OF_SILENT] as const),
    ...loud.map(({ counter, rate }) => [counter, [{ from: "noisy", to: "sound", times: 1, rate }]] as const),
  ]);
}
