import {
  Deduplication,
  EventInvalidError,
  InvalidArgumentError,
  type JsonValue,
  type StreamEvent,
} from "../../../core/index.ts";
import { type Analysis, assimilate } from "./assimilate.ts";
import type { ClimateEmulator } from "./emulator.ts";
import { type FieldForecast, forecastField } from "./field-forecast.ts";
import { type FollowerOptions, type FollowerSetup, followerSetup, settingsOf } from "./follower-options.ts";
import { parseFollowerState } from "./follower-state.ts";
import { observationsOf, type StationNetwork } from "./stations.ts";

/** What became of an event. */
export type Taken = "taken" | "repeated" | "late" | "invalid";

/** What a follower has met. */
export type FollowerCounts = { -readonly [K in Taken | "analyses" | "used" | "rejected" | "missing"]: number };

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
  readonly counts: FollowerCounts = {
    ...{ taken: 0, repeated: 0, late: 0, invalid: 0 },
    ...{ analyses: 0, used: 0, rejected: 0, missing: 0 },
  };
  readonly #setup: FollowerSetup;
  readonly #open: Map<number, OpenStep> = new Map();
  #seen: Deduplication = new Deduplication();
  #step: number | undefined;
  #newest: number | undefined;
  /** `[member, mode]`, of step {@link #step}. */
  #states: Float64Array = new Float64Array(0);

  /** @throws `TWIN_INVALID_ARGUMENT`, `TWIN_OUT_OF_DOMAIN` for options out of range. */
  constructor(emulator: ClimateEmulator, network: StationNetwork, options: FollowerOptions) {
    this.#setup = followerSetup(emulator, network, options);
  }

  /** A follower of a state that {@link toJSON} gave. @throws `TWIN_INVALID_ARGUMENT` for one of another emulator, network or options. */
  static restore(
    emulator: ClimateEmulator,
    network: StationNetwork,
    { state, ...options }: FollowerOptions & { readonly state: unknown },
  ): Follower {
    const follower = new Follower(emulator, network, options);
    const kept = parseFollowerState(state, follower.#setup);
    follower.#step = kept.step ?? undefined;
    follower.#newest = kept.newest ?? undefined;
    follower.#states = Float64Array.from(kept.states);
    follower.#seen = Deduplication.fromJSON(kept.seen);
    for (const { step, sums, counts: of } of kept.open) {
      follower.#open.set(step, { sums: Float64Array.from(sums), counts: Int32Array.from(of) });
    }
    Object.assign(follower.counts, kept.counts);
    return follower;
  }

  get emulator(): ClimateEmulator {
    return this.#setup.emulator;
  }
  get network(): StationNetwork {
    return this.#setup.network;
  }
  get members(): number {
    return this.#setup.members;
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
      if (ahead > (this.#setup.options.mostAheadSteps ?? 400)) {
        throw new EventInvalidError(`is ${ahead} steps ahead of the newest event`, { path: "time" });
      }
    } catch (error) {
      if (error instanceof EventInvalidError) return count("invalid", error.message);
      throw error;
    }
    if (this.#seen.admit(event.source, event.sequence) !== "new") return count("repeated");
    if (this.#step !== undefined && step <= this.#step) return count("late");
    this.#newest = Math.max(this.#newest ?? step, step);
    const before = this.#newest - (this.#setup.options.allowedLateSteps ?? 0);
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
   * @throws `TWIN_INVALID_ARGUMENT` before the first analysis, and for leads that are no number of steps.
   */
  forecast(leads: number): FieldForecast {
    const origin = this.#step;
    if (origin === undefined)
      throw new InvalidArgumentError("Nothing was observed yet that a forecast could begin with.");
    return forecastField(this.#setup, { origin, states: this.#states, leads });
  }

  /** All of it, to go on with the same numbers. Plain JSON. */
  toJSON(): JsonValue {
    return {
      schemaVersion: 1,
      follows: this.emulator.digest,
      settings: settingsOf(this.#setup),
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

  #openSteps(): readonly number[] {
    return [...this.#open.keys()].sort((a, b) => a - b);
  }

  #analyse(isComplete: (step: number) => boolean): readonly Analysis[] {
    return this.#openSteps()
      .filter(isComplete)
      .map((step) => {
        const { sums, counts: of } = this.#open.get(step) as OpenStep;
        this.#open.delete(step);
        return this.#assimilate(
          step,
          sums.map((sum, i) => ((of[i] as number) > 0 ? sum / (of[i] as number) : Number.NaN)),
        );
      });
  }

  #assimilate(step: number, measured: Float64Array): Analysis {
    const before = this.#step === undefined ? undefined : { step: this.#step, states: this.#states };
    const { states, analysis } = assimilate(this.#setup, { step, measured, before });
    this.#step = step;
    this.#states = states;
    this.counts.analyses++;
    this.counts.used += analysis.used;
    this.counts.rejected += analysis.rejected.length;
    this.counts.missing += analysis.missing;
    return analysis;
  }
}

function emptyStep(stations: number): OpenStep {
  return { sums: new Float64Array(stations), counts: new Int32Array(stations) };
}
