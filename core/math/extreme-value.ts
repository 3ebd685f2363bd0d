import { InvalidArgumentError } from "../errors/invalid-argument.ts";

/**
 * A distribution of extremes.
 *
 * - `"gev"`: generalised extreme value, of maxima of blocks: F(x) = exp(-(1 + ξ z)^(-1/ξ)), z = (x - location) / scale;
 *   with shape 0 that is Gumbel's.
 * - `"gpd"`: generalised Pareto, of what exceeds a threshold: F(x) = 1 - (1 + ξ z)^(-1/ξ); the location is the threshold.
 *
 * The shape is ξ, as in Coles (2001): above 0 the tail is heavy, below 0 it ends at location - scale / ξ. Hosking's κ is -ξ;
 * so is `c` of scipy's `genextreme`, while `c` of `genpareto` is ξ.
 */
export interface ExtremeValueDistribution {
  readonly family: "gev" | "gpd";
  readonly location: number;
  readonly scale: number;
  /** ξ. */
  readonly shape: number;
}

/** (1 + ξ z)^(-1/ξ); `exp(-z)` for ξ = 0. 0 above the support, infinite below that of a GEV. */
function tailOf({ location, scale, shape }: ExtremeValueDistribution, x: number): number {
  const z = (x - location) / scale;
  if (shape === 0) return Math.exp(-z);
  const inner = shape * z;
  if (inner <= -1) return shape > 0 ? Number.POSITIVE_INFINITY : 0;
  return Math.exp(-Math.log1p(inner) / shape);
}

/** Probability of at most `x`. */
export function extremeValueCdf(distribution: ExtremeValueDistribution, x: number): number {
  if (distribution.family === "gev") return Math.exp(-tailOf(distribution, x));
  return x <= distribution.location ? 0 : 1 - tailOf(distribution, x);
}

/** Probability of more than `x`, exact where it is small. */
export function extremeValueSurvival(distribution: ExtremeValueDistribution, x: number): number {
  if (distribution.family === "gev") return -Math.expm1(-tailOf(distribution, x));
  return x <= distribution.location ? 1 : tailOf(distribution, x);
}

/**
 * What is exceeded with a probability: the quantile at one minus that, exact where it is small.
 *
 * @param exceedance - 0 to 1; at the ends the ends of the support, which may be infinite.
 * @throws `TWIN_INVALID_ARGUMENT` for other probabilities.
 */
export function extremeValueLevel(distribution: ExtremeValueDistribution, exceedance: number): number {
  if (!(exceedance >= 0 && exceedance <= 1)) {
    throw new InvalidArgumentError(`A probability of exceedance is in 0 to 1; got ${exceedance}.`);
  }
  const { family, location, scale, shape } = distribution;
  const logTail = Math.log(family === "gev" ? -Math.log1p(-exceedance) : exceedance);
  if (shape === 0) return location - scale * logTail;
  return location + (scale * Math.expm1(-shape * logTail)) / shape;
}

/**
 * The level that blocks (`"gev"`) or events (`"gpd"`) exceed on average once in a period.
 *
 * @param period - In any unit of time, such as years.
 * @param perPeriod - Blocks, or events, in one unit of time: 1 for annual maxima.
 * @returns NaN where the period holds no more than one block or event on average.
 * @see S. Coles, "An Introduction to Statistical Modeling of Extreme Values", Springer 2001, sections 3.1.3 and 4.3.3.
 */
export function returnLevel(distribution: ExtremeValueDistribution, period: number, perPeriod: number = 1): number {
  const number = period * perPeriod;
  return number > 1 ? extremeValueLevel(distribution, 1 / number) : Number.NaN;
}
