import type { SeriesKernel } from "../../../../core/index.ts";
import type { IndexContext, IndexDefinition, IndexParameter } from "../definition.ts";
import { dayThresholds } from "./day-thresholds.ts";
import { dayWindows } from "./day-windows.ts";

/** An index of days beyond a percentile of their day of the year. */
export interface Exceedance {
  readonly variable: "tasmax" | "tasmin";
  /** `">"`: days above; `"<"`: days below. */
  readonly side: ">" | "<";
  readonly percentile: number;
}

export const percentileWindow: IndexParameter = {
  default: 5,
  unit: "day",
  description: "Days around each day of the year whose values are in its sample, itself included; odd",
  isInteger: true,
  min: 1,
  max: 61,
};

export function percentileParameter(percentile: number): IndexParameter {
  return { default: percentile, unit: "percent", description: "Percentile of the threshold", min: 0, max: 100 };
}

export const THRESHOLD_DEFINITION =
  "Thresholds are percentiles of each day of the year over the base period: of all values in a 5-day window centred on that day, estimated as Hyndman and Fan's type 8. In leap years the 365 thresholds are interpolated to 366 days. A day that is not missing but has no threshold, as its window has no value in the base period, makes its period missing.";

/** Days beyond their thresholds in each period. */
export function exceedanceKernel({ side }: Pick<Exceedance, "side">, context: IndexContext): SeriesKernel {
  const { axis, base, periods, parameters } = context;
  const { percentile = 90, percentileWindow: window = 5 } = parameters;
  const thresholdsOf = dayThresholds(dayWindows(axis, base, window), percentile);
  const day = axis.dayOfYear.map((dayOfYear) => dayOfYear - 1);
  const isAbove = side === ">";
  const beyond = new Uint8Array(axis.length);
  return ([series], [days]) => {
    const [values, output] = [series as Float64Array, days as Float64Array];
    const thresholds = thresholdsOf(values);
    const lacks = hasGaps(thresholds);
    // Truths are stored and summed: faster than counting in a branch, which a processor cannot foresee.
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      const threshold = thresholds[day[i] as number] as number;
      beyond[i] = isAbove ? Number(value > threshold) : Number(value < threshold);
    }
    for (let period = 0; period < periods.count; period++) {
      const start = periods.start[period] as number;
      const stop = periods.stop[period] as number;
      output[period] =
        lacks && lacksThreshold({ values, day, start, stop }, thresholds) ? Number.NaN : sum(beyond, start, stop);
    }
  };
}

/** Some steps of a series, and the day of the year of each, from 0. */
interface Steps {
  readonly values: Float64Array;
  readonly day: Uint16Array;
  readonly start: number;
  readonly stop: number;
}

function sum(truths: Uint8Array, start: number, stop: number): number {
  let count = 0;
  for (let i = start; i < stop; i++) count += truths[i] as number;
  return count;
}

/** Whether a value is missing. */
export function hasGaps(values: Float64Array): boolean {
  let missing = 0;
  for (let i = 0; i < values.length; i++) missing += Number(Number.isNaN(values[i]));
  return missing > 0;
}

/** Whether a value is there that has no threshold to be compared with. */
export function lacksThreshold({ values, day, start, stop }: Steps, thresholds: Float64Array): boolean {
  for (let i = start; i < stop; i++) {
    if (Number.isNaN(thresholds[day[i] as number]) && !Number.isNaN(values[i])) return true;
  }
  return false;
}

const INPUTS = {
  tasmax: { name: "tasmax", standardName: "air_temperature", unit: "K", cellMethod: "maximum" },
  tasmin: { name: "tasmin", standardName: "air_temperature", unit: "K", cellMethod: "minimum" },
} as const satisfies Record<string, IndexDefinition["inputs"][number]>;

export function temperatureInput(variable: Exceedance["variable"]): IndexDefinition["inputs"][number] {
  return INPUTS[variable];
}

export const ETCCDI =
  'X. Zhang et al., "Indices for monitoring changes in extremes based on daily temperature and precipitation data", WIREs Climate Change 2 (2011) 851';

function exceedanceIndex(name: string, exceedance: Exceedance): IndexDefinition {
  const { variable, side, percentile } = exceedance;
  const what = variable === "tasmax" ? "maximum" : "minimum";
  const where = side === ">" ? "above" : "below";
  return {
    name,
    title: `Days with a ${what} temperature ${where} the ${percentile}th percentile`,
    definition: `Days with ${variable} ${side} the threshold of their day of the year. ${THRESHOLD_DEFINITION}`,
    source: `${ETCCDI}, ${name}; thresholds as xclim's core.calendar.percentile_doy.`,
    peers: {
      follows: "xclim",
      differences: {
        "climdex.pcic":
          "percent of days in place of days; in the base period the mean over thresholds that leave out the year itself (bootstrap of Zhang et al. 2005); the 29th of February is left out of the samples and shares the threshold of its neighbour",
        fclimdex:
          "as climdex.pcic; a threshold is moved outwards by 1e-5 against rounding, and a cell is missing where a window has less than 85 % of its values",
        xclim:
          "a day without a threshold is counted as not beyond it; windows are of steps, so that days which the axis lacks let them reach farther",
      },
    },
    inputs: [temperatureInput(variable)],
    unit: "day",
    cellMethods: `time: ${what} within days time: sum over days`,
    frequency: "YS",
    base: true,
    parameters: { percentile: percentileParameter(percentile), percentileWindow },
    kernel: (context) => exceedanceKernel(exceedance, context),
  };
}

export const exceedanceIndices: readonly IndexDefinition[] = [
  exceedanceIndex("TX90p", { variable: "tasmax", side: ">", percentile: 90 }),
  exceedanceIndex("TX10p", { variable: "tasmax", side: "<", percentile: 10 }),
  exceedanceIndex("TN90p", { variable: "tasmin", side: ">", percentile: 90 }),
  exceedanceIndex("TN10p", { variable: "tasmin", side: "<", percentile: 10 }),
];
