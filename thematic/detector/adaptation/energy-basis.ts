/** Coefficients of a polynomial in the logarithm of energy. */
export const COEFFICIENTS = 5;

/** Legendre polynomials in the logarithm of incident energy, and ranges of equal width in it. */
export class EnergyBasis {
  readonly minMeV: number;
  readonly maxMeV: number;
  readonly #scale: number;

  constructor(minMeV: number, maxMeV: number) {
    this.minMeV = minMeV;
    this.maxMeV = maxMeV;
    this.#scale = 1 / Math.log(maxMeV / minMeV);
  }

  /** Writes the polynomials of degree 0 to 4 to `to`, on [-1, 1] for the whole range. */
  polynomials(energyMeV: number, to: Float64Array): void {
    const u = 2 * Math.log(energyMeV / this.minMeV) * this.#scale - 1;
    const square = u * u;
    to[0] = 1;
    to[1] = u;
    to[2] = (3 * square - 1) / 2;
    to[3] = ((5 * square - 3) * u) / 2;
    to[4] = ((35 * square - 30) * square + 3) / 8;
  }

  /** Which of `count` ranges an energy is in; those beyond an end are in the last one. */
  range(energyMeV: number, count: number): number {
    const range = Math.floor(Math.log(energyMeV / this.minMeV) * this.#scale * count);
    return Math.min(Math.max(range, 0), count - 1);
  }

  /**
   * Energies that fill the range evenly in the logarithm, however many are taken: the van der Corput sequence.
   *
   * @see J. G. van der Corput, Proc. Akad. Wet. Amsterdam 38 (1935) 813.
   */
  energies(count: number): Float64Array {
    const ratio = this.maxMeV / this.minMeV;
    return Float64Array.from({ length: count }, (_, index) => this.minMeV * ratio ** radicalInverse(index));
  }
}

/** The binary digits of an integer, mirrored at the point. */
function radicalInverse(index: number): number {
  let value = 0;
  for (let rest = index, digit = 0.5; rest > 0; rest = Math.floor(rest / 2), digit /= 2) value += (rest % 2) * digit;
  return value;
}
