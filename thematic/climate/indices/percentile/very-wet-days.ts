import type { SeriesKernel } from "../../../../core/index.ts";
import { type IndexContext, type IndexDefinition, thresholdOf } from "../definition.ts";
import { PR } from "../inputs.ts";
import { ETCCDI, percentileParameter } from "./exceedance.ts";
import { quantile8 } from "./quantile8.ts";

/**
 * Precipitation of days above a percentile of the wet days of the base period; `isShare`: in percent of that of all wet days.
 */
function veryWetKernel(isShare: boolean, context: IndexContext): SeriesKernel {
  const { base, periods, parameters } = context;
  const { percentile = 95 } = parameters;
  const wetDay = thresholdOf(context, 0, parameters["wetDay"] as number);
  const sample = new Float64Array(base.stop - base.start);
  return ([series], [output]) => {
    const values = series as Float64Array;
    let n = 0;
    for (let i = base.start; i < base.stop; i++) {
      const value = values[i] as number;
      if (value >= wetDay) sample[n++] = value;
    }
    const threshold = quantile8(sample, n, percentile / 100);
    for (let period = 0; period < periods.count; period++) {
      let [above, wet] = [0, 0];
      for (let i = periods.start[period] as number; i < (periods.stop[period] as number); i++) {
        const value = values[i] as number;
        if (!(value >= wetDay)) continue;
        wet += value;
        if (value > threshold) above += value;
      }
      const result = isShare ? (100 * above) / wet : above;
      (output as Float64Array)[period] = Number.isNaN(threshold) ? Number.NaN : result;
    }
  };
}

function veryWetIndex(percentile: 95 | 99, isShare: boolean): IndexDefinition {
  const days = percentile === 95 ? "very wet days" : "extremely wet days";
  const name = `R${percentile}p${isShare ? "TOT" : ""}`;
  const threshold = `the ${percentile}th percentile of the wet days (pr >= 1 mm) of the base period, estimated over all of them together as Hyndman and Fan's type 8`;
  const noWet = "Where the base period has no wet day, all periods are missing";
  return {
    name,
    title: isShare ? `Share of ${days} in the precipitation of wet days` : `Precipitation of ${days}`,
    definition: isShare
      ? `100 times the precipitation of days with pr > ${threshold}, over that of all days with pr >= 1 mm. ${noWet}; so is a period without a wet day.`
      : `Sum of pr over the days with pr > ${threshold}. ${noWet}.`,
    source: isShare ? `${ETCCDI}: R${percentile}p over PRCPTOT, as in ClimPACT.` : `${ETCCDI}, R${percentile}p.`,
    peers: {
      follows: "climdex.pcic",
      differences: {
        "climdex.pcic": `its r${percentile}ptot is this index's ${isShare ? "numerator, the amount in mm" : "amount in mm"}${isShare ? "" : "; this program calls the share in percent R95pTOT, as ClimPACT does"}`,
        fclimdex: isShare ? "has the amount only" : "sums all wet days where the base period has none",
        xclim: `has no such sum: days_over_precip_thresh counts days above the greater of 1 mm/day and thresholds that are given, fraction_over_precip_thresh gives the share as a fraction; a wet day is > 1 mm/day there`,
      },
    },
    inputs: [PR],
    unit: isShare ? "percent" : "mm",
    cellMethods: "time: sum within days time: sum over days",
    frequency: "YS",
    base: true,
    parameters: {
      percentile: percentileParameter(percentile),
      wetDay: { default: 1, unit: "mm/day", description: "Least precipitation of a wet day", min: 0 },
    },
    kernel: (context) => veryWetKernel(isShare, context),
  };
}

export const veryWetDayIndices: readonly IndexDefinition[] = [
  veryWetIndex(95, false),
  veryWetIndex(99, false),
  veryWetIndex(95, true),
  veryWetIndex(99, true),
];
