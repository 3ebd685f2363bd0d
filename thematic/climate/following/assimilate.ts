import { ensembleKalmanUpdate } from "../../../core/index.ts";
import { PURPOSE } from "./emulator.ts";
import { ensembleDepartures, ensembleMean } from "./ensemble.ts";
import type { FollowerSetup } from "./follower-options.ts";

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

/** Observations as the filter takes them, in departures from the yearly cycle in its standard deviations. */
interface Observed {
  /** `[station]`, NaN where there is none. */
  readonly values: Float64Array;
  /** `[station]`. */
  readonly variances: Float64Array;
  /** `[member, station]`. */
  readonly predicted: Float64Array;
}

/**
 * Moves an ensemble to a step and corrects it by what was measured there.
 *
 * @param before - States, `[member, mode]`, and their step; without it the ensemble begins with the climate.
 * @param measured - `[station]`, in the unit of the field, NaN where there is none.
 * @returns The states then, and what they say of the field.
 */
export function assimilate(
  setup: FollowerSetup,
  {
    step,
    measured,
    before,
  }: {
    readonly step: number;
    readonly measured: Float64Array;
    readonly before: { readonly step: number; readonly states: Float64Array } | undefined;
  },
): { readonly states: Float64Array; readonly analysis: Analysis } {
  const { emulator, members, network, options } = setup;
  const prior = emulator.propagateAll(
    before?.states ?? new Float64Array(members * emulator.modes),
    before ? step - before.step : Number.POSITIVE_INFINITY,
    { seed: options.seed, purpose: PURPOSE.filter, key: step },
  );
  const departures = ensembleDepartures(emulator, prior, members);
  const observations = observed(setup, { step, measured, departures });
  const rejected = rejectGross(setup, observations);
  const states = corrected(setup, { prior, departures, observations });
  const { values } = observations;
  const used = values.reduce((sum, value) => sum + (Number.isNaN(value) ? 0 : 1), 0);
  const analysis = {
    ...{ step, timeNs: emulator.timeOf(step), used, missing: values.length - used - rejected.length },
    ...summary(setup, step, ensembleDepartures(emulator, states, members)),
    forecast: summary(setup, step, departures),
    rejected: rejected.map((station) => network.stations[station]?.name ?? ""),
  };
  return { states, analysis };
}

function corrected(
  { emulator, members, options: { inflation, relaxation }, localisation }: FollowerSetup,
  {
    prior,
    departures,
    observations,
  }: { readonly prior: Float64Array; readonly departures: Float64Array; readonly observations: Observed },
): Float64Array {
  const { modes, places } = emulator;
  const update = {
    ...(inflation !== undefined && { inflation }),
    ...(relaxation !== undefined && { relaxation }),
  };
  if (!localisation) return ensembleKalmanUpdate({ members, states: prior }, observations, update);
  const fields = ensembleKalmanUpdate({ members, states: departures }, observations, { ...update, localisation });
  // Only what the update has added is seen in the modes: what they do not describe stays away.
  const states = prior.slice();
  for (let k = 0; k < members; k++) {
    const added = fields
      .subarray(k * places, (k + 1) * places)
      .map((value, p) => value - (departures[k * places + p] as number));
    emulator.componentsOf(added).forEach((value, m) => {
      states[k * modes + m] = (prior[k * modes + m] as number) + value;
    });
  }
  return states;
}

/** In departures from the yearly cycle of the climate that is followed, in its standard deviations. */
function observed(
  { emulator, members, network, shift }: FollowerSetup,
  {
    step,
    measured,
    departures,
  }: { readonly step: number; readonly measured: Float64Array; readonly departures: Float64Array },
): Observed {
  const { places } = emulator;
  const { mean, spread } = emulator.cycle(step);
  const offset = emulator.offsetOf(shift);
  const count = measured.length;
  const variances = new Float64Array(count);
  const predicted = new Float64Array(members * count);
  const values = Float64Array.from(measured, (value, station) => {
    const place = network.places[station] as number;
    const scale = (spread[place] as number) * shift.spread;
    const error = (network.stations[station]?.error as number) / scale;
    variances[station] = error * error + (emulator.residual[place] as number) ** 2;
    for (let k = 0; k < members; k++) predicted[k * count + station] = departures[k * places + place] as number;
    return (value - (mean[place] as number) - (spread[place] as number) * (offset[place] as number)) / scale;
  });
  return { values, variances, predicted };
}

/** Makes values NaN that are too far from the forecast; which. */
function rejectGross(
  { members, options: { grossErrors: most = 5 } }: FollowerSetup,
  { values, variances, predicted }: Observed,
): readonly number[] {
  const rejected: number[] = [];
  values.forEach((value, station) => {
    let [sum, squares] = [0, 0];
    for (let at = station; at < predicted.length; at += values.length) {
      sum += predicted[at] as number;
      squares += (predicted[at] as number) ** 2;
    }
    const mean = sum / members;
    const variance = (squares - sum * mean) / (members - 1) + (variances[station] as number);
    if (Number.isNaN(value) || (value - mean) ** 2 <= most * most * variance) return;
    values[station] = Number.NaN;
    rejected.push(station);
  });
  return rejected;
}

function summary(
  { emulator, members, shift }: FollowerSetup,
  step: number,
  departures: Float64Array,
): Pick<Analysis, "mean" | "spread"> {
  const { places, residual } = emulator;
  const centre = ensembleMean(departures, places);
  const scale = emulator.cycle(step).spread;
  return {
    mean: emulator.field(centre, step, shift),
    spread: centre.map((mean, p) => {
      let squares = 0;
      for (let k = 0; k < members; k++) squares += ((departures[k * places + p] as number) - mean) ** 2;
      return (scale[p] as number) * shift.spread * Math.sqrt(squares / (members - 1) + (residual[p] as number) ** 2);
    }),
  };
}
