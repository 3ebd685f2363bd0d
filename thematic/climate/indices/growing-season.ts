import { absentSteps } from "../../../core/index.ts";
import { markWhere } from "./compare.ts";
import { type IndexContext, type IndexDefinition, thresholdOf } from "./definition.ts";
import { TAS } from "./inputs.ts";
import { perCondition } from "./per-period.ts";
import { firstRun } from "./spells.ts";

const growingSeason: IndexDefinition = {
  name: "GSL",
  aliases: ["growing_season_length"],
  title: "Growing season length",
  definition:
    "Days from the first of the first `window` days in a row with tas >= threshold, which begins before the middle of the year, to the day before the first `window` days in a row with tas < threshold, which begin on the first day of its second half or later: July 1 of years from January (YS, northern hemisphere), January 1 of years from July (YS-JUL, southern hemisphere). To the end of the year where it does not end; 0 where it does not begin. Spells are looked for within the year.",
  source:
    "Expert Team on Climate Change Detection and Indices (ETCCDI), index 9; Zhang et al. 2011, WIREs Climate Change 2, 851, table 1",
  peers: {
    follows: "xclim",
    differences: {
      ETCCDI:
        "States > 5 degC for the beginning, and < 5 degC for the end; a day of just 5 degC is in the season here, as in xclim.",
      "climdex.pcic":
        "As ETCCDI. The hemisphere is stated by the user (northern.hemisphere), and years of the southern one go from July to June; here the frequency states it.",
      fclimdex: "Tells the hemisphere by the latitude of the station.",
      xclim: "Takes another middle of the year as mid_date.",
    },
  },
  inputs: [TAS],
  unit: "day",
  cellMethods: "time: mean within days time: sum over days",
  frequency: "YS",
  frequencies: ["YS", "YS-JUL"],
  parameters: {
    threshold: { default: 5, unit: "degC", description: "tas from which on plants grow" },
    window: {
      default: 6,
      unit: "day",
      description: "Days in a row that begin or end the season",
      isInteger: true,
      min: 1,
      max: 180,
    },
  },
  kernel(context) {
    const limit = thresholdOf(context, 0, context.parameters["threshold"] as number);
    const window = context.parameters["window"] as number;
    const middles = middlesOfPeriods(context);
    const absent = absentSteps(context.axis);
    const daysBetween = (first: number, end: number): number => {
      let days = end - first;
      for (let step = first + 1; step < end; step++) days += absent[step] as number;
      return days;
    };
    return perCondition(
      context,
      ([tas], condition) => markWhere(tas as Float64Array, ">=", limit, condition),
      (condition, { start, stop, breaks }) => {
        const middle = middles.get(start) ?? stop;
        const first = firstRun(condition, { start, stop: Math.min(stop, middle + window - 1), breaks }, window);
        if (first < 0) return 0;
        const end = firstRun(condition, { start: Math.max(first, middle), stop, breaks }, window, 0);
        return daysBetween(first, end < 0 ? stop : end);
      },
    );
  },
};

/** By the first step of a period: the first one of its second half. */
function middlesOfPeriods({ axis, periods }: IndexContext): ReadonlyMap<number, number> {
  const month = periods.frequency.endsWith("JUL") ? 1 : 7;
  const middles = new Map<number, number>();
  for (let period = 0; period < periods.count; period++) {
    const [start, stop] = [periods.start[period] as number, periods.stop[period] as number];
    // Months of the second half: July to December, or January to June.
    let step = start;
    while (step < stop && (month === 7 ? (axis.month[step] as number) < 7 : (axis.month[step] as number) >= 7)) step++;
    middles.set(start, step);
  }
  return middles;
}

/** Length of the growing season. */
export const growingSeasonIndices: readonly IndexDefinition[] = [growingSeason];
