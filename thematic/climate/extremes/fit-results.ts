import { type Attributes, NdArray } from "../../../core/index.ts";
import { type CellFit, STATUS } from "./fit-extremes.ts";

/** What is told of the fit of a cell, as a variable without a return period. */
export interface Scalar {
  readonly name: string;
  readonly title: string;
  /** `"value"`: that of the variable. */
  readonly unitOf: string;
  readonly of?: "block-maxima" | "peaks-over-threshold";
  readonly integer?: "int8" | "int32";
  readonly value: (fit: CellFit, sign: number) => number;
}

/** In the order in which they are computed. */
export const SCALARS: readonly Scalar[] = [
  {
    name: "location_parameter",
    title: "location parameter, of the negated values for the lower tail; the threshold of peaks",
    unitOf: "value",
    value: ({ distribution }) => distribution?.location ?? Number.NaN,
  },
  {
    name: "scale_parameter",
    title: "scale parameter",
    unitOf: "value",
    value: ({ distribution }) => distribution?.scale ?? Number.NaN,
  },
  {
    name: "shape_parameter",
    title: "shape parameter xi: above 0 the tail is heavy",
    unitOf: "1",
    value: ({ distribution }) => distribution?.shape ?? Number.NaN,
  },
  {
    name: "shape_parameter_lower",
    title: "lower end of the interval of the shape",
    unitOf: "1",
    value: ({ lower }) => lower?.at(-1) ?? Number.NaN,
  },
  {
    name: "shape_parameter_upper",
    title: "upper end of the interval of the shape",
    unitOf: "1",
    value: ({ upper }) => upper?.at(-1) ?? Number.NaN,
  },
  {
    name: "anderson_darling",
    title: "Anderson and Darling's distance of values and fit",
    unitOf: "1",
    value: ({ distance }) => distance ?? Number.NaN,
  },
  {
    name: "p_value",
    title: "probability of so large a distance were the fitted distribution true",
    unitOf: "1",
    value: ({ pValue }) => pValue ?? Number.NaN,
  },
  {
    name: "threshold",
    title: "threshold of peaks",
    unitOf: "value",
    of: "peaks-over-threshold",
    value: ({ peaks }, sign) => sign * (peaks?.threshold ?? Number.NaN),
  },
  {
    name: "peak_rate",
    title: "peaks in a year",
    unitOf: "year-1",
    of: "peaks-over-threshold",
    value: ({ peaks }) => (peaks ? peaks.values.length / peaks.years : Number.NaN),
  },
  {
    name: "extremal_index",
    title: "peaks per step beyond the threshold",
    unitOf: "1",
    of: "peaks-over-threshold",
    value: ({ peaks }) => (peaks ? peaks.values.length / peaks.exceedances : Number.NaN),
  },
  { name: "count", title: "number of blocks or peaks", unitOf: "1", integer: "int32", value: ({ count }) => count },
  { name: "status", title: "whether there is a fit", unitOf: "1", integer: "int8", value: ({ status }) => status },
];

export function asIntegers(array: NdArray, dtype: "int8" | "int32"): NdArray {
  const { shape, dims } = array;
  const values = array.toFloat64();
  return dtype === "int8"
    ? new NdArray(Int8Array.from(values), { dtype, shape, dims })
    : new NdArray(Int32Array.from(values), { dtype, shape, dims, unit: "1" });
}

export function statusFlags(): Attributes {
  const values = Int8Array.from(Object.values(STATUS));
  return {
    flag_values: new NdArray(values, { dtype: "int8", shape: [values.length] }),
    flag_meanings: Object.keys(STATUS).join(" "),
  };
}
