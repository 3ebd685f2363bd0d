import {
  type Adaptable,
  type AdaptableCondition,
  type Cause,
  type CounterFaults,
  type Counters,
  checkSchema,
  type Features,
  type Generator,
  InvalidArgumentError,
  type JsonValue,
  type Log,
  type StreamEvent,
} from "../../../core/index.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import { checkGenerator, conditionsFor } from "../showers/generator-conditions.ts";
import { calibrationOf, conditionsOf, type DetectorCalibration } from "./calibration.ts";
import { corrected } from "./correction.ts";
import { type AbsorberRange, DetectorConditions } from "./detector-conditions.ts";
import { DetectorCounters } from "./detector-counters.ts";
import type { EnergyBasis } from "./energy-basis.ts";
import { type ExpectationDocument, ExpectationSchema, hasRightLengths } from "./expectation-schema.ts";
import { LayerExpectation } from "./layer-expectation.ts";
import { layerFeatures, TEMPERATURE } from "./layer-features.ts";
import { absorberRangeOf, energiesOf, makeTemplates, type Templates } from "./templates.ts";

/** With fewer events the correction would be noise. */
const MIN_REFERENCE = 1000;

/** What an {@link AdaptableDetector} is made of. */
export interface AdaptableDetectorParts {
  readonly generator: Generator;
  readonly geometry: CalorimeterGeometry;
  readonly layers: number;
  readonly referenceTemperatureC: number;
  readonly templateShowers: number;
  readonly seed: number;
  /** Under which it begins. */
  readonly calibration?: DetectorCalibration | undefined;
  readonly log?: Log | undefined;
}

/** A calorimeter that measurements correct, by the energies of its layers. See `adaptableDetector()`. */
export class AdaptableDetector implements Adaptable {
  readonly conditions: readonly AdaptableCondition[];
  readonly causes: readonly Cause[];
  readonly #parts: AdaptableDetectorParts;
  readonly #layout: DetectorConditions;
  readonly #absorber: AbsorberRange | undefined;
  readonly #basis: EnergyBasis;
  readonly #counters: DetectorCounters;
  #current: Float64Array;
  #templates: Templates | undefined;

  /** @throws `TWIN_NO_SIMULATOR` for a generator of something else than showers in this geometry. */
  constructor(parts: AdaptableDetectorParts) {
    const { generator, geometry, layers } = parts;
    checkGenerator(generator, geometry);
    // Refuses conditions that a calorimeter does not have.
    conditionsFor(generator, geometry, { energyMeV: new Float64Array(0), absorberMm: undefined });
    if (layers > geometry.shape[0]) {
      throw new InvalidArgumentError(
        `${layers} layers cannot be looked at: geometry "${geometry.name}" has ${geometry.shape[0]} (option \`layers\`).`,
      );
    }
    this.#parts = parts;
    this.#absorber = absorberRangeOf(generator, geometry);
    this.#basis = energiesOf(generator);
    this.#layout = new DetectorConditions(layers, this.#absorber, {
      feature: TEMPERATURE,
      reference: parts.referenceTemperatureC,
    });
    this.conditions = this.#layout.list;
    this.causes = this.#layout.causes;
    this.#current = parts.calibration ? conditionsOf(parts.calibration, parts, this.#layout) : this.#layout.initial();
    this.#layout.checkBounds(this.#current);
    this.#counters = new DetectorCounters(geometry, parts.calibration);
  }

  get counters(): Counters {
    return this.#counters;
  }

  get current(): Float64Array {
    return this.#current.slice();
  }

  features(events: readonly StreamEvent[]): Features {
    const { geometry, layers, referenceTemperatureC } = this.#parts;
    return layerFeatures(events, { geometry, layers, referenceTemperatureC, basis: this.#basis });
  }

  async expect(
    reference: Features,
    conditions: Float64Array,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<LayerExpectation> {
    signal?.throwIfAborted();
    this.#layout.checkBounds(conditions);
    if (reference.count < MIN_REFERENCE) {
      throw new InvalidArgumentError(
        `A reference of ${reference.count} events is too small; it needs ${MIN_REFERENCE}, and 10,000 are better.`,
      );
    }
    // Kept when they are finished: a call that is aborted does not take another one with it.
    this.#templates ??= await this.#makeTemplates(signal);
    const { generator, geometry, layers, referenceTemperatureC } = this.#parts;
    const document: ExpectationDocument = {
      ...{ expects: "shares of layers", schemaVersion: 1, geometry: geometry.name, model: generator.model, layers },
      energyMeV: [this.#basis.minMeV, this.#basis.maxMeV],
      referenceTemperatureC,
      ...this.#templates,
      correction: [],
      around: [...conditions],
    };
    const layout = this.#layout;
    return new LayerExpectation(await corrected(document, { reference, conditions, layout, signal }), layout);
  }

  restore(expectation: JsonValue): LayerExpectation {
    const checked = checkSchema(ExpectationSchema, expectation);
    if (checked.problems) {
      const [first] = checked.problems;
      throw new InvalidArgumentError(
        `This is no expectation of a detector: ${first?.path.join(".") || "it"}: ${first?.message}`,
      );
    }
    const { value } = checked;
    const { geometry, layers, absorber } = value;
    const own = this.#parts;
    const fits =
      geometry === own.geometry.name &&
      layers === own.layers &&
      (absorber === null) === (this.#absorber === undefined) &&
      hasRightLengths(value, this.conditions.length);
    if (!fits) {
      const stated = (of: string, count: number, withAbsorber: boolean): string =>
        `${count} layers of geometry "${of}" ${withAbsorber ? "with" : "without"} the absorber's thickness`;
      throw new InvalidArgumentError(
        `An expectation of ${stated(geometry, layers, absorber !== null)} cannot be restored by a twin of ${stated(own.geometry.name, own.layers, this.#absorber !== undefined)}.`,
      );
    }
    return new LayerExpectation(value, this.#layout);
  }

  async apply(conditions: Float64Array, faults: CounterFaults = this.#counters.faults): Promise<void> {
    this.#layout.checkBounds(conditions);
    this.#counters.apply(faults);
    this.#current = conditions.slice();
  }

  calibration(
    conditions: Float64Array,
    faults: CounterFaults = this.#counters.faults,
  ): DetectorCalibration & JsonValue {
    const { geometry, referenceTemperatureC } = this.#parts;
    const [layout, counters] = [this.#layout, this.#counters];
    layout.check(conditions);
    return calibrationOf(conditions, {
      layout,
      geometry,
      referenceTemperatureC,
      faults: counters.calibrationOf(faults),
    });
  }

  async #makeTemplates(signal: AbortSignal | undefined): Promise<Templates> {
    const { log, generator, geometry, layers, templateShowers: showers, seed } = this.#parts;
    const facts = { model: generator.model, showers: showers + (this.#absorber ? 2 * Math.ceil(showers / 2) : 0) };
    log?.info(facts, "showers of the twin are made, to know what it expects");
    const absorber = this.#absorber;
    return makeTemplates({ generator, geometry, layers, absorber, showers, seed, signal });
  }
}
