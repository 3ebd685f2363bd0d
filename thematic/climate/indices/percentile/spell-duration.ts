import type { SeriesKernel } from "../../../../core/index.ts";
import type { IndexContext, IndexDefinition } from "../definition.ts";
import { breaksOf, daysInRuns } from "../spells.ts";
import { dayThresholds } from "./day-thresholds.ts";
import { dayWindows } from "./day-windows.ts";
import {
  ETCCDI,
  type Exceedance,
  hasGaps,
  lacksThreshold,
  percentileParameter,
  percentileWindow,
  THRESHOLD_DEFINITION,
  temperatureInput,
} from "./exceedance.ts";

/** Days in spells of days that are all beyond their thresholds. */
function spellKernel({ side }: Exceedance, { axis, base, periods, parameters }: IndexContext): SeriesKernel {
  const { percentile = 90, percentileWindow: window = 5, window: minLength = 6 } = parameters;
  const thresholdsOf = dayThresholds(dayWindows(axis, base, window), percentile);
  const day = axis.dayOfYear.map((dayOfYear) => dayOfYear - 1);
  const beyond = new Uint8Array(axis.length);
  const breaks = breaksOf(axis);
  const isAbove = side === ">";
  return ([series], [days]) => {
    const [values, output] = [series as Float64Array, days as Float64Array];
    const thresholds = thresholdsOf(values);
    const lacks = hasGaps(thresholds);
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      const threshold = thresholds[day[i] as number] as number;
      beyond[i] = isAbove ? Number(value > threshold) : Number(value < threshold);
    }
    for (let period = 0; period < periods.count; period++) {
      const [start, stop] = [periods.start[period] as number, periods.stop[period] as number];
      output[period] =
        lacks && lacksThreshold({ values, day, start, stop }, thresholds)
          ? Number.NaN
          : daysInRuns(beyond, { start, stop, breaks }, minLength);
    }
  };
}

function spellIndex(name: string, title: string, exceedance: Exceedance): IndexDefinition {
  const { variable, side, percentile } = exceedance;
  const what = variable === "tasmax" ? "maximum" : "minimum";
  return {
    name,
    title,
    definition: `Days in spells of 6 or more days in a row with ${variable} ${side} the threshold of their day of the year (the ${percentile}th percentile). Spells are cut at the ends of a period: each part counts where it has 6 days or more. A missing day ends a spell. ${THRESHOLD_DEFINITION}`,
    source: `${ETCCDI}, ${name}; thresholds as xclim's core.calendar.percentile_doy.`,
    peers: {
      follows: "xclim",
      differences: {
        "climdex.pcic":
          "spells are cut at the ends of years by default, and may go on with spells.can.span.years; the 29th of February is left out of the samples",
        fclimdex:
          "spells are cut at the ends of years; thresholds are moved outwards by 1e-5 against rounding; the 29th of February is left out of the samples",
        xclim: "a day without a threshold is counted as not beyond it",
      },
    },
    inputs: [temperatureInput(variable)],
    unit: "day",
    cellMethods: `time: ${what} within days time: sum over days`,
    frequency: "YS",
    base: true,
    parameters: {
      percentile: percentileParameter(percentile),
      percentileWindow,
      window: { default: 6, unit: "day", description: "Shortest spell that counts", isInteger: true, min: 1 },
    },
    kernel: (context) => spellKernel(exceedance, context),
  };
}

export const spellDurationIndices: readonly IndexDefinition[] = [
  spellIndex("WSDI", "Warm spell duration index: days in spells of warm days", {
    variable: "tasmax",
    side: ">",
    percentile: 90,
  }),
  spellIndex("CSDI", "Cold spell duration index: days in spells of cold nights", {
    variable: "tasmin",
    side: "<",
    percentile: 10,
  }),
];
