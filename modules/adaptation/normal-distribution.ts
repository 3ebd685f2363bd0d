import { erf } from "../../core/index.ts";

/** Density of the standard normal distribution. */
export function normalDensity(z: number): number {
  return Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
}

/**
 * Quantile of the standard normal distribution: within 1e-11 for probabilities from 1e-6 to 1 - 1e-6, 1e-8 from 1e-9 to 1 - 1e-9.
 *
 * @see M. Abramowitz, I. Stegun, "Handbook of Mathematical Functions", 26.2.23, and Newton's method from there.
 */
export function normalQuantile(probability: number): number {
  const nearer = Math.min(probability, 1 - probability);
  if (nearer <= 0) return probability <= 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const t = Math.sqrt(-2 * Math.log(nearer));
  let z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (let step = 0; step < 3; step++) z += (0.5 * (1 - erf(z / Math.SQRT2)) - nearer) / normalDensity(z);
  return probability < 0.5 ? -z : z;
}

/** Probability of a standard normal value at or below `z`. */
export function normalProbability(z: number): number {
  return 0.5 * (1 + erf(z / Math.SQRT2));
}
