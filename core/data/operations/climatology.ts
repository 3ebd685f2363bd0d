import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { cfTime } from "../cf/time.ts";
import type { Dataset } from "../dataset.ts";
import { NdArray } from "../nd-array.ts";
import { stepsInPeriod } from "../time/period-steps.ts";
import { monthNumbers } from "../time/periods.ts";
import { readTimeAxis, type TimeAxis, unitSeconds } from "../time/time-axis.ts";
import type { ComputeOptions } from "./accumulate.ts";
import { assemble, chooseVariables, type Part } from "./assemble.ts";
import { type GroupKey, type Groups, groupCoordinate, groupsOf, groupTitle } from "./groups.ts";
import { leastValid, type MissingRule } from "./missing.ts";
import { timeWithBounds } from "./period-coordinates.ts";
import { cellStride, reduceVariable } from "./reduce-variable.ts";
import { cellMethod, describeStatistic } from "./reduced-attributes.ts";
import { checkStatistic, keptBeside, partOf } from "./resample.ts";
import type { Statistic } from "./statistics.ts";

/** What {@link climatology} makes. */
export interface ClimatologyOptions extends ComputeOptions {
  readonly by: Exclude<GroupKey, "year">;
  /** `"mean"` by default. */
  readonly reduce?: Exclude<Statistic, "count" | "sum"> | undefined;
  /** `"1961-1990"`, both included, or dates: `"1961-01/1990-12"`. All of the data by default. */
  readonly period?: string | undefined;
  /** Of means by day of the year: an odd number of days to pool, the day in the middle; December goes over into January. */
  readonly smooth?: number | undefined;
  readonly variables?: readonly string[] | undefined;
  readonly dim?: string | undefined;
  /** Of the steps that a group has in the period; `"skip"` by default. */
  readonly missing?: Exclude<MissingRule, "wmo"> | undefined;
}

/**
 * The climatology of a period by month, season or day of the year, as CF has it (1.11, section 7.4): time has a value for each
 * group, and its attribute `climatology` names bounds from the begin of the first to the end of the last interval. A variable
 * `month`, `season` or `dayofyear` along time tells the groups by number. All steps of a group count alike, as in xarray:
 * of a February, the 29th is a day like the others.
 *
 * @throws As `resample`; `TWIN_INVALID_ARGUMENT` for a period that the data does not cover, and a window that is not odd.
 *
 * @example
 * const normals = await climatology(daily, { by: "dayofyear", period: "1961-1990", smooth: 5 });
 */
export async function climatology(dataset: Dataset, options: ClimatologyOptions): Promise<Dataset> {
  const { by, reduce = "mean", period, smooth, missing = "skip", signal } = options;
  checkOptions(options);
  const axis = await readTimeAxis(dataset, options);
  const { start, stop } = stepsInPeriod(axis, period);
  const groups = groupsOf(axis, by, start, stop);
  const { along, others } = chooseVariables(dataset, [axis.dim], options.variables);
  const count = groups.numbers.length;
  const cells = { [axis.dim]: { count, of: groups.of } };
  const least = groupSizes(groups).map((size) => leastValid(size, missing));
  const how = `time: ${cellMethod(reduce)} within years time: ${cellMethod(reduce)} over years`;
  if (smooth !== undefined) checkCircle(groups, smooth);
  const times = timeWithBounds(dataset, axis, { ...climatologyTimes(axis, groups), attribute: "climatology" });
  const label: Part = { name: by, array: groupCoordinate(groups, axis.dim), attributes: { long_name: groupTitle(by) } };
  const arrays: Part[] = [];
  for (const [number, variable] of along.entries()) {
    const { attributes, ...description } = describeStatistic(variable, reduce, how);
    const stride = cellStride(variable, cells, axis.dim);
    const { array, valid } = await reduceVariable(
      variable,
      {
        statistic: reduce,
        cells,
        renamed: {},
        description: { ...description, attributes },
        isMissing: (cell, has) => has < (least[Math.floor(cell / stride) % count] as number),
      },
      partOf(options, number, along.length),
    );
    const before = typeof attributes["coordinates"] === "string" ? `${attributes["coordinates"]} ` : "";
    arrays.push({
      name: variable.name,
      array: smooth === undefined ? array : smoothed(array, valid, { count, stride, window: smooth }),
      attributes: {
        ...attributes,
        coordinates: `${before}${by}`,
        ...(smooth !== undefined && { comment: `Pooled over ${smooth} days of the year around each.` }),
      },
    });
  }
  const own = [...times, label];
  return await assemble([...own, ...keptBeside(others, own), ...arrays], dataset.attributes, { signal });
}

