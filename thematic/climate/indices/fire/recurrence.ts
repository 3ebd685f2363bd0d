import {
  buildUpIndex,
  dailySeverityRating,
  droughtCode,
  duffMoistureCode,
  fineFuelMoistureCode,
  fireWeatherIndex,
  initialSpreadIndex,
  type NoonWeather,
  type Overwintering,
  overwinteredDroughtCode,
} from "./codes.ts";
import type { DayLengths } from "./day-length.ts";

/** Names of the codes, in the order in which they build on each other. */
export const FIRE_CODES = ["FFMC", "DMC", "DC", "ISI", "BUI", "FWI", "DSR"] as const;
/** Name of a code of the fire weather index system. */
export type FireCode = (typeof FIRE_CODES)[number];

/** How codes start in spring after dry days. */
export interface DryStart {
  /**
   * `"CFS"`: the start value, and more for each day since the last with rain. `"GFWED"`: so much for each such day, the day itself too, and nothing
   * where it rains; but the start value where snow lay for most of `snowCoverDays`.
   */
  readonly method: "CFS" | "GFWED";
  /** mm: more is rain; 1 by default. */
  readonly rain?: number;
  /** Per dry day, of the duff moisture code; 2 by default. */
  readonly dmc?: number;
  /** Per dry day, of the drought code; 5 by default. Overwintering takes its place. */
  readonly dc?: number;
  /** 60 by default. */
  readonly snowCoverDays?: number;
  /** Part of those days that must have snow; 0.75 by default. */
  readonly snowCover?: number;
  /** m, on their mean; 0.1 by default. */
  readonly snowMeanDepth?: number;
}

/** How codes of one day follow from those of the day before. */
export interface RecurrenceOptions {
  /** Codes that a season starts with; without seasons, those of the day before the first. */
  readonly start: { readonly ffmc: number; readonly dmc: number; readonly dc: number };
  readonly overwintering?: Overwintering | undefined;
  readonly dryStart?: DryStart | undefined;
  /** Days with a missing value, one after the other, over which codes are carried. */
  readonly maxGap: number;
  /** m, above which there is snow. */
  readonly snowDepth: number;
}

/** Weather of a place, by day. */
export interface FireWeatherSeries {
  /** degC. */
  readonly temperature: Float64Array;
  /** %. */
  readonly humidity: Float64Array;
  /** km/h. */
  readonly wind: Float64Array;
  /** mm. */
  readonly rain: Float64Array;
  /** m. */
  readonly snow?: Float64Array | undefined;
  /** `[day]`, 1 to 12. */
  readonly month: ArrayLike<number>;
  /** `[day]`: days that the data lack before it. */
  readonly absent: ArrayLike<number>;
  /** `[day]`: 1 in the fire season; `undefined` where it lasts for ever. */
  readonly active?: Uint8Array | undefined;
}

/** Computes all codes of a place, day after day; NaN out of season. */
export function fireWeatherRecurrence(
  series: FireWeatherSeries,
  lengths: DayLengths,
  options: RecurrenceOptions,
  outputs: Readonly<Record<FireCode, Float64Array>>,
): void {
  const { month, active, absent } = series;
  const { start, maxGap } = options;
  const winter = active && winterOf(series, options);
  const weather = { temperature: 0, humidity: 0, wind: 0, rain: 0 };
  let { ffmc, dmc, dc } = start;
  let wasActive = !active;
  let gap = 0;
  for (let i = 0; i < month.length; i++) {
    const isMissing = !readDay(series, i, weather);
    gap += (absent[i] as number) + (isMissing ? 1 : 0);
    const isLost = gap > maxGap;
    if (!isMissing) gap = 0;
    const isActive = active ? active[i] === 1 : true;
    if (winter) {
      if (wasActive && !isActive) winter.begin(dc);
      if (!isActive || !wasActive) winter.pass({ i, isLast: isActive, isFirst: wasActive, isLost });
      if (!wasActive && isActive) ({ ffmc, dmc, dc } = winter.end());
    }
    wasActive = isActive;
    if (!isActive) continue;
    if (isLost) ffmc = dmc = dc = Number.NaN;
    if (isMissing) continue;
    const at = (month[i] as number) - 1;
    ffmc = fineFuelMoistureCode(weather, ffmc);
    dmc = duffMoistureCode(weather, dmc, lengths.duff[at] as number);
    dc = droughtCode(weather, dc, lengths.drought[at] as number);
    const [isi, bui] = [initialSpreadIndex(ffmc, weather.wind), buildUpIndex(dmc, dc)];
    const fwi = fireWeatherIndex(isi, bui);
    outputs.FFMC[i] = ffmc;
    outputs.DMC[i] = dmc;
    outputs.DC[i] = dc;
    outputs.ISI[i] = isi;
    outputs.BUI[i] = bui;
    outputs.FWI[i] = fwi;
    outputs.DSR[i] = dailySeverityRating(fwi);
  }
}

