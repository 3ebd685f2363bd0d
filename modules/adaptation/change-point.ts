import { InvalidArgumentError } from "../../core/index.ts";

/** Options of {@link changePoint}. */
export interface ChangePointOptions {
  /** Mean before the change, in the unit of the values; found from the window too, where it is not given. */
  readonly meanBefore?: number;
  /** Of a value, before and after; 1 by default. */
  readonly standardDeviation?: number;
  /** That the set holds the true change; 0.95 by default. */
  readonly confidence?: number;
}

/** When a mean has changed, and by how much. */
export interface ChangePoint {
  /** Index of the first value after the change: the most likely one. */
  readonly index: number;
  /** Indices that are nearly as likely: together they hold the true one with the confidence asked for. Ascending. */
  readonly confidenceSet: readonly number[];
  /** Mean after the change less mean before, in the unit of the values, if the change was at `index`. */
  readonly size: number;
  /** Standard error of the size, if the change was at `index`. */
  readonly sizeError: number;
  /** Of a change at `index` against none: ln of the likelihoods. */
  readonly logLikelihoodRatio: number;
}

/**
 * The most likely change of the mean in a window, of unknown size: what to ask after an alarm, of values from well before it.
 *
 * Values are independent and Gaussian, such as scores; NaN is missing. The set is of all indices whose log-likelihood is within
 * -ln(1 - √confidence) of the largest. For a change that is not too near the ends it holds the true one at least as often as
 * asked for. The size is somewhat too large, since an alarm picks lucky moments: estimate it anew from later values.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for fewer than two values, or options out of range.
 * @see D. V. Hinkley, Biometrika 57 (1970) 1. Set: D. Siegmund, "Confidence sets in change-point problems", Int. Statistical
 *   Review 56 (1988) 31: the largest log-likelihood exceeds that at the true change by the larger of two independent maxima
 *   of random walks, each exponential with mean 1 in the limit of small changes, and smaller for large ones.
 */
export function changePoint(values: ArrayLike<number>, options: ChangePointOptions = {}): ChangePoint {
  const { meanBefore, standardDeviation = 1, confidence = 0.95 } = options;
  const isPossible = standardDeviation > 0 && Number.isFinite(standardDeviation) && Number.isFinite(meanBefore ?? 0);
  if (!(isPossible && confidence > 0 && confidence < 1)) {
    throw new InvalidArgumentError(
      `A change point needs a finite mean before, a standard deviation above 0 and a confidence in 0 to 1; got ${meanBefore}, ${standardDeviation} and ${confidence}.`,
    );
  }
  const indices = Array.from(values, (_, i) => i).filter((i) => !Number.isNaN(values[i]));
  const present = Float64Array.from(indices, (i) => values[i] as number);
  const n = present.length;
  if (n < 2 || !present.every(Number.isFinite)) {
    throw new InvalidArgumentError(
      `A change point needs two or more values, finite or NaN; got ${n} that are not NaN.`,
    );
  }
  // Without a mean before, one value at least is before the change.
  const first = meanBefore === undefined ? 1 : 0;
  const sizes = new Float64Array(n);
  const variances = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  let sumAfter = present.reduce((sum, value) => sum + value, 0);
  let sumBefore = 0;
  for (let k = 0; k < n; k++) {
    if (k >= first) {
      sizes[k] = sumAfter / (n - k) - (meanBefore ?? sumBefore / k);
      variances[k] = standardDeviation ** 2 * (1 / (n - k) + (meanBefore === undefined ? 1 / k : 0));
    }
    sumBefore += present[k] as number;
    sumAfter -= present[k] as number;
  }
  const likelihoods = sizes.map((size, k) => (size * size) / (2 * (variances[k] as number)));
  let best = first;
  for (let k = first; k < n; k++) if ((likelihoods[k] as number) > (likelihoods[best] as number)) best = k;
  const largest = likelihoods[best] as number;
  const least = largest + Math.log(1 - Math.sqrt(confidence));
  return {
    index: indices[best] as number,
    confidenceSet: indices.filter((_, k) => k >= first && (likelihoods[k] as number) >= least),
    size: sizes[best] as number,
    sizeError: Math.sqrt(variances[best] as number),
    logLikelihoodRatio: largest,
  };
}
