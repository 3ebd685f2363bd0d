import { RunningMoments } from "../../../../core/index.ts";

/** Energies, MeV, above which voxels are counted. */
export const COUNT_ABOVE_MEV: readonly number[] = [0.0152, 0.05, 0.2, 1, 5, 20, 100];

/** What the fits see of the showers in one interval of incident energy. */
export class ShowerSummary {
  readonly #shape: readonly [number, number, number];
  #count = 0;
  readonly #lnEnergy = new RunningMoments();
  /** Of E_tot / E. */
  readonly response: RunningMoments = new RunningMoments();
  readonly #layerMean: Float64Array;
  readonly #layerProducts: Float64Array;
  readonly #layerEnergy: Float64Array;
  readonly #ringEnergy: Float64Array;
  readonly #above: Float64Array;
  readonly #scratch: Float64Array;

  constructor(shape: readonly [number, number, number]) {
    const [layers, , rings] = shape;
    this.#shape = shape;
    this.#layerMean = new Float64Array(layers);
    this.#layerProducts = new Float64Array(layers * layers);
    this.#layerEnergy = new Float64Array(layers);
    this.#ringEnergy = new Float64Array(layers * rings);
    this.#above = new Float64Array(layers * COUNT_ABOVE_MEV.length);
    this.#scratch = new Float64Array(layers);
  }

  /** Adds a shower, `[layer, alpha, r]`, flat, MeV. */
  add(voxels: Float32Array, energyMeV: number): void {
    const [layers, alphas, rings] = this.#shape;
    const energies = this.#scratch.fill(0);
    for (let layer = 0, at = 0; layer < layers; layer++) {
      for (let alpha = 0; alpha < alphas; alpha++) {
        for (let ring = 0; ring < rings; ring++, at++) {
          const energy = voxels[at] as number;
          if (energy === 0) continue;
          add(energies, layer, energy);
          add(this.#ringEnergy, layer * rings + ring, energy);
          for (let k = 0; k < COUNT_ABOVE_MEV.length && energy >= (COUNT_ABOVE_MEV[k] as number); k++) {
            add(this.#above, layer * COUNT_ABOVE_MEV.length + k, 1);
          }
        }
      }
    }
    const total = energies.reduce((sum, energy) => sum + energy, 0);
    this.#count++;
    this.#lnEnergy.add(Math.log(energyMeV));
    this.response.add(total / energyMeV);
    for (let i = 0; i < layers; i++) {
      const x = (energies[i] as number) / total;
      add(this.#layerEnergy, i, energies[i] as number);
      add(this.#layerMean, i, x);
      for (let j = 0; j <= i; j++) add(this.#layerProducts, i * layers + j, (x * (energies[j] as number)) / total);
    }
  }

  get count(): number {
    return this.#count;
  }

  /** Geometric mean of the incident energies, MeV. */
  get energyMeV(): number {
    return Math.exp(this.#lnEnergy.mean);
  }

  /** Mean of E_l / E_tot, `[layer]`. */
  get layerFractions(): Float64Array {
    return this.#layerMean.map((sum) => sum / this.#count);
  }

  /** Covariance of E_l / E_tot, `[layer, layer]`; the lower triangle is filled. */
  get layerCovariance(): Float64Array {
    const layers = this.#shape[0];
    const mean = this.layerFractions;
    return this.#layerProducts.map((sum, at) => {
      const i = Math.floor(at / layers);
      const j = at % layers;
      return j > i ? 0 : sum / this.#count - (mean[i] as number) * (mean[j] as number);
    });
  }

  /** Mean energy of a layer, MeV, `[layer]`. */
  get layerEnergy(): Float64Array {
    return this.#layerEnergy.map((sum) => sum / this.#count);
  }

  /** Fraction of a layer's energy in each ring, `[layer, r]`. */
  get ringFractions(): Float64Array {
    const rings = this.#shape[2];
    return this.#ringEnergy.map((sum, at) => sum / (this.#layerEnergy[Math.floor(at / rings)] as number));
  }

  /** Mean number of voxels above each of {@link COUNT_ABOVE_MEV}, `[layer, threshold]`. */
  get voxelsAbove(): Float64Array {
    return this.#above.map((sum) => sum / this.#count);
  }
}

function add(array: Float64Array, at: number, value: number): void {
  array[at] = (array[at] as number) + value;
}
