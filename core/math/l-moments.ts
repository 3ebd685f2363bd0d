import { InvalidArgumentError } from "../errors/invalid-argument.ts";

/** The first L-moments of a sample, the third and fourth as ratios. */
export interface LMoments {
  /** The mean. */
  readonly l1: number;
  /** L-scale: half the mean difference of two values. */
  readonly l2: number;
  /** L-skewness `l3 / l2`, in (-1, 1); NaN below 3 values, or where all are equal. */
  readonly t3: number;
  /** L-kurtosis `l4 / l2`; NaN below 4 values, or where all are equal. */
  readonly t4: number;
}

/**
 * Sample L-moments, from the unbiased probability-weighted moments
 * b_r = 1/n Σ_j (j-1)(j-2)…(j-r) / ((n-1)(n-2)…(n-r)) x_j of the sorted values.
 *
 * @param values - At least 2 finite ones, in any order.
 * @throws `TWIN_INVALID_ARGUMENT` for fewer values, or one that is not finite.
 * @see J. R. M. Hosking, "L-moments", J. R. Statist. Soc. B 52 (1990) 105, sections 2 and 3.
 */
export function lMoments(values: ArrayLike<number>): LMoments {
  if (values.length < 2) throw new InvalidArgumentError(`L-moments need at least 2 values; got ${values.length}.`);
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    throw new InvalidArgumentError(`L-moments need finite values; value ${i} is ${values[i]}. Leave missing ones out.`);
  }
  return lMomentsOfSorted(Float64Array.from(values).sort());
}

/** {@link lMoments} of finite values that are in ascending order. Nothing is checked. */
export function lMomentsOfSorted(sorted: Float64Array): LMoments {
  const n = sorted.length;
  // From the first value on, so that large means take no digits from small spreads.
  const origin = sorted[0] as number;
  let [b0, b1, b2, b3] = [0, 0, 0, 0];
  for (let j = 0; j < n; j++) {
    const x = (sorted[j] as number) - origin;
    const p1 = (j / (n - 1)) * x;
    b0 += x;
    b1 += p1;
    if (n < 3) continue;
    const p2 = ((j - 1) / (n - 2)) * p1;
    b2 += p2;
    if (n > 3) b3 += ((j - 2) / (n - 3)) * p2;
  }
  const l2 = (2 * b1 - b0) / n;
  const isSpread = l2 > 0;
  return {
    l1: origin + b0 / n,
    l2,
    t3: isSpread && n > 2 ? (6 * b2 - 6 * b1 + b0) / n / l2 : Number.NaN,
    t4: isSpread && n > 3 ? (20 * b3 - 30 * b2 + 12 * b1 - b0) / n / l2 : Number.NaN,
  };
}
