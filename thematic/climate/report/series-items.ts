import {
  areaMean,
  areaWeights,
  type Dataset,
  type Figure,
  InvalidDatasetError,
  reduce,
  resample,
  type Series,
  subset,
  type TimeAxis,
  type Variable,
} from "../../../core/index.ts";
import type { Field } from "./fields.ts";
import { groupText, isClimatology } from "./map-items.ts";
import { hasYearlySteps, timeOf, yearsAlong } from "./spans.ts";
import { titleOf, unitText } from "./words.ts";

/** More steps than this are drawn as means of years or months. */
const MOST_STEPS = 400;
/** Of the area, below and above the band. */
const BAND = [0.1, 0.9] as const;

interface How {
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The mean over the area of a field, without the dimensions of its plane. */
export interface AreaSeries {
  readonly dataset: Dataset;
  readonly variable: Variable;
  /** How it was made, for a caption. */
  readonly how: string;
}

/** The mean over the area: weighted where the latitudes tell how, else each cell alike. */
export async function areaSeries({ dataset, variable, dims }: Field, how: How): Promise<AreaSeries | undefined> {
  const plane = dims.grid ? [dims.grid.lat, dims.grid.lon] : dims.plane?.dims;
  if (!plane) return undefined;
  const { name } = variable;
  const made = (result: Dataset, text: string): AreaSeries => ({
    dataset: result,
    variable: result.variables[name] as Variable,
    how: text,
  });
  const options = { variables: [name], ...how };
  for (const ignoreBounds of [false, true]) {
    try {
      const mean = await areaMean(dataset, { ...options, ignoreBounds });
      return made(mean, `mean over the area, weighted by it${ignoreBounds ? ", without the bounds of the cells" : ""}`);
    } catch (error) {
      if (!(error instanceof InvalidDatasetError)) throw error;
    }
  }
  return made(await reduce(dataset, { ...options, dims: plane, reduce: "mean" }), "mean over the cells, each alike");
}

/** A variable along time in numbers: `[step]` of each of its series. */
export interface Drawable {
  readonly axis: TimeAxis;
  readonly dataset: Dataset;
  /** `[step, series]`, `series` fastest. */
  readonly values: Float64Array;
  readonly count: number;
  /** What became of the steps, where they are too many to be drawn. */
  readonly note: string;
}

/** Reads a variable `[time]` or `[time, place]`; of many steps the means of years or months. */
export async function drawable(
  dataset: Dataset,
  variable: Variable,
  axis: TimeAxis,
  { maxBytes, signal }: How,
): Promise<Drawable> {
  const { name } = variable;
  if (axis.length <= MOST_STEPS) return { ...(await read(dataset, name, axis, signal)), note: "" };
  const years = new Set(axis.year).size;
  const frequency = years >= 8 ? "YS" : years * 12 <= MOST_STEPS && axis.length > 2 * 12 * years ? "MS" : "YS";
  const means = await resample(dataset, {
    ...{ frequency, reduce: "mean", variables: [name], dim: axis.dim, maxBytes, signal },
    missing: { percent: 10 },
  });
  const shorter = await timeOf(means, axis.dim, signal);
  const note = `Drawn are means of ${frequency === "YS" ? "years" : "months"}, without those of which more than 10 % is missing.`;
  return { ...(await read(means, name, shorter as TimeAxis, signal)), note };
}

async function read(
  dataset: Dataset,
  name: string,
  axis: TimeAxis,
  signal: AbortSignal | undefined,
): Promise<Omit<Drawable, "note">> {
  const array = await (dataset.variables[name] as Variable).read({}, { signal });
  const values = array.toFloat64();
  const count = axis.length === 0 ? 0 : values.length / axis.length;
  if (array.dims[0] === axis.dim || count === 1) return { dataset, axis, values, count };
  const turned = Float64Array.from(
    values,
    (_, i) => values[(i % count) * axis.length + Math.floor(i / count)] as number,
  );
  return { dataset, axis, values: turned, count };
}

/** The figure of a field over time, of the mean over its area; nothing where it has no time, or one step. */
export async function seriesFigure(field: Field, axis: TimeAxis, how: How): Promise<Figure | undefined> {
  if (axis.length < 2) return undefined;
  const area = await areaSeries(field, how);
  if (!area) return undefined;
  const drawn = await drawable(area.dataset, area.variable, axis, how);
  const band = drawn.note === "" && field.dims.grid ? await bandOf(field, axis, how) : undefined;
  const line = (name: string, values: ArrayLike<number>): Omit<Series, "x"> => ({
    kind: "line",
    name,
    y: Array.from(values, (value) => (Number.isFinite(value) ? value : null)),
  });
  const lines = [
    line("mean", drawn.values),
    ...(band ? [line("90 % of the area below", band[1]), line("10 % of the area below", band[0])] : []),
  ];
  if (drawn.values.every((value) => !Number.isFinite(value))) return undefined;
  const note = [drawn.note, band ? "Above and below: what 90 % and 10 % of the area are below." : ""];
  return await timeFigure(drawn, field.variable, {
    caption:
      `${[titleOf(field.variable), field.part].filter(Boolean).join(", ")}: ${area.how}. ${note.filter(Boolean).join(" ")}`.trim(),
    lines,
    signal: how.signal,
  });
}

/** Lines over time: years, or days where there are less than two of them, or months and seasons of a climatology. */
export async function timeFigure(
  { axis, dataset }: Pick<Drawable, "axis" | "dataset">,
  variable: Variable,
  how: {
    readonly caption: string;
    readonly lines: readonly Omit<Series, "x">[];
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Figure> {
  const { caption, lines, signal } = how;
  const unit = unitText(variable);
  const y = { label: variable.name, ...(unit !== undefined && { unit }) };
  if (isClimatology(dataset, axis.dim) && axis.length <= 12) {
    const names: string[] = [];
    for (let i = 0; i < axis.length; i++) names.push(await groupText(dataset, axis, i, signal));
    const x = names.map((_, i) => i);
    const series = lines.map((line): Series => ({ ...line, kind: "points", x }));
    return { kind: "figure", caption, x: { label: "", names }, y, series };
  }
  const spansYears = (axis.year[axis.length - 1] as number) - (axis.year[0] as number) >= 2 || hasYearlySteps(axis);
  const x = spansYears ? yearsAlong(axis) : Array.from(axis.values);
  const label = spansYears ? { label: "year" } : { label: "time", unit: axis.time.unit };
  return { kind: "figure", caption, x: label, y, series: lines.map((line) => ({ ...line, x })) };
}

/** Quantiles of the area at each step, a few steps at a time. */
async function bandOf(
  { dataset, variable, dims }: Field,
  axis: TimeAxis,
  { maxBytes = 256e6, signal }: How,
): Promise<readonly [Float64Array, Float64Array] | undefined> {
  const { lat, lon } = dims.grid as { lat: string; lon: string };
  const weights = await areaWeights(dataset, { ignoreBounds: true, signal }).then(
    (array) => array.toFloat64(),
    () => undefined,
  );
  const cells = variable.shape.reduce((product, length) => product * length, 1) / axis.length;
  if (!weights || cells < 10 || cells * 40 > maxBytes) return undefined;
  const [low, high] = [new Float64Array(axis.length), new Float64Array(axis.length)];
  const atOnce = Math.max(1, Math.floor(maxBytes / 4 / (cells * 8)));
  const find = areaQuantiles(cells);
  for (let start = 0; start < axis.length; start += atOnce) {
    const stop = Math.min(axis.length, start + atOnce);
    const part = await subset(dataset, { selection: { [axis.dim]: { start, stop } }, signal });
    const array = await (part.variables[variable.name] as Variable).read({}, { signal });
    const strides = stridesOf(array.dims, array.shape);
    const values = array.toFloat64();
    const [ofTime, ofLat, ofLon] = [axis.dim, lat, lon].map((dim) => strides.get(dim) as number) as [
      number,
      number,
      number,
    ];
    const columns = array.shape[array.dims.indexOf(lon)] as number;
    for (let step = start; step < stop; step++) {
      const base = (step - start) * ofTime;
      const at = (cell: number): number =>
        values[base + Math.floor(cell / columns) * ofLat + (cell % columns) * ofLon] as number;
      [low[step], high[step]] = find(at, (cell) => weights[Math.floor(cell / columns)] as number);
    }
  }
  return [low, high];
}

function stridesOf(dims: readonly string[], shape: readonly number[]): ReadonlyMap<string, number> {
  const strides = new Map<string, number>();
  let stride = 1;
  for (let i = dims.length - 1; i >= 0; i--) {
    strides.set(dims[i] as string, stride);
    stride *= shape[i] as number;
  }
  return strides;
}

/** Makes what finds the values that so much of the area is below. */
function areaQuantiles(
  cells: number,
): (at: (cell: number) => number, weightOf: (cell: number) => number) => [number, number] {
  const [values, order] = [new Float64Array(cells), new Uint32Array(cells)];
  return (at, weightOf) => {
    let [count, whole] = [0, 0];
    for (let cell = 0; cell < cells; cell++) {
      values[cell] = at(cell);
      if (!Number.isFinite(values[cell])) continue;
      order[count++] = cell;
      whole += weightOf(cell);
    }
    const sorted = order.subarray(0, count).sort((a, b) => (values[a] as number) - (values[b] as number));
    let below = 0;
    let [low, high] = [Number.NaN, Number.NaN];
    for (const cell of sorted) {
      below += weightOf(cell);
      if (Number.isNaN(low) && below >= BAND[0] * whole) low = values[cell] as number;
      if (Number.isNaN(high) && below >= BAND[1] * whole) high = values[cell] as number;
    }
    return [low, high];
  };
}
