import { type Comparison, countWhere, largest, markWhere } from "./compare.ts";
import { type IndexDefinition, type IndexParameter, thresholdOf } from "./definition.ts";
import { PR } from "./inputs.ts";
import { perCondition, perPeriod } from "./per-period.ts";
import { breaksOf, longestRun, type RunRange } from "./spells.ts";

const ETCCDI =
  "Expert Team on Climate Change Detection and Indices (ETCCDI), definitions of the 27 core indices; Zhang et al. 2011, WIREs Climate Change 2, 851, table 1";

const WET: IndexParameter = {
  default: 1,
  unit: "mm/day",
  description: "Precipitation from which on a day is wet",
  min: 0,
};

/** What precipitation indices have in common. */
const COMMON = {
  source: ETCCDI,
  inputs: [PR],
  frequency: "YS",
} as const satisfies Partial<IndexDefinition>;

function wettest(name: string, aliases: readonly string[], days: number): IndexDefinition {
  const isOne = days === 1;
  return {
    ...COMMON,
    name,
    aliases,
    title: isOne ? "Largest precipitation of a day" : `Largest precipitation of ${days} days in a row`,
    definition: isOne
      ? "Largest amount of precipitation of a day."
      : "Largest amount of precipitation of `window` days in a row, of those windows that end in the period. A window with a missing day, or one that the axis lacks, counts for nothing; a window may begin in the period before.",
    peers: {
      follows: "xclim",
      differences: {
        "climdex.pcic": isOne
          ? "A month of which more than 3 days are missing is missing, and a year of more than 15."
          : "Assigns a window to its middle day, unless center.mean.on.last.day is set.",
        fclimdex: isOne ? "As climdex.pcic." : "Assigns a window to its last day, as here.",
      },
    },
    unit: "mm",
    cellMethods: isOne ? "time: maximum over days" : "time: sum within days time: maximum over days",
    ...(!isOne && {
      parameters: { window: { default: days, unit: "day", description: "Days in a row", isInteger: true, min: 1 } },
    }),
    kernel(context) {
      const window = context.parameters["window"] ?? 1;
      if (window === 1) return perPeriod(context, ([pr], start, stop) => largest(pr as Float64Array, start, stop));
      const breaks = breaksOf(context.axis);
      return perPeriod(context, ([pr], start, stop) =>
        wettestWindow(pr as Float64Array, { start, stop, breaks }, window),
      );
    },
  };
}

function wettestWindow(pr: Float64Array, { start, stop, breaks }: RunRange, window: number): number {
  let result = Number.NaN;
  for (let end = Math.max(start, window - 1); end < stop; end++) {
    const first = end - window + 1;
    let sum = pr[first] as number;
    for (let step = first + 1; step <= end; step++) {
      sum += breaks !== undefined && breaks[step] === 1 ? Number.NaN : (pr[step] as number);
    }
    if (!Number.isNaN(sum) && !(sum <= result)) result = sum;
  }
  return result;
}

function wetDays(name: string, aliases: readonly string[], threshold: number): IndexDefinition {
  return {
    ...COMMON,
    name,
    aliases,
    title:
      name === "Rnnmm"
        ? "Days with at least so much precipitation"
        : `Days with at least ${threshold} mm of precipitation`,
    definition: "Number of days with pr >= threshold.",
    peers: { follows: "xclim", differences: {} },
    unit: "day",
    cellMethods: "time: sum over days",
    parameters: { threshold: { ...WET, default: threshold, description: "Precipitation of a day that counts" } },
    kernel(context) {
      const limit = thresholdOf(context, 0, context.parameters["threshold"] as number);
      return perPeriod(context, ([pr], start, stop) => countWhere(pr as Float64Array, { start, stop }, ">=", limit));
    },
  };
}

