import type { ClimateEmulator } from "./emulator.ts";
import type { StationNetwork } from "./stations.ts";

/** What an emulator says of departures at stations on a day, in standard deviations of the yearly cycle. */
export interface StationModel {
  /** `[station, station]`: covariance, with what modes leave and with the errors of the stations. */
  readonly covariance: Float64Array;
  /** `[station, offset]`: what a standard deviation of each leading mode does. */
  readonly response: Float64Array;
}

export function stationModel(
  emulator: ClimateEmulator,
  { places, stations }: StationNetwork,
  offsets: number,
): StationModel {
  const { modes, deviations, residual } = emulator;
  const count = stations.length;
  const at = (mode: number, station: number): number =>
    emulator.synthesis[mode * emulator.places + (places[station] as number)] as number;
  const components = componentCovariance(emulator);
  const covariance = Float64Array.from({ length: count * count }, (_, index) => {
    const [s, t] = [Math.floor(index / count), index % count];
    let sum = 0;
    for (let k = 0; k < modes; k++)
      for (let l = 0; l < modes; l++) sum += at(k, s) * (components[k * modes + l] as number) * at(l, t);
    if (s !== t) return sum;
    const place = places[s] as number;
    return sum + (residual[place] as number) ** 2 + ((stations[s]?.error as number) / meanSpread(emulator, place)) ** 2;
  });
  const response = Float64Array.from(
    { length: count * offsets },
    (_, index) => at(index % offsets, Math.floor(index / offsets)) * (deviations[index % offsets] as number),
  );
  return { covariance, response };
}

/** Stationary covariance of all components, `[mode, mode]`. */
export function componentCovariance({ document: { dynamics }, modes }: ClimateEmulator): Float64Array {
  const { coupled, covariance, variances } = dynamics;
  const result = new Float64Array(modes * modes);
  for (let k = 0; k < modes; k++) {
    for (let l = 0; l < coupled && k < coupled; l++) result[k * modes + l] = covariance[k * coupled + l] as number;
    if (k >= coupled) result[k * modes + k] = variances[k - coupled] as number;
  }
  return result;
}

/** Root of the yearly mean of the variance at a place. */
function meanSpread({ document: { variance } }: ClimateEmulator, place: number): number {
  return Math.sqrt(variance.coefficients[place * (1 + 2 * variance.harmonics)] as number);
}
