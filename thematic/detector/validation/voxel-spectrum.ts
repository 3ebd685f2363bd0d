import { findBin } from "../../../core/index.ts";

/** Histogram of the energies of all voxels of each shower. */
export class VoxelSpectrum {
  readonly edges: Float64Array;
  readonly #counts: Uint32Array;

  constructor(edges: Float64Array, showers: number) {
    this.edges = edges;
    this.#counts = new Uint32Array(showers * (edges.length - 1));
  }

  add(event: number, energyMeV: number): void {
    const bins = this.edges.length - 1;
    const bin = findBin(this.edges, energyMeV);
    if (bin < 0 || bin >= bins) return;
    const at = event * bins + bin;
    this.#counts[at] = (this.#counts[at] as number) + 1;
  }

  /** Voxels of one shower in each bin. */
  of(event: number): Uint32Array {
    const bins = this.edges.length - 1;
    return this.#counts.subarray(event * bins, (event + 1) * bins);
  }
}
