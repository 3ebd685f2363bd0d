import { RandomStream } from "../../../core/index.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import type { Cell, ResponseConditions } from "./conditions.ts";

/** Keeps the noise of hot cells apart from other random numbers ("hot"); the cell is added. */
const PURPOSE = 0x686f_7400;

/** What a shower's response depends on; checked before. */
export type ShowerConditions = Omit<ResponseConditions, "schemaVersion" | "gains"> & {
  readonly gains: ArrayLike<number>;
};

/**
 * Applies conditions to one shower after the other. Holds scratch space; what it makes depends on nothing but the shower, its
 * conditions, its seed and its id.
 */
export class ShowerResponse {
  readonly #shape: CalorimeterGeometry["shape"];
  /** Noise of each cell that was ever hot, by its index: what a cell reads does not depend on which others are hot. */
  readonly #streams = new Map<number, RandomStream>();

  constructor({ shape }: CalorimeterGeometry) {
    this.#shape = shape;
  }

  /**
   * Applies conditions in place: gain and temperature, then hot cells, then dead cells, then the threshold. In double
   * precision; every cell is rounded once, to float32, and the threshold is compared with what would be read.
   *
   * @param shower - `[layer, alpha, r]`, flat, MeV.
   */
  apply(
    shower: Float32Array,
    conditions: ShowerConditions,
    event: { readonly seed: bigint; readonly id: bigint },
  ): void {
    const { hotCells, deadCells, thresholdMeV } = conditions;
    // Before their cells are rounded.
    const hot = hotCells.map(({ cell, rate, meanMeV }) => {
      const at = this.#index(cell);
      const signal = (shower[at] as number) * factorOf(conditions, cell[0]);
      return { at, energy: signal + this.#noise(at, event, { rate, meanMeV }) };
    });
    this.#scale(shower, conditions);
    for (const { at, energy } of hot) shower[at] = energy;
    for (const cell of deadCells) shower[this.#index(cell)] = 0;
    if (thresholdMeV === 0) return;
    for (let at = 0; at < shower.length; at++) {
      if ((shower[at] as number) < thresholdMeV) shower[at] = 0;
    }
  }

  #scale(shower: Float32Array, conditions: ShowerConditions): void {
    const [layers, alphas, rings] = this.#shape;
    const width = alphas * rings;
    for (let layer = 0; layer < layers; layer++) {
      const factor = factorOf(conditions, layer);
      if (factor === 1) continue;
      for (let at = layer * width; at < (layer + 1) * width; at++) shower[at] = (shower[at] as number) * factor;
    }
  }

  #noise(
    at: number,
    { id, seed }: { readonly seed: bigint; readonly id: bigint },
    { rate, meanMeV }: { readonly rate: number; readonly meanMeV: number },
  ): number {
    let stream = this.#streams.get(at);
    if (stream === undefined) {
      stream = new RandomStream({ seed, id, purpose: PURPOSE + at });
      this.#streams.set(at, stream);
    }
    stream.restart(id, seed);
    return stream.uniform() < rate ? meanMeV * stream.exponential() : 0;
  }

  #index([layer, alpha, r]: Cell): number {
    const [, alphas, rings] = this.#shape;
    return (layer * alphas + alpha) * rings + r;
  }
}

function factorOf(
  { gains, responsePerKelvin, temperatureC, referenceTemperatureC }: ShowerConditions,
  layer: number,
): number {
  return (gains[layer] as number) * (1 + (responsePerKelvin[layer] as number) * (temperatureC - referenceTemperatureC));
}
