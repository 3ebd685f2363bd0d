import { effectiveMedium } from "../../geometry/effective-medium.ts";
import type { CalorimeterGeometry } from "../../geometry/geometry.ts";
import type { GflashConstants } from "../constants.ts";
import { publishedConstants } from "../published.ts";
import { fitLongitudinal } from "./fit-longitudinal.ts";
import { fitRadial } from "./fit-radial.ts";
import { fitSpots } from "./fit-spots.ts";
import { ShowerSummary } from "./shower-summary.ts";

const ENERGY_BINS = 10;
/** Exponential: of 0.5, 1, 2 and 4 the one with the smallest separation power of layer energies on held-out showers. */
const CROSSING_SHAPE = 1;

/** Summaries in logarithmic bins of incident energy, 1 to 100 GeV. */
export class SummarySet {
  readonly bins: readonly ShowerSummary[];

  constructor(shape: readonly [number, number, number]) {
    this.bins = Array.from({ length: ENERGY_BINS }, () => new ShowerSummary(shape));
  }

  /** Adds a shower, `[layer, alpha, r]`, flat, MeV. */
  add(voxels: Float32Array, energyMeV: number): void {
    const bin = Math.floor((ENERGY_BINS * Math.log10(energyMeV / 1000)) / 2);
    this.bins[Math.min(Math.max(bin, 0), ENERGY_BINS - 1)]?.add(voxels, energyMeV);
  }
}

/** Fits all constants to summaries of full simulation; tells what it does. */
export function refit(
  set: SummarySet,
  geometry: CalorimeterGeometry,
  tell: (message: string) => void,
): GflashConstants {
  const material = effectiveMedium(geometry.slabs);
  const medium = {
    layerDepth: geometry.layerMm / material.radiationLengthMm,
    criticalEnergyMeV: material.criticalEnergyMeV,
    edgesSquared: geometry.rEdgesMm.map((edge) => (edge / material.moliereRadiusMm) ** 2),
    alphas: geometry.shape[1],
  };
  const summaries = set.bins.filter((bin) => bin.count > 1);
  const published = publishedConstants(material);
  const { longitudinal, layerResolution, chiSquare } = fitLongitudinal(summaries, published, medium);
  tell(`longitudinal: chi² ${chiSquare.toFixed(0)}`);
  const sampling = { ...fitTotal(summaries, medium.criticalEnergyMeV), layerResolution, crossingShape: CROSSING_SHAPE };
  const first: GflashConstants = { ...published, longitudinal, sampling };
  const radial = fitRadial(summaries, first, medium);
  tell(`radial: chi² ${radial.chiSquare.toFixed(0)}`);
  const some = summaries.filter((_, index) => index % 2 === 0 || index === summaries.length - 1);
  const spots = fitSpots(some, first, medium);
  tell(`spots: chi² ${spots.chiSquare.toFixed(0)}`);
  return { longitudinal, radial: radial.radial, sampling, spots: spots.spots };
}

/** Mean response linear in ln y, and the total resolution, by weighted averages. */
function fitTotal(
  summaries: readonly ShowerSummary[],
  criticalEnergyMeV: number,
): { readonly response: [number, number]; readonly totalResolution: number } {
  let [s, sx, sxx, sy, sxy, noise, count] = [0, 0, 0, 0, 0, 0, 0];
  for (const { energyMeV, response, count: n } of summaries) {
    const x = Math.log(energyMeV / criticalEnergyMeV);
    const weight = 1 / response.meanError ** 2;
    s += weight;
    sx += weight * x;
    sxx += weight * x * x;
    sy += weight * response.mean;
    sxy += weight * x * response.mean;
    noise += (n * response.variance() * energyMeV) / 1000;
    count += n;
  }
  const slope = (s * sxy - sx * sy) / (s * sxx - sx * sx);
  return { response: [(sy - slope * sx) / s, slope], totalResolution: Math.sqrt(noise / count) };
}
