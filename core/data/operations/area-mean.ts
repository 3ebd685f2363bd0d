import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { boundsOf } from "../cf/conventions.ts";
import type { Dataset, Variable } from "../dataset.ts";
import type { ComputeOptions } from "./accumulate.ts";
import { type AreaWeightsOptions, areaWeights, checkCell, latitudeOf, longitudeOf } from "./area-weights.ts";
import { assemble, chooseVariables, type Part } from "./assemble.ts";
import { reduceVariable } from "./reduce-variable.ts";
import { describeStatistic } from "./reduced-attributes.ts";
import { partOf } from "./resample.ts";
import { weightedMeans } from "./statistics.ts";

/** What {@link areaMean} makes. */
export interface AreaMeanOptions extends ComputeOptions, Pick<AreaWeightsOptions, "ignoreBounds"> {
  /** All of numbers along these dimensions by default. */
  readonly variables?: readonly string[] | undefined;
  /** Dimensions to average over, latitude among them; latitude and longitude by default. */
  readonly dims?: readonly string[] | undefined;
  /** Where a larger part of the weight than this is missing, so is the mean; 100 percent by default: only where all is missing. */
  readonly missingPercent?: number | undefined;
}

/**
 * Means weighted by area: {@link areaWeights} along latitude, times the widths of the bounds of longitude where it has such.
 * Missing values have no weight. `cell_methods` says `area: mean`.
 *
 * @throws `TWIN_INVALID_DATASET` as {@link areaWeights}; as {@link reduce}.
 */
export async function areaMean(dataset: Dataset, options: AreaMeanOptions = {}): Promise<Dataset> {
  const { signal, missingPercent = 100 } = options;
  if (!(missingPercent >= 0 && missingPercent <= 100)) {
    throw new InvalidArgumentError(`\`missingPercent\` is 0 to 100; got ${missingPercent}.`);
  }
  const latitude = latitudeOf(dataset).name;
  const dims = options.dims ?? [latitude, longitudeOf(dataset).name];
  if (!dims.includes(latitude)) {
    throw new InvalidArgumentError(
      `A mean weighted by area goes over "${latitude}"; \`dims\` are [${dims}]. For a plain mean use reduce.`,
    );
  }
  const weights: Record<string, Float64Array> = { [latitude]: (await areaWeights(dataset, options)).toFloat64() };
  const isOverArea = dims.length === 2 && options.dims === undefined;
  for (const dim of dims) {
    const widths = dim === latitude || options.ignoreBounds ? undefined : await widthsOf(dataset, dim, signal);
    if (widths) weights[dim] = widths;
  }
  const { along, others } = chooseVariables(dataset, dims, options.variables);
  const arrays: Part[] = [];
  for (const [number, variable] of along.entries()) {
    const description = describeStatistic(variable, "mean", isOverArea ? "area: mean" : `${dims.join(": ")}: mean`);
    const cells = Object.fromEntries(
      dims.map((dim) => [dim, { count: 1, of: new Int32Array(lengthOf(variable, dim)) }]),
    );
    const size = variable.dims.reduce(
      (product, dim) => (dims.includes(dim) ? product : product * lengthOf(variable, dim)),
      1,
    );
    const whole = dims.reduce((product, dim) => product * sumOf(weights[dim], lengthOf(variable, dim)), 1);
    const into = weightedMeans(size);
    const { array } = await reduceVariable(
      variable,
      {
        statistic: "mean",
        cells,
        into,
        weights,
        renamed: Object.fromEntries(dims.map((dim) => [dim, undefined])),
        description,
        // A hair's breadth for the rounding of the sums.
        isMissing: (cell) => into.weightOf(cell) < whole * (1 - missingPercent / 100) * (1 - 1e-12),
      },
      partOf(options, number, along.length),
    );
    arrays.push({ name: variable.name, array, attributes: description.attributes });
  }
  return await assemble([...others, ...arrays], dataset.attributes, { signal });
}

function lengthOf({ dims, shape }: Variable, dim: string): number {
  return shape[dims.indexOf(dim)] as number;
}

function sumOf(weights: Float64Array | undefined, length: number): number {
  return weights ? weights.reduce((sum, each) => sum + each, 0) : length;
}

/** Of a longitude with bounds. */
async function widthsOf(
  dataset: Dataset,
  dim: string,
  signal: AbortSignal | undefined,
): Promise<Float64Array | undefined> {
  const coordinate = Object.hasOwn(dataset.variables, dim) ? dataset.variables[dim] : undefined;
  const isLongitude = coordinate !== undefined && isNamedLongitude(dataset, dim);
  const bounds = isLongitude ? boundsOf(dataset, coordinate) : undefined;
  if (!coordinate || bounds?.shape.length !== 2 || bounds.shape[1] !== 2) return undefined;
  const edges = (await bounds.read({}, { signal })).toFloat64();
  const middles = (await coordinate.read({}, { signal })).toFloat64();
  return middles.map((middle, i) => {
    const [one, other] = [edges[2 * i] as number, edges[2 * i + 1] as number];
    checkCell(bounds, i, [one, middle, other]);
    return Math.abs(other - one);
  });
}

function isNamedLongitude(dataset: Dataset, dim: string): boolean {
  try {
    return longitudeOf(dataset).name === dim;
  } catch {
    return false;
  }
}
