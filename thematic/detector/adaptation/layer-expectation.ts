import { type Expectation, type Features, InvalidArgumentError, type JsonValue } from "../../../core/index.ts";
import { COMMON_GAIN, type DetectorConditions, FIRST_LAYER, PER_KELVIN } from "./detector-conditions.ts";
import type { ExpectationDocument } from "./expectation-schema.ts";
import { ENERGY, FIRST_SHARE, TEMPERATURE } from "./layer-features.ts";
import { LayerMean } from "./layer-mean.ts";
import { marginalPrecision, times } from "./precision.ts";
import { eventDeviance, eventWeight, informationFactor } from "./student.ts";

const MEV_PER_GEV = 1000;

/**
 * What the twin expects of layers: the residuals of an event, times √(E / GeV), have a multivariate t distribution with the
 * covariance of the twin's own showers of that energy under the conditions `around` which they are looked at, not those that are
 * asked about. So scores are JᵀP r with the weight of the event, the exact derivative.
 */
export class LayerExpectation implements Expectation {
  readonly #document: ExpectationDocument;
  readonly #conditions: DetectorConditions;
  readonly #mean: LayerMean;
  /** By range of energy, `[layer, layer]`, at the reference temperature. */
  readonly #precisions: readonly Float64Array[];

  // The event that was looked at last.
  readonly #residual: Float64Array;
  readonly #pulled: Float64Array;
  /** Derivatives of the residuals by the gain of their layer. */
  readonly #byGain: Float64Array;
  /** Derivatives by the other conditions, `[layer]` each, in the order of {@link #shared}. */
  readonly #byShared: readonly Float64Array[];
  readonly #pulledShared: readonly Float64Array[];
  /** Indices of the conditions that all layers depend on. */
  readonly #shared: readonly number[];
  #precision: Float64Array;
  /** Of the precision, by the temperature. */
  #factor = 1;
  #measured = 0;
  #distance = 0;

  constructor(document: ExpectationDocument, conditions: DetectorConditions) {
    const { layers } = document;
    this.#document = document;
    this.#conditions = conditions;
    this.#mean = new LayerMean(document);
    this.#precisions = precisionsAround(document, conditions);
    this.#precision = this.#precisions[0] as Float64Array;
    this.#shared = [COMMON_GAIN, PER_KELVIN, ...(conditions.absorber === undefined ? [] : [conditions.absorber])];
    this.#byShared = this.#shared.map(() => new Float64Array(layers));
    this.#pulledShared = this.#shared.map(() => new Float64Array(layers));
    this.#residual = new Float64Array(layers);
    this.#pulled = new Float64Array(layers);
    this.#byGain = new Float64Array(layers);
  }

