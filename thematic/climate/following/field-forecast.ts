import { InvalidArgumentError, RandomStream } from "../../../core/index.ts";
import { PURPOSE } from "./emulator.ts";
import { ensembleMean } from "./ensemble.ts";
import type { FollowerSetup } from "./follower-options.ts";
import { propagate } from "./linear-inverse-model.ts";

/** An ensemble of forecasts. */
export interface FieldForecast {
  readonly step: number;
  /** `[lead, place]`, in the unit of the field: the mean that the emulator expects. */
  readonly mean: Float64Array;
  /** `[lead, place, member]`. */
  readonly members: Float64Array;
}

/** Numbers of random streams of forecasts are of their step times this, and their lead. */
const MOST_LEADS = 4096;

/** Forecasts so many steps ahead of states, `[member, mode]`, of a step. @throws `TWIN_INVALID_ARGUMENT` */
export function forecastField(
  { emulator, members, options: { seed }, shift }: FollowerSetup,
  { origin, states: begun, leads }: { readonly origin: number; readonly states: Float64Array; readonly leads: number },
): FieldForecast {
  checkLeads(leads);
  const { places, modes } = emulator;
  const mean = new Float64Array(leads * places);
  const all = new Float64Array(leads * places * members);
  const centre = ensembleMean(begun, modes);
  const residual = new RandomStream({ seed, id: 0n, purpose: PURPOSE.forecast + 1 });
  let states = begun;
  for (let lead = 0; lead < leads; lead++) {
    const step = origin + lead + 1;
    const key = origin * MOST_LEADS + lead;
    states = emulator.propagateAll(states, 1, { seed, purpose: PURPOSE.forecast, key });
    const expected = propagate(emulator.over(lead + 1), centre);
    mean.set(emulator.field(emulator.departure(expected), step, shift), lead * places);
    residual.restart(BigInt(key));
    for (let k = 0; k < members; k++) {
      const departure = emulator.departure(states, k * modes);
      for (let p = 0; p < places; p++)
        departure[p] = (departure[p] as number) + (emulator.residual[p] as number) * residual.normal();
      const field = emulator.field(departure, step, shift);
      for (let p = 0; p < places; p++) all[(lead * places + p) * members + k] = field[p] as number;
    }
  }
  return { step: origin, mean, members: all };
}

/** @throws `TWIN_INVALID_ARGUMENT` for no number of steps to forecast. */
export function checkLeads(leads: number): void {
  if (Number.isInteger(leads) && leads >= 1 && leads <= MOST_LEADS) return;
  throw new InvalidArgumentError(`Forecasts are for 1 to ${MOST_LEADS} steps; got ${leads}.`);
}
