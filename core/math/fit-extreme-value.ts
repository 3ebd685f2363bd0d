import type { ExtremeValueDistribution } from "./extreme-value.ts";
import type { LMoments } from "./l-moments.ts";
import { logGamma } from "./special-functions.ts";

/** Euler and Mascheroni's constant. */
const EULER = 0.5772156649015329;
/** ζ(2) to ζ(6). */
const ZETA = [Math.PI ** 2 / 6, 1.2020569031595942, Math.PI ** 4 / 90, 1.03692775514337, Math.PI ** 6 / 945];
const [LN2, LN3] = [Math.LN2, Math.log(3)];

/**
 * The generalised extreme value distribution with given L-moments. The shape solves
 * (t3 + 3) / 2 = (1 - 3^-κ) / (1 - 2^-κ), κ = -ξ, to rounding; Hosking's approximation of it, which many programs give,
 * is off by up to 9e-4.
 *
 * @returns `undefined` where l2 is not above 0, or t3 not in (-1, 1).
 * @see J. R. M. Hosking, J. R. Wallis, E. F. Wood, Technometrics 27 (1985) 251, equations 13 to 15; Hosking (1990), table 1.
 */
export function fitGev({ l1, l2, t3 }: LMoments): ExtremeValueDistribution | undefined {
  if (!(l2 > 0 && t3 > -1 && t3 < 1)) return undefined;
  const kappa = kappaOfSkewness(t3);
  const logGammaOf = logGammaOfOnePlus(kappa);
  const scale = (l2 * ratio(kappa, LN2)) / Math.exp(logGammaOf);
  const mean = kappa === 0 ? EULER : -Math.expm1(logGammaOf) / kappa;
  if (!Number.isFinite(scale) || !(scale > 0)) return undefined;
  return { family: "gev", location: l1 - scale * mean, scale, shape: 0 - kappa };
}

/**
 * Gumbel's distribution, that is a GEV of shape 0, with given L-moments.
 *
 * @returns `undefined` where l2 is not above 0.
 * @see Hosking (1990), table 2.
 */
export function fitGumbel({ l1, l2 }: LMoments): ExtremeValueDistribution | undefined {
  if (!(l2 > 0)) return undefined;
  const scale = l2 / LN2;
  return { family: "gev", location: l1 - EULER * scale, scale, shape: 0 };
}

/**
 * The generalised Pareto distribution above a threshold with given L-moments: ξ = 2 - (l1 - threshold) / l2.
 *
 * @returns `undefined` where l2 is not above 0, or the mean not above the threshold.
 * @see J. R. M. Hosking, J. R. Wallis, Technometrics 29 (1987) 339, section 3.2 (κ = -ξ).
 */
export function fitGpd({ l1, l2 }: LMoments, threshold: number): ExtremeValueDistribution | undefined {
  const excess = l1 - threshold;
  if (!(l2 > 0 && excess > 0)) return undefined;
  const scale = excess * (excess / l2 - 1);
  // l2 above the mean: tails so heavy that there is none.
  if (!(scale > 0)) return undefined;
  return { family: "gpd", location: threshold, scale, shape: 2 - excess / l2 };
}

/** κ / (1 - base^-κ), with its limit at 0. */
function ratio(kappa: number, logBase: number): number {
  return kappa === 0 ? 1 / logBase : -kappa / Math.expm1(-kappa * logBase);
}

/** ln Γ(1 + κ), exact to rounding near 0, where it is small. */
function logGammaOfOnePlus(kappa: number): number {
  if (Math.abs(kappa) > 5e-3) return logGamma(1 + kappa);
  let sum = 0;
  for (let n = 6; n >= 2; n--) sum = (-sum + (ZETA[n - 2] as number) / n) * kappa;
  return kappa * (-EULER + sum);
}

/** Newton's steps between ends that close in; the L-skewness falls with κ from 1 at -1 to -1. */
function kappaOfSkewness(t3: number): number {
  const skewness = (kappa: number): number =>
    2 * (kappa === 0 ? LN3 / LN2 : Math.expm1(-kappa * LN3) / Math.expm1(-kappa * LN2)) - 3;
  let [low, high] = [-1, 1];
  while (skewness(high) > t3 && high < 1e3) [low, high] = [high, 2 * high];
  const c = 2 / (3 + t3) - LN2 / LN3;
  let kappa = Math.min(Math.max(7.859 * c + 2.9554 * c * c, low), high);
  for (let step = 0; step < 100; step++) {
    const error = skewness(kappa) - t3;
    if (error === 0) break;
    if (error > 0) low = kappa;
    else high = kappa;
    const apart = 1e-5;
    const slope = (skewness(kappa + apart) - skewness(kappa - apart)) / (2 * apart);
    let next = kappa - error / slope;
    if (!(next > low && next < high)) next = (low + high) / 2;
    const change = Math.abs(next - kappa);
    kappa = next;
    if (change <= 1e-14 * Math.max(1, Math.abs(kappa))) break;
  }
  return kappa;
}
