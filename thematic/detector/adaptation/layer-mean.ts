import { COEFFICIENTS, EnergyBasis } from "./energy-basis.ts";
import type { ExpectationDocument } from "./expectation-schema.ts";

/** The mean shares of layers where all gains are 1, one energy after the other. */
export class LayerMean {
  readonly basis: EnergyBasis;
  /** Of the energy and thickness last asked for, `[layer]`. */
  readonly values: Float64Array;
  /** Their derivatives by the thickness, 1/mm, `[layer]`. */
  readonly perMm: Float64Array;
  readonly #document: ExpectationDocument;
  readonly #polynomials = new Float64Array(COEFFICIENTS);

  constructor(document: ExpectationDocument) {
    this.#document = document;
    this.basis = new EnergyBasis(...document.energyMeV);
    this.values = new Float64Array(document.layers);
    this.perMm = new Float64Array(document.layers);
  }

  /** @param absorberMm - Is not looked at where there is no such condition. */
  at(energyMeV: number, absorberMm: number): void {
    const { mean, absorber, correction } = this.#document;
    this.basis.polynomials(energyMeV, this.#polynomials);
    const tau = absorber ? (absorberMm - absorber.nominalMm) / absorber.stepMm : 0;
    for (let layer = 0; layer < this.values.length; layer++) {
      const corrected = 1 + this.#evaluate(correction, layer);
      let value = this.#evaluate(mean, layer);
      if (absorber) {
        const linear = this.#evaluate(absorber.linear, layer);
        const quadratic = this.#evaluate(absorber.quadratic, layer);
        value += (linear + quadratic * tau) * tau;
        this.perMm[layer] = ((linear + 2 * quadratic * tau) / absorber.stepMm) * corrected;
      }
      this.values[layer] = value * corrected;
    }
  }

  #evaluate(coefficients: readonly number[], layer: number): number {
    const from = layer * COEFFICIENTS;
    let sum = coefficients[from] as number;
    for (let k = 1; k < COEFFICIENTS; k++) sum += (coefficients[from + k] as number) * (this.#polynomials[k] as number);
    return sum;
  }
}
