import {
  auxiliaryCoordinates,
  axisOf,
  type Dataset,
  type Figure,
  type Series,
  subset,
  type Table,
  type TimeAxis,
  type Variable,
} from "../../../core/index.ts";
import type { Field } from "./fields.ts";
import { drawable, timeFigure } from "./series-items.ts";
import { type Span, spansOf } from "./spans.ts";
import { titleOf, unitText } from "./words.ts";

/** Lines of more places than these cannot be told apart, and longer tables are for files. */
const MOST_LINES = 6;
export const MOST_ROWS = 30;

interface How {
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Names and positions of places. */
export interface Places {
  readonly names: readonly string[];
  readonly latitudes: readonly (number | null)[] | undefined;
  readonly longitudes: readonly (number | null)[] | undefined;
}

/** What is known of the places along a dimension: names of a text along it, else their coordinate, else their number. */
export async function placesOf(
  dataset: Dataset,
  variable: Variable,
  dim: string,
  signal: AbortSignal | undefined,
): Promise<Places> {
  const length = variable.shape[variable.dims.indexOf(dim)] as number;
  const along = [...auxiliaryCoordinates(dataset, variable), ...Object.values(dataset.variables)].filter(
    ({ dims }) => dims.length === 1 && dims[0] === dim,
  );
  const numbers = async (axis: "X" | "Y", name: RegExp): Promise<readonly (number | null)[] | undefined> => {
    const found = along.find((each) => each.dtype !== "string" && (axisOf(each) === axis || name.test(each.name)));
    if (!found) return undefined;
    const values = (await found.read({}, { signal })).toFloat64();
    return Array.from(values, (value) => (Number.isFinite(value) ? Math.round(1e4 * value) / 1e4 : null));
  };
  const text = along.find(({ dtype }) => dtype === "string") ?? along.find(({ name }) => name === dim);
  const named = text ? Array.from((await text.read({}, { signal })).values() as ArrayLike<unknown>, String) : undefined;
  return {
    names: named ?? Array.from({ length }, (_, i) => `${dim} ${i}`),
    latitudes: await numbers("Y", /^lat(itude)?$/i),
    longitudes: await numbers("X", /^lon(gitude)?$/i),
  };
}

/** A table of the places of a field, and a figure of the first of them over time. */
export async function placeItems(
  field: Field,
  axis: TimeAxis | undefined,
  how: How,
): Promise<readonly (Table | Figure)[]> {
  const { dataset, variable, dims, part } = field;
  const { place } = dims;
  const length = place === undefined ? 1 : (variable.shape[variable.dims.indexOf(place)] as number);
  const shown = Math.min(length, MOST_ROWS);
  const chosen =
    place === undefined ? dataset : await subset(dataset, { selection: { [place]: { start: 0, stop: shown } } });
  const few = chosen.variables[variable.name] as Variable;
  const places =
    place === undefined
      ? { names: [titleOf(variable)], latitudes: undefined, longitudes: undefined }
      : await placesOf(chosen, few, place, how.signal);
  const title = [titleOf(variable), part].filter(Boolean).join(", ");
  const more = length > shown ? ` The first ${shown} of ${length} places.` : "";
  if (!axis) {
    const values = (await few.read({}, { signal: how.signal })).toFloat64();
    return [valueTable(`${title}.${more}`, few, places, values)];
  }
  const drawn = await drawable(chosen, few, axis, how);
  const spans = spansOf(drawn.axis);
  const at = (step: number, i: number): number => drawn.values[step * drawn.count + i] as number;
  const table = spanTable(`${title}.${more} ${drawn.note}`.trim(), few, {
    places,
    whole: spans.whole,
    thirds: spans.thirds,
    at,
  });
  if (drawn.axis.length < 2) return [table];
  const lines = places.names.slice(0, MOST_LINES).map(
    (name, i): Omit<Series, "x"> => ({
      kind: "line",
      name,
      y: Array.from({ length: drawn.axis.length }, (_, step) => (Number.isFinite(at(step, i)) ? at(step, i) : null)),
    }),
  );
  const withValues = lines.filter(({ y }) => y.some((value) => value !== null));
  if (withValues.length === 0) return [table];
  const which = length > MOST_LINES ? ` The first ${MOST_LINES} of ${length} places.` : "";
  const caption = `${title}${length > 1 ? " at each place" : ""}.${which} ${drawn.note}`.trim();
  return [await timeFigure(drawn, variable, { caption, lines: withValues, signal: how.signal }), table];
}

function head({ names, latitudes, longitudes }: Places): {
  readonly columns: Table["columns"];
  readonly cells: (i: number) => (string | number | null)[];
} {
  return {
    columns: [
      { name: names.length > 1 || latitudes ? "place" : "" },
      ...(latitudes ? [{ name: "latitude", unit: "°N" }] : []),
      ...(longitudes ? [{ name: "longitude", unit: "°E" }] : []),
    ],
    cells: (i) => [
      names[i] ?? "",
      ...(latitudes ? [latitudes[i] ?? null] : []),
      ...(longitudes ? [longitudes[i] ?? null] : []),
    ],
  };
}

function valueTable(caption: string, variable: Variable, places: Places, values: Float64Array): Table {
  const unit = unitText(variable);
  const { columns, cells } = head(places);
  return {
    kind: "table",
    caption,
    columns: [...columns, { name: variable.name, ...(unit !== undefined && { unit }) }],
    rows: places.names.map((_, i) => [...cells(i), finite(values[i])]),
  };
}

function spanTable(
  caption: string,
  variable: Variable,
  how: {
    readonly places: Places;
    readonly whole: Span;
    readonly thirds: readonly [Span, Span] | undefined;
    readonly at: (step: number, place: number) => number;
  },
): Table {
  const { places, whole, thirds, at } = how;
  const unit = unitText(variable);
  const column = (name: string): Table["columns"][number] => ({ name, ...(unit !== undefined && { unit }) });
  const { columns, cells } = head(places);
  const valuesIn = ({ start, stop }: Span, i: number): readonly number[] =>
    Array.from({ length: stop - start }, (_, step) => at(start + step, i)).filter(Number.isFinite);
  const times = thirds ? ` First third: ${thirds[0].text}, last: ${thirds[1].text}.` : "";
  return {
    kind: "table",
    caption: `${caption} ${whole.text}.${times}`,
    columns: [
      ...columns,
      column("least"),
      column("mean"),
      column("greatest"),
      ...(thirds ? [column("mean of first third"), column("mean of last third"), column("change")] : []),
      { name: "missing" },
    ],
    rows: places.names.map((_, i) => {
      const values = valuesIn(whole, i);
      const ends = thirds?.map((span) => meanOf(valuesIn(span, i)));
      const all = whole.stop - whole.start;
      return [
        ...cells(i),
        ...(values.length === 0
          ? [null, null, null]
          : [values.reduce((a, b) => Math.min(a, b)), meanOf(values), values.reduce((a, b) => Math.max(a, b))]),
        ...(ends ? [ends[0] ?? null, ends[1] ?? null, difference(ends[1], ends[0])] : []),
        all - values.length,
      ];
    }),
  };
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function difference(one: number | null | undefined, other: number | null | undefined): number | null {
  return one == null || other == null ? null : one - other;
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