function spell(
  name: string,
  how: { readonly alias: string; readonly title: string; readonly comparison: Comparison },
): IndexDefinition {
  return {
    ...COMMON,
    name,
    aliases: [how.alias],
    title: how.title,
    definition: `Most days in a row with pr ${how.comparison} threshold. Spells are cut at the ends of periods, and a missing day ends them.`,
    peers: {
      follows: "xclim",
      differences: {
        xclim: "With resample_before_rl=False a spell counts, with all of its days, in the period in which it begins.",
        "climdex.pcic":
          "Spells go over the ends of years by default (spells.can.span.years = TRUE), and count in the year in which they end.",
        fclimdex: "As climdex.pcic: spells go over the ends of years.",
        cdo: `eca_${name.toLowerCase()} counts over all of the data, unless it is told a frequency.`,
      },
    },
    unit: "day",
    cellMethods: "time: sum over days",
    parameters: { threshold: WET },
    kernel(context) {
      const limit = thresholdOf(context, 0, context.parameters["threshold"] as number);
      return perCondition(
        context,
        ([pr], condition) => markWhere(pr as Float64Array, how.comparison, limit, condition),
        (condition, range) => longestRun(condition, range),
      );
    },
  };
}

/** Sum and number of wet days. */
function wetSum(pr: Float64Array, start: number, stop: number, limit: number): readonly [number, number] {
  let sum = 0;
  let days = 0;
  for (let step = start; step < stop; step++) {
    const value = pr[step] as number;
    if (!(value >= limit)) continue;
    sum += value;
    days++;
  }
  return [sum, days];
}

const intensity: IndexDefinition = {
  ...COMMON,
  name: "SDII",
  aliases: ["daily_pr_intensity"],
  title: "Mean precipitation of wet days",
  definition: "Precipitation of the days with pr >= threshold, by their number. Missing where no day is wet.",
  peers: {
    follows: "xclim",
    differences: {},
  },
  unit: "mm/day",
  cellMethods: "time: mean over days",
  parameters: { threshold: WET },
  kernel(context) {
    const limit = thresholdOf(context, 0, context.parameters["threshold"] as number);
    return perPeriod(context, ([pr], start, stop) => {
      const [sum, days] = wetSum(pr as Float64Array, start, stop, limit);
      return days === 0 ? Number.NaN : sum / days;
    });
  },
};

const total: IndexDefinition = {
  ...COMMON,
  name: "PRCPTOT",
  aliases: ["wet_prcptot", "wet_precip_accumulation"],
  title: "Precipitation of wet days",
  definition: "Precipitation of the days with pr >= threshold.",
  peers: {
    follows: "climdex.pcic",
    differences: {
      xclim: "prcptot takes all days, of which threshold 0 leaves out those below 0 alone. wet_prcptot is this index.",
      cdo: "Has no such operator; yearsum takes all days.",
    },
  },
  unit: "mm",
  standardName: "lwe_thickness_of_precipitation_amount",
  cellMethods: "time: sum over days",
  parameters: { threshold: WET },
  kernel(context) {
    const limit = thresholdOf(context, 0, context.parameters["threshold"] as number);
    return perPeriod(context, ([pr], start, stop) => wetSum(pr as Float64Array, start, stop, limit)[0]);
  },
};

/** Indices of precipitation that need no percentiles. */
export const precipitationIndices: readonly IndexDefinition[] = [
  wettest("RX1day", ["max_1day_precipitation_amount"], 1),
  wettest("RX5day", ["max_5day_precipitation_amount"], 5),
  spell("CDD", {
    alias: "maximum_consecutive_dry_days",
    title: "Longest run of dry days: below 1 mm",
    comparison: "<",
  }),
  spell("CWD", {
    alias: "maximum_consecutive_wet_days",
    title: "Longest run of wet days: 1 mm or more",
    comparison: ">=",
  }),
  intensity,
  wetDays("R1mm", ["wetdays"], 1),
  wetDays("R10mm", [], 10),
  wetDays("R20mm", [], 20),
  wetDays("Rnnmm", ["days_over_precip_thresh"], 1),
  total,
];
