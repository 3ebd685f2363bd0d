import { InvalidArgumentError } from "../../core/index.ts";
import {
  checkedValue,
  checkRunLength,
  checkState,
  type DetectorState,
  type DriftAlarm,
  type SequentialDetector,
} from "./detector.ts";
import { type KsLattice, ksLattice, ksThreshold } from "./ks-threshold.ts";

/** Options of {@link KsWindow}. */
export interface KsWindowOptions {
  /** Values before any change, in any order. */
  readonly reference: ArrayLike<number>;
  /** Values that are compared with it. */
  readonly window: number;
  /** Values from one comparison to the next; divides `window`, and is it by default. */
  readonly stride?: number;
  /** Values between false alarms on average, at least. */
  readonly averageRunLength: number;
}

/** What a {@link KsWindow} remembers. */
export interface KsWindowState extends DetectorState {
  /** Values taken since the start or the last reset. */
  readonly taken: number;
  /** The last of them, at most a window, in order of arrival. */
  readonly values: readonly number[];
}

const STATISTIC = "ks-window";

/**
 * Kolmogorov and Smirnov's test of the last values against a reference sample: sees any change of the distribution (width,
 * tails, a second population), where `Cusum` sees the mean. For a mere shift it is much slower.
 *
 * Values need no standardisation. The threshold is exact for continuous distributions of any form and too high (rarer
 * false alarms) for others: each comparison raises a false alarm with a probability of at most stride / averageRunLength,
 * so also windows that overlap have at most the stated rate. It is the mean over reference samples; one that is no larger
 * than the window has more false alarms than that when it is unlucky, always in the same direction.
 *
 * @see J. L. Hodges, Arkiv för Matematik 3 (1958) 469, for the threshold. Time per value: log(window) + log(reference) for a stride of a window.
 */
export class KsWindow implements SequentialDetector<KsWindowState> {
  readonly averageRunLength: number;
  /** Least distance of an alarm, 0 to 1. */
  readonly threshold: number;
  readonly #reference: Float64Array;
  readonly #lattice: KsLattice;
  readonly #distance: number;
  readonly #stride: number;
  /** The value with number k since the start is at k modulo the window. */
  readonly #window: Float64Array;
  #taken = 0;
  #count = 0;

  /** @throws `TWIN_INVALID_ARGUMENT` for sizes or values that are not as the options say, and for a window too small. */
  constructor({ reference, window, stride = window, averageRunLength }: KsWindowOptions) {
    if (
      !(Number.isInteger(window) && window >= 2 && Number.isInteger(stride) && stride >= 1 && window % stride === 0)
    ) {
      throw new InvalidArgumentError(
        `A window has 2 or more values, and the stride divides it; got a window of ${window} and a stride of ${stride}.`,
      );
    }
    checkRunLength(averageRunLength, stride);
    this.#reference = Float64Array.from(reference).sort();
    if (reference.length < 2 || !this.#reference.every(Number.isFinite)) {
      throw new InvalidArgumentError(
        `A reference has 2 or more values, all finite; got ${reference.length}. Leave out what is not.`,
      );
    }
    this.averageRunLength = averageRunLength;
    this.#stride = stride;
    this.#lattice = ksLattice(reference.length, window);
    this.#distance = ksThreshold(this.#lattice, stride / averageRunLength);
    this.threshold = this.#distance / this.#lattice.steps;
    this.#window = new Float64Array(window);
  }

  get count(): number {
    return this.#count;
  }

  update(value: number): DriftAlarm | undefined {
    const window = this.#window.length;
    // Without -0, which JSON does not keep.
    this.#window[this.#taken % window] = checkedValue(STATISTIC, value) + 0;
    this.#taken++;
    const at = this.#count++;
    if (this.#taken < window || this.#taken % this.#stride !== 0) return undefined;
    const distance = distanceOf(this.#reference, this.#window.slice().sort(), this.#lattice);
    if (distance < this.#distance) return undefined;
    this.reset();
    return {
      statistic: STATISTIC,
      at,
      changedAt: at + 1 - window,
      direction: "either",
      value: distance / this.#lattice.steps,
      threshold: this.threshold,
    };
  }

  reset(): void {
    this.#taken = 0;
  }

  state(): KsWindowState {
    const window = this.#window.length;
    const first = Math.max(0, this.#taken - window);
    const values = Array.from({ length: this.#taken - first }, (_, i) => this.#window[(first + i) % window] as number);
    return { statistic: STATISTIC, count: this.#count, taken: this.#taken, values };
  }

  restore(state: KsWindowState): void {
    const { taken, values } = state;
    checkState(STATISTIC, state, [taken, ...(Array.isArray(values) ? values : [Number.NaN])]);
    const window = this.#window.length;
    if (!Number.isSafeInteger(taken) || values.length !== Math.min(taken, window)) {
      throw new InvalidArgumentError(`This window has ${window} values; the state has ${values.length} of ${taken}.`);
    }
    for (let i = 0; i < values.length; i++) this.#window[(taken - values.length + i) % window] = values[i] as number;
    this.#taken = taken;
    this.#count = state.count;
  }
}

/** Largest distance of two empirical distributions in steps of the lattice; both samples sorted. */
function distanceOf(reference: Float64Array, window: Float64Array, lattice: KsLattice): number {
  const { perReference, perWindow } = lattice;
  let largest = 0;
  let i = 0;
  for (let j = 0; j < window.length; ) {
    const value = window[j] as number;
    i = countBelow(reference, i, (candidate) => candidate < value);
    largest = Math.max(largest, Math.abs(i * perReference - j * perWindow));
    while (j < window.length && window[j] === value) j++;
    i = countBelow(reference, i, (candidate) => candidate <= value);
    largest = Math.max(largest, Math.abs(i * perReference - j * perWindow));
  }
  return largest;
}

/** Of sorted values, how many come before the first that is not below; `from` of them are known to be. */
function countBelow(sorted: Float64Array, from: number, isBelow: (value: number) => boolean): number {
  let [low, high] = [from, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBelow(sorted[middle] as number)) low = middle + 1;
    else high = middle;
  }
  return low;
}
