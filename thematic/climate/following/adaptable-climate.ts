import { z } from "zod";
import {
  type Adaptable,
  type AdaptableCondition,
  type Cause,
  checkSchema,
  EventInvalidError,
  type Features,
  InvalidArgumentError,
  type JsonValue,
  type StreamEvent,
} from "../../../core/index.ts";
import { ClimateExpectation, checkConditions } from "./climate-expectation.ts";
import {
  type ClimateEmulator,
  type ClimateShift,
  checkShift,
  offsetName,
  SHIFT_BOUNDS,
  SPREAD_NAME,
} from "./emulator.ts";
import { independentSteps } from "./independent-steps.ts";
import { type StationModel, stationModel } from "./station-model.ts";
import { observationsOf, type StationNetwork } from "./stations.ts";

/** With fewer days a correction would be noise. */
const MIN_REFERENCE = 100;

const CalibrationSchema = z.strictObject({
  schemaVersion: z.literal(1),
  emulator: z.string(),
  /** In standard deviations of the modes. */
  offsets: z.array(z.number()).readonly(),
  spread: z.number(),
});

/** A climate that stations correct: where its mean has moved to along the leading modes, and how far it departs from it. */
export class AdaptableClimate implements Adaptable {
  readonly conditions: readonly AdaptableCondition[];
  readonly causes: readonly Cause[];
  /**
   * Only events of steps whose number is a multiple of this say anything: expectations take events as independent, and days in a row are
   * not.
   */
  readonly everySteps: number;
  readonly #emulator: ClimateEmulator;
  readonly #network: StationNetwork;
  readonly #offsets: number;
  readonly #model: StationModel;
  #current: Float64Array;

