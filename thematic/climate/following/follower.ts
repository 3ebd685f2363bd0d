import { z } from "zod";
import {
  checkSchema,
  Deduplication,
  EventInvalidError,
  ensembleKalmanUpdate,
  gaspariCohn,
  InvalidArgumentError,
  type JsonValue,
  type Localisation,
  localise,
  RandomStream,
  type StreamEvent,
} from "../../../core/index.ts";
import { type ClimateEmulator, type ClimateShift, checkShift, MOST_MEMBERS, NO_SHIFT, PURPOSE } from "./emulator.ts";
import { propagate } from "./linear-inverse-model.ts";
import { distanceKm, observationsOf, type StationNetwork } from "./stations.ts";

/** How a follower follows. */
export interface FollowerOptions {
  /** Seed of the ensemble, 0 to 2^64 - 1. */
  readonly seed: bigint;
  /** States that stand for what may be; 100 by default. */
  readonly members?: number | undefined;
  /** As in `EnsembleUpdateOptions`. */
  readonly inflation?: number | undefined;
  readonly relaxation?: number | undefined;
  /** Half-width of the correlation function that fades out far stations, km; without it all stations correct all places. */
  readonly localisationKm?: number | undefined;
  /** A value farther from the forecast than so many standard deviations of their difference is not used; 5 by default. */
  readonly grossErrors?: number | undefined;
  /** How many steps an event may be behind the newest and still count; 0 by default. */
  readonly allowedLateSteps?: number | undefined;
  /** An event so many steps ahead of the newest has a wrong time; 400 by default. */
  readonly mostAheadSteps?: number | undefined;
  /** The climate that is followed, where it is not that of the data; `current` of the twin's `Adaptable`. */
  readonly shift?: ClimateShift | undefined;
}

/** What is known of a step when its observations are in. */
export interface Analysis {
  readonly step: number;
  /** When the step begins, nanoseconds since 1970-01-01 in the calendar of the emulator. */
  readonly timeNs: bigint;
  /** `[place]`, in the unit of the field; the spread is a standard deviation. */
  readonly mean: Float64Array;
  readonly spread: Float64Array;
  /** The same before the observations of this step. */
  readonly forecast: { readonly mean: Float64Array; readonly spread: Float64Array };
  /** Values that were used, that were too far off, and stations without one. */
  readonly used: number;
  readonly rejected: readonly string[];
  readonly missing: number;
}

/** What became of an event. */
export type Taken = "taken" | "repeated" | "late" | "invalid";

/** What a follower has met. */
export type FollowerCounts = { -readonly [K in Taken | "analyses" | "used" | "rejected" | "missing"]: number };

/** An ensemble of forecasts. */
export interface FieldForecast {
  readonly step: number;
  /** `[lead, place]`, in the unit of the field: the mean that the emulator expects. */
  readonly mean: Float64Array;
  /** `[lead, place, member]`. */
  readonly members: Float64Array;
}

const counts = z.strictObject({
  ...{ taken: z.int(), repeated: z.int(), late: z.int(), invalid: z.int() },
  ...{ analyses: z.int(), used: z.int(), rejected: z.int(), missing: z.int() },
});

const StateSchema = z.strictObject({
  schemaVersion: z.literal(1),
  follows: z.string(),
  settings: z.json(),
  step: z.int().nullable(),
  newest: z.int().nullable(),
  states: z.array(z.number()).readonly(),
  open: z.array(z.strictObject({ step: z.int(), sums: z.array(z.number()), counts: z.array(z.int()) })),
  seen: z.json(),
  counts,
});

/** Values of one step, by station. */
interface OpenStep {
  readonly sums: Float64Array;
  readonly counts: Int32Array;
}

/**
 * An ensemble of states of an emulator that observations correct, step by step. A function of its options and of the events in their
 * order; random numbers belong to steps, so that a state that was kept goes on with the same numbers.
 *
 * A step is analysed once an event is more than `allowedLateSteps` ahead of it. Several values of a station in a step are averaged. An event
 * of a step that is analysed already is late, and only counted.
 */
export class Follower {
  readonly emulator: ClimateEmulator;
  readonly network: StationNetwork;
  readonly members: number;
  readonly counts: FollowerCounts = {
    ...{ taken: 0, repeated: 0, late: 0, invalid: 0 },
    ...{ analyses: 0, used: 0, rejected: 0, missing: 0 },
  };
  readonly #options: FollowerOptions;
  readonly #shift: ClimateShift;
  readonly #localisation: Localisation | undefined;
  readonly #open: Map<number, OpenStep> = new Map();
  #seen: Deduplication = new Deduplication();
  #step: number | undefined;
  #newest: number | undefined;
  /** `[member, mode]`, of step {@link #step}. */
  #states: Float64Array = new Float64Array(0);

