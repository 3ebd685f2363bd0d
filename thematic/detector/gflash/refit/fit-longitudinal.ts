import { leastSquares } from "../../../../core/index.ts";
import type { GflashConstants } from "../constants.ts";
import { drawShape, layerFractions, longitudinalMeans } from "../profiles.ts";
import type { ShowerSummary } from "./shower-summary.ts";

/** Nodes and weights of 9-point Gauss-Hermite quadrature for a unit normal variate (weights add up to 1). */
const NODES: readonly (readonly [number, number])[] = [
  [0, 0.40634920634920635],
  [1.0232556637891326, 0.24409750289493909],
  [2.0768479786778302, 0.04991640676521782],
  [3.2054290028564703, 0.002789141321231768],
  [4.5127458633997826, 2.2345844007746624e-5],
].flatMap(([x, w]) =>
  x === 0 ? [[0, w as number] as const] : [[x as number, w as number] as const, [-(x as number), w as number] as const],
);

/** A shower shape of the quadrature over fluctuations, with its probability. */
export interface WeightedShape {
  readonly maximum: number;
  readonly shape: number;
  readonly probability: number;
}

/** The shapes over which the means of a model are taken. */
export function shapesOf(means: ReturnType<typeof longitudinalMeans>): readonly WeightedShape[] {
  return NODES.flatMap(([z1, w1]) => NODES.map(([z2, w2]) => ({ ...drawShape(means, z1, z2), probability: w1 * w2 })));
}

/** Layers deeper than this hold too little to weigh in the fit of fluctuations. */
const COVARIANCE_LAYERS = 30;
/** Systematic error of a mean, relative: no fit to better than this. */
const MEAN_FLOOR = 0.005;
/** Covariances count less than means: their model is cruder. */
const COVARIANCE_WEIGHT = 0.2;

/**
 * Fits T, a, their widths and correlation, the origin and the layers' sampling fluctuation to mean and covariance of
 * the layers' shares of the visible energy.
 */
export function fitLongitudinal(
  summaries: readonly ShowerSummary[],
  start: GflashConstants,
  medium: { readonly layerDepth: number; readonly criticalEnergyMeV: number },
): {
  readonly longitudinal: GflashConstants["longitudinal"];
  readonly layerResolution: number;
  readonly chiSquare: number;
} {
  const observed = summaries.map((summary) => ({
    lnY: Math.log(summary.energyMeV / medium.criticalEnergyMeV),
    visibleGeV: (summary.response.mean * summary.energyMeV) / 1000,
    mean: summary.layerFractions,
    covariance: summary.layerCovariance,
    count: summary.count,
  }));
  const residuals = (q: Float64Array): Float64Array => {
    const { longitudinal, layerResolution } = unpack(q);
    const result: number[] = [];
    for (const { lnY, visibleGeV, mean, covariance, count } of observed) {
      const layers = mean.length;
      const model = momentsOf(longitudinalMeans(longitudinal, lnY), layers, medium.layerDepth);
      const noise = (layerResolution * layerResolution) / visibleGeV;
      const spread = (i: number): number => Math.sqrt(covariance[i * layers + i] as number);
      for (let i = 0; i < layers; i++) {
        const data = mean[i] as number;
        const error = Math.hypot(spread(i) / Math.sqrt(count), MEAN_FLOOR * data, 1e-6);
        result.push(((model.mean[i] as number) - data) / error);
      }
      for (let i = 0; i < COVARIANCE_LAYERS; i++) {
        for (let j = 0; j <= i; j++) {
          const mi = model.mean[i] as number;
          const mj = model.mean[j] as number;
          const sampling = noise * ((i === j ? mi : 0) - mi * mj);
          const difference =
            (model.covariance[i * layers + j] as number) + sampling - (covariance[i * layers + j] as number);
          result.push((COVARIANCE_WEIGHT * Math.sqrt(count) * difference) / (spread(i) * spread(j)));
        }
      }
    }
    return Float64Array.from(result);
  };
  const fit = leastSquares(residuals, pack(start), { maxIterations: 60, tolerance: 1e-5 });
  return { ...unpack(fit.parameters), chiSquare: fit.chiSquare };
}

function pack({ longitudinal, sampling }: GflashConstants): number[] {
  const { maximum, shape, sigmaLnT, sigmaLnA, correlation, origin } = longitudinal;
  return [...maximum, ...shape, ...sigmaLnT, ...sigmaLnA, ...correlation, ...origin, sampling.layerResolution];
}

function unpack(q: Float64Array): {
  readonly longitudinal: GflashConstants["longitudinal"];
  readonly layerResolution: number;
} {
  const line = (at: number): [number, number] => [q[at] as number, q[at + 1] as number];
  return {
    longitudinal: {
      maximum: line(0),
      shape: line(2),
      sigmaLnT: line(4),
      sigmaLnA: line(6),
      correlation: line(8),
      origin: line(10),
    },
    layerResolution: Math.abs(q[12] as number),
  };
}

/** Mean and covariance of the layers' shares without sampling fluctuations. */
function momentsOf(
  means: ReturnType<typeof longitudinalMeans>,
  layers: number,
  layerDepth: number,
): { readonly mean: Float64Array; readonly covariance: Float64Array } {
  const mean = new Float64Array(layers);
  const covariance = new Float64Array(layers * layers);
  const fractions = new Float64Array(layers);
  for (const shape of shapesOf(means)) {
    const contained = layerFractions(fractions, shape, { layer: layerDepth, origin: means.origin });
    for (let i = 0; i < layers; i++) {
      const x = (fractions[i] as number) / contained;
      fractions[i] = x;
      mean[i] = (mean[i] as number) + shape.probability * x;
      if (i >= COVARIANCE_LAYERS) continue;
      for (let j = 0; j <= i; j++) {
        const at = i * layers + j;
        covariance[at] = (covariance[at] as number) + shape.probability * x * (fractions[j] as number);
      }
    }
  }
  for (let i = 0; i < COVARIANCE_LAYERS; i++) {
    for (let j = 0; j <= i; j++) {
      const at = i * layers + j;
      covariance[at] = (covariance[at] as number) - (mean[i] as number) * (mean[j] as number);
    }
  }
  return { mean, covariance };
}