  /** @throws `TWIN_INVALID_ARGUMENT` for more modes than there are, or a calibration of another emulator. */
  constructor(
    emulator: ClimateEmulator,
    {
      network,
      offsets,
      every,
      calibration,
    }: {
      readonly network: StationNetwork;
      readonly offsets: number;
      /** As {@link everySteps}; by default {@link independentSteps}. */
      readonly every?: number | undefined;
      /** What {@link calibration} gave. */
      readonly calibration?: unknown;
    },
  ) {
    if (offsets > emulator.modes) {
      throw new InvalidArgumentError(
        `Offsets of ${offsets} modes are asked for; the emulator has ${emulator.modes} (option \`offsets\`).`,
      );
    }
    this.#emulator = emulator;
    this.#network = network;
    this.#offsets = offsets;
    this.#model = stationModel(emulator, network, offsets);
    this.everySteps = every ?? independentSteps(emulator, network, this.#model);
    const { offset, leastSpread, mostSpread } = SHIFT_BOUNDS;
    this.conditions = [
      ...Array.from({ length: offsets }, (_, mode) => ({
        ...{ name: offsetName(mode), unit: "1", min: -offset, max: offset, initial: 0, worth: 0.1 },
      })),
      { name: SPREAD_NAME, unit: "1", min: leastSpread, max: mostSpread, initial: 1, worth: 0.02 },
    ];
    this.causes = this.conditions.map(({ name }, index) => ({
      ...{ name, rung: index < offsets ? 1 : 2, conditions: [index], mayJoin: index < offsets },
    }));
    this.#current = Float64Array.from(this.conditions, ({ initial }) => initial);
    if (calibration !== undefined) this.#current = this.#conditionsOf(calibration);
  }

  get current(): Float64Array {
    return this.#current.slice();
  }

  /** The conditions as the generator and the follower take them. */
  get shift(): ClimateShift {
    return this.#shiftOf(this.#current);
  }

  features(events: readonly StreamEvent[]): Features {
    const { places, stations } = this.#network;
    const values = new Float64Array(events.length * stations.length).fill(Number.NaN);
    events.forEach((event, i) => {
      const measured = observationsIn(event, stations.length);
      const step = this.#emulator.stepOf(event.timeNs);
      if (step % this.everySteps !== 0) return;
      const { mean, spread } = this.#emulator.cycle(step);
      measured.forEach((value, station) => {
        const place = places[station] as number;
        values[i * stations.length + station] = (value - (mean[place] as number)) / (spread[place] as number);
      });
    });
    return { count: events.length, values, timesNs: BigInt64Array.from(events, ({ timeNs }) => timeNs) };
  }

  async expect(
    reference: Features,
    conditions: Float64Array,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<ClimateExpectation> {
    signal?.throwIfAborted();
    checkConditions(conditions, this.conditions.length);
    checkShift(this.#shiftOf(conditions), this.#emulator.modes);
    const count = this.#network.stations.length;
    let looked = 0;
    for (let at = 0; at < reference.values.length; at += count) {
      if (reference.values.subarray(at, at + count).some((value) => !Number.isNaN(value))) looked++;
    }
    if (looked < MIN_REFERENCE) {
      throw new InvalidArgumentError(
        `A reference of ${looked} days is too small; it needs ${MIN_REFERENCE}. Of ${reference.count} events that were given, those count whose step is a multiple of ${this.everySteps} (option \`every\`): give longer data.`,
      );
    }
    const plain = { ...this.#document(), correction: new Array<number>(count).fill(0) };
    const { response, offsets } = plain;
    const correction = Array.from({ length: count }, (_, s) => {
      let [sum, found] = [0, 0];
      for (let at = s; at < reference.values.length; at += count) {
        const value = reference.values[at] as number;
        if (Number.isNaN(value)) continue;
        sum += value;
        found++;
      }
      let expected = 0;
      for (let k = 0; k < offsets; k++) expected += (response[s * offsets + k] as number) * (conditions[k] as number);
      return found > 0 ? sum / found - expected : 0;
    });
    // What the twin has wrong in the spread comes out with the mean squared distance.
    const look = new ClimateExpectation({ ...plain, correction });
    const score = look.scores(reference, conditions);
    const information = look.information(reference, conditions);
    const spread = conditions[offsets] as number;
    let sum = 0;
    for (let at = offsets; at < score.length; at += offsets + 1) sum += score[at] as number;
    const measured = ((information.at(-1) as number) * spread ** 2) / 2;
    const ratio = measured > 0 ? 1 + (sum * spread) / measured : 1;
    return new ClimateExpectation({ ...plain, correction, covariance: plain.covariance.map((value) => value * ratio) });
  }

  restore(expectation: JsonValue): ClimateExpectation {
    return ClimateExpectation.parse(expectation, {
      ...{ emulator: this.#emulator.digest, stations: this.#network.stations.length, offsets: this.#offsets },
    });
  }

  async apply(conditions: Float64Array): Promise<void> {
    checkConditions(conditions, this.conditions.length);
    checkShift(this.#shiftOf(conditions), this.#emulator.modes);
    this.#current = conditions.slice();
  }

  calibration(conditions: Float64Array): JsonValue {
    checkConditions(conditions, this.conditions.length);
    const { offsets, spread } = this.#shiftOf(conditions);
    return { schemaVersion: 1, emulator: this.#emulator.digest, offsets: Array.from(offsets), spread };
  }

  #shiftOf(conditions: Float64Array): ClimateShift {
    return { offsets: conditions.slice(0, this.#offsets), spread: conditions[this.#offsets] as number };
  }

  #conditionsOf(calibration: unknown): Float64Array {
    const checked = checkSchema(CalibrationSchema, calibration);
    if (checked.problems) {
      const [first] = checked.problems;
      throw new InvalidArgumentError(
        `This is no calibration of a climate: ${first?.path.join(".") || "it"}: ${first?.message}`,
      );
    }
    const { emulator, offsets, spread } = checked.value;
    if (emulator !== this.#emulator.digest || offsets.length !== this.#offsets) {
      throw new InvalidArgumentError("This calibration is one of another emulator, or of another number of modes.");
    }
    checkShift({ offsets, spread }, this.#emulator.modes);
    return Float64Array.of(...offsets, spread);
  }

  #document() {
    const { covariance, response } = this.#model;
    return {
      ...{ expects: "departures at stations" as const, schemaVersion: 1 as const, emulator: this.#emulator.digest },
      ...{ stations: this.#network.stations.length, offsets: this.#offsets },
      ...{ covariance: Array.from(covariance), response: Array.from(response) },
    };
  }

  get emulator(): ClimateEmulator {
    return this.#emulator;
  }
}

/** @throws `TWIN_EVENT_INVALID` telling which event. */
function observationsIn(event: StreamEvent, count: number): Float64Array {
  try {
    return observationsOf(event, count);
  } catch (error) {
    if (!(error instanceof EventInvalidError)) throw error;
    throw new EventInvalidError(
      `of event ${event.id} (${event.source}, ${event.sequence}): ${error.message}`,
      error.place,
      { cause: error },
    );
  }
}
