import { addToHistogram, emptyHistogram, type Histogram } from "../../../core/index.ts";

/** Histogram of the energies of all voxels, apart for events of even and odd index. */
export class VoxelSpectrum {
  readonly even: Histogram;
  readonly odd: Histogram;

  constructor(edges: Float64Array) {
    this.even = emptyHistogram(edges);
    this.odd = emptyHistogram(edges);
  }

  add(event: number, energyMeV: number): void {
    addToHistogram(event % 2 === 0 ? this.even : this.odd, energyMeV);
  }

  /** Counts of all events. */
  get all(): Float64Array {
    return this.even.counts.map((count, bin) => count + (this.odd.counts[bin] as number));
  }
}
