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
  // Of each function of energy, `[layer, coefficient]`.
  readonly #mean: Float64Array;
  readonly #correction: Float64Array;
  readonly #linear: Float64Array;
  readonly #quadratic: Float64Array;

  constructor(document: ExpectationDocument) {
    this.#document = document;
    this.basis = new EnergyBasis(...document.energyMeV);
    this.values = new Float64Array(document.layers);
    this.perMm = new Float64Array(document.layers);
    this.#mean = Float64Array.from(document.mean);
    this.#correction = Float64Array.from(document.correction);
    this.#linear = Float64Array.from(document.absorber?.linear ?? []);
    this.#quadratic = Float64Array.from(document.absorber?.quadratic ?? []);
  }

  /** @param absorberMm - Is not looked at where there is no such condition. */
  at(energyMeV: number, absorberMm: number): void {
    const { absorber } = this.#document;
    const polynomials = this.#polynomials;
    this.basis.polynomials(energyMeV, polynomials);
    const [mean, correction, linear, quadratic] = [this.#mean, this.#correction, this.#linear, this.#quadratic];
    const [values, perMm] = [this.values, this.perMm];
    const tau = absorber ? (absorberMm - absorber.nominalMm) / absorber.stepMm : 0;
    for (let layer = 0; layer < values.length; layer++) {
      const from = layer * COEFFICIENTS;
      const corrected = 1 + evaluate(correction, from, polynomials);
      let value = evaluate(mean, from, polynomials);
      if (absorber) {
        const slope = evaluate(linear, from, polynomials);
        const curvature = evaluate(quadratic, from, polynomials);
        value += (slope + curvature * tau) * tau;
        perMm[layer] = ((slope + 2 * curvature * tau) / absorber.stepMm) * corrected;
      }
      values[layer] = value * corrected;
    }
  }
}

/** Written out: it takes most of the time of an event's mean. */
function evaluate(coefficients: Float64Array, from: number, polynomials: Float64Array): number {
  return (
    (coefficients[from] as number) +
    (coefficients[from + 1] as number) * (polynomials[1] as number) +
    (coefficients[from + 2] as number) * (polynomials[2] as number) +
    (coefficients[from + 3] as number) * (polynomials[3] as number) +
    (coefficients[from + 4] as number) * (polynomials[4] as number)
  );
}
