import {
  type Dataset,
  dataset,
  daysText,
  findVariable,
  InvalidArgumentError,
  mapSeries,
  NdArray,
  readTimeAxis,
  stepsInPeriod,
  type Variable,
  type VariableInit,
} from "../../../../core/index.ts";
import { ClimateInputError } from "../../errors.ts";
import { dayThresholds } from "./day-thresholds.ts";
import { dayWindows } from "./day-windows.ts";

/** What {@link percentileOfDay} computes. */
export interface PercentileOfDayOptions {
  /** Name of the variable; daily. */
  readonly variable: string;
  /** 0 to 100. */
  readonly percentile: number;
  /** Days around each day of the year whose values are in its sample, itself included; odd. 5 by default. */
  readonly window?: number | undefined;
  /** Base period: `"1961-1990"`. All of the data by default. */
  readonly period?: string | undefined;
  /** Memory for all arrays together, in bytes; 256e6 by default. */
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the fraction done, 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/**
 * The percentile of each day of the year: the thresholds of TX90p and its kin. The sample of a day is all values of the base period in
 * a window centred on that day; the percentile is Hyndman and Fan's type 8. Thresholds of the days 1 to 365 are interpolated to
 * 1 to 366 where the data have a 366th day, as xclim's `percentile_doy` does.
 *
 * @returns The variable under its own name and in its own unit, float64, shape [dayofyear, other dimensions of the variable]; NaN where a window
 *   has no value. With it `dayofyear`, from 1, and the coordinates of the other dimensions.
 * @throws `TWIN_VARIABLE_NOT_FOUND`; `TWIN_TIME_AXIS_INVALID`; `TWIN_CLIMATE_INPUT_INVALID` where the data are not daily, or the base period
 *   has less than a year; `TWIN_INVALID_ARGUMENT` for a percentile, a window or a period that is none.
 *
 * @example
 * const hot = await percentileOfDay(data, { variable: "tasmax", percentile: 90, period: "1961-1990" });
 * const thresholds = await hot.variables["tasmax"]?.read(); // [dayofyear, lat, lon]
 */
export async function percentileOfDay(data: Dataset, options: PercentileOfDayOptions): Promise<Dataset> {
  const { percentile, window = 5, period, maxBytes, signal, onProgress } = options;
  if (!(percentile >= 0 && percentile <= 100)) {
    throw new InvalidArgumentError(`Percentile ${percentile} is not within 0 to 100.`);
  }
  const variable = findVariable(data, options.variable);
  const axis = await readTimeAxis(data, { signal });
  const { step } = axis;
  if (!variable.dims.includes(axis.dim) || step === undefined || !("seconds" in step) || step.seconds !== 86_400) {
    throw new ClimateInputError(
      `"${options.variable}" must be daily along "${axis.dim}"; it has the dimensions [${variable.dims.join(", ")}]${step && "seconds" in step ? `, and steps of ${step.seconds / 86_400} days` : ""}. Give daily data; \`resample\` makes them of shorter steps.`,
    );
  }
  const base = stepsInPeriod(axis, period);
  const windows = dayWindows(axis, base, window);
  const thresholdsOf = dayThresholds(windows, percentile);
  const { name } = variable;
  const { [name]: result } = await mapSeries([{ variable }], {
    along: axis.dim,
    outputs: [{ name, dim: "dayofyear", length: windows.daysOfYear, unit: variable.unit }],
    kernel: ([series], [thresholds]) => (thresholds as Float64Array).set(thresholdsOf(series as Float64Array)),
    maxBytes,
    signal,
    onProgress,
  });
  const others: readonly Variable[] = variable.dims
    .filter((dim) => dim !== axis.dim && data.coordinates.includes(dim))
    .map((dim) => data.variables[dim] as Variable);
  const coordinates: Record<string, VariableInit> = {};
  for (const each of others) {
    coordinates[each.name] = { array: await each.read({}, { signal }), attributes: withoutBounds(each) };
  }
  const { standard_name, long_name } = variable.attributes;
  return dataset({
    attributes: { Conventions: "CF-1.11" },
    variables: {
      dayofyear: {
        array: new NdArray(
          Int32Array.from({ length: windows.daysOfYear }, (_, i) => i + 1),
          { dtype: "int32", shape: [windows.daysOfYear], dims: ["dayofyear"] },
        ),
        attributes: { long_name: "day of the year" },
      },
      ...coordinates,
      [name]: {
        array: result as NdArray,
        attributes: {
          ...(standard_name !== undefined && { standard_name }),
          long_name: `${percentile}th percentile of each day of the year${typeof long_name === "string" ? `: ${long_name}` : ""}`,
          comment: `Of the values of ${daysText(axis, base)} in a window of ${window} days centred on each day of the year; Hyndman and Fan's type 8.`,
        },
      },
    },
  });
}

/** Attributes without the names of variables that are not carried along. */
function withoutBounds({ attributes }: Variable): Variable["attributes"] {
  const { bounds: _, climatology: __, ...others } = attributes;
  return others;
}
