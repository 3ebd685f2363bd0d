import {
  type Attributes,
  type Dataset,
  dataset,
  decodeCf,
  type FindMissingPeriods,
  type MissingRule,
  mapSeries,
  missingPeriods,
  NdArray,
  type Periods,
  periodsOf,
} from "../../../core/index.ts";
import { oneOf } from "../one-of.ts";
import { carriedVariables, type ExtremesInput, extremesInput, resultAttributes } from "./extremes-input.ts";

/** Which end of the values is extreme: the largest, or the smallest. */
export type Tail = "upper" | "lower";

export const TAILS: readonly Tail[] = ["upper", "lower"];

/** What {@link blockMaxima} takes. */
export interface BlockMaximaOptions extends ExtremesInput {
  /** Of the blocks, as in `periodsOf`: `"YS"` (default), `"YS-OCT"` for hydrological years. */
  readonly frequency?: string | undefined;
  /** When a block is too incomplete for a maximum; `"any"` by default. */
  readonly missing?: MissingRule | undefined;
  /** `"lower"` takes minima. `"upper"` by default. */
  readonly tail?: Tail | undefined;
}

/**
 * The largest (or smallest) value of each block of time, for every cell.
 *
 * @returns A variable of the same name, `[time, …]`, NaN where a block is too incomplete; time is the start of each block, with bounds.
 * @throws `TWIN_VARIABLE_NOT_FOUND`, `TWIN_CLIMATE_INPUT_INVALID` (variable not along time), `TWIN_FREQUENCY_INVALID`,
 *   `TWIN_TIME_AXIS_INVALID`, `TWIN_UNITS_INCOMPATIBLE`, `TWIN_INVALID_ARGUMENT` (tail); what reading throws.
 */
export async function blockMaxima(source: Dataset, options: BlockMaximaOptions): Promise<Dataset> {
  const { frequency = "YS", missing = "any", tail = "upper", context, maxBytes, signal, onProgress } = options;
  oneOf("tail", tail, TAILS);
  const { variable, axis, unit } = await extremesInput(source, options);
  const periods = periodsOf(axis, frequency);
  const { dim } = axis;
  const extremes = blockExtremes(periods, missingPeriods(axis, periods, missing), tail);
  const results = await mapSeries([{ variable, unit, context }], {
    along: dim,
    outputs: [{ name: "extremes", dim, length: periods.count, unit }],
    kernel: ([series], [result]) => extremes(series as Float64Array, result as Float64Array),
    ...{ maxBytes, signal, onProgress },
  });
  const method = tail === "upper" ? "maximum" : "minimum";
  const before = variable.attributes["cell_methods"];
  const starts = Float64Array.from({ length: periods.count }, (_, period) => periods.bounds[2 * period] as number);
  const bounds = `${dim}_bnds`;
  return decodeCf(
    dataset({
      variables: {
        [dim]: {
          array: new NdArray(starts, { dtype: "float64", shape: [periods.count], dims: [dim], unit: axis.time.unit }),
          attributes: { standard_name: "time", axis: "T", calendar: axis.time.calendar, bounds },
        },
        [bounds]: {
          array: new NdArray(periods.bounds, { dtype: "float64", shape: [periods.count, 2], dims: [dim, "bnds"] }),
        },
        ...(await carriedVariables(source, variable, dim, signal)),
        [variable.name]: {
          array: results["extremes"] as NdArray,
          attributes: {
            ...resultAttributes(variable),
            cell_methods: `${typeof before === "string" ? `${before} ` : ""}${dim}: ${method}`,
          } satisfies Attributes,
        },
      },
      attributes: { Conventions: "CF-1.11" },
    }),
  );
}

/** Makes what finds the extreme of each period of a series; NaN where a period is missing. For the lower tail, the least value. */
export function blockExtremes(
  { count, start, stop }: Periods,
  findMissing: FindMissingPeriods,
  tail: Tail,
): (series: Float64Array, result: Float64Array) => void {
  const missing = new Uint8Array(count);
  const isUpper = tail === "upper";
  return (series, result) => {
    findMissing(series, missing);
    for (let period = 0; period < count; period++) {
      let most = Number.NaN;
      const end = stop[period] as number;
      for (let step = start[period] as number; step < end; step++) {
        const value = series[step] as number;
        if (isUpper ? !(value <= most) : !(value >= most)) most = Number.isNaN(value) ? most : value;
      }
      result[period] = missing[period] ? Number.NaN : most;
    }
  };
}
