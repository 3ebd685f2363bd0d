import { leastSquares, logGamma, regularizedGammaP } from "../../../../core/index.ts";
import type { GflashConstants } from "../constants.ts";
import { at, layerFractions } from "../profiles.ts";
import { COUNT_ABOVE_MEV, type ShowerSummary } from "./shower-summary.ts";

/** Relative systematic error of a voxel count. */
const FLOOR = 0.05;
/** Shape of the spots' energies. Where it was free, the fit gave 1.08; exponential variates are cheaper than gamma variates. */
const EXPONENTIAL = 1;
/** Every second layer is enough, and halves the time. */
const LAYER_STEP = 2;

/**
 * Fits number and depth of the spots to the mean number of voxels of each layer above several
 * energies.
 *
 * A voxel gets a Poisson number of spots and each an exponentially distributed energy, so the chance that it is above an energy
 * is a sum of incomplete gamma functions. Rings' shares and layers' energies are the data's means.
 */
export function fitSpots(
  summaries: readonly ShowerSummary[],
  start: GflashConstants,
  medium: { readonly layerDepth: number; readonly criticalEnergyMeV: number; readonly alphas: number },
): { readonly spots: GflashConstants["spots"]; readonly chiSquare: number } {
  const observed = summaries.map((summary) => ({
    lnY: Math.log(summary.energyMeV / medium.criticalEnergyMeV),
    energyGeV: summary.energyMeV / 1000,
    energies: summary.layerEnergy,
    rings: summary.ringFractions,
    above: summary.voxelsAbove,
  }));
  const residuals = (q: Float64Array): Float64Array => {
    const spots = unpack(q);
    const result: number[] = [];
    for (const { lnY, energyGeV, energies, rings, above } of observed) {
      const layers = energies.length;
      const ringCount = rings.length / layers;
      const fractions = new Float64Array(layers);
      const shape = { maximum: Math.max(at(spots.maximum, lnY), 0.1), shape: Math.max(at(spots.shape, lnY), 1.05) };
      layerFractions(fractions, shape, { layer: medium.layerDepth, origin: 0 });
      const count = spots.count[0] * energyGeV ** spots.count[1];
      for (let layer = 0; layer < layers; layer += LAYER_STEP) {
        const inLayer = Math.max(count * (fractions[layer] as number), 1e-6);
        const meanSpot = (energies[layer] as number) / inLayer;
        for (let k = 0; k < COUNT_ABOVE_MEV.length; k++) {
          let expected = 0;
          for (let ring = 0; ring < ringCount; ring++) {
            const perVoxel = (inLayer * (rings[layer * ringCount + ring] as number)) / medium.alphas;
            expected += medium.alphas * chanceAbove(perVoxel, (COUNT_ABOVE_MEV[k] as number) / meanSpot);
          }
          const data = above[layer * COUNT_ABOVE_MEV.length + k] as number;
          result.push((expected - data) / (FLOOR * data + 0.1));
        }
      }
    }
    return Float64Array.from(result);
  };
  const { count, maximum, shape } = start.spots;
  const fit = leastSquares(residuals, [Math.log(count[0]), count[1], ...maximum, ...shape], {
    maxIterations: 40,
    tolerance: 1e-4,
  });
  return { spots: unpack(fit.parameters), chiSquare: fit.chiSquare };
}

function unpack(q: Float64Array): GflashConstants["spots"] {
  const value = (index: number): number => q[index] as number;
  return {
    count: [Math.exp(value(0)), value(1)],
    maximum: [value(2), value(3)],
    shape: [value(4), value(5)],
    energyShape: EXPONENTIAL,
  };
}

/** Chance that a Poisson number of exponential variates of mean 1 adds up to more than `energy`. */
function chanceAbove(mean: number, energy: number): number {
  const most = Math.ceil(mean + 6 * Math.sqrt(mean) + 4);
  const logMean = Math.log(mean);
  let chance = 0;
  for (let m = Math.max(1, Math.floor(mean - 6 * Math.sqrt(mean))); m <= most; m++) {
    const probability = Math.exp(m * logMean - mean - logGamma(m + 1));
    if (probability > 1e-8) chance += probability * (1 - regularizedGammaP(m, energy));
  }
  return chance;
}
