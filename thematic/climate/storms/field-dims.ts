import { type Dataset, InvalidArgumentError, isTimeUnit, type Selection, type Variable } from "../../../core/index.ts";
import { ClimateInputError } from "../errors.ts";
import { isOne, type StormDims } from "./field.ts";

/** The dimensions of a field, by what its coordinates are or else by their names. @throws `TWIN_CLIMATE_INPUT_INVALID`. */
export function stormDims(
  dataset: Dataset,
  variable: Variable,
  {
    given,
    axisOf,
    select,
  }: {
    readonly given: Partial<StormDims>;
    readonly axisOf: (variable: Variable) => string | undefined;
    readonly select: Selection;
  },
): StormDims {
  const free = variable.dims.filter((dim) => !isOne(select[dim]));
  const find = (kind: keyof StormDims, axis: string, named: RegExp): string | undefined => {
    const asked = given[kind];
    if (asked !== undefined) return free.includes(asked) ? asked : undefined;
    const coordinate = (dim: string): Variable | undefined =>
      Object.hasOwn(dataset.variables, dim) ? dataset.variables[dim] : undefined;
    return (
      free.find((dim) => {
        const each = coordinate(dim);
        return each !== undefined && axisOf(each) === axis;
      }) ?? free.find((dim) => named.test(dim))
    );
  };
  const lat = find("lat", "Y", /^(lat|latitude|nav_lat)$/i);
  const lon = find("lon", "X", /^(lon|longitude|nav_lon)$/i);
  const time =
    find("time", "T", /^(time|valid_time)$/i) ??
    (given.time === undefined ? free.find((dim) => dim !== lat && dim !== lon) : undefined);
  if (lat === undefined || lon === undefined || time === undefined) {
    throw new ClimateInputError(
      `"${variable.name}" is [${variable.dims.join(", ")}], and no ${[lat === undefined && "latitude", lon === undefined && "longitude", time === undefined && "time"].filter(Boolean).join(", no ")} is found among them. Name the dimensions: dims: { time, lat, lon }.`,
    );
  }
  return { time, lat, lon };
}

/** Values of a coordinate in degrees. @throws `TWIN_CLIMATE_INPUT_INVALID`. */
export async function degreesAlong(
  dataset: Dataset,
  dim: string,
  signal: AbortSignal | undefined,
): Promise<Float64Array> {
  const variable = Object.hasOwn(dataset.variables, dim) ? dataset.variables[dim] : undefined;
  if (variable?.dims.length !== 1 || variable.dims[0] !== dim) {
    throw new ClimateInputError(
      `"${dim}" has no coordinate: a variable "${dim}" along a dimension of its name, in degrees. Storms need a grid of latitude and longitude.`,
    );
  }
  if (variable.unit !== undefined && !/^deg/i.test(variable.unit)) {
    throw new ClimateInputError(`"${dim}" is in "${variable.unit}": storms need latitudes and longitudes in degrees.`);
  }
  const values = (await variable.read({}, { signal })).toFloat64();
  if (values.every(Number.isFinite)) return values;
  throw new ClimateInputError(`"${dim}" has missing values.`);
}

/** The steps of a dataset whose coordinate is no CF time. @throws `TWIN_CLIMATE_INPUT_INVALID`, `TWIN_INVALID_ARGUMENT`. */
export async function givenTimes(
  dataset: Dataset,
  {
    dim,
    unit,
    values,
  }: { readonly dim: string; readonly unit: string; readonly values?: readonly number[] | undefined },
): Promise<Float64Array> {
  if (!isTimeUnit(unit)) {
    throw new InvalidArgumentError(`times.unit: "${unit}" is no unit of times; write it as "hours since 1996-01-05".`);
  }
  if (values) return Float64Array.from(values);
  const variable = Object.hasOwn(dataset.variables, dim) ? dataset.variables[dim] : undefined;
  if (variable?.dims.length === 1 && variable.dtype !== "string") return (await variable.read()).toFloat64();
  throw new ClimateInputError(
    `"${dim}" has no coordinate of numbers that could be "${unit}". Give the times: times: { unit, values }.`,
  );
}