function checkOptions({ by, reduce = "mean", smooth, missing }: ClimatologyOptions): void {
  checkStatistic(reduce);
  if (!["season", "month", "dayofyear"].includes(by)) {
    throw new InvalidArgumentError(`A climatology is by "season", "month" or "dayofyear"; got ${JSON.stringify(by)}.`);
  }
  if ((reduce as Statistic) === "count" || (reduce as Statistic) === "sum") {
    throw new InvalidArgumentError(`A climatology is a mean, min, max or std, not a ${reduce}. Use groupBy for that.`);
  }
  if ((missing as MissingRule) === "wmo") {
    throw new InvalidArgumentError(
      'The rule "wmo" is for consecutive periods. Resample to months by it first, or take "any", "skip" or { percent }.',
    );
  }
  if (smooth === undefined) return;
  if (by === "dayofyear" && reduce === "mean" && Number.isSafeInteger(smooth) && smooth % 2 === 1 && smooth > 0) return;
  throw new InvalidArgumentError(
    `\`smooth\` is an odd number of days, for means by day of the year; got ${smooth}, for ${reduce} by ${by}.`,
  );
}

function checkCircle({ numbers }: Groups, window: number): void {
  const isWhole = numbers.length >= 360 && numbers.every((number, i) => number === i + 1);
  if (isWhole && window <= numbers.length) return;
  throw new InvalidArgumentError(
    `\`smooth\` goes around the year, and the period has ${numbers.length} days of it. It needs all of them, at least ${window}.`,
  );
}

function groupSizes({ numbers, of }: Groups): Int32Array {
  const sizes = new Int32Array(numbers.length);
  for (const group of of) if (group >= 0) sizes[group] = (sizes[group] as number) + 1;
  return sizes;
}

/** Means around each day of a year without ends: sums of the days, over how many values they are of. */
function smoothed(
  array: NdArray,
  valid: Uint32Array,
  { count, stride, window }: { readonly count: number; readonly stride: number; readonly window: number },
): NdArray {
  const means = array.toFloat64();
  const half = (window - 1) / 2;
  const result = new Float64Array(means.length);
  for (let cell = 0; cell < means.length; cell++) {
    const day = Math.floor(cell / stride) % count;
    let [sum, values] = [0, 0];
    for (let away = -half; away <= half; away++) {
      const other = cell + (((day + away + count) % count) - day) * stride;
      const mean = means[other] as number;
      if (Number.isNaN(mean)) continue;
      sum += mean * (valid[other] as number);
      values += valid[other] as number;
    }
    result[cell] = Number.isNaN(means[cell]) ? Number.NaN : sum / values;
  }
  const { shape, dims, unit } = array;
  return new NdArray(result, { dtype: "float64", shape, dims, unit });
}

/** `[group]`: the middle of its interval in the first year, and from the begin of its first to the end of its last interval. */
function climatologyTimes(
  axis: TimeAxis,
  { key, numbers, of }: Groups,
): { values: Float64Array; bounds: Float64Array } {
  const { time } = axis;
  const months = monthNumbers(time);
  const days = cfTime({ unit: "days since 2000-01-01", calendar: time.calendar });
  const aDay = 86_400 / unitSeconds(time);
  const interval = (step: number): readonly [number, number] => {
    if (key === "dayofyear") {
      const day = Math.floor(days.encode(time.decode(axis.values[step] as number)));
      return [time.encode(days.decode(day)), time.encode(days.decode(day + 1))];
    }
    const month = months.of(axis.year[step] as number, axis.month[step] as number);
    const first = key === "season" ? month - (((axis.month[step] as number) % 12) % 3) : month;
    return [months.startOf(first), months.startOf(first + (key === "season" ? 3 : 1))];
  };
  const bounds = new Float64Array(2 * numbers.length).fill(Number.NaN);
  for (let step = 0; step < axis.length; step++) {
    const group = of[step] as number;
    if (group < 0) continue;
    if (Number.isNaN(bounds[2 * group])) bounds[2 * group] = interval(step)[0];
  }
  for (let step = axis.length - 1; step >= 0; step--) {
    const group = of[step] as number;
    if (group >= 0 && Number.isNaN(bounds[2 * group + 1])) bounds[2 * group + 1] = interval(step)[1];
  }
  const january = months.of(
    axis.year[
      Math.max(
        0,
        of.findIndex((group) => group >= 0),
      )
    ] as number,
    1,
  );
  const values = Float64Array.from(numbers, (number) => {
    if (key === "dayofyear") return months.startOf(january) + (number - 0.5) * aDay;
    const first = january + (key === "month" ? number - 1 : 3 * number - 1);
    return (months.startOf(first) + months.startOf(first + (key === "month" ? 1 : 3))) / 2;
  });
  return { values, bounds };
}
