import { missingPeriods } from "../../../../core/index.ts";
import type { IndexContext, IndexDefinition } from "../definition.ts";
import { PR } from "../inputs.ts";
import { standardizer } from "./standardized-index.ts";

/** SPI, of daily or monthly precipitation. */
export const standardizedPrecipitationIndex: IndexDefinition = {
  name: "SPI",
  title: "Standardized precipitation index",
  definition:
    "Mean precipitation of each month, averaged over the last so many months (parameter months), as a quantile of the standard normal distribution: " +
    "z = Φ⁻¹(q + (1 - q) G(x)), clipped at ±3.09. Of each calendar month, q is the part of zeros and G the gamma distribution of the values above 0 " +
    "in the base period, fitted by Thom's approximation of the greatest likelihood. A zero has z = Φ⁻¹(q). A month is missing where one that it is " +
    "averaged over is too incomplete, or where its calendar month has fewer than two different values above 0 in the base period.",
  source:
    "McKee, Doesken and Kleist (1993), 8th Conference on Applied Climatology, 179; Edwards and McKee (1997), Climatology Report 97-2, Colorado State University; WMO-No. 1090 (2012)",
  peers: {
    follows: "xclim",
    differences: {
      xclim:
        "Of standardized_precipitation_index with dist gamma, method APP, floc 0: results are clipped at ±8.21; a month with some missing days is the mean of the others; " +
        "of a calendar month that is always dry, a dry month is 8.21, here it is missing.",
      climate_indices:
        "Sums of monthly totals in place of means of monthly means, so that months count by their length.",
    },
  },
  inputs: [PR],
  unit: "1",
  cellMethods: "time: mean",
  frequency: "MS",
  frequencies: ["MS"],
  steps: "day or month",
  base: true,
  parameters: {
    months: {
      default: 1,
      unit: "month",
      description: "Months over which precipitation is averaged: 3, 6, 12, …",
      min: 1,
      max: 120,
      isInteger: true,
    },
    likelihood: {
      default: 0,
      unit: "1",
      description: "How distributions are fitted: 0 by Thom's approximation, 1 by the greatest likelihood itself",
      min: 0,
      max: 1,
      isInteger: true,
    },
  },
  kernel(context) {
    const { axis, periods, parameters } = context;
    const { count, start, stop } = periods;
    const calendarMonth = Uint8Array.from(
      { length: count },
      (_, period) => axis.time.decode(periods.bounds[2 * period] as number).month,
    );
    const standardize = standardizer(count, {
      months: parameters["months"] as number,
      calendarMonth,
      calibration: monthsOf(context),
      method: parameters["likelihood"] === 1 ? "maximum-likelihood" : "thom",
    });
    const findMissing = context.missing ?? missingPeriods(axis, periods, "any");
    const missing = new Uint8Array(count);
    const means = new Float64Array(count);
    return ([precipitation], [output]) => {
      const series = precipitation as Float64Array;
      findMissing(series, missing);
      for (let period = 0; period < count; period++) {
        means[period] =
          missing[period] === 1 ? Number.NaN : meanOf(series, start[period] as number, stop[period] as number);
      }
      standardize(means, output as Float64Array);
    };
  },
};

/** The months that lie in the base period, whole. */
function monthsOf({ periods: { count, start, stop }, base }: IndexContext): {
  readonly start: number;
  readonly stop: number;
} {
  let first = 0;
  while (first < count && (start[first] as number) < base.start) first++;
  let end = count;
  while (end > first && (stop[end - 1] as number) > base.stop) end--;
  return { start: first, stop: end };
}

/** Of the steps that are not missing. */
function meanOf(series: Float64Array, from: number, to: number): number {
  let [sum, days] = [0, 0];
  for (let i = from; i < to; i++) {
    const value = series[i] as number;
    if (Number.isNaN(value)) continue;
    sum += value;
    days++;
  }
  return sum / days;
}
