import { logGamma, regularizedGammaP } from "./special-functions.ts";

/** A gamma distribution of positive numbers: density x^(shape - 1) e^(-x / scale) / (Γ(shape) scale^shape). */
export interface GammaDistribution {
  readonly shape: number;
  /** In the unit of the numbers. */
  readonly scale: number;
}

/**
 * `"thom"`: Thom's approximation of the greatest likelihood, shape = (1 + √(1 + 4A/3)) / 4A with A = ln(mean) - mean(ln); what SPI
 * programs call approximate. `"maximum-likelihood"`: the greatest likelihood itself.
 */
export type GammaFitMethod = "thom" | "maximum-likelihood";

/**
 * The gamma distribution that fits positive numbers best; `undefined` for fewer than two, or where all are alike.
 *
 * @param values - Numbers above 0; others, and NaN, are left out.
 * @see H. C. S. Thom, "A note on the gamma distribution", Monthly Weather Review 86 (1958) 117, equation 22; for the greatest likelihood
 *   T. P. Minka, "Estimating a gamma distribution" (2002), equation 16.
 */
export function fitGamma(values: ArrayLike<number>, method: GammaFitMethod = "thom"): GammaDistribution | undefined {
  let [count, sum, sumOfLogs] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!(value > 0)) continue;
    count++;
    sum += value;
    sumOfLogs += Math.log(value);
  }
  if (count < 2) return undefined;
  const mean = sum / count;
  const excess = Math.log(mean) - sumOfLogs / count;
  // Equal numbers: the excess is 0, give or take the rounding of the logarithms.
  if (!(excess > 1e-14 * (1 + Math.abs(Math.log(mean))))) return undefined;
  const approximate = (1 + Math.sqrt(1 + (4 * excess) / 3)) / (4 * excess);
  const shape = method === "thom" ? approximate : likeliestShape(approximate, excess);
  return { shape, scale: mean / shape };
}

/**
 * Probability that a number of a gamma distribution is at most `x`: 0 for x ≤ 0.
 *
 * @param logGammaOfShape - `logGamma(shape)` where the caller has it already.
 */
export function gammaProbability(
  x: number,
  { shape, scale }: GammaDistribution,
  logGammaOfShape: number = logGamma(shape),
): number {
  return x > 0 ? regularizedGammaP(shape, x / scale, logGammaOfShape) : 0;
}

/** Solves ln a - ψ(a) = excess by Newton's method in 1/a. */
function likeliestShape(start: number, excess: number): number {
  let shape = start;
  for (let i = 0; i < 50; i++) {
    const error = Math.log(shape) - digamma(shape) - excess;
    const inverse = 1 / shape + error / (shape * shape * (1 / shape - trigamma(shape)));
    const next = inverse > 0 ? 1 / inverse : 2 * shape;
    const isSettled = Math.abs(next - shape) <= 1e-14 * shape;
    shape = next;
    if (isSettled) break;
  }
  return shape;
}

/** B_2k / 2k for k = 1 … 7. @see DLMF 5.11.2. */
const DIGAMMA: readonly number[] = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12];
/** B_2k for k = 1 … 7. @see DLMF 5.15.8. */
const TRIGAMMA: readonly number[] = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6];
const ASYMPTOTIC_FROM = 10;

/** Derivative of ln Γ at x > 0, to about 1e-15. */
function digamma(x: number): number {
  let [shifted, below] = [x, 0];
  while (shifted < ASYMPTOTIC_FROM) below += 1 / shifted++;
  const inverseSquare = 1 / (shifted * shifted);
  const series = DIGAMMA.reduceRight((sum, coefficient) => sum * inverseSquare + coefficient, 0);
  return Math.log(shifted) - 0.5 / shifted - series * inverseSquare - below;
}

/** Second derivative of ln Γ at x > 0, to about 1e-14. */
function trigamma(x: number): number {
  let [shifted, below] = [x, 0];
  while (shifted < ASYMPTOTIC_FROM) below += 1 / (shifted++) ** 2;
  const inverseSquare = 1 / (shifted * shifted);
  const series = TRIGAMMA.reduceRight((sum, coefficient) => sum * inverseSquare + coefficient, 0);
  return 1 / shifted + 0.5 * inverseSquare + (series * inverseSquare) / shifted + below;
}
