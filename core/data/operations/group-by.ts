import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import type { Dataset } from "../dataset.ts";
import { readTimeAxis } from "../time/time-axis.ts";
import type { ComputeOptions } from "./accumulate.ts";
import { assemble, chooseVariables, type Part } from "./assemble.ts";
import { type GroupKey, groupCoordinate, groupsOf, groupTitle } from "./groups.ts";
import { leastValid, type MissingRule } from "./missing.ts";
import { cellStride, reduceVariable } from "./reduce-variable.ts";
import { cellMethod, describeStatistic } from "./reduced-attributes.ts";
import { checkStatistic, keptBeside, partOf } from "./resample.ts";
import type { Statistic } from "./statistics.ts";

/** What {@link groupBy} makes. */
export interface GroupByOptions extends ComputeOptions {
  /** `"season"`: DJF, MAM, JJA and SON; a December is of the winter of its own year. */
  readonly by: GroupKey;
  readonly reduce: Statistic;
  /** All of numbers along time by default. */
  readonly variables?: readonly string[] | undefined;
  /** Name of the time dimension; needed only where there are several. */
  readonly dim?: string | undefined;
  /** Of the steps that a group has; `"skip"` by default. */
  readonly missing?: Exclude<MissingRule, "wmo"> | undefined;
}

/**
 * One value per season, month, day of the year or year, of all steps that are in it: the dimension of time becomes `season`,
 * `month`, `dayofyear` or `year`, with a coordinate of that name. Groups without a step are left out. Days of the year are
 * counted in the calendar: 1 March is the 60th or the 61st where there are leap years. Otherwise as {@link resample}; for
 * winters that go over the end of a year, `resample` with `"QS-DEC"`.
 *
 * @throws As {@link resample}.
 */
export async function groupBy(dataset: Dataset, options: GroupByOptions): Promise<Dataset> {
  const { by, reduce, missing = "skip", signal } = options;
  checkStatistic(reduce);
  if ((missing as MissingRule) === "wmo") {
    throw new InvalidArgumentError(
      'The rule "wmo" is for consecutive periods, as of resample. For groups take "any", "skip" or { percent }.',
    );
  }
  const axis = await readTimeAxis(dataset, options);
  const groups = groupsOf(axis, by);
  const { along, others } = chooseVariables(dataset, [axis.dim], options.variables);
  const count = groups.numbers.length;
  const cells = { [axis.dim]: { count, of: groups.of } };
  const sizes = new Int32Array(count);
  for (const group of groups.of) sizes[group] = (sizes[group] as number) + 1;
  const least = sizes.map((size) => leastValid(size, missing));
  const method = cellMethod(reduce);
  const coordinate: Part = {
    name: by,
    array: groupCoordinate(groups),
    attributes: { long_name: groupTitle(by) },
  };
  const arrays: Part[] = [];
  for (const [number, variable] of along.entries()) {
    const description = describeStatistic(variable, reduce, method && `time: ${method}`);
    const stride = cellStride(variable, cells, axis.dim);
    const { array } = await reduceVariable(
      variable,
      {
        statistic: reduce,
        cells,
        renamed: { [axis.dim]: by },
        description,
        isMissing: (cell, valid) => valid < (least[Math.floor(cell / stride) % count] as number),
      },
      partOf(options, number, along.length),
    );
    arrays.push({ name: variable.name, array, attributes: description.attributes });
  }
  return await assemble([coordinate, ...keptBeside(others, [coordinate]), ...arrays], dataset.attributes, { signal });
}
