import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { erf } from "./special-functions.ts";

/** How {@link ensembleCrps} counts. */
export interface EnsembleCrpsOptions {
  /**
   * `true`: the score that an infinite ensemble of the same distribution would have on average, for comparing forecasts with
   * different numbers of members. `false` (default): that of the members as they are.
   */
  readonly fair?: boolean;
}

/**
 * Continuous ranked probability score of an ensemble, in the unit of the values; smaller is better, 0 is a perfect and sharp
 * forecast. Of one member it is the absolute error.
 *
 * With m members x and the observation y: mean |x - y| - (1/2) mean |x - x'|, where the second mean is over all m² pairs, or,
 * where it is fair, over the m (m - 1) pairs of different members.
 *
 * @returns NaN where the observation is missing (NaN).
 * @throws `TWIN_INVALID_ARGUMENT` for no members, one member where it is to be fair, a member that is not finite.
 * @see T. Gneiting, A. E. Raftery, J. Am. Stat. Assoc. 102 (2007) 359, equation 21; C. A. T. Ferro, Quarterly Journal of the
 *   Royal Meteorological Society 140 (2014) 1917, for the fair score.
 *
 * @example
 * ensembleCrps([1, 3], 2); // => 0.5
 */
export function ensembleCrps(
  members: ArrayLike<number>,
  observation: number,
  { fair = false }: EnsembleCrpsOptions = {},
): number {
  const count = members.length;
  if (count < (fair ? 2 : 1)) {
    throw new InvalidArgumentError(
      `A CRPS${fair ? " that is fair" : ""} needs ${fair ? "two members" : "a member"}; got ${count}.`,
    );
  }
  const sorted = Float64Array.from(members).sort();
  // NaN is sorted last.
  if (!Number.isFinite(sorted[0]) || !Number.isFinite(sorted[count - 1])) {
    throw new InvalidArgumentError("A member of the ensemble is not finite; a CRPS needs all of them.");
  }
  let [error, pairs] = [0, 0];
  for (let i = 0; i < count; i++) {
    const value = sorted[i] as number;
    error += Math.abs(value - observation);
    // Σ |x - x'| over unordered pairs, of sorted values.
    pairs += (2 * i - count + 1) * value;
  }
  return error / count - pairs / (count * (fair ? count - 1 : count));
}

/**
 * Continuous ranked probability score of a normal distribution, in the unit of the values. With a standard deviation of 0 it is
 * the absolute error.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for a standard deviation that is negative or not a number.
 * @see T. Gneiting et al., Monthly Weather Review 133 (2005) 1098, equation 5.
 *
 * @example
 * normalCrps({ mean: 0, standardDeviation: 1 }, 0); // => 0.2336949…
 */
export function normalCrps(
  { mean, standardDeviation }: { readonly mean: number; readonly standardDeviation: number },
  observation: number,
): number {
  if (!(standardDeviation >= 0)) {
    throw new InvalidArgumentError(`A standard deviation is 0 or more; got ${standardDeviation}.`);
  }
  if (standardDeviation === 0) return Math.abs(observation - mean);
  const z = (observation - mean) / standardDeviation;
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  return standardDeviation * (z * erf(z / Math.SQRT2) + 2 * density - 1 / Math.sqrt(Math.PI));
}
