import { markWhere } from "./compare.ts";
import { type IndexContext, type IndexDefinition, type IndexParameter, thresholdOf } from "./definition.ts";
import { TASMAX, TASMIN } from "./inputs.ts";
import { perCondition } from "./per-period.ts";
import { daysInRuns, longestRun, type RunRange, runsStarted } from "./spells.ts";

const CUT = "Spells are cut at the ends of periods, and a missing day ends them.";
const SPAN = {
  xclim: "With resample_before_rl=False a spell counts, with all of its days, in the period in which it begins.",
};
const WINDOW: IndexParameter = {
  default: 3,
  unit: "day",
  description: "Shortest spell that counts",
  isInteger: true,
  min: 1,
};

/** A spell index: of runs, at least `window` days long, of a condition of both temperatures. */
interface Spells {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly title: string;
  readonly definition: string;
  readonly unit: "day" | "1";
  /** Of the runs of a period. */
  readonly value: (condition: Uint8Array, range: RunRange, window: number) => number;
}

function heatWaves({ name, aliases, title, definition, unit, value }: Spells): IndexDefinition {
  return {
    name,
    aliases,
    title,
    definition: `${definition} A heat wave is \`window\` days in a row, or more, with tasmin > thresholdTasmin and tasmax > thresholdTasmax. ${CUT}`,
    source: "Casati et al. 2013, J. Appl. Meteorol. Climatol. 52, 2669; xclim, heat_wave_frequency",
    peers: {
      follows: "xclim",
      differences: {
        ...SPAN,
        "climdex.pcic": "Has no heat waves of fixed thresholds.",
        cdo: "eca_hwdi and eca_hwfi are spells above a climatology, or a percentile.",
      },
    },
    inputs: [TASMIN, TASMAX],
    unit,
    cellMethods: "time: sum over days",
    frequency: "YS",
    parameters: {
      thresholdTasmin: { default: 22, unit: "degC", description: "tasmin that a day of a heat wave is above" },
      thresholdTasmax: { default: 30, unit: "degC", description: "tasmax that a day of a heat wave is above" },
      window: WINDOW,
    },
    kernel(context) {
      const { parameters } = context;
      const low = thresholdOf(context, 0, parameters["thresholdTasmin"] as number);
      const high = thresholdOf(context, 1, parameters["thresholdTasmax"] as number);
      const window = parameters["window"] as number;
      return perCondition(
        context,
        ([tasmin, tasmax], condition) => {
          for (let step = 0; step < condition.length; step++) {
            const isHot = ((tasmin as Float64Array)[step] as number) > low;
            condition[step] = isHot && ((tasmax as Float64Array)[step] as number) > high ? 1 : 0;
          }
        },
        (condition, range) => value(condition, range, window),
      );
    },
  };
}

function freezeThaw({ name, aliases, title, definition, unit, value }: Spells): IndexDefinition {
  return {
    name,
    aliases,
    title,
    definition: `${definition} A day of freeze and thaw has tasmin <= thresholdTasmin and tasmax > thresholdTasmax. ${CUT}`,
    source: "xclim, multiday_temperature_swing",
    peers: { follows: "xclim", differences: SPAN },
    inputs: [TASMIN, TASMAX],
    unit,
    cellMethods: "time: sum over days",
    frequency: "YS",
    parameters: {
      thresholdTasmin: { default: 0, unit: "degC", description: "tasmin that a day of freeze is at or below" },
      thresholdTasmax: { default: 0, unit: "degC", description: "tasmax that a day of thaw is above" },
      window: { ...WINDOW, default: 1 },
    },
    kernel(context) {
      const { parameters } = context;
      const freeze = thresholdOf(context, 0, parameters["thresholdTasmin"] as number);
      const thaw = thresholdOf(context, 1, parameters["thresholdTasmax"] as number);
      const window = parameters["window"] as number;
      return perCondition(
        context,
        ([tasmin, tasmax], condition) => {
          for (let step = 0; step < condition.length; step++) {
            const freezes = ((tasmin as Float64Array)[step] as number) <= freeze;
            condition[step] = freezes && ((tasmax as Float64Array)[step] as number) > thaw ? 1 : 0;
          }
        },
        (condition, range) => value(condition, range, window),
      );
    },
  };
}

