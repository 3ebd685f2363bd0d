import {
  cfTime,
  type Dataset,
  formatDate,
  type GeoMap,
  type ReportSection,
  type Table,
  type Variable,
} from "../../../core/index.ts";
import { ClimateInputError } from "../errors.ts";

/** Rows of a table of tracks. */
const MOST_TRACKS = 40;
/** With so many tracks it is drawn where they are dense. */
const MANY_TRACKS = 20;

/** Whether a dataset is one of trajectories, as `tracksDataset` makes it: a contiguous ragged array (CF 1.11, appendix H.4.3). */
export function isTracks({ variables, attributes }: Dataset): boolean {
  return (
    /^trajectory$/i.test(String(attributes["featureType"] ?? "").trim()) &&
    Object.values(variables).some(({ attributes: each }) => typeof each["sample_dimension"] === "string")
  );
}

interface Way {
  readonly name: string;
  readonly from: number;
  readonly count: number;
}

/** Storm tracks as a map of where they were, and a table. @throws `TWIN_CLIMATE_INPUT_INVALID`. */
export async function tracksSection(
  { variables }: Dataset,
  { title, signal }: { readonly title: string; readonly signal?: AbortSignal | undefined },
): Promise<ReportSection> {
  const all = Object.values(variables);
  const sizes = all.find(({ attributes }) => typeof attributes["sample_dimension"] === "string") as Variable;
  const along = String(sizes.attributes["sample_dimension"]);
  const named = (name: RegExp, dim = along): Variable | undefined =>
    all.find((each) => each.dims.length === 1 && each.dims[0] === dim && name.test(each.name));
  const read = async (variable: Variable | undefined): Promise<Float64Array | undefined> =>
    variable && (await variable.read({}, { signal })).toFloat64();
  const [lat, lon] = [await read(named(/^lat(itude)?$/i)), await read(named(/^lon(gitude)?$/i))];
  if (!lat || !lon) {
    throw new ClimateInputError(
      `Tracks need variables "lat" and "lon" along "${along}"; there are: ${Object.keys(variables).join(", ")}.`,
    );
  }
  const time = named(/^time$/i);
  const hours = await read(time);
  const pressureOf = named(/pressure|slp|mslp/i);
  const windOf = named(/wind/i);
  const [pressure, wind] = [await read(pressureOf), await read(windOf)];
  const texts =
    all.find(({ name, dtype, dims }) => dtype === "string" && dims[0] === sizes.dims[0] && name === "name") ??
    all.find(({ dtype, dims }) => dtype === "string" && dims.length === 1 && dims[0] === sizes.dims[0]);
  const names = texts ? Array.from((await texts.read({}, { signal })).values() as ArrayLike<unknown>, String) : [];
  const counts = (await sizes.read({}, { signal })).toFloat64();
  const ways: Way[] = [];
  let from = 0;
  counts.forEach((count, i) => {
    ways.push({ name: names[i] || `${i + 1}`, from, count });
    from += count;
  });
  if (lat.length === 0) return { title, text: "No storm was found.", items: [] };
  const clock = time && cfTime({ unit: time.unit ?? "", calendar: String(time.attributes["calendar"] ?? "standard") });
  const dateAt = (index: number): string | null =>
    clock && hours && Number.isFinite(hours[index])
      ? formatDate(clock.decode(hours[index] as number))
          .slice(0, 16)
          .replace("T", " ")
      : null;
  return {
    title,
    text: `${ways.length} tracks, ${lat.length} times, ${datesText(ways, dateAt)}.`,
    items: [
      ...tracksMaps(ways, { lat, lon }),
      trackTable(ways, { lat, lon, dateAt, pressure, wind, units: [pressureOf?.unit, windOf?.unit] }),
    ],
  };
}

/** Of all tracks, in whatever order they are. */
function datesText(ways: readonly Way[], dateAt: (index: number) => string | null): string {
  const ends = ways
    .filter(({ count }) => count > 0)
    .flatMap(({ from, count }) => [dateAt(from) ?? [], dateAt(from + count - 1) ?? []].flat())
    .toSorted();
  return ends.length === 0 ? "no times" : `${ends[0]} to ${ends.at(-1)}`;
}

interface Positions {
  readonly lat: Float64Array;
  readonly lon: Float64Array;
}

