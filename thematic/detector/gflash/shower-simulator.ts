import { RandomStream } from "../../../core/index.ts";
import { type EffectiveMedium, effectiveMedium } from "../geometry/effective-medium.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import type { GflashConstants } from "./constants.ts";
import {
  at,
  drawShape,
  type LongitudinalShape,
  layerFractions,
  longitudinalMeans,
  type RadialProfile,
  radialProfile,
} from "./profiles.ts";

/** Keeps GFLASH's random numbers apart from those of other users of the same seed ("gfla"). */
const PURPOSE = 0x67666c61;

/**
 * Simulates one shower after the other into an array of the caller's. Holds scratch space, so one per thread; the
 * result depends on nothing but (seed, event id, energy).
 */
export class ShowerSimulator {
  readonly #constants: GflashConstants;
  readonly #geometry: CalorimeterGeometry;
  readonly #medium: EffectiveMedium;
  readonly #layerDepth: number;
  /** Squared ring edges, in squared Molière radii. */
  readonly #edgesSquared: Float64Array;
  readonly #energies: Float64Array;
  readonly #spotFractions: Float64Array;
  readonly #voxels: Float64Array;
  readonly #radial: RadialProfile = { core: 0, tail: 0, weight: 0 };
  #spotVoxels = new Int32Array(1024);
  #spotEnergies = new Float64Array(1024);
  readonly #random: RandomStream;

  constructor(geometry: CalorimeterGeometry, constants: GflashConstants) {
    const [layers, alphas, rings] = geometry.shape;
    this.#constants = constants;
    this.#geometry = geometry;
    this.#medium = effectiveMedium(geometry.slabs);
    this.#layerDepth = geometry.layerMm / this.#medium.radiationLengthMm;
    this.#edgesSquared = geometry.rEdgesMm.map((edge) => (edge / this.#medium.moliereRadiusMm) ** 2);
    this.#energies = new Float64Array(layers);
    this.#spotFractions = new Float64Array(layers);
    this.#voxels = new Float64Array(alphas * rings);
    this.#random = new RandomStream({ seed: 0n, id: 0n, purpose: PURPOSE });
  }

