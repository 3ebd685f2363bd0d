import {
  axisOf,
  type Dataset,
  type EofFit,
  type EofModes,
  type EofSource,
  fitEof,
  InvalidArgumentError,
  type NdArray,
  projectEof,
  stepsInPeriod,
  type TimeAxis,
  type Variable,
} from "../../../core/index.ts";
import { ClimateInputError } from "../errors.ts";
import { oneOf } from "../one-of.ts";
import { type ExtremesInput, extremesInput } from "./extremes-input.ts";
import { readFields } from "./read-fields.ts";
import { type AnomalyScorer, SEASONS, type Season, seasonOf } from "./scorer.ts";

/** What {@link fitEofScorer} takes. */
export interface EofScorerOptions extends ExtremesInput {
  /** Years or dates that patterns are fitted to, ends included: `"1961-1990"`. All of the data by default. */
  readonly period?: string | undefined;
  /** Steps of this season only. */
  readonly season?: Season | undefined;
  /** As in `fitEof`; `{ explained: 0.9 }` by default. */
  readonly modes?: EofModes | undefined;
  /** √cos(latitude) (`"area"`, default where there is a latitude in degrees along a dimension), none, or `[cell]`. */
  readonly weights?: "area" | "none" | ArrayLike<number> | undefined;
  /** `"reconstruction"` (default): the mean square of what the patterns leave. `"hotelling"`: T², how far out within the patterns. */
  readonly statistic?: "reconstruction" | "hotelling" | undefined;
}

/** A scorer by patterns, with the patterns. */
export interface EofScorer extends AnomalyScorer {
  readonly fit: EofFit;
  /** Dimensions of a cell, in their order: `["lat", "lon"]`. */
  readonly dims: readonly string[];
}

/**
 * Fits empirical orthogonal functions to a period, as a scorer of other fields: what they do not reproduce is unusual.
 * Take anomalies first (`anomaly`), or one season, else the patterns are those of the seasons.
 *
 * Memory: as in `fitEof`, beside what reading takes; fields are read twice.
 *
 * @throws `TWIN_CLIMATE_INPUT_INVALID` where there are no steps of the season in the period, or no latitude for `"area"`;
 *   what `fitEof` and `blockMaxima` throw.
 */
export async function fitEofScorer(source: Dataset, options: EofScorerOptions): Promise<EofScorer> {
  const { modes, context, statistic = "reconstruction", maxBytes = 256e6, signal, onProgress } = options;
  oneOf("statistic", statistic, ["reconstruction", "hotelling"]);
  oneOf("season", options.season, SEASONS);
  const { variable, axis, unit } = await extremesInput(source, options);
  const dims = variable.dims.filter((dim) => dim !== axis.dim);
  const lengths = dims.map((dim) => variable.shape[variable.dims.indexOf(dim)] as number);
  const coordinates = await coordinatesOf(source, dims, signal);
  const steps = stepsOf(axis, options);
  const weights = weightsOf(source, { dims, lengths, coordinates }, options.weights);
  const eofs = await fitEof(fieldSource(variable, { axis, dims, steps, unit, context, signal }), {
    ...{ weights, modes, maxBytes, signal, onProgress },
  });
  return eofScorer(eofs, { dims, lengths, unit, coordinates, statistic });
}

/** A scorer of patterns that are there. */
export function eofScorer(
  fit: EofFit,
  options: {
    readonly dims: readonly string[];
    readonly lengths: readonly number[];
    readonly unit?: string | undefined;
    readonly coordinates?: Readonly<Record<string, Float64Array>> | undefined;
    readonly statistic?: "reconstruction" | "hotelling" | undefined;
  },
): EofScorer {
  const { dims, lengths, unit, coordinates, statistic = "reconstruction" } = options;
  const valuesOf = (fields: NdArray): Float64Array => {
    const [, ...shape] = fields.shape;
    if (shape.join() === lengths.join()) return fields.toFloat64();
    throw new ClimateInputError(
      `Patterns of ${dims.join(" x ")} = ${lengths.join(" x ")} cells cannot score fields of ${shape.join(" x ")}. Take fields of the same grid.`,
    );
  };
  return {
    ...{ name: `eof(${fit.modes}, ${statistic})`, fit, dims, unit, coordinates },
    grid: Object.fromEntries(dims.map((dim, at) => [dim, lengths[at] as number])),
    score: async (fields, { signal } = {}) => {
      const values = valuesOf(fields);
      return Float64Array.from({ length: fields.shape[0] ?? 0 }, (_, at) => {
        if (at % 256 === 0) signal?.throwIfAborted();
        const { error, hotelling } = projectEof(fit, values, at * fit.cells);
        return statistic === "reconstruction" ? error : hotelling;
      });
    },
    cellScores: async (field) => {
      const values = valuesOf(field);
      if (statistic === "reconstruction") return projectEof(fit, values).squares;
      return Float64Array.from(
        values,
        (value, c) => ((value - (fit.mean[c] as number)) * (fit.weights[c] as number)) ** 2,
      );
    },
  };
}

