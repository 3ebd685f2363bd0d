import { logEdges, moments, RunningMoments, solveSymmetric } from "../../../core/index.ts";
import type { ShowerFeatures } from "./shower-features.ts";
import type { EnergyPoint, ResolutionFit } from "./validation.ts";

/** Showers that a bin needs so that its spread says something. */
const MIN_SHOWERS = 10;

/** Logarithmic bins of incident energy that hold all events of both sets; one bin where all energies are equal. */
export function energyEdges(generated: ShowerFeatures, reference: ShowerFeatures, bins: number): Float64Array {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const { incidentMeV } of [generated, reference]) {
    for (const energy of incidentMeV) {
      low = Math.min(low, energy);
      high = Math.max(high, energy);
    }
  }
  if (high / low < 1.001) return Float64Array.of(low * 0.99, high * 1.01);
  return logEdges(low * (1 - 1e-9), high * (1 + 1e-9), bins + 1);
}

/** Response, resolution and occupancy in one interval of incident energy; `null` where there are too few showers. */
export function energyPoint(
  features: ShowerFeatures,
  interval: { readonly minMeV: number; readonly maxMeV: number },
  samplingFraction: number,
): EnergyPoint | null {
  const energy = new RunningMoments();
  const response = new RunningMoments();
  const occupied = new RunningMoments();
  features.incidentMeV.forEach((incident, event) => {
    if (incident < interval.minMeV || incident >= interval.maxMeV) return;
    energy.add(incident);
    response.add((features.total[event] as number) / incident);
    occupied.add(features.occupied[event] as number);
  });
  if (response.count < MIN_SHOWERS) return null;
  const resolution = response.standardDeviation() / response.mean;
  return {
    count: response.count,
    energyMeV: energy.mean,
    response: response.mean,
    responseError: response.meanError,
    samplingFraction: response.mean * samplingFraction,
    resolution,
    // Of a standard deviation of normal variates; the mean's own error adds in quadrature.
    resolutionError: resolution * Math.sqrt(1 / (2 * (response.count - 1)) + resolution ** 2 / response.count),
    occupied: occupied.mean,
    occupiedError: occupied.meanError,
  };
}

/**
 * Fits σ/μ = a/√E ⊕ c: a straight line of (σ/μ)² in 1/E, weighted. Where the fit gives c² < 0, c is 0 and a is fitted
 * alone. `null` for fewer than two points with a spread.
 */
export function fitResolution(points: readonly (EnergyPoint | null)[]): ResolutionFit | null {
  const used = points.filter((point) => point !== null && point.resolution > 0) as readonly EnergyPoint[];
  if (used.length < 2) return null;
  let [ww, wx, wxx, wy, wxy] = [0, 0, 0, 0, 0];
  for (const { energyMeV, resolution, resolutionError } of used) {
    const x = 1000 / energyMeV;
    const y = resolution ** 2;
    const weight = 1 / (2 * resolution * resolutionError) ** 2;
    ww += weight;
    wx += weight * x;
    wxx += weight * x * x;
    wy += weight * y;
    wxy += weight * x * y;
  }
  const matrix = Float64Array.of(wxx, wx, wx, ww);
  const both = solveSymmetric(matrix, [wxy, wy]);
  const constantSquared = both?.[1] ?? -1;
  if (both === undefined || constantSquared < 0) {
    const stochastic = Math.sqrt(wxy / wxx);
    return { stochastic, stochasticError: 1 / Math.sqrt(wxx) / (2 * stochastic), constant: 0, constantError: null };
  }
  const variances = [0, 1].map((i) => solveSymmetric(matrix, i === 0 ? [1, 0] : [0, 1])?.[i] ?? Number.NaN);
  const stochastic = Math.sqrt(both[0] as number);
  const constant = Math.sqrt(constantSquared);
  return {
    stochastic,
    stochasticError: Math.sqrt(variances[0] as number) / (2 * stochastic),
    constant,
    constantError: constant > 0 ? Math.sqrt(variances[1] as number) / (2 * constant) : null,
  };
}

/** Mean response of all events, and its error. */
export function meanResponse(features: ShowerFeatures): { readonly mean: number; readonly error: number } {
  const all = moments(features.total.map((total, event) => total / (features.incidentMeV[event] as number)));
  return { mean: all.mean, error: all.meanError };
}
