import { InvalidArgumentError, solveSymmetric } from "../../core/index.ts";

/** How features are added up to see one kind of change best. */
export interface MatchedDirection {
  /** One for each feature. The weighted sum has a variance of 1. */
  readonly weights: Float64Array;
  /** By how much the change moves the weighted sum, in its standard deviations. */
  readonly shift: number;
}

/**
 * The matched filter for a known change: of all weighted sums of the features, the one that the change moves most in its
 * standard deviations. A cumulative sum of it, of one side, is as fast as any
 * detector can be for Gaussian features, in the worst case; see `leastDetectionDelay`.
 *
 * @param covariance - Of the features before the change, `[n, n]` row-major: `RunningCovariance` of scores of the reference.
 * @param change - What the change adds to the mean of each feature: mean scores of events made with the change.
 * @throws `TWIN_INVALID_ARGUMENT` for a change of nothing, or a covariance that is not positive definite, as of features
 *   that add up to a constant: leave one out.
 * @see T. W. Anderson, "An Introduction to Multivariate Statistical Analysis", 3rd ed., section 6.4: w = Σ⁻¹δ / √(δᵀΣ⁻¹δ).
 */
export function matchedDirection(covariance: Float64Array, change: ArrayLike<number>): MatchedDirection {
  const features = change.length;
  if (covariance.length !== features * features) {
    throw new InvalidArgumentError(
      `A covariance of ${features} features has ${features ** 2} elements; got ${covariance.length}.`,
    );
  }
  const solved = solveSymmetric(covariance, change);
  if (!solved) {
    throw new InvalidArgumentError(
      "The covariance is not positive definite: leave out a feature that others determine.",
    );
  }
  let square = 0;
  for (let i = 0; i < features; i++) square += (change[i] as number) * (solved[i] as number);
  const shift = Math.sqrt(square);
  if (!(shift > 0 && Number.isFinite(shift))) {
    throw new InvalidArgumentError(
      `The change moves the features by ${shift} standard deviations: there is nothing to match.`,
    );
  }
  return { weights: solved.map((weight) => weight / shift), shift };
}