function stepsOf(axis: TimeAxis, { period, season }: EofScorerOptions): Int32Array {
  const { start, stop } = stepsInPeriod(axis, period);
  const steps: number[] = [];
  for (let step = start; step < stop; step++) {
    if (season === undefined || seasonOf(axis.month[step] as number) === season) steps.push(step);
  }
  if (steps.length >= 3) return Int32Array.from(steps);
  throw new ClimateInputError(
    `Patterns need at least 3 steps${season ? ` of ${season}` : ""}${period ? ` in ${period}` : ""}; there are ${steps.length}. Give a longer period.`,
  );
}

/** Reads fields in parts, `[sample, cell]`. */
function fieldSource(
  variable: Variable,
  on: {
    readonly axis: TimeAxis;
    readonly dims: readonly string[];
    readonly steps: Int32Array;
    readonly unit: string | undefined;
    readonly context: "water" | undefined;
    readonly signal: AbortSignal | undefined;
  },
): EofSource {
  const { axis, dims, steps, unit, context, signal } = on;
  const lengths = dims.map((dim) => variable.shape[variable.dims.indexOf(dim)] as number);
  const cells = lengths.reduce((all, length) => all * length, 1);
  const order = [axis.dim, ...dims];
  return {
    samples: steps.length,
    cells,
    read: async ({ axis: along, from, to }) => {
      if (along === "samples") {
        const [first, last] = [steps[from] as number, steps[to - 1] as number];
        const all = await readFields(variable, { order, unit, context, signal, start: first, stop: last + 1 });
        const values = all.toFloat64();
        if (last - first === to - 1 - from) return values;
        const part = new Float64Array((to - from) * cells);
        for (let i = from; i < to; i++) {
          const at = ((steps[i] as number) - first) * cells;
          part.set(values.subarray(at, at + cells), (i - from) * cells);
        }
        return part;
      }
      return readCells(variable, { ...on, order, lengths, from, to });
    },
  };
}

/** All samples of some cells: whole rows of the first dimension are read. */
async function readCells(
  variable: Variable,
  on: {
    readonly order: readonly string[];
    readonly lengths: readonly number[];
    readonly steps: Int32Array;
    readonly unit: string | undefined;
    readonly context: "water" | undefined;
    readonly signal: AbortSignal | undefined;
    readonly from: number;
    readonly to: number;
  },
): Promise<Float64Array> {
  const { order, lengths, steps, unit, context, signal, from, to } = on;
  const perRow = lengths.slice(1).reduce((all, length) => all * length, 1);
  const [firstRow, lastRow] = [Math.floor(from / perRow), Math.floor((to - 1) / perRow)];
  const [start, stop] = [steps[0] as number, (steps.at(-1) as number) + 1];
  const rows = { dim: order[1] as string, start: firstRow, stop: lastRow + 1 };
  const values = (await readFields(variable, { order, unit, context, signal, start, stop, rows })).toFloat64();
  const width = (lastRow + 1 - firstRow) * perRow;
  const part = new Float64Array(steps.length * (to - from));
  for (let i = 0; i < steps.length; i++) {
    const at = ((steps[i] as number) - start) * width + from - firstRow * perRow;
    part.set(values.subarray(at, at + to - from), i * (to - from));
  }
  return part;
}

async function coordinatesOf(
  source: Dataset,
  dims: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Record<string, Float64Array>> {
  const found: Record<string, Float64Array> = {};
  for (const dim of dims) {
    const variable = source.coordinates.includes(dim) ? source.variables[dim] : undefined;
    if (variable && variable.dtype !== "string") found[dim] = (await variable.read({}, { signal })).toFloat64();
  }
  return found;
}

function weightsOf(
  source: Dataset,
  grid: {
    readonly dims: readonly string[];
    readonly lengths: readonly number[];
    readonly coordinates: Readonly<Record<string, Float64Array>>;
  },
  weights: EofScorerOptions["weights"],
): Float64Array {
  const { dims, lengths, coordinates } = grid;
  const cells = lengths.reduce((all, length) => all * length, 1);
  if (weights !== undefined && typeof weights !== "string") return Float64Array.from(weights);
  const axis = dims.findIndex((dim) => coordinates[dim] && axisOf(source.variables[dim] as Variable) === "Y");
  const isDegrees = axis >= 0 && /^degree/.test(source.variables[dims[axis] as string]?.unit ?? "");
  if (weights === "none" || (weights === undefined && !isDegrees)) return new Float64Array(cells).fill(1);
  if (weights !== undefined && weights !== "area") {
    throw new InvalidArgumentError(`Weights are "area", "none", or one number per cell; got ${String(weights)}.`);
  }
  if (!isDegrees) {
    throw new ClimateInputError(
      `Weights by area need a latitude in degrees along a dimension; dimensions: ${dims.join(", ")}. Give weights per cell, or "none".`,
    );
  }
  const latitudes = coordinates[dims[axis] as string] as Float64Array;
  const behind = lengths.slice(axis + 1).reduce((all, length) => all * length, 1);
  return Float64Array.from({ length: cells }, (_, c) => {
    const latitude = latitudes[Math.floor(c / behind) % (lengths[axis] as number)] as number;
    return Math.sqrt(Math.max(0, Math.cos((latitude * Math.PI) / 180)));
  });
}