/** Tracks, and where there are many, how often a storm was in each cell. */
function tracksMaps(ways: readonly Way[], { lat, lon }: Positions): readonly GeoMap[] {
  // Longitudes on one turn: by the widest gap between storms the map is cut.
  const east = eastOf(lon);
  const step = cellSize(lat, east);
  const [west, last] = [
    Math.floor((ends(east)[0] - step) / step) * step,
    Math.ceil((ends(east)[1] + step) / step) * step,
  ];
  const [south, north] = [
    Math.max(-90, Math.floor((ends(lat)[0] - step) / step) * step),
    Math.min(90, Math.ceil((ends(lat)[1] + step) / step) * step),
  ];
  const columns = Math.min(Math.round((last - west) / step), Math.floor(360 / step));
  const rows = Math.round((north - south) / step);
  const counts = Array.from({ length: rows }, () => new Array<number>(columns).fill(0));
  lat.forEach((value, i) => {
    if (!Number.isFinite(value) || !Number.isFinite(east[i])) return;
    const row = counts[Math.min(rows - 1, Math.floor((value - south) / step))] as number[];
    const column = Math.min(columns - 1, Math.floor(((east[i] as number) - west) / step));
    row[column] = (row[column] as number) + 1;
  });
  const most = counts.flat().reduce((a, b) => Math.max(a, b), 1);
  const map: GeoMap = {
    kind: "map",
    caption: `Tracks of ${ways.length} storms. A circle is where a track begins.`,
    longitudeEdges: [west, west + columns * step],
    latitudeEdges: [south, north],
    values: [[null]],
    color: { label: "no values", min: 0, max: 1, palette: "sequential" },
    tracks: ways
      .filter(({ count }) => count > 1)
      .map(({ name, from, count }) => ({
        name,
        longitudes: Array.from(east.subarray(from, from + count)),
        latitudes: Array.from(lat.subarray(from, from + count)),
      })),
    points: ways
      .filter(({ count }) => count > 0)
      .map(({ name, from }) => ({ name, longitude: east[from] as number, latitude: lat[from] as number })),
  };
  if (ways.length < MANY_TRACKS) return [map];
  const density: GeoMap = {
    kind: "map",
    caption: `At how many times a centre was in each cell of ${step}° × ${step}°.`,
    longitudeEdges: Array.from({ length: columns + 1 }, (_, i) => west + i * step),
    latitudeEdges: Array.from({ length: rows + 1 }, (_, i) => south + i * step),
    values: counts.map((row) => row.map((count) => (count === 0 ? null : count))),
    color: { label: "times of a centre", min: 0, max: most, palette: "sequential" },
  };
  return [map, density];
}

/** Longitudes from the eastern side of the widest empty gap on, increasing by less than a turn. */
function eastOf(lon: Float64Array): Float64Array {
  const turned = lon.map((value) => ((value % 360) + 360) % 360);
  const sorted = turned.filter(Number.isFinite).sort();
  let [widest, start] = [(sorted[0] ?? 0) + 360 - (sorted.at(-1) ?? 0), sorted[0] ?? 0];
  sorted.forEach((value, i) => {
    const gap = i === 0 ? 0 : value - (sorted[i - 1] as number);
    if (gap > widest) [widest, start] = [gap, value];
  });
  const from = start > 180 ? start - 360 : start;
  return turned.map((value) => from + ((((value - from) % 360) + 360) % 360));
}

function cellSize(lat: Float64Array, lon: Float64Array): number {
  const extent = Math.max(...[lat, lon].map((values) => ends(values)[1] - ends(values)[0]));
  return extent > 180 ? 5 : extent > 60 ? 2.5 : extent > 20 ? 2 : 1;
}

function ends(values: Float64Array): readonly [number, number] {
  const finite = values.filter(Number.isFinite);
  return [
    finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  ];
}

function trackTable(
  ways: readonly Way[],
  of: Positions & {
    readonly dateAt: (index: number) => string | null;
    readonly pressure: Float64Array | undefined;
    readonly wind: Float64Array | undefined;
    readonly units: readonly (string | undefined)[];
  },
): Table {
  const { lat, lon, dateAt, pressure, wind, units } = of;
  const best = (values: Float64Array, { from, count }: Way, sign: 1 | -1): number | null => {
    const finite = values.subarray(from, from + count).filter(Number.isFinite);
    return finite.length === 0 ? null : sign * finite.reduce((a, b) => Math.max(a, sign * b), Number.NEGATIVE_INFINITY);
  };
  const shown = [...ways].sort((a, b) => b.count - a.count).slice(0, MOST_TRACKS);
  const unit = (text: string | undefined): { readonly unit?: string } => (text === undefined ? {} : { unit: text });
  return {
    kind: "table",
    caption:
      ways.length > shown.length ? `The ${shown.length} longest of ${ways.length} tracks` : "Tracks, the longest first",
    columns: [
      { name: "track" },
      { name: "from" },
      { name: "to" },
      { name: "times" },
      { name: "begins at" },
      { name: "ends at" },
      ...(pressure ? [{ name: "lowest pressure", ...unit(units[0]), digits: 5 }] : []),
      ...(wind ? [{ name: "greatest wind", ...unit(units[1]), digits: 3 }] : []),
    ],
    rows: shown.map((way) => {
      const { name, from, count } = way;
      const last = from + count - 1;
      return [
        name,
        dateAt(from),
        dateAt(last),
        count,
        placeText(lat[from], lon[from]),
        placeText(lat[last], lon[last]),
        ...(pressure ? [best(pressure, way, -1)] : []),
        ...(wind ? [best(wind, way, 1)] : []),
      ];
    }),
  };
}

/** `42.5° N, 70.3° W` */
function placeText(lat: number | undefined, lon: number | undefined): string | null {
  if (lat === undefined || lon === undefined || !Number.isFinite(lat) || !Number.isFinite(lon)) return null;
  const east = ((((lon + 180) % 360) + 360) % 360) - 180;
  return `${Math.abs(lat).toFixed(1)}° ${lat < 0 ? "S" : "N"}, ${Math.abs(east).toFixed(1)}° ${east < 0 ? "W" : "E"}`;
}
