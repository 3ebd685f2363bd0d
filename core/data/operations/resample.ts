import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import type { Dataset, Variable } from "../dataset.ts";
import { type Periods, periodsOf } from "../time/periods.ts";
import { readTimeAxis, type TimeAxis } from "../time/time-axis.ts";
import { type AxisCells, type ComputeOptions, cellShape, type Sink } from "./accumulate.ts";
import { assemble, chooseVariables, type Part } from "./assemble.ts";
import { leastValidSteps, type MissingRule, monthsOfPeriods } from "./missing.ts";
import { periodCoordinates } from "./period-coordinates.ts";
import { cellStride, reduceVariable } from "./reduce-variable.ts";
import { cellMethod, describeStatistic } from "./reduced-attributes.ts";
import { type Accumulator, STATISTICS, type Statistic } from "./statistics.ts";
import { wmoMonths } from "./wmo-months.ts";

/** What {@link resample} makes. */
export interface ResampleOptions extends ComputeOptions {
  /** As in {@link periodsOf}: `"MS"`, `"QS-DEC"`, `"YS"`, `"10D"`. */
  readonly frequency: string;
  readonly reduce: Statistic;
  /** All of numbers along time by default. */
  readonly variables?: readonly string[] | undefined;
  /** Name of the time dimension; needed only where there are several. */
  readonly dim?: string | undefined;
  /** Which periods have no result; `"skip"` by default. A count is given always. */
  readonly missing?: MissingRule | undefined;
}

/**
 * One value per period: monthly means, yearly maxima, ….
 *
 * The time of a period is its start, and `time_bnds` holds start and end. `cell_methods` tells the statistic; a spread of
 * temperatures is a difference, in K; a sum keeps its unit, as it adds numbers and does not integrate: 30 daily values in
 * mm/day make the rain of a month in mm. Periods without a step are NaN. Variables without time are kept, groups and texts
 * along time are not. Each variable is read once, in blocks of `maxBytes`; results are in memory, float64 (extremes of
 * float32 stay float32, counts are int32).
 *
 * @throws `TWIN_FREQUENCY_INVALID`, `TWIN_TIME_AXIS_INVALID`, `TWIN_VARIABLE_NOT_FOUND`, `TWIN_INVALID_DATASET`,
 *   `TWIN_INVALID_ARGUMENT` for a statistic that is none, or a sum of temperatures in degC; what reading throws.
 *
 * @example
 * const monthly = await resample(daily, { frequency: "MS", reduce: "mean", missing: "wmo" });
 */
export async function resample(dataset: Dataset, options: ResampleOptions): Promise<Dataset> {
  const { frequency, reduce, missing = "skip", signal } = options;
  checkStatistic(reduce);
  const axis = await readTimeAxis(dataset, options);
  const periods = periodsOf(axis, frequency);
  const least = missing === "wmo" ? undefined : leastValidSteps(periods, missing);
  const months = missing === "wmo" ? monthsOfPeriods(axis, periods) : undefined;
  const { along, others } = chooseVariables(dataset, [axis.dim], options.variables);
  const cells = { [axis.dim]: periodCells(axis, periods) };
  const method = cellMethod(reduce);
  const arrays: Part[] = [];
  for (const [number, variable] of along.entries()) {
    const stride = cellStride(variable, cells, axis.dim);
    const periodOf = (cell: number): number => Math.floor(cell / stride) % periods.count;
    const wmo = months && wmoSink(variable, axis.dim, months, stride);
    const description = describeStatistic(variable, reduce, method && `${axis.dim}: ${method}`);
    const { array } = await reduceVariable(
      variable,
      {
        statistic: reduce,
        cells,
        renamed: {},
        description,
        ...(wmo && { more: [wmo.sink] }),
        isMissing: (cell, valid) => (wmo ? wmo.isMissing(cell) : valid < (least?.[periodOf(cell)] ?? 1)),
      },
      partOf(options, number, along.length),
    );
    arrays.push({ name: variable.name, array, attributes: description.attributes });
  }
  const coordinates = periodCoordinates(dataset, axis, periods);
  return await assemble([...coordinates, ...keptBeside(others, coordinates), ...arrays], dataset.attributes, {
    signal,
  });
}

/** Others, less those whose name is taken. */
export function keptBeside(others: readonly Variable[], parts: readonly Part[]): readonly Variable[] {
  return others.filter(({ name }) => !parts.some((part) => part.name === name));
}

/** Options of the i-th of several computations, with its part of the progress. */
export function partOf(options: ComputeOptions, i: number, count: number): ComputeOptions {
  const { onProgress } = options;
  return { ...options, onProgress: onProgress && ((fraction) => onProgress((i + fraction) / count)) };
}

/** @throws `TWIN_INVALID_ARGUMENT`. */
export function checkStatistic(statistic: string): void {
  if ((STATISTICS as readonly string[]).includes(statistic)) return;
  throw new InvalidArgumentError(`"${statistic}" is no statistic. There are: ${STATISTICS.join(", ")}.`);
}

function periodCells({ length }: TimeAxis, { count, start, stop }: Periods): AxisCells {
  const of = new Int32Array(length).fill(-1);
  for (let period = 0; period < count; period++) of.fill(period, start[period], stop[period]);
  return { count, of };
}

interface WmoSink {
  readonly sink: Sink;
  isMissing(cell: number): boolean;
}

/** Days of months, counted beside the statistic. */
function wmoSink(variable: Variable, dim: string, months: ReturnType<typeof monthsOfPeriods>, stride: number): WmoSink {
  const cells = { [dim]: { count: months.count, of: months.monthOf } };
  const size = cellShape(variable, cells).reduce((product, length) => product * length, 1);
  const found = wmoMonths(size);
  const { ranges, count, lengths } = months;
  const into: Accumulator = { valid: new Uint32Array(), row: found.row, value: () => Number.NaN };
  return {
    sink: { cells, weights: { [dim]: months.dayInMonth }, into },
    isMissing: (cell) => {
      const [inner, outer] = [cell % stride, Math.floor(cell / stride / ranges.length)];
      const { from, to } = ranges[Math.floor(cell / stride) % ranges.length] as (typeof ranges)[number];
      if (from < 0 || to > count) return true;
      for (let month = from; month < to; month++) {
        if (found.isMissing((outer * count + month) * stride + inner, lengths[month] as number)) return true;
      }
      return false;
    },
  };
}
