/** 16 bins an octave: all but the first 4 bits of a float32's mantissa fall away, and no logarithm is taken. */
const SHIFT = 19;
const BINS = 76;
/** Gains of all layers together scale the least reading that the generator has, too: up to here it is no threshold. */
const MAX_GAIN = 1.25;

const scratch = new Float32Array(1);
const bits = new Uint32Array(scratch.buffer);

/**
 * Small readings, in bins of 3 % to 6 %, from a quarter above the readout threshold of a geometry to about 33 times the threshold:
 * the lowest of them fall silent when the readout threshold rises.
 */
export class ReadingBins {
  readonly size: number = BINS;
  /** Edges of bins, MeV: bin i has readings from `edgesMeV[i]` to `edgesMeV[i + 1]`, that one excluded. */
  readonly edgesMeV: Float64Array;
  readonly #first: number;

  /** @param thresholdMeV - Of the geometry: the generator reads nothing below. */
  constructor({ thresholdMeV }: { readonly thresholdMeV: number }) {
    const first = bitsOf(thresholdMeV * MAX_GAIN) + 1;
    this.#first = first;
    this.edgesMeV = Float64Array.from({ length: BINS + 1 }, (_, bin) => {
      bits[0] = (first + bin) << SHIFT;
      return scratch[0] as number;
    });
  }

  /** The bin of an energy from the lowest edge on; not below {@link size} for one that is beyond them. */
  binOf(energyMeV: number): number {
    return bitsOf(energyMeV) - this.#first;
  }

  name(bin: number): string {
    const [from, to] = [this.edgesMeV[bin] as number, this.edgesMeV[bin + 1] as number];
    return `readings of ${(1000 * from).toFixed(1)} to ${(1000 * to).toFixed(1)} keV`;
  }

  /** The bins in which nothing is read at a threshold. */
  below(thresholdMeV: number): number[] {
    return Array.from({ length: BINS }, (_, bin) => bin).filter(
      (bin) => (this.edgesMeV[bin + 1] as number) <= thresholdMeV,
    );
  }

  /** The edge that silent bins are below and others above, with the fewest exceptions; 0 where that is the lowest. MeV. */
  thresholdMeV(silent: ReadonlySet<number>): number {
    let [best, score, threshold] = [0, 0, 0];
    for (let bin = 0; bin < BINS; bin++) {
      score += silent.has(bin) ? 1 : -1;
      if (score > best) [best, threshold] = [score, this.edgesMeV[bin + 1] as number];
    }
    return threshold;
  }
}

function bitsOf(energyMeV: number): number {
  scratch[0] = energyMeV;
  return (bits[0] as number) >>> SHIFT;
}