function consecutive(
  name: string,
  how: {
    readonly aliases: readonly string[];
    readonly title: string;
    readonly of: typeof TASMAX;
    readonly comparison: ">" | "<";
    readonly threshold: number;
  },
): IndexDefinition {
  const { of, comparison, threshold } = how;
  return {
    name,
    aliases: how.aliases,
    title: how.title,
    definition: `Most days in a row with ${of.name} ${comparison} threshold. ${CUT}`,
    source: "European Climate Assessment & Dataset (ECA&D), ATBD of indices, 2021: CSU and CFD",
    peers: {
      follows: "xclim",
      differences: {
        ...SPAN,
        cdo: `${comparison === ">" ? "eca_csu" : "eca_cfd"} lets spells go over the ends of years, unless it is told a frequency.`,
      },
    },
    inputs: [of],
    unit: "day",
    cellMethods: `time: ${of.cellMethod} within days time: sum over days`,
    frequency: "YS",
    parameters: { threshold: { default: threshold, unit: "degC", description: `${of.name} that is compared with` } },
    kernel(context: IndexContext) {
      const limit = thresholdOf(context, 0, context.parameters["threshold"] as number);
      return perCondition(
        context,
        ([series], condition) => markWhere(series as Float64Array, comparison, limit, condition),
        (condition, range) => longestRun(condition, range),
      );
    },
  };
}

/** Heat waves, spells of freeze and thaw, and longest runs of warm and cold days. */
export const heatWaveIndices: readonly IndexDefinition[] = [
  heatWaves({
    name: "heat_wave_frequency",
    aliases: [],
    title: "Number of heat waves",
    definition: "Number of heat waves.",
    unit: "1",
    value: runsStarted,
  }),
  heatWaves({
    name: "heat_wave_max_length",
    aliases: [],
    title: "Length of the longest heat wave",
    definition: "Days of the longest heat wave; 0 where there is none.",
    unit: "day",
    value: longestRun,
  }),
  heatWaves({
    name: "heat_wave_total_length",
    aliases: [],
    title: "Days in heat waves",
    definition: "Number of days in heat waves.",
    unit: "day",
    value: daysInRuns,
  }),
  consecutive("CSU", {
    aliases: ["maximum_consecutive_warm_days", "maximum_consecutive_tx_days", "consecutive_summer_days"],
    title: "Longest run of summer days: maximum temperature above 25 degC",
    of: TASMAX,
    comparison: ">",
    threshold: 25,
  }),
  consecutive("CFD", {
    aliases: ["maximum_consecutive_frost_days", "consecutive_frost_days"],
    title: "Longest run of frost days: minimum temperature below 0 degC",
    of: TASMIN,
    comparison: "<",
    threshold: 0,
  }),
  freezeThaw({
    name: "freezethaw_spell_frequency",
    aliases: [],
    title: "Number of spells of freeze and thaw",
    definition: "Number of spells, `window` days long or longer, of days of freeze and thaw.",
    unit: "1",
    value: runsStarted,
  }),
  freezeThaw({
    name: "freezethaw_spell_max_length",
    aliases: [],
    title: "Length of the longest spell of freeze and thaw",
    definition: "Days of the longest spell of days of freeze and thaw; 0 where none has `window` days.",
    unit: "day",
    value: longestRun,
  }),
  freezeThaw({
    name: "dlyfrzthw",
    aliases: ["daily_freezethaw_cycles", "freezethaw_days"],
    title: "Days of freeze and thaw",
    definition: "Number of days of freeze and thaw, in spells of `window` days or more.",
    unit: "day",
    value: daysInRuns,
  }),
];