  /** @throws `TWIN_INVALID_ARGUMENT`, `TWIN_OUT_OF_DOMAIN` for options out of range. */
  constructor(emulator: ClimateEmulator, network: StationNetwork, options: FollowerOptions) {
    this.emulator = emulator;
    this.network = network;
    this.#options = options;
    this.members = options.members ?? 100;
    if (!(Number.isInteger(this.members) && this.members >= 2 && this.members < MOST_MEMBERS)) {
      throw new InvalidArgumentError(`An ensemble has 2 to ${MOST_MEMBERS - 1} members; got ${this.members}.`);
    }
    for (const name of ["grossErrors", "allowedLateSteps", "mostAheadSteps"] as const) {
      const value = options[name] ?? 1;
      if (!(value >= 0)) throw new InvalidArgumentError(`\`${name}\` is 0 or more; got ${value}.`);
    }
    this.#shift = options.shift ?? NO_SHIFT;
    checkShift(this.#shift, emulator.modes);
    const { localisationKm: km } = options;
    const { grid } = emulator.document;
    this.#localisation =
      km === undefined
        ? undefined
        : localise({ elements: emulator.places, observations: network.stations.length }, (place, station) =>
            gaspariCohn(
              distanceKm(
                { latitude: grid.latitude[place] as number, longitude: grid.longitude[place] as number },
                network.stations[station] as { latitude: number; longitude: number },
              ),
              km,
            ),
          );
  }

  /** A follower of a state that {@link toJSON} gave. @throws `TWIN_INVALID_ARGUMENT` for one of another emulator, network or options. */
  static restore(
    emulator: ClimateEmulator,
    network: StationNetwork,
    { state, ...options }: FollowerOptions & { readonly state: unknown },
  ): Follower {
    const checked = checkSchema(StateSchema, state);
    if (checked.problems) {
      const [first] = checked.problems;
      throw new InvalidArgumentError(
        `This is no state of a follower: ${first?.path.join(".") || "it"}: ${first?.message}`,
      );
    }
    const { value } = checked;
    const follower = new Follower(emulator, network, options);
    if (value.follows !== emulator.digest || JSON.stringify(value.settings) !== JSON.stringify(follower.#settings())) {
      throw new InvalidArgumentError(
        "This state is that of a follower of another emulator, with other stations or other options. Begin anew in another folder, or take those that it was made with.",
      );
    }
    const width = network.stations.length;
    const isWhole = value.open.every(({ sums, counts: of }) => sums.length === width && of.length === width);
    if (!isWhole || value.states.length !== (value.step === null ? 0 : follower.members * emulator.modes)) {
      throw new InvalidArgumentError(
        "This is no state of a follower: its lists have lengths that do not fit together.",
      );
    }
    follower.#step = value.step ?? undefined;
    follower.#newest = value.newest ?? undefined;
    follower.#states = Float64Array.from(value.states);
    follower.#seen = Deduplication.fromJSON(value.seen);
    for (const { step, sums, counts: of } of value.open) {
      follower.#open.set(step, { sums: Float64Array.from(sums), counts: Int32Array.from(of) });
    }
    Object.assign(follower.counts, value.counts);
    return follower;
  }

  /** The step that was analysed last. */
  get step(): number | undefined {
    return this.#step;
  }

  /** Takes an event; gives the analyses of the steps that it completes. */
  take(event: StreamEvent): { readonly taken: Taken; readonly analyses: readonly Analysis[]; readonly why?: string } {
    const count = (taken: Taken, why?: string) => {
      this.counts[taken]++;
      return { taken, analyses: [], ...(why !== undefined && { why }) };
    };
    let values: Float64Array;
    const step = this.emulator.stepOf(event.timeNs);
    try {
      values = observationsOf(event, this.network.stations.length);
      const ahead = step - (this.#newest ?? step);
      if (ahead > (this.#options.mostAheadSteps ?? 400)) {
        throw new EventInvalidError(`is ${ahead} steps ahead of the newest event`, { path: "time" });
      }
    } catch (error) {
      if (error instanceof EventInvalidError) return count("invalid", error.message);
      throw error;
    }
    if (this.#seen.admit(event.source, event.sequence) !== "new") return count("repeated");
    if (this.#step !== undefined && step <= this.#step) return count("late");
    this.#newest = Math.max(this.#newest ?? step, step);
    const before = this.#newest - (this.#options.allowedLateSteps ?? 0);
    const open = this.#open.get(step) ?? emptyStep(values.length);
    this.#open.set(step, open);
    values.forEach((value, station) => {
      if (Number.isNaN(value)) return;
      open.sums[station] = (open.sums[station] as number) + value;
      open.counts[station] = (open.counts[station] as number) + 1;
    });
    this.counts.taken++;
    return { taken: "taken", analyses: this.#analyse((each) => each < before) };
  }

  /** Counts a message that is no event. */
  refuse(why: string): { readonly taken: Taken; readonly analyses: readonly Analysis[]; readonly why?: string } {
    this.counts.invalid++;
    return { taken: "invalid", analyses: [], why };
  }

  /** Analyses all steps that something is known of: no more events come. */
  finish(): readonly Analysis[] {
    return this.#analyse(() => true);
  }

  /**
   * Forecasts from the last analysis, which are the same however often they are asked for.
   *
   * @throws `TWIN_INVALID_ARGUMENT` before the first analysis.
   */
  forecast(leads: number): FieldForecast {
    const { emulator, members } = this;
    const { places, modes } = emulator;
    const origin = this.#step;
    if (origin === undefined)
      throw new InvalidArgumentError("Nothing was observed yet that a forecast could begin with.");
    const mean = new Float64Array(leads * places);
    const all = new Float64Array(leads * places * members);
    const centre = meanOf(this.#states, modes);
    const residual = new RandomStream({ seed: this.#options.seed, id: 0n, purpose: PURPOSE.forecast + 1 });
    let states = this.#states;
    for (let lead = 0; lead < leads; lead++) {
      const step = origin + lead + 1;
      const key = origin * 4096 + lead;
      states = emulator.propagateAll(states, 1, { seed: this.#options.seed, purpose: PURPOSE.forecast, key });
      const expected = propagateMean(emulator, centre, lead + 1);
      mean.set(emulator.field(emulator.departure(expected), step, this.#shift), lead * places);
      residual.restart(BigInt(key));
      for (let k = 0; k < members; k++) {
        const departure = emulator.departure(states, k * modes);
        for (let p = 0; p < places; p++)
          departure[p] = (departure[p] as number) + (emulator.residual[p] as number) * residual.normal();
        const field = emulator.field(departure, step, this.#shift);
        for (let p = 0; p < places; p++) all[(lead * places + p) * members + k] = field[p] as number;
      }
    }
    return { step: origin, mean, members: all };
  }

  /** All of it, to go on with the same numbers. Plain JSON. */
  toJSON(): JsonValue {
    return {
      schemaVersion: 1,
      follows: this.emulator.digest,
      settings: this.#settings(),
      step: this.#step ?? null,
      newest: this.#newest ?? null,
      states: [...this.#states],
      open: this.#openSteps().map((step) => {
        const { sums, counts: of } = this.#open.get(step) as OpenStep;
        return { step, sums: [...sums], counts: [...of] };
      }),
      seen: this.#seen.toJSON(),
      counts: { ...this.counts },
    };
  }

  #settings(): JsonValue {
    const { seed, inflation, relaxation, localisationKm, grossErrors } = this.#options;
    return {
      ...{ seed: String(seed), members: this.members, inflation: inflation ?? 1, relaxation: relaxation ?? 0 },
      ...{ localisationKm: localisationKm ?? null, grossErrors: grossErrors ?? 5 },
      ...{ offsets: Array.from(this.#shift.offsets), spread: this.#shift.spread },
      stations: this.network.stations.map((station) => ({ ...station })),
    };
  }

  #openSteps(): readonly number[] {
    return [...this.#open.keys()].sort((a, b) => a - b);
  }

  #analyse(isComplete: (step: number) => boolean): readonly Analysis[] {
    return this.#openSteps()
      .filter(isComplete)
      .map((step) => {
        const { sums, counts: of } = this.#open.get(step) as OpenStep;
        this.#open.delete(step);
        return this.#update(
          step,
          sums.map((sum, i) => ((of[i] as number) > 0 ? sum / (of[i] as number) : Number.NaN)),
        );
      });
  }

  #update(step: number, measured: Float64Array): Analysis {
    const { emulator, members } = this;
    const { modes, places } = emulator;
    const begun = this.#step === undefined;
    const prior = emulator.propagateAll(
      begun ? new Float64Array(members * modes) : this.#states,
      begun ? Number.POSITIVE_INFINITY : step - (this.#step as number),
      { seed: this.#options.seed, purpose: PURPOSE.filter, key: step },
    );
    const departures = departuresOf(emulator, prior, members);
    const { values, variances, predicted } = this.#observed(step, measured, departures);
    const rejected = this.#rejectGross(values, variances, predicted);
    const { inflation, relaxation } = this.#options;
    const observations = { values, variances, predicted };
    const localisation = this.#localisation;
    const update = {
      ...(inflation !== undefined && { inflation }),
      ...(relaxation !== undefined && { relaxation }),
    };
    if (localisation) {
      const fields = ensembleKalmanUpdate({ members, states: departures }, observations, { ...update, localisation });
      // Only what the update has added is seen in the modes: what they do not describe stays away.
      this.#states = prior.slice();
      for (let k = 0; k < members; k++) {
        const added = fields
          .subarray(k * places, (k + 1) * places)
          .map((value, p) => value - (departures[k * places + p] as number));
        emulator.componentsOf(added).forEach((value, m) => {
          this.#states[k * modes + m] = (prior[k * modes + m] as number) + value;
        });
      }
    } else {
      this.#states = ensembleKalmanUpdate({ members, states: prior }, observations, update);
    }
    this.#step = step;
    const used = values.reduce((sum, value) => sum + (Number.isNaN(value) ? 0 : 1), 0);
    const missing = values.length - used - rejected.length;
    this.counts.analyses++;
    this.counts.used += used;
    this.counts.rejected += rejected.length;
    this.counts.missing += missing;
    return {
      ...{ step, timeNs: emulator.timeOf(step), used, missing },
      ...this.#summary(step, departuresOf(emulator, this.#states, members)),
      forecast: this.#summary(step, departures),
      rejected: rejected.map((station) => this.network.stations[station]?.name ?? ""),
    };
  }

  /** In departures from the yearly cycle of the climate that is followed, in its standard deviations. */
  #observed(step: number, measured: Float64Array, departures: Float64Array) {
    const { emulator, members, network } = this;
    const { places } = emulator;
    const { mean, spread } = emulator.cycle(step);
    const offset = emulator.offsetOf(this.#shift);
    const count = measured.length;
    const variances = new Float64Array(count);
    const predicted = new Float64Array(members * count);
    const values = Float64Array.from(measured, (value, station) => {
      const place = network.places[station] as number;
      const scale = (spread[place] as number) * this.#shift.spread;
      const error = (network.stations[station]?.error as number) / scale;
      variances[station] = error * error + (emulator.residual[place] as number) ** 2;
      for (let k = 0; k < members; k++) predicted[k * count + station] = departures[k * places + place] as number;
      return (value - (mean[place] as number) - (spread[place] as number) * (offset[place] as number)) / scale;
    });
    return { values, variances, predicted };
  }

  /** Makes values NaN that are too far from the forecast; which. */
  #rejectGross(values: Float64Array, variances: Float64Array, predicted: Float64Array): readonly number[] {
    const most = this.#options.grossErrors ?? 5;
    const rejected: number[] = [];
    values.forEach((value, station) => {
      let [sum, squares] = [0, 0];
      for (let at = station; at < predicted.length; at += values.length) {
        sum += predicted[at] as number;
        squares += (predicted[at] as number) ** 2;
      }
      const mean = sum / this.members;
      const variance = (squares - sum * mean) / (this.members - 1) + (variances[station] as number);
      if (Number.isNaN(value) || (value - mean) ** 2 <= most * most * variance) return;
      values[station] = Number.NaN;
      rejected.push(station);
    });
    return rejected;
  }

  #summary(step: number, departures: Float64Array): Pick<Analysis, "mean" | "spread"> {
    const { emulator, members } = this;
    const { places, residual } = emulator;
    const centre = meanOf(departures, places);
    const scale = emulator.cycle(step).spread;
    return {
      mean: emulator.field(centre, step, this.#shift),
      spread: centre.map((mean, p) => {
        let squares = 0;
        for (let k = 0; k < members; k++) squares += ((departures[k * places + p] as number) - mean) ** 2;
        return (
          (scale[p] as number) * this.#shift.spread * Math.sqrt(squares / (members - 1) + (residual[p] as number) ** 2)
        );
      }),
    };
  }
}

function emptyStep(stations: number): OpenStep {
  return { sums: new Float64Array(stations), counts: new Int32Array(stations) };
}

function departuresOf(emulator: ClimateEmulator, states: Float64Array, members: number): Float64Array {
  const result = new Float64Array(members * emulator.places);
  for (let k = 0; k < members; k++) result.set(emulator.departure(states, k * emulator.modes), k * emulator.places);
  return result;
}

/** Of rows of a width. */
function meanOf(rows: Float64Array, width: number): Float64Array {
  const count = rows.length / width;
  const mean = new Float64Array(width);
  rows.forEach((value, at) => {
    mean[at % width] = (mean[at % width] as number) + value / count;
  });
  return mean;
}

function propagateMean(emulator: ClimateEmulator, state: Float64Array, steps: number): Float64Array {
  return propagate(emulator.over(steps), state);
}
