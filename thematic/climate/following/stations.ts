import { z } from "zod";
import { EventInvalidError, type EventTensor, InvalidArgumentError, type StreamEvent } from "../../../core/index.ts";
import { distanceKm } from "../storms/sphere.ts";
import type { ClimateEmulator } from "./emulator.ts";

/** A station that measures the field. */
export const StationSchema: z.ZodType<Station> = z.strictObject({
  name: z.string().min(1),
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-360).max(360),
  error: z.number().positive(),
});

/** A station that measures the field. */
export interface Station {
  readonly name: string;
  /** Degrees. */
  readonly latitude: number;
  readonly longitude: number;
  /**
   * Standard deviation of its values about the field at the nearest place of the emulator, in the unit of the field: of the instrument,
   * and of what one place does beside the mean of a cell.
   */
  readonly error: number;
}

/** Stations with the place of the emulator that each is at. */
export interface StationNetwork {
  readonly stations: readonly Station[];
  /** `[station]`: index of the nearest place. */
  readonly places: Int32Array;
}

/**
 * Finds the place of each station: the nearest one.
 *
 * @param mostKm - A station farther from every place is refused; 500 km by default, about the diagonal of a coarse cell.
 * @throws `TWIN_INVALID_ARGUMENT` for no stations, two of a name, or one that is too far away, has no place or no error above 0.
 */
export function stationNetwork(
  { document: { grid } }: Pick<ClimateEmulator, "document">,
  stations: readonly Station[],
  mostKm: number = 500,
): StationNetwork {
  if (stations.length === 0) throw new InvalidArgumentError("To follow observations there must be a station.");
  if (new Set(stations.map(({ name }) => name)).size !== stations.length) {
    throw new InvalidArgumentError("Names of stations must differ.");
  }
  const places = stations.map((station) => {
    checkStation(station);
    const here = { lat: station.latitude, lon: station.longitude };
    let [best, least] = [-1, Number.POSITIVE_INFINITY];
    grid.latitude.forEach((latitude, place) => {
      const distance = distanceKm(here, { lat: latitude, lon: grid.longitude[place] as number });
      if (distance < least) [best, least] = [place, distance];
    });
    if (least <= mostKm) return best;
    throw new InvalidArgumentError(
      `Station "${station.name}" is ${Math.round(least)} km from the nearest place of the emulator, more than ${mostKm} km. Leave it out.`,
    );
  });
  return { stations, places: Int32Array.from(places) };
}

function checkStation({ name, latitude, longitude, error }: Station): void {
  const isSomewhere = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 360;
  if (isSomewhere && error > 0 && error < Number.POSITIVE_INFINITY) return;
  throw new InvalidArgumentError(
    `Station "${name}" is at ${latitude} degrees north, ${longitude} degrees east, with an error of ${error}: give a place on the Earth, and an error above 0 in the unit of the field.`,
  );
}

/** Tensors of an event of observations. */
const VALUES = "values";
const STATIONS = "stations";

/**
 * Values of an event by station, NaN where it has none: from its tensor `values` (in the unit of the field), of all stations in their
 * order, or of those in its tensor `stations` (indices).
 *
 * @throws `TWIN_EVENT_INVALID`
 */
export function observationsOf({ tensors }: StreamEvent, count: number): Float64Array {
  const given = tensors[VALUES];
  if (!given) throw invalid(VALUES, "is missing: the values that stations measured");
  const values = numbersOf(given);
  const infinite = values.findIndex((value) => Math.abs(value) === Number.POSITIVE_INFINITY);
  if (infinite >= 0) throw invalid(VALUES, `is infinite at ${infinite}`);
  const indices = tensors[STATIONS];
  if (!indices) {
    if (values.length === count) return values;
    throw invalid(
      VALUES,
      `has ${values.length} values; there are ${count} stations. Name those that are meant in a tensor \`${STATIONS}\``,
    );
  }
  const which = Array.from(numbersOf(indices));
  if (which.length !== values.length) {
    throw invalid(STATIONS, `has ${which.length} stations for ${values.length} values`);
  }
  const result = new Float64Array(count).fill(Number.NaN);
  which.forEach((station, i) => {
    if (!(Number.isInteger(station) && station >= 0 && station < count)) {
      throw invalid(STATIONS, `has station ${station}; there are 0 to ${count - 1}`);
    }
    result[station] = values[i] as number;
  });
  return result;
}

function invalid(tensor: string, problem: string): EventInvalidError {
  return new EventInvalidError(problem, { path: `tensors.${tensor}` });
}

function numbersOf(tensor: EventTensor): Float64Array {
  const values = tensor.values() as ArrayLike<number | bigint>;
  return Float64Array.from({ length: values.length }, (_, i) => Number(values[i]));
}
