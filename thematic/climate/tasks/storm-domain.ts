import { axisOf, cfTime, type Dataset, formatDate, isTimeUnit } from "../../../core/index.ts";
import type { StormTrack, TrackPoint } from "../storms/track.ts";

/** Times and area of the data that storms are found in; what is not known is left out. */
export interface StormDomain {
  readonly steps: number;
  readonly calendar: string;
  /** As ISO 8601, in the calendar of the data. */
  readonly times: readonly [first: string, last: string] | undefined;
  readonly latitudes: readonly [south: number, north: number] | undefined;
  /** Begin, and how far it goes to the east, in degrees. */
  readonly longitudes: readonly [west: number, width: number] | undefined;
}

/**
 * Looks at the coordinates of the pressure field.
 *
 * @param name - Of the variable.
 * @param options - Where the file does not state them: what times count, and in which calendar.
 */
export async function stormDomain(
  dataset: Dataset,
  name: string,
  { timeUnit, calendar: given }: { readonly timeUnit?: string | undefined; readonly calendar?: string | undefined },
): Promise<StormDomain> {
  const variable = Object.hasOwn(dataset.variables, name) ? dataset.variables[name] : undefined;
  const kinds: Partial<Record<"T" | "Y" | "X", { readonly dim: string; readonly values: Float64Array }>> = {};
  for (const dim of variable?.dims ?? []) {
    const coordinate = Object.hasOwn(dataset.variables, dim) ? dataset.variables[dim] : undefined;
    if (!coordinate || coordinate.dims.join() !== dim || coordinate.dtype === "string") continue;
    const axis = /^lat/i.test(dim) ? "Y" : /^lon/i.test(dim) ? "X" : axisOf(coordinate);
    const isTime = isTimeUnit(coordinate.unit ?? "") || axis === "T" || (timeUnit !== undefined && axis === undefined);
    const kind = isTime ? "T" : axis;
    if (kind === "T" || kind === "Y" || kind === "X") {
      kinds[kind] ??= { dim, values: (await coordinate.read()).toFloat64() };
    }
  }
  const time = kinds.T && dataset.variables[kinds.T.dim];
  const stated = time?.attributes["calendar"];
  const unit = timeUnit ?? time?.unit;
  const calendar = given ?? (timeUnit === undefined && typeof stated === "string" ? stated : "standard");
  const text = (value: number | undefined): string => {
    const clock = cfTime({ unit: unit as string, calendar });
    return formatDate(clock.decode(value as number));
  };
  const values = kinds.T?.values ?? new Float64Array();
  return {
    steps: values.length,
    calendar,
    times:
      values.length > 0 && unit !== undefined && isTimeUnit(unit) ? [text(values[0]), text(values.at(-1))] : undefined,
    latitudes: kinds.Y && latitudesOf(kinds.Y.values),
    longitudes: kinds.X && longitudesOf(kinds.X.values),
  };
}

/** To the edges of the cells: fitted centres may lie beyond the outermost points. */
function latitudesOf(values: Float64Array): readonly [number, number] {
  const [south, north, half] = endsOf(values);
  return [south - half, north + half];
}

/** A ring that is closed but for one cell goes around. */
function longitudesOf(values: Float64Array): readonly [number, number] {
  const [west, east, half] = endsOf(values);
  return [west - half, Math.min(360, east - west + 2 * half + 1e-6)];
}

function endsOf(values: Float64Array): readonly [least: number, most: number, halfCell: number] {
  const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return [least, most, values.length > 1 ? (most - least) / (values.length - 1) / 2 : 0];
}

/** What of tracks lies in the times and the area of the data, and could have been found there: the reference to judge by. */
export function tracksWithin(tracks: readonly StormTrack[], domain: StormDomain): readonly StormTrack[] {
  return tracks.flatMap((track) => {
    const points = track.points.filter((point) => isWithin(point, domain));
    return points.length === 0 ? [] : [{ ...track, points }];
  });
}

function isWithin({ time, lat, lon }: TrackPoint, { times, latitudes, longitudes }: StormDomain): boolean {
  if (times && (time < times[0] || time > times[1])) return false;
  if (latitudes && (lat < latitudes[0] || lat > latitudes[1])) return false;
  if (!longitudes) return true;
  const east = (((lon - longitudes[0]) % 360) + 360) % 360;
  return east <= longitudes[1];
}