  /**
   * Simulates the shower of one electron that enters the front face at a right angle on the axis.
   *
   * @param target - `[layer, alpha, r]`, flat; overwritten with visible energies over the sampling fraction, MeV.
   */
  simulate(
    target: Float32Array,
    event: { readonly id: bigint; readonly seed: bigint; readonly energyMeV: number },
  ): void {
    this.#random.restart(event.id, event.seed);
    const lnY = Math.log(event.energyMeV / this.#medium.criticalEnergyMeV);
    const energyGeV = event.energyMeV / 1000;
    const means = longitudinalMeans(this.#constants.longitudinal, lnY);
    const shape = drawShape(means, this.#random.normal(), this.#random.normal());
    this.#drawLayerEnergies(shape, means.origin, { energyGeV, lnY });
    const { spots } = this.#constants;
    const spotShape = { maximum: Math.max(at(spots.maximum, lnY), 0.1), shape: Math.max(at(spots.shape, lnY), 1.05) };
    layerFractions(this.#spotFractions, spotShape, { layer: this.#layerDepth, origin: 0 });
    const spotCount = spots.count[0] * energyGeV ** spots.count[1];
    const age = ageScale(shape, means.lnA);
    const lnEnergyGeV = Math.log(energyGeV);
    const voxelsPerLayer = this.#voxels.length;
    for (let layer = 0; layer < this.#energies.length; layer++) {
      const energyMeV = 1000 * (this.#energies[layer] as number);
      const from = layer * voxelsPerLayer;
      if (energyMeV < this.#geometry.thresholdMeV) {
        target.fill(0, from, from + voxelsPerLayer);
        continue;
      }
      const depth = Math.max((layer + 0.5) * this.#layerDepth - means.origin, 0);
      radialProfile(this.#radial, this.#constants.radial, depth * age, lnEnergyGeV);
      const count = Math.max(1, this.#random.poisson(spotCount * (this.#spotFractions[layer] as number)));
      this.#placeSpots(energyMeV, count);
      for (let voxel = 0; voxel < voxelsPerLayer; voxel++) {
        const deposit = this.#voxels[voxel] as number;
        target[from + voxel] = deposit < this.#geometry.thresholdMeV ? 0 : deposit;
      }
    }
  }

  /** Visible energy of each layer with sampling fluctuations, GeV. */
  #drawLayerEnergies(
    shape: LongitudinalShape,
    origin: number,
    { energyGeV, lnY }: { readonly energyGeV: number; readonly lnY: number },
  ): void {
    const { response, totalResolution } = this.#constants.sampling;
    const visible = at(response, lnY) * energyGeV;
    const energies = this.#energies;
    const contained = layerFractions(energies, shape, { layer: this.#layerDepth, origin });
    let sum = 0;
    for (let layer = 0; layer < energies.length; layer++) {
      const mean = (visible * (energies[layer] as number)) / (totalResolution === null ? 1 : contained);
      energies[layer] = this.#drawVisible(mean);
      sum += energies[layer] as number;
    }
    if (totalResolution === null || sum === 0) return;
    const totalNoise = (totalResolution * totalResolution * energyGeV) / visible;
    const total = this.#random.gamma(visible / totalNoise) * totalNoise;
    for (let layer = 0; layer < energies.length; layer++) energies[layer] = ((energies[layer] as number) * total) / sum;
  }

  /** Visible energy of a layer around its mean, with variance c² times the mean, GeV. */
  #drawVisible(mean: number): number {
    const { layerResolution, crossingShape } = this.#constants.sampling;
    const noise = layerResolution * layerResolution;
    if (crossingShape === null) {
      // Below this shape the variate underflows; such a layer is far below the readout threshold.
      return mean / noise < 1e-3 ? 0 : this.#random.gamma(mean / noise) * noise;
    }
    // A Poisson number of crossings of mean energy q has variance q (1 + 1/shape) times the mean.
    const crossing = noise / (1 + 1 / crossingShape);
    const crossings = this.#random.poisson(mean / crossing);
    return crossings === 0 ? 0 : (this.#random.gamma(crossings * crossingShape) * crossing) / crossingShape;
  }

  /** Spreads the energy of one layer over `count` spots and adds those up in the layer's voxels, MeV. */
  #placeSpots(energyMeV: number, count: number): void {
    if (count > this.#spotVoxels.length) {
      this.#spotVoxels = new Int32Array(2 * count);
      this.#spotEnergies = new Float64Array(2 * count);
    }
    const { energyShape } = this.#constants.spots;
    let sum = 0;
    for (let spot = 0; spot < count; spot++) {
      const energy = this.#drawSpotEnergy(energyShape);
      this.#spotEnergies[spot] = energy;
      this.#spotVoxels[spot] = this.#drawVoxel();
      sum += energy;
    }
    this.#voxels.fill(0);
    const scale = energyMeV / sum;
    for (let spot = 0; spot < count; spot++) {
      const voxel = this.#spotVoxels[spot] as number;
      if (voxel < 0) continue;
      this.#voxels[voxel] = (this.#voxels[voxel] as number) + (this.#spotEnergies[spot] as number) * scale;
    }
  }

  /** Energy of a spot in arbitrary units. */
  #drawSpotEnergy(shape: number | null): number {
    if (shape === null) return 1;
    return shape === 1 ? -Math.log(this.#random.uniformCoarse()) : this.#random.gamma(shape);
  }

  /** Voxel of a spot within its layer; -1 beyond the outermost ring. */
  #drawVoxel(): number {
    const { core, tail, weight } = this.#radial;
    const [, alphas, rings] = this.#geometry.shape;
    const edges = this.#edgesSquared;
    const outer = edges[rings] as number;
    const v = this.#random.uniformCoarse();
    const bits = this.#random.uint32();
    // Exact for powers of two up to 65,536; else bins differ by at most alphas / 65536 of their size.
    const alpha = Math.floor(((bits & 0xffff) * alphas) / 65536);
    const pick = (bits >>> 16) / 65536;
    let radiusSquared: number;
    if (this.#constants.radial.contained) {
      // The fraction of each component that lies within the outermost ring.
      const coreWithin = outer / (outer + core * core);
      const tailWithin = outer / (outer + tail * tail);
      const coreWeight = weight * coreWithin;
      const inCore = pick * (coreWeight + (1 - weight) * tailWithin) < coreWeight;
      const within = v * (inCore ? coreWithin : tailWithin);
      radiusSquared = ((inCore ? core * core : tail * tail) * within) / (1 - within);
    } else {
      const scale = pick < weight ? core : tail;
      radiusSquared = (scale * scale * v) / (1 - v);
    }
    if (radiusSquared < (edges[0] as number)) return -1;
    let ring = 0;
    while (ring < rings && radiusSquared >= (edges[ring + 1] as number)) ring++;
    if (ring < rings) return alpha * rings + ring;
    return this.#constants.radial.contained ? alpha * rings + rings - 1 : -1;
  }
}

/** Shower age per radiation length, τ/t = (a - 1)/(a T) · <a>/(<a> - 1), with <a> = e^<ln a>. */
function ageScale(shape: LongitudinalShape, meanLnA: number): number {
  const meanA = Math.exp(meanLnA);
  return ((shape.shape - 1) / (shape.shape * shape.maximum)) * (meanA / (meanA - 1));
}
