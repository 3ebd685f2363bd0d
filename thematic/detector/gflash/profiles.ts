import { logGamma, regularizedGammaP } from "../../../core/index.ts";
import type { GflashConstants } from "./constants.ts";

/** A line in ln y. */
export function at(line: readonly [number, number], lnY: number): number {
  return line[0] + line[1] * lnY;
}

/** The distribution from which the longitudinal profile of each shower is drawn. */
export interface LongitudinalMeans {
  readonly lnT: number;
  readonly lnA: number;
  readonly sigmaLnT: number;
  readonly sigmaLnA: number;
  readonly correlation: number;
  /** Depth at which the profile starts, X0. */
  readonly origin: number;
}

/**
 * Means, widths and correlation of (ln T, ln a).
 *
 * The published widths grow without bound towards ln y = 2 (σ(ln T) = 1/(-2.5 + 1.25 ln y)); they are kept at 1 or less.
 */
export function longitudinalMeans(constants: GflashConstants["longitudinal"], lnY: number): LongitudinalMeans {
  return {
    lnT: Math.log(Math.max(at(constants.maximum, lnY), 0.1)),
    lnA: Math.log(Math.max(at(constants.shape, lnY), 1.1)),
    sigmaLnT: 1 / Math.max(at(constants.sigmaLnT, lnY), 1),
    sigmaLnA: 1 / Math.max(at(constants.sigmaLnA, lnY), 1),
    correlation: Math.min(Math.max(at(constants.correlation, lnY), -1), 1),
    origin: at(constants.origin, lnY),
  };
}

/** T and a of one shower. */
export interface LongitudinalShape {
  /** Depth of the maximum from the origin, X0. */
  readonly maximum: number;
  /** Shape of the gamma distribution; above 1. */
  readonly shape: number;
}

/** T and a of one shower from two independent normal variates. */
export function drawShape(means: LongitudinalMeans, z1: number, z2: number): LongitudinalShape {
  const common = Math.sqrt((1 + means.correlation) / 2) * z1;
  const opposite = Math.sqrt((1 - means.correlation) / 2) * z2;
  return {
    maximum: Math.exp(means.lnT + means.sigmaLnT * (common + opposite)),
    // a ≤ 1 has no maximum inside the calorimeter; 4σ at 1 GeV.
    shape: Math.max(Math.exp(means.lnA + means.sigmaLnA * (common - opposite)), 1.05),
  };
}

/**
 * Fraction of a gamma distribution in each layer.
 *
 * @param fractions - Filled, `[layer]`.
 * @param depth - `layer`: depth of one, X0; `origin`: where the distribution starts, X0.
 * @returns Sum of the fractions: less than 1 by what leaks out.
 */
export function layerFractions(
  fractions: Float64Array,
  of: LongitudinalShape,
  depth: { readonly layer: number; readonly origin: number },
): number {
  const logGammaOfShape = logGamma(of.shape);
  const rate = (of.shape - 1) / of.maximum;
  const below = (t: number): number => (t <= 0 ? 0 : regularizedGammaP(of.shape, rate * t, logGammaOfShape));
  const first = below(-depth.origin);
  let previous = first;
  for (let layer = 0; layer < fractions.length; layer++) {
    const next = below((layer + 1) * depth.layer - depth.origin);
    fractions[layer] = next - previous;
    previous = next;
  }
  return previous - first;
}

/** Radial profile at one shower age τ: `weight` of the core, the rest in the tail; radii in Molière radii. */
export interface RadialProfile {
  core: number;
  tail: number;
  weight: number;
}

/** Sets `profile` to f(r) = p 2r Rc²/(r² + Rc²)² + (1 - p) 2r Rt²/(r² + Rt²)² at shower age τ. */
export function radialProfile(
  profile: RadialProfile,
  constants: GflashConstants["radial"],
  tau: number,
  lnEnergyGeV: number,
): void {
  const [c0, c1, c2, c3] = constants.core;
  const [k0, k1, k2, k3, k4, k5, k6] = constants.tail;
  const [p0, p1, p2, p3, p4, p5] = constants.weight;
  const young = Math.exp(-tau);
  const u = (p1 - tau) / (p2 + p3 * lnEnergyGeV);
  profile.core = Math.max(c0 + c1 * lnEnergyGeV + c2 * tau + c3 * young, 1e-3);
  profile.tail = Math.max(
    k0 * (Math.exp(k2 * (tau - k1)) + Math.exp((k3 + k4 * lnEnergyGeV) * (tau - k1))) + k5 + k6 * young,
    1e-3,
  );
  const weight = p0 * Math.exp(u - Math.exp(u)) + p4 + p5 * Math.exp(-((tau - 1) ** 2));
  profile.weight = Math.min(Math.max(weight, 0), 1);
}
