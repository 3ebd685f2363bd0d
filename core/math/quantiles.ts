import { InvalidArgumentError } from "../errors/invalid-argument.ts";

/** How {@link quantiles} interpolates between order statistics; numbered as by Hyndman and Fan. */
export interface QuantileOptions {
  /** 7: numpy's and R's default (`"linear"`). 8: approximately median-unbiased for any distribution. Default 7. */
  readonly type?: 7 | 8;
}

/**
 * Sample quantiles. NaN in the values is an error, not ignored.
 *
 * @param values - At least one, in any order.
 * @param probabilities - Each in 0 to 1.
 * @returns One quantile per probability.
 * @throws `TWIN_INVALID_ARGUMENT` for no values, a NaN, or a probability outside 0 to 1.
 * @see R. J. Hyndman, Y. Fan, "Sample quantiles in statistical packages", The American Statistician 50 (1996) 361.
 */
export function quantiles(
  values: ArrayLike<number>,
  probabilities: readonly number[],
  options: QuantileOptions = {},
): number[] {
  if (values.length === 0) throw new InvalidArgumentError("Quantiles need at least one value.");
  const sorted = Float64Array.from(values).sort();
  // Typed arrays sort NaN last.
  if (Number.isNaN(sorted[sorted.length - 1])) {
    throw new InvalidArgumentError("Quantiles are not defined with NaN among the values; remove them first.");
  }
  return probabilities.map((probability) => quantileOfSorted(sorted, probability, options.type ?? 7));
}

function quantileOfSorted(sorted: Float64Array, probability: number, type: 7 | 8): number {
  if (!(probability >= 0 && probability <= 1)) {
    throw new InvalidArgumentError(`Probability ${probability} is not in 0 to 1.`);
  }
  const n = sorted.length;
  const position = type === 7 ? (n - 1) * probability : (n + 1 / 3) * probability - 2 / 3;
  const clipped = Math.min(Math.max(position, 0), n - 1);
  const below = Math.floor(clipped);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, n - 1)] as number;
  const fraction = clipped - below;
  if (low === high || fraction === 0) return low;
  // As numpy does: from the nearer end, so that the result is monotonic in the probability.
  return fraction < 0.5 ? low + (high - low) * fraction : high - (high - low) * (1 - fraction);
}
