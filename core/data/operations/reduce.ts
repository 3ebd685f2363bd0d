import type { Dataset } from "../dataset.ts";
import type { ComputeOptions } from "./accumulate.ts";
import { assemble, chooseVariables, type Part } from "./assemble.ts";
import { leastValid, type MissingRule } from "./missing.ts";
import { reduceVariable } from "./reduce-variable.ts";
import { cellMethod, describeStatistic } from "./reduced-attributes.ts";
import { checkStatistic, partOf } from "./resample.ts";
import type { Statistic } from "./statistics.ts";

/** What {@link reduce} makes. */
export interface ReduceOptions extends ComputeOptions {
  /** Dimensions that go. */
  readonly dims: readonly string[];
  readonly reduce: Statistic;
  /** All of numbers along these dimensions by default. */
  readonly variables?: readonly string[] | undefined;
  /** Of all values that become one; `"skip"` by default. */
  readonly missing?: Exclude<MissingRule, "wmo"> | undefined;
}

/**
 * One value of whole dimensions: the mean over time, the maximum over a map (each value counts alike; `areaMean` weights by
 * area). Variables without these dimensions are kept. Otherwise as {@link resample}.
 *
 * @throws `TWIN_VARIABLE_NOT_FOUND`, `TWIN_INVALID_DATASET`, `TWIN_INVALID_ARGUMENT`; what reading throws.
 */
export async function reduce(dataset: Dataset, options: ReduceOptions): Promise<Dataset> {
  const { dims, reduce: statistic, missing = "skip", signal } = options;
  checkStatistic(statistic);
  const { along, others } = chooseVariables(dataset, dims, options.variables);
  const method = cellMethod(statistic);
  const arrays: Part[] = [];
  for (const [number, variable] of along.entries()) {
    const lengths = dims.map((dim) => variable.shape[variable.dims.indexOf(dim)] as number);
    const cells = Object.fromEntries(
      dims.map((dim, i) => [dim, { count: 1, of: new Int32Array(lengths[i] as number) }]),
    );
    const least = leastValid(
      lengths.reduce((product, length) => product * length, 1),
      missing,
    );
    const description = describeStatistic(variable, statistic, method && `${dims.join(": ")}: ${method}`);
    const renamed = Object.fromEntries(dims.map((dim) => [dim, undefined]));
    const { array } = await reduceVariable(
      variable,
      { statistic, cells, renamed, description, isMissing: (_, valid) => valid < least },
      partOf(options, number, along.length),
    );
    arrays.push({ name: variable.name, array, attributes: description.attributes });
  }
  return await assemble([...others, ...arrays], dataset.attributes, { signal });
}
