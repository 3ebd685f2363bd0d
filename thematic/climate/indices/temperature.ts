import { type Comparison, countWhere, largest, smallest } from "./compare.ts";
import { type IndexDefinition, type IndexInput, thresholdOf } from "./definition.ts";
import { growingSeasonIndices } from "./growing-season.ts";
import { heatWaveIndices } from "./heat-waves.ts";
import { TASMAX, TASMIN } from "./inputs.ts";
import { perPeriod } from "./per-period.ts";

const ETCCDI =
  "Expert Team on Climate Change Detection and Indices (ETCCDI), definitions of the 27 core indices; Zhang et al. 2011, WIREs Climate Change 2, 851, table 1";

/** Differences that all counts and extremes of days have. */
const ALIKE = {
  "climdex.pcic":
    "A year of which more than 15 days are missing is missing, and a month of which more than 3 are; here any missing day makes it so, unless another rule is asked for.",
  fclimdex: "As climdex.pcic.",
};

function extreme(
  name: string,
  input: IndexInput,
  {
    of,
    how,
    alias,
  }: { readonly of: "maximum" | "minimum"; readonly how: "maximum" | "minimum"; readonly alias: string },
): IndexDefinition {
  const pick = how === "maximum" ? largest : smallest;
  return {
    name,
    aliases: [alias],
    title: `${how === "maximum" ? "Highest" : "Lowest"} daily ${of} temperature`,
    definition: `${how === "maximum" ? "Largest" : "Smallest"} ${input.name} of the days of a period.`,
    source: ETCCDI,
    peers: { follows: "xclim", differences: ALIKE },
    inputs: [input],
    unit: "degC",
    standardName: "air_temperature",
    cellMethods: `time: ${of} within days time: ${how} over days`,
    frequency: "YS",
    kernel: (context) => perPeriod(context, ([series], start, stop) => pick(series as Float64Array, start, stop)),
  };
}

function count(
  name: string,
  input: IndexInput,
  how: {
    readonly alias: string;
    readonly title: string;
    readonly comparison: Comparison;
    readonly threshold: number;
    readonly differences?: Readonly<Record<string, string>>;
  },
): IndexDefinition {
  const { comparison } = how;
  return {
    name,
    aliases: [how.alias],
    title: how.title,
    definition: `Number of days with ${input.name} ${comparison} threshold.`,
    source: ETCCDI,
    peers: { follows: "xclim", differences: { ...ALIKE, ...how.differences } },
    inputs: [input],
    unit: "day",
    cellMethods: `time: ${input.cellMethod} within days time: sum over days`,
    frequency: "YS",
    parameters: {
      threshold: { default: how.threshold, unit: "degC", description: `${input.name} that is compared with` },
    },
    kernel(context) {
      const limit = thresholdOf(context, 0, context.parameters["threshold"] as number);
      return perPeriod(context, ([series], start, stop) =>
        countWhere(series as Float64Array, { start, stop }, comparison, limit),
      );
    },
  };
}

const temperatureRange: IndexDefinition = {
  name: "DTR",
  aliases: ["daily_temperature_range"],
  title: "Mean daily temperature range",
  definition: "Mean of tasmax - tasmin over the days of a period that have both.",
  source: ETCCDI,
  peers: { follows: "xclim", differences: ALIKE },
  inputs: [TASMAX, TASMIN],
  unit: "K",
  isDifference: true,
  cellMethods: "time: range within days time: mean over days",
  frequency: "YS",
  kernel: (context) =>
    perPeriod(context, ([high, low], start, stop) => {
      let sum = 0;
      let days = 0;
      for (let step = start; step < stop; step++) {
        const range = (high as Float64Array)[step] as number;
        const difference = range - ((low as Float64Array)[step] as number);
        if (Number.isNaN(difference)) continue;
        sum += difference;
        days++;
      }
      return days === 0 ? Number.NaN : sum / days;
    }),
};

/** Indices of temperatures that need no percentiles. */
export const temperatureIndices: readonly IndexDefinition[] = [
  extreme("TXx", TASMAX, { of: "maximum", how: "maximum", alias: "tx_max" }),
  extreme("TXn", TASMAX, { of: "maximum", how: "minimum", alias: "tx_min" }),
  extreme("TNx", TASMIN, { of: "minimum", how: "maximum", alias: "tn_max" }),
  extreme("TNn", TASMIN, { of: "minimum", how: "minimum", alias: "tn_min" }),
  count("SU", TASMAX, {
    alias: "summer_days",
    title: "Summer days: days with a maximum temperature above 25 degC",
    comparison: ">",
    threshold: 25,
  }),
  count("FD", TASMIN, {
    alias: "frost_days",
    title: "Frost days: days with a minimum temperature below 0 degC",
    comparison: "<",
    threshold: 0,
  }),
  count("ID", TASMAX, {
    alias: "ice_days",
    title: "Ice days: days with a maximum temperature below 0 degC",
    comparison: "<",
    threshold: 0,
  }),
  count("TR", TASMIN, {
    alias: "tropical_nights",
    title: "Tropical nights: days with a minimum temperature above 20 degC",
    comparison: ">",
    threshold: 20,
  }),
  temperatureRange,
  ...growingSeasonIndices,
  ...heatWaveIndices,
];