  scores(features: Features, conditions: Float64Array): Float64Array {
    const size = this.#conditions.list.length;
    const scores = new Float64Array(features.count * size);
    this.#forEach(features, conditions, (event) => {
      const row = event * size;
      const weight = eventWeight(this.#distance, this.#measured);
      for (let layer = 0; layer < this.#pulled.length; layer++) {
        const pull = weight * (this.#pulled[layer] as number);
        scores[row + FIRST_LAYER + layer] = pull * (this.#byGain[layer] as number);
        for (let k = 0; k < this.#shared.length; k++) {
          const at = row + (this.#shared[k] as number);
          scores[at] = (scores[at] as number) + pull * ((this.#byShared[k] as Float64Array)[layer] as number);
        }
      }
    });
    return scores;
  }

  information(features: Features, conditions: Float64Array): Float64Array {
    const size = this.#conditions.list.length;
    const lower = new Float64Array(size * size);
    this.#forEach(features, conditions, () => this.#addInformation(lower, size));
    for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) lower[j * size + i] = lower[i * size + j] as number;
    return lower;
  }

  deviance(features: Features, conditions: Float64Array): Float64Array {
    const deviance = new Float64Array(features.count);
    this.#forEach(features, conditions, (event) => {
      deviance[event] = eventDeviance(this.#distance, this.#measured);
    });
    return deviance;
  }

  /** By how much each event enters, `[event]`. */
  weights(features: Features, conditions: Float64Array): Float64Array {
    const weights = new Float64Array(features.count);
    this.#forEach(features, conditions, (event) => {
      weights[event] = eventWeight(this.#distance, this.#measured);
    });
    return weights;
  }

  around(conditions: Float64Array): LayerExpectation {
    this.#conditions.checkBounds(conditions);
    return new LayerExpectation({ ...this.#document, around: [...conditions] }, this.#conditions);
  }

  toJSON(): JsonValue {
    return this.#document;
  }

  /** Calls `visit` for each event that has something measured, with the fields of this object telling of it. */
  #forEach({ count, values }: Features, conditions: Float64Array, visit: (event: number) => void): void {
    this.#conditions.check(conditions);
    const columns = FIRST_SHARE + this.#document.layers;
    if (values.length !== count * columns) {
      throw new InvalidArgumentError(
        `Features of this detector have ${columns} columns; ${count} events have ${values.length} values. Make them with features() of the same twin.`,
      );
    }
    for (let event = 0; event < count; event++) {
      this.#look(values, event * columns, conditions);
      if (this.#measured > 0) visit(event);
    }
  }

  #look(values: Float64Array, row: number, conditions: Float64Array): void {
    const { layers, referenceTemperatureC, around } = this.#document;
    const { absorber } = this.#conditions;
    const energy = values[row + ENERGY] as number;
    this.#measured = 0;
    if (!(energy > 0)) return;
    const kelvin = (values[row + TEMPERATURE] as number) - referenceTemperatureC;
    // A temperature that is not known is taken for the reference, and says nothing of the coefficient.
    const above = Number.isNaN(kelvin) ? 0 : kelvin;
    const common = conditions[COMMON_GAIN] as number;
    const factor = 1 + (conditions[PER_KELVIN] as number) * above;
    this.#mean.at(energy, absorber === undefined ? 0 : (conditions[absorber] as number));
    const scale = Math.sqrt(energy / MEV_PER_GEV);
    const [byCommon, byKelvin, byAbsorber] = this.#byShared as [Float64Array, Float64Array, Float64Array?];
    const missing: number[] = [];
    for (let layer = 0; layer < layers; layer++) {
      const share = values[row + FIRST_SHARE + layer] as number;
      const gain = conditions[FIRST_LAYER + layer] as number;
      const mean = scale * (this.#mean.values[layer] as number);
      this.#byGain[layer] = mean * common * factor;
      byCommon[layer] = mean * gain * factor;
      byKelvin[layer] = mean * gain * common * above;
      if (byAbsorber) byAbsorber[layer] = scale * (this.#mean.perMm[layer] as number) * gain * common * factor;
      const isMissing = Number.isNaN(share);
      if (isMissing) missing.push(layer);
      this.#residual[layer] = isMissing ? 0 : scale * share - mean * gain * common * factor;
    }
    const full = this.#precisions[this.#mean.basis.range(energy, this.#precisions.length)] as Float64Array;
    this.#precision = missing.length === 0 ? full : marginalPrecision(full, layers, missing);
    this.#measured = layers - missing.length;
    // Fluctuations are read with the gain of the event's temperature, too.
    const warm = 1 + (around[PER_KELVIN] as number) * above;
    const narrower = 1 / (warm * warm);
    const [residual, pulled] = [this.#residual, this.#pulled];
    times(this.#precision, residual, pulled);
    let distance = 0;
    for (let layer = 0; layer < layers; layer++) {
      const pull = narrower * (pulled[layer] as number);
      pulled[layer] = pull;
      distance += pull * (residual[layer] as number);
    }
    this.#factor = narrower;
    this.#distance = distance;
  }

  /** Adds the lower triangle of JᵀP J of the event. */
  #addInformation(lower: Float64Array, size: number): void {
    const layers = this.#byGain.length;
    const factor = informationFactor(this.#measured) * this.#factor;
    for (let i = 0; i < layers; i++) {
      const row = (FIRST_LAYER + i) * size + FIRST_LAYER;
      const scaled = factor * (this.#byGain[i] as number);
      for (let j = 0; j <= i; j++) {
        const entry = scaled * (this.#precision[i * layers + j] as number) * (this.#byGain[j] as number);
        lower[row + j] = (lower[row + j] as number) + entry;
      }
    }
    this.#shared.forEach((condition, k) => {
      const pulled = this.#pulledShared[k] as Float64Array;
      times(this.#precision, this.#byShared[k] as Float64Array, pulled);
      for (let layer = 0; layer < layers; layer++) {
        const other = FIRST_LAYER + layer;
        const at = Math.max(condition, other) * size + Math.min(condition, other);
        lower[at] = (lower[at] as number) + factor * (this.#byGain[layer] as number) * (pulled[layer] as number);
      }
      for (let m = 0; m <= k; m++) {
        const by = this.#byShared[m] as Float64Array;
        let sum = 0;
        for (let layer = 0; layer < layers; layer++) sum += (by[layer] as number) * (pulled[layer] as number);
        const at = condition * size + (this.#shared[m] as number);
        lower[at] = (lower[at] as number) + factor * sum;
      }
    });
  }
}

/** By range of energy: what layers read more, they fluctuate more. */
function precisionsAround(document: ExpectationDocument, { absorber: index }: DetectorConditions): Float64Array[] {
  const { layers, precision, absorber, around } = document;
  const tau = absorber && index !== undefined ? ((around[index] as number) - absorber.nominalMm) / absorber.stepMm : 0;
  return precision.map((triangle, range) => {
    const matrix = fromTriangle(triangle, layers);
    const spread = Float64Array.from({ length: layers }, (_, layer) => {
      const gain = (around[COMMON_GAIN] as number) * (around[FIRST_LAYER + layer] as number);
      return gain * Math.exp(tau * (absorber?.spread[range * layers + layer] ?? 0));
    });
    return matrix.map(
      (value, at) => value / ((spread[Math.floor(at / layers)] as number) * (spread[at % layers] as number)),
    );
  });
}

function fromTriangle(triangle: readonly number[], size: number): Float64Array {
  const matrix = new Float64Array(size * size);
  for (let i = 0, at = 0; i < size; i++) {
    for (let j = 0; j <= i; j++, at++) {
      matrix[i * size + j] = triangle[at] as number;
      matrix[j * size + i] = triangle[at] as number;
    }
  }
  return matrix;
}
