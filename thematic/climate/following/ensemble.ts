import type { ClimateEmulator } from "./emulator.ts";

/** Departures, `[member, place]`, of states, `[member, mode]`. */
export function ensembleDepartures(emulator: ClimateEmulator, states: Float64Array, members: number): Float64Array {
  const result = new Float64Array(members * emulator.places);
  for (let k = 0; k < members; k++) result.set(emulator.departure(states, k * emulator.modes), k * emulator.places);
  return result;
}

/** Mean of rows of a width. */
export function ensembleMean(rows: Float64Array, width: number): Float64Array {
  const count = rows.length / width;
  const mean = new Float64Array(width);
  rows.forEach((value, at) => {
    mean[at % width] = (mean[at % width] as number) + value / count;
  });
  return mean;
}
