/**
 * The multivariate t distribution with many degrees of freedom: a Gaussian whose tails let single bad events count little.
 * -2 ℓ = (ν + p) ln(1 + d²/ν) up to a constant, with d² = rᵀ P r of p residuals; each event enters scores with the weight
 * (ν + p) / (ν + d²). What has d² = p weighs 1, a cell that reads a hundred times too much next to nothing.
 *
 * @see K. L. Lange, R. J. A. Little, J. M. G. Taylor, "Robust statistical modeling using the t distribution",
 *   J. Am. Stat. Assoc. 84 (1989) 881: weights, information, and that events with missing residuals have the same ν.
 */
const DEGREES_OF_FREEDOM = 30;

/** By how much an event of `size` residuals with this d² enters. */
export function eventWeight(squaredDistance: number, size: number): number {
  return (DEGREES_OF_FREEDOM + size) / (DEGREES_OF_FREEDOM + squaredDistance);
}

/** -2 ℓ, 0 for residuals of 0. */
export function eventDeviance(squaredDistance: number, size: number): number {
  return (DEGREES_OF_FREEDOM + size) * Math.log1p(squaredDistance / DEGREES_OF_FREEDOM);
}

/** Information on the mean, as a fraction of P. */
export function informationFactor(size: number): number {
  return (DEGREES_OF_FREEDOM + size) / (DEGREES_OF_FREEDOM + size + 2);
}
