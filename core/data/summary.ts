import { CompensatedSum } from "../math/sums.ts";
import type { Variable } from "./dataset.ts";
import type { NdArray } from "./nd-array.ts";
import { type IndexSelection, readBlocks } from "./read-blocks.ts";

/** Statistics of the values of a variable. `null` where they are not defined: no values, or strings. */
export interface Summary {
  /** Values that are finite. Strings count. */
  readonly count: number;
  /** NaNs, and integers that are the fill value. Infinities are neither counted nor missing. */
  readonly missing: number;
  /** Compensated; 0 without values. */
  readonly sum: number | null;
  readonly mean: number | null;
  /** A bigint for 64-bit integers. */
  readonly min: number | bigint | null;
  readonly max: number | bigint | null;
  /** Of the population: the divisor is `count` (ddof 0). */
  readonly std: number | null;
}

/**
 * Statistics of a variable, or of a part of it, in bounded memory.
 *
 * Sums are compensated, so that their error does not grow with the number of values; the sum of 64-bit integers is exact
 * before it becomes a float64. Booleans are 0 and 1.
 *
 * @throws What {@link Variable.read} throws.
 * @see Source: A. Neumaier, ZAMM 54 (1974) 39 (sums); T. F. Chan, G. H. Golub, R. J. LeVeque, The American Statistician
 *   37 (1983) 242 (combining variances of blocks).
 */
export async function summarise(
  variable: Variable,
  selection: IndexSelection = {},
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Summary> {
  const total = new Moments();
  let strings = 0;
  for await (const array of readBlocks(variable, selection, { maxBytes: 16e6, ...options })) {
    if (array.dtype === "string") strings += array.size;
    else total.add(array);
  }
  if (variable.dtype === "string") {
    return { count: strings, missing: 0, sum: null, mean: null, min: null, max: null, std: null };
  }
  return total.summary();
}

/** Count, sum, extremes and second moment of the values seen so far. */
class Moments {
  #count = 0;
  #missing = 0;
  readonly #sum = new CompensatedSum();
  #integerSum: bigint | undefined;
  #min: number | bigint | undefined;
  #max: number | bigint | undefined;
  #mean = 0;
  /** Sum of squared deviations from the mean. */
  #squares = 0;

  add(array: NdArray): void {
    const values = array.values();
    if (values instanceof BigInt64Array || values instanceof BigUint64Array) this.#addIntegers(values, array.fillValue);
    else this.#addNumbers(array.toFloat64());
  }

  summary(): Summary {
    const count = this.#count;
    const sum = this.#integerSum === undefined ? this.#sum.value : Number(this.#integerSum);
    return {
      count,
      missing: this.#missing,
      sum,
      mean: count === 0 ? null : sum / count,
      min: this.#min ?? null,
      max: this.#max ?? null,
      std: count === 0 ? null : Math.sqrt(this.#squares / count),
    };
  }

  #addIntegers(values: BigInt64Array | BigUint64Array, fillValue: NdArray["fillValue"]): void {
    let sum = this.#integerSum ?? 0n;
    let [min, max] = [this.#min, this.#max];
    for (const value of values) {
      if (value === fillValue) continue;
      sum += value;
      if (min === undefined || value < min) min = value;
      if (max === undefined || value > max) max = value;
    }
    this.#addNumbers(Float64Array.from(values, (value) => (value === fillValue ? Number.NaN : Number(value))));
    this.#integerSum = sum;
    this.#min = min;
    this.#max = max;
  }

  /** Two passes over a block: sum and extremes, then squared deviations from its mean; both are combined with the rest. */
  #addNumbers(values: Float64Array): void {
    const sum = new CompensatedSum();
    let count = 0;
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      if (Number.isFinite(value)) {
        sum.add(value);
        count++;
        if (value < min) min = value;
        if (value > max) max = value;
      } else if (Number.isNaN(value)) {
        this.#missing++;
      }
    }
    if (count === 0) return;
    const mean = sum.value / count;
    const squares = new CompensatedSum();
    for (let i = 0; i < values.length; i++) {
      const away = (values[i] as number) - mean;
      if (Number.isFinite(away)) squares.add(away * away);
    }
    const all = this.#count + count;
    const apart = mean - this.#mean;
    this.#squares += squares.value + apart * apart * ((this.#count / all) * count);
    this.#mean += apart * (count / all);
    this.#count = all;
    this.#sum.merge(sum);
    this.#min = this.#min === undefined ? min : Math.min(Number(this.#min), min);
    this.#max = this.#max === undefined ? max : Math.max(Number(this.#max), max);
  }
}
