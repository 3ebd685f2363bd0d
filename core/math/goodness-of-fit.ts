import {
  type ExtremeValueDistribution,
  extremeValueCdf,
  extremeValueLevel,
  extremeValueSurvival,
} from "./extreme-value.ts";

/** Keeps logarithms finite where a value lies outside the support of what was fitted to it. */
const TINY = 2 ** -1022;

/**
 * Anderson and Darling's A² of a sample and a distribution: the squared distance of the distribution functions, with the
 * tails weighed up. Its usual tables do not hold where the distribution was fitted to the same sample: ask
 * `bootstrapFit` for a p-value.
 *
 * @param sorted - In ascending order.
 * @see T. W. Anderson, D. A. Darling, J. Am. Stat. Assoc. 49 (1954) 765.
 */
export function andersonDarling(sorted: Float64Array, distribution: ExtremeValueDistribution): number {
  const n = sorted.length;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const below = Math.max(extremeValueCdf(distribution, sorted[i] as number), TINY);
    const above = Math.max(extremeValueSurvival(distribution, sorted[n - 1 - i] as number), TINY);
    sum += (2 * i + 1) * (Math.log(below) + Math.log(above));
  }
  return -n - sum / n;
}

/** A value of a sample beside the quantile that a distribution has at its place. */
export interface QuantilePair {
  /** Plotting position (i - 0.44) / (n + 0.12). */
  readonly probability: number;
  readonly observed: number;
  readonly fitted: number;
}

/**
 * The pairs of a quantile-quantile plot, in ascending order, at Gringorten's plotting positions.
 *
 * @see I. I. Gringorten, J. Geophys. Res. 68 (1963) 813.
 */
export function quantilePairs(
  values: ArrayLike<number>,
  distribution: ExtremeValueDistribution,
): readonly QuantilePair[] {
  const sorted = Float64Array.from(values).sort();
  return Array.from(sorted, (observed, i) => {
    const probability = (i + 1 - 0.44) / (sorted.length + 0.12);
    return { probability, observed, fitted: extremeValueLevel(distribution, 1 - probability) };
  });
}
