import {
  broadcastVariable,
  convertUnits,
  type Dataset,
  daysText,
  describeNames,
  InvalidArgumentError,
  InvalidFrequencyError,
  isTimeUnit,
  lazySeries,
  type MissingRule,
  mapSeries,
  missingPeriods,
  type NdArray,
  type Periods,
  periodsOf,
  readTimeAxis,
  type SeriesKernel,
  type StepRange,
  stepsInPeriod,
  type TimeAxis,
  type Variable,
} from "../../../core/index.ts";
import { ClimateInputError } from "../errors.ts";
import type { IndexDefinition } from "./definition.ts";
import { findIndex, indexParameters } from "./find-index.ts";
import { checkSteps, type FoundInput, findInputs } from "./find-inputs.ts";
import { INDICES } from "./index.ts";
import { indexTitle } from "./index-title.ts";
import { resultDataset } from "./result-dataset.ts";

/** How {@link climateIndex} computes. */
export interface ClimateIndexOptions {
  /** Names of variables, by input: `{ tasmax: "tx" }`. Others are found by their usual name, or by standard name and `cell_methods`. */
  readonly variables?: Readonly<Record<string, string>> | undefined;
  /** Base period of thresholds and fits: `"1961-1990"`, `"1961-01/1990-12"`; the data must cover it. All of the data by default. */
  readonly period?: string | undefined;
  /** Of the periods: `"YS"`, `"YS-JUL"`, `"QS-DEC"`, `"MS"`. By default that of the index. */
  readonly frequency?: string | undefined;
  /** Thresholds and lengths of the index, in the units that its definition states. */
  readonly parameters?: Readonly<Record<string, number>> | undefined;
  /** When a period is too incomplete for a value. `"any"` by default, as in xclim: where a step is missing in any input. */
  readonly missing?: MissingRule | undefined;
  /** Memory for the data that are computed from, in bytes; 256e6 by default. */
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the fraction done, 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/**
 * Computes a climate index at each place of a dataset.
 *
 * @param name - Of one of {@link INDICES}, letters in either case: `"TX90p"`.
 * @returns A CF dataset: the index, float64, `[time, …]`, named as it was asked for, NaN where it is missing; time, the start of
 *   each period, with bounds; the coordinates in space, their bounds and the grid mapping of the data. An index with a value for
 *   each step of the data (FWI) is computed when it is read: the data must be open till then.
 * @throws `TWIN_CLIMATE_INDEX_UNKNOWN`; `TWIN_CLIMATE_INPUT_INVALID` where a variable is missing, has another unit or other steps;
 *   `TWIN_FREQUENCY_INVALID`; `TWIN_TIME_AXIS_INVALID`; `TWIN_INVALID_ARGUMENT` for parameters and periods that are none.
 *
 * @example
 * const frost = await climateIndex(data, "FD", { frequency: "YS" });
 * const days = await frost.variables["FD"]?.read(); // [time, location]
 */
export async function climateIndex(
  dataset: Dataset,
  name: string,
  options: ClimateIndexOptions = {},
): Promise<Dataset> {
  const { signal } = options;
  const definition = findIndex(INDICES, name);
  const parameters = indexParameters(definition, options.parameters);
  const found = findInputs(dataset, definition, options.variables);
  const axis = await timeOf(dataset, definition, found, signal);
  checkSteps(axis, definition);
  const isAlongSteps = definition.along === "steps";
  const periods = periodsOf(axis, frequencyOf(definition, options.frequency));
  const base = stepsInPeriod(axis, definition.base ? options.period : undefined);

  const missing = options.missing ?? "any";
  const kernel = definition.kernel({
    ...{ axis, periods, base, parameters, asStored: storedThresholds(found) },
    missing: missingPeriods(axis, periods, missing),
  });
  const { variable: like } = found[0] as FoundInput;
  const inputs = found.map(({ variable, unit, input }) => ({
    variable: input.isConstant ? broadcastVariable(variable, like) : variable,
    unit,
    context: input.context,
  }));
  const output = { name, dim: axis.dim, length: isAlongSteps ? axis.length : periods.count, unit: definition.unit };
  const how = {
    along: axis.dim,
    outputs: [output],
    kernel: isAlongSteps ? kernel : withMissing(kernel, axis, periods, missing),
    ...(options.maxBytes !== undefined && { maxBytes: options.maxBytes }),
    ...(signal && { signal }),
    ...(options.onProgress && { onProgress: options.onProgress }),
  };
  const results: Readonly<Record<string, NdArray | Variable>> = isAlongSteps
    ? await lazySeries(inputs, how)
    : await mapSeries(inputs, how);
  return await resultDataset({
    source: dataset,
    like,
    axis,
    ...(!isAlongSteps && { periods }),
    name,
    result: results[name] as NdArray | Variable,
    attributes: {
      long_name: indexTitle(definition, parameters),
      ...(definition.standardName !== undefined && { standard_name: definition.standardName }),
      cell_methods: definition.cellMethods,
      ...(definition.isDifference && { units_metadata: "temperature: difference" }),
      comment: commentOf(definition, { parameters, base, axis, missing, period: options.period, isAlongSteps }),
    },
    signal,
  });
}

/** The time of the inputs; all of them must have it. */
async function timeOf(
  dataset: Dataset,
  definition: IndexDefinition,
  found: readonly FoundInput[],
  signal: AbortSignal | undefined,
): Promise<TimeAxis> {
  const isTime = (dim: string): boolean => {
    const unit = Object.hasOwn(dataset.variables, dim) ? dataset.variables[dim]?.unit : undefined;
    return unit !== undefined && isTimeUnit(unit);
  };
  const [first] = found;
  const times = first?.variable.dims.filter(isTime) ?? [];
  for (const { input, variable } of found) {
    if (input.isConstant) continue;
    const has = `"${variable.path.slice(1)}" has the dimensions [${variable.dims.join(", ")}]`;
    if (times.length === 0) {
      throw new ClimateInputError(
        `${definition.name} needs "${input.name}" along a time; ${has}, of which none has a coordinate in a unit such as "days since 1990-01-01".`,
      );
    }
    if (times.length > 1) {
      throw new ClimateInputError(
        `${definition.name} goes along one time; ${has}, of which ${times.join(" and ")} are times. Take one step of the others first, with \`subset\`.`,
      );
    }
    const other = first?.variable as Variable;
    if (variable.dims.length === other.dims.length && variable.dims.every((dim) => other.dims.includes(dim))) continue;
    throw new ClimateInputError(
      `Inputs of ${definition.name} must go along the same dimensions: ${has}, "${other.path.slice(1)}" [${other.dims.join(", ")}].`,
    );
  }
  return await readTimeAxis(dataset, { dim: times[0], signal });
}

function frequencyOf(definition: IndexDefinition, asked: string | undefined): string {
  const { name, frequency, frequencies, along } = definition;
  if (asked === undefined) return frequency;
  if (along === "steps") {
    throw new InvalidArgumentError(
      `${name} has a value for each step of the data: it takes no frequency. Leave it out.`,
    );
  }
  if (!frequencies || frequencies.includes(asked)) return asked;
  throw new InvalidFrequencyError(
    `${name} is not defined for the frequency "${asked}". ${describeNames(asked, frequencies)}`,
  );
}

/** Thresholds rounded as the values are: in the unit and type in which they are stored. */
function storedThresholds(found: readonly FoundInput[]): (input: number, value: number) => number {
  const maps = found.map(({ variable, unit, input: { context } }) => {
    const back = convertUnits(unit, variable.unit ?? unit, { context });
    const there = convertUnits(variable.unit ?? unit, unit, { context });
    const isSingle = variable.dtype === "float32" || variable.dtype === "float16";
    return (value: number): number => {
      const stored = value * back.scale + back.offset;
      return (isSingle ? Math.fround(stored) : stored) * there.scale + there.offset;
    };
  });
  return (input, value) => maps[input]?.(value) ?? value;
}

function withMissing(kernel: SeriesKernel, axis: TimeAxis, periods: Periods, rule: MissingRule): SeriesKernel {
  const find = missingPeriods(axis, periods, rule);
  const missing = new Uint8Array(periods.count);
  return (inputs, outputs) => {
    kernel(inputs, outputs);
    for (const input of inputs) {
      find(input, missing);
      for (const output of outputs) {
        for (let period = 0; period < missing.length; period++) if (missing[period] === 1) output[period] = Number.NaN;
      }
    }
  };
}

function commentOf(
  definition: IndexDefinition,
  how: {
    readonly parameters: Readonly<Record<string, number>>;
    readonly base: StepRange;
    readonly axis: TimeAxis;
    readonly missing: MissingRule;
    readonly period: string | undefined;
    readonly isAlongSteps: boolean;
  },
): string {
  const { parameters, base, axis, missing, period, isAlongSteps } = how;
  const numbers = Object.entries(definition.parameters ?? {})
    .map(([name, { unit }]) => `${name} ${parameters[name]}${unit === "1" ? "" : ` ${unit}`}`)
    .join(", ");
  const rule =
    missing === "any"
      ? "Missing where a step of the period is."
      : missing === "skip"
        ? "Missing where all steps of the period are."
        : missing === "wmo"
          ? "Missing where too many days are (WMO-No. 1203: 11 of a month, or 5 in a row)."
          : `Missing where more than ${missing.percent} percent of the steps of the period are.`;
  return [
    definition.definition,
    ...(numbers === "" ? [] : [`Computed with ${numbers}.`]),
    ...(definition.base ? [`Base period ${daysText(axis, base)}.`] : []),
    ...(!definition.base && period !== undefined ? [`It has no base period; ${period} plays no part.`] : []),
    ...(isAlongSteps ? [] : [rule]),
    `Follows ${definition.peers.follows}.`,
  ].join(" ");
}
