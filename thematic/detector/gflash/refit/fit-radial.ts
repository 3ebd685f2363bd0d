import { leastSquares } from "../../../../core/index.ts";
import type { GflashConstants } from "../constants.ts";
import { layerFractions, longitudinalMeans, type RadialProfile, radialProfile } from "../profiles.ts";
import { shapesOf } from "./fit-longitudinal.ts";
import type { ShowerSummary } from "./shower-summary.ts";

/** Relative systematic error of a ring's share: the shape of the formula is no better than this. */
const FLOOR = 0.02;
/** Layers with less of the energy than this do not enter. */
const MIN_LAYER_SHARE = 0.001;

/** Fits the radial profile to the share of each ring in the energy of each layer. */
export function fitRadial(
  summaries: readonly ShowerSummary[],
  start: GflashConstants,
  medium: { readonly layerDepth: number; readonly criticalEnergyMeV: number; readonly edgesSquared: Float64Array },
): { readonly radial: GflashConstants["radial"]; readonly chiSquare: number } {
  const rings = medium.edgesSquared.length - 1;
  const cells = summaries.flatMap((summary) => cellsOf(summary, start, medium));
  const radial: RadialProfile = { core: 0, tail: 0, weight: 0 };
  const model = new Float64Array(rings);
  const residuals = (q: Float64Array): Float64Array => {
    const constants = unpack(q);
    const result: number[] = [];
    for (const { ages, lnEnergyGeV, shares, weight } of cells) {
      model.fill(0);
      for (const { tau, probability } of ages) {
        radialProfile(radial, constants, tau, lnEnergyGeV);
        addRings(model, radial, medium.edgesSquared, probability);
      }
      for (let ring = 0; ring < rings; ring++) {
        const data = shares[ring] as number;
        result.push((weight * ((model[ring] as number) - data)) / (FLOOR * data + 1e-4));
      }
    }
    return Float64Array.from(result);
  };
  const fit = leastSquares(residuals, pack(start.radial), { maxIterations: 100, tolerance: 1e-5 });
  return { radial: unpack(fit.parameters), chiSquare: fit.chiSquare };
}

interface Cell {
  readonly lnEnergyGeV: number;
  readonly ages: readonly { readonly tau: number; readonly probability: number }[];
  readonly shares: Float64Array;
  readonly weight: number;
}

/** One cell per layer: the distribution of shower ages there, by energy, and the rings' shares in the data. */
function cellsOf(
  summary: ShowerSummary,
  constants: GflashConstants,
  medium: { readonly layerDepth: number; readonly criticalEnergyMeV: number; readonly edgesSquared: Float64Array },
): Cell[] {
  const rings = medium.edgesSquared.length - 1;
  const means = longitudinalMeans(constants.longitudinal, Math.log(summary.energyMeV / medium.criticalEnergyMeV));
  const meanA = Math.exp(means.lnA);
  const layerShares = summary.layerFractions;
  const ringShares = summary.ringFractions;
  const fractions = new Float64Array(layerShares.length);
  const ages: { tau: number; probability: number }[][] = Array.from(layerShares, () => []);
  for (const shape of shapesOf(means)) {
    layerFractions(fractions, shape, { layer: medium.layerDepth, origin: means.origin });
    const scale = ((shape.shape - 1) / (shape.shape * shape.maximum)) * (meanA / (meanA - 1));
    fractions.forEach((fraction, layer) => {
      const depth = Math.max((layer + 0.5) * medium.layerDepth - means.origin, 0);
      ages[layer]?.push({ tau: depth * scale, probability: shape.probability * fraction });
    });
  }
  return ages.flatMap((all, layer) => {
    const share = layerShares[layer] as number;
    if (share < MIN_LAYER_SHARE) return [];
    const sum = all.reduce((total, { probability }) => total + probability, 0);
    const kept = all.filter(({ probability }) => probability > 1e-3 * sum);
    const keptSum = kept.reduce((total, { probability }) => total + probability, 0);
    return {
      lnEnergyGeV: Math.log(summary.energyMeV / 1000),
      ages: kept.map(({ tau, probability }) => ({ tau, probability: probability / keptSum })),
      shares: ringShares.slice(layer * rings, (layer + 1) * rings),
      weight: Math.sqrt(share),
    };
  });
}

/** Adds the share of each ring in what lies within the outermost one. */
function addRings(shares: Float64Array, radial: RadialProfile, edgesSquared: Float64Array, probability: number): void {
  const { core, tail, weight } = radial;
  const within = (edge: number): number =>
    (weight * edge) / (edge + core * core) + ((1 - weight) * edge) / (edge + tail * tail);
  const scale = probability / within(edgesSquared[edgesSquared.length - 1] as number);
  let previous = within(edgesSquared[0] as number);
  for (let ring = 0; ring < shares.length; ring++) {
    const next = within(edgesSquared[ring + 1] as number);
    shares[ring] = (shares[ring] as number) + scale * (next - previous);
    previous = next;
  }
}

function pack({ core, tail, weight }: GflashConstants["radial"]): number[] {
  return [...core, ...tail, ...weight];
}

function unpack(q: Float64Array): GflashConstants["radial"] {
  const all = Array.from(q);
  return {
    core: all.slice(0, 4) as [number, number, number, number],
    tail: all.slice(4, 11) as [number, number, number, number, number, number, number],
    weight: all.slice(11, 17) as [number, number, number, number, number, number],
    contained: true,
  };
}