/** Whether a day has all values, and those that can be. */
function readDay(
  { temperature, humidity, wind, rain }: FireWeatherSeries,
  i: number,
  weather: { -readonly [Key in keyof NoonWeather]: number },
): boolean {
  weather.temperature = temperature[i] as number;
  weather.humidity = humidity[i] as number;
  weather.wind = wind[i] as number;
  weather.rain = rain[i] as number;
  // NaN is none of these.
  return Math.abs(weather.temperature) < 1000 && weather.humidity >= 0 && weather.wind >= 0 && weather.rain > -1e-3;
}

/** What happens between two seasons. */
interface Winter {
  /** The first day out of season, after a last drought code. */
  begin(droughtCode: number): void;
  /** A day out of season, or the first one of a season. */
  pass(day: {
    readonly i: number;
    readonly isFirst: boolean;
    readonly isLast: boolean;
    readonly isLost: boolean;
  }): void;
  /** The codes that the season starts with. */
  end(): { readonly ffmc: number; readonly dmc: number; readonly dc: number };
}

function winterOf({ rain, snow, absent }: FireWeatherSeries, options: RecurrenceOptions): Winter {
  const { start, overwintering, dryStart, snowDepth } = options;
  const { rain: wet = 1, dmc: perDryDay = 2, dc: droughtPerDryDay = 5 } = dryStart ?? {};
  const { snowCoverDays = 60, snowCover = 0.75, snowMeanDepth = 0.1 } = dryStart ?? {};
  const isGfwed = dryStart?.method === "GFWED";
  let autumn = Number.NaN;
  let precipitation = 0;
  let [dmc, dc]: [number, number] = [start.dmc, start.dc];

  const addDay = (amount: number): void => {
    const isWet = amount > wet;
    dmc = isWet ? (isGfwed ? 0 : start.dmc) : dmc + perDryDay;
    dc = isWet ? (isGfwed ? 0 : start.dc) : dc + droughtPerDryDay;
  };
  const wasSnowy = (i: number): boolean => {
    if (!isGfwed || !snow || i < snowCoverDays) return false;
    let [days, sum] = [0, 0];
    for (let k = i - snowCoverDays + 1; k <= i; k++) {
      const depth = snow[k] as number;
      if (depth > snowDepth) days++;
      sum += depth;
    }
    return days / snowCoverDays >= snowCover && sum / snowCoverDays >= snowMeanDepth;
  };

  return {
    begin: (droughtCode) => {
      autumn = droughtCode;
      precipitation = 0;
      [dmc, dc] = [start.dmc, start.dc];
    },
    pass: ({ i, isFirst, isLast, isLost }) => {
      const amount = rain[i] as number;
      const isKnown = !Number.isNaN(amount);
      if ((absent[i] as number) > options.maxGap || (isLost && !isKnown)) precipitation = dmc = dc = Number.NaN;
      if (!isLast && isKnown) precipitation += amount;
      if (!dryStart) return;
      if (isKnown && !isFirst && (!isLast || isGfwed)) addDay(amount);
      if (isLast && wasSnowy(i)) [dmc, dc] = [start.dmc, start.dc];
    },
    end: () => ({
      ffmc: start.ffmc,
      dmc: dryStart ? dmc : start.dmc,
      dc: overwintering ? spring(overwintering) : dryStart ? dc : start.dc,
    }),
  };

  /** From the start value where no season came before, or none that its drought code is known of. */
  function spring(how: Overwintering): number {
    return Number.isNaN(autumn)
      ? start.dc
      : overwinteredDroughtCode(autumn, precipitation, { ...how, least: start.dc });
  }
}
