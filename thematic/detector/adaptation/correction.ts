import { setImmediate } from "node:timers/promises";
import { type Features, solveSymmetric } from "../../../core/index.ts";
import { COMMON_GAIN, type DetectorConditions, FIRST_LAYER, PER_KELVIN } from "./detector-conditions.ts";
import { COEFFICIENTS } from "./energy-basis.ts";
import type { ExpectationDocument } from "./expectation-schema.ts";
import { LayerExpectation } from "./layer-expectation.ts";
import { ENERGY, FIRST_SHARE, TEMPERATURE } from "./layer-features.ts";
import { LayerMean } from "./layer-mean.ts";

const MEV_PER_GEV = 1000;
/** The weights of events settle in three or four. */
const ITERATIONS = 6;
/** How much a twin may be wrong, relative: what keeps the correction sound at energies that a reference lacks. */
const PRIOR = 0.2;

/** What a reference needs to be fitted. */
export interface CorrectionOptions {
  readonly reference: Features;
  /** Under which it was measured. */
  readonly conditions: Float64Array;
  readonly layout: DetectorConditions;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The same expectation with the correction that makes it right for a reference on average, at every energy: the t
 * distribution's likelihood by iteratively reweighted least squares, layer by layer, with a normal prior on each coefficient.
 */
export async function corrected(
  document: ExpectationDocument,
  { reference, conditions, layout, signal }: CorrectionOptions,
): Promise<ExpectationDocument> {
  const uncorrected = { ...document, correction: document.mean.map(() => 0) };
  let result: ExpectationDocument = uncorrected;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    // Lets timers and signals in.
    await setImmediate();
    signal?.throwIfAborted();
    const weights = new LayerExpectation(result, layout).weights(reference, conditions);
    result = { ...document, correction: solved(uncorrected, { reference, conditions, layout }, weights) };
  }
  return result;
}

/** With the weight of each event given, `[layer, coefficient]`. */
function solved(
  document: ExpectationDocument,
  { reference, conditions, layout }: CorrectionOptions,
  weights: Float64Array,
): number[] {
  const { layers, referenceTemperatureC } = document;
  const mean = new LayerMean(document);
  const polynomials = new Float64Array(COEFFICIENTS);
  const normal = Array.from({ length: layers }, () => new Float64Array(COEFFICIENTS ** 2));
  const right = Array.from({ length: layers }, () => new Float64Array(COEFFICIENTS));
  const columns = FIRST_SHARE + layers;
  const absorberMm = layout.absorber === undefined ? 0 : (conditions[layout.absorber] as number);
  for (let event = 0; event < reference.count; event++) {
    const row = reference.values.subarray(event * columns, (event + 1) * columns);
    const weight = weights[event] as number;
    // Nothing of it is measured.
    if (weight === 0) continue;
    const energy = row[ENERGY] as number;
    const kelvin = (row[TEMPERATURE] as number) - referenceTemperatureC;
    const temperature = 1 + (conditions[PER_KELVIN] as number) * (Number.isNaN(kelvin) ? 0 : kelvin);
    mean.at(energy, absorberMm);
    mean.basis.polynomials(energy, polynomials);
    for (let layer = 0; layer < layers; layer++) {
      const share = row[FIRST_SHARE + layer] as number;
      if (Number.isNaN(share)) continue;
      const gain = (conditions[COMMON_GAIN] as number) * (conditions[FIRST_LAYER + layer] as number) * temperature;
      const expected = (mean.values[layer] as number) * gain;
      add(normal[layer] as Float64Array, right[layer] as Float64Array, {
        weight: (weight * energy) / MEV_PER_GEV,
        expected,
        residual: share - expected,
        polynomials,
      });
    }
  }
  return normal.flatMap((matrix, layer) => {
    const prior = varianceOf(document, layer) / PRIOR ** 2;
    for (let k = 0; k < COEFFICIENTS; k++) {
      const at = k * COEFFICIENTS + k;
      matrix[at] = (matrix[at] as number) + prior;
    }
    // Positive definite by the prior.
    return [...(solveSymmetric(matrix, right[layer] as Float64Array) as Float64Array)];
  });
}

function add(
  normal: Float64Array,
  right: Float64Array,
  event: { weight: number; expected: number; residual: number; polynomials: Float64Array },
): void {
  const { weight, expected, residual, polynomials } = event;
  for (let k = 0; k < COEFFICIENTS; k++) {
    const weighted = weight * expected * (polynomials[k] as number);
    right[k] = (right[k] as number) + weighted * residual;
    for (let m = 0; m < COEFFICIENTS; m++) {
      const at = k * COEFFICIENTS + m;
      normal[at] = (normal[at] as number) + weighted * expected * (polynomials[m] as number);
    }
  }
}

/** Mean variance of a layer given the others. */
function varianceOf({ precision }: ExpectationDocument, layer: number): number {
  const diagonal = (layer * (layer + 1)) / 2 + layer;
  return precision.reduce((sum, triangle) => sum + 1 / (triangle[diagonal] as number), 0) / precision.length;
}
