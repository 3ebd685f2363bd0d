import { type Dataset, type GeoMap, reduce, subset, type TimeAxis, type Variable } from "../../../core/index.ts";
import type { Field } from "./fields.ts";
import { type GridEdges, gridEdges } from "./grid-edges.ts";
import { colorRange, rangeText } from "./scale.ts";
import { type Span, spansOf } from "./spans.ts";
import { isAroundZero, titleOf, unitText } from "./words.ts";

/** More cells than this are averaged, so that a page stays a page. */
const MOST_CELLS = 10_000;

interface How {
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Maps of a field, and what to say where one is not drawn. */
export interface MapItems {
  readonly maps: readonly GeoMap[];
  readonly notes: readonly string[];
}

/**
 * Maps of a field on latitudes and longitudes: its mean over time and the change from the first to the last third of the periods,
 * or the latest step where there are few; each month or season of a climatology up to four.
 */
export async function mapItems(field: Field, axis: TimeAxis | undefined, how: How): Promise<MapItems> {
  const { dataset, variable, dims } = field;
  if (!dims.grid) return { maps: [], notes: dims.plane ? [`No map is drawn: ${dims.plane.why}.`] : [] };
  const { lat, lon } = dims.grid;
  const [latCount, lonCount] = [lengthOf(variable, lat), lengthOf(variable, lon)];
  const spacing = await spacingOf(dataset, latCount > 1 ? lat : lon, how.signal);
  const options = { otherSpacing: spacing, signal: how.signal };
  const rows = await gridEdges(dataset, lat, { kind: "lat", ...options });
  const columns = await gridEdges(dataset, lon, { kind: "lon", ...options });
  if (!rows || !columns) {
    return { maps: [], notes: [`No map is drawn: "${rows ? lon : lat}" has missing values, or turns back.`] };
  }
  const isOdd = rows.edges.some((edge, i) => i > 0 && edge <= (rows.edges[i - 1] as number));
  if (isOdd || Math.abs((rows.edges.at(-1) as number) - (rows.edges[0] as number)) > 180 || lonCount === 0) {
    return { maps: [], notes: [`No map is drawn: "${lat}" is no latitude between -90 and 90 degrees.`] };
  }
  const draw = (values: Float64Array, of: Drawn): GeoMap | undefined => mapOf(field, values, { rows, columns, of });
  const drawn: (GeoMap | undefined)[] = [];
  if (!axis || axis.length === 1) {
    const part = axis ? { selection: { [axis.dim]: 0 } } : {};
    const values = await gridValues(
      (await subset(dataset, part)).variables[variable.name] as Variable,
      [lat, lon],
      how,
    );
    drawn.push(draw(values, { what: axis ? spansOf(axis).latest.text : "", isChange: false }));
  } else {
    const spans = spansOf(axis);
    const mean = async (span: Span): Promise<Float64Array> => await meanOver(field, axis, span, how);
    if (isClimatology(dataset, axis.dim)) {
      const count = Math.min(4, axis.length);
      for (let i = 0; i < count; i++) {
        const at = Math.floor((i * axis.length) / count);
        const name = await groupText(dataset, axis, at, how.signal);
        drawn.push(draw(await mean({ start: at, stop: at + 1, text: name }), { what: name, isChange: false }));
      }
    } else {
      drawn.push(draw(await mean(spans.whole), { what: `mean of ${spans.whole.text}`, isChange: false }));
      if (spans.thirds) {
        const [first, last] = spans.thirds;
        const [before, after] = [await mean(first), await mean(last)];
        const change = after.map((value, i) => value - (before[i] as number));
        drawn.push(draw(change, { what: `change: mean of ${last.text} less mean of ${first.text}`, isChange: true }));
      } else {
        const what = `latest ${spans.stepName}, ${spans.latest.text}`;
        drawn.push(draw(await mean(spans.latest), { what, isChange: false }));
      }
    }
  }
  const maps = drawn.filter((each) => each !== undefined);
  return { maps, notes: maps.length < drawn.length ? ["A field without any value is not drawn."] : [] };
}

/** Whether a time is that of a climatology (CF 1.11, section 7.4). */
export function isClimatology(dataset: Dataset, dim: string): boolean {
  return typeof dataset.variables[dim]?.attributes["climatology"] === "string";
}

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const SEASONS: Readonly<Record<number, string>> = { 12: "DJF", 3: "MAM", 6: "JJA", 9: "SON" };

/** The name of a group of a climatology: a month, a season, a day of the year. */
export async function groupText(dataset: Dataset, axis: TimeAxis, at: number, signal?: AbortSignal): Promise<string> {
  for (const by of ["month", "season", "dayofyear"]) {
    const label = dataset.variables[by];
    if (label?.dims.length !== 1 || label.dims[0] !== axis.dim) continue;
    const value = (await label.read({ [axis.dim]: at }, { signal })).at();
    if (by === "month") return MONTHS[Number(value) - 1] ?? String(value);
    return by === "season" && typeof value === "string" ? value : `${by === "season" ? "season" : "day"} ${value}`;
  }
  const month = axis.month[at] as number;
  return axis.length === 4 ? (SEASONS[month - (month % 3)] ?? `month ${month}`) : (MONTHS[month - 1] as string);
}

interface Drawn {
  readonly what: string;
  readonly isChange: boolean;
}

function mapOf(
  field: Field,
  values: Float64Array,
  { rows, columns, of }: { readonly rows: GridEdges; readonly columns: GridEdges; readonly of: Drawn },
): GeoMap | undefined {
  const { variable, part, dims } = field;
  const width = lengthOf(variable, (dims.grid as { lon: string }).lon);
  const factor = Math.ceil(Math.sqrt((rows.order.length * columns.order.length) / MOST_CELLS));
  const cells = merged(values, { rows: rows.order, columns: columns.order, width, factor });
  const range = colorRange(cells.flat(), of.isChange || isAroundZero(variable));
  if (!range) return undefined;
  const unit = unitText(variable);
  const label = of.isChange ? `change of ${variable.name}` : variable.name;
  const areBounds = rows.areBounds && columns.areBounds;
  const notes = [
    rangeText(range),
    ...([rows, columns].some(({ order }) => order.includes(-1)) ? ["The bounds of the cells leave gaps."] : []),
    ...(areBounds ? [] : ["Cells reach to the middle between neighbours."]),
    ...(factor > 1 ? [`Each cell drawn is the mean of up to ${factor} × ${factor}.`] : []),
  ];
  return {
    kind: "map",
    caption: `${[titleOf(variable), part, of.what].filter((text) => text !== "").join(", ")}. ${notes.join(" ")}`,
    longitudeEdges: every(columns.edges, factor),
    latitudeEdges: every(rows.edges, factor),
    values: cells.map((row) => row.map((value) => (Number.isFinite(value) ? value : null))),
    color: { label, ...(unit !== undefined && { unit }), ...range },
  };
}

function every(edges: readonly number[], step: number): readonly number[] {
  return [...edges.slice(0, -1).filter((_, i) => i % step === 0), edges.at(-1) as number];
}

function merged(
  values: Float64Array,
  how: {
    readonly rows: readonly number[];
    readonly columns: readonly number[];
    readonly width: number;
    readonly factor: number;
  },
): number[][] {
  const { rows, columns, width, factor } = how;
  const groups = (order: readonly number[]): readonly (readonly number[])[] =>
    Array.from({ length: Math.ceil(order.length / factor) }, (_, i) => order.slice(i * factor, (i + 1) * factor));
  const columnGroups = groups(columns);
  return groups(rows).map((group) =>
    columnGroups.map((beside) => {
      let [sum, count] = [0, 0];
      for (const row of group) {
        for (const column of beside) {
          const value = row < 0 || column < 0 ? Number.NaN : (values[row * width + column] as number);
          if (!Number.isFinite(value)) continue;
          sum += value;
          count++;
        }
      }
      return count === 0 ? Number.NaN : sum / count;
    }),
  );
}

/** The mean over steps, `[lat, lon]`, in bounded memory. */
async function meanOver(
  { dataset, variable, dims }: Field,
  axis: TimeAxis,
  span: Span,
  how: How,
): Promise<Float64Array> {
  const { start, stop } = span;
  const { lat, lon } = dims.grid as { lat: string; lon: string };
  const part = await subset(dataset, { selection: { [axis.dim]: { start, stop } }, signal: how.signal });
  const means = await reduce(part, { dims: [axis.dim], reduce: "mean", variables: [variable.name], ...how });
  return await gridValues(means.variables[variable.name] as Variable, [lat, lon], how);
}

async function gridValues(
  variable: Variable,
  [lat, lon]: readonly [string, string],
  { signal }: How,
): Promise<Float64Array> {
  const array = await variable.read({}, { signal });
  const values = array.toFloat64();
  if (array.dims[0] === lat) return values;
  const [columns, rows] = [array.shape[0] as number, array.shape[1] as number];
  if (array.dims[0] !== lon) throw new TypeError(`[${array.dims}] is no [${lat}, ${lon}]`);
  return Float64Array.from(values, (_, i) => values[(i % columns) * rows + Math.floor(i / columns)] as number);
}

async function spacingOf(dataset: Dataset, dim: string, signal: AbortSignal | undefined): Promise<number> {
  const values = (await (dataset.variables[dim] as Variable).read({}, { signal })).toFloat64();
  const apart = values.length > 1 ? Math.abs((values[1] as number) - (values[0] as number)) : Number.NaN;
  return apart > 0 && apart < 90 ? apart : 1;
}

function lengthOf({ dims, shape }: Variable, dim: string): number {
  return shape[dims.indexOf(dim)] as number;
}
