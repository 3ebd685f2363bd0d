import { InvalidArgumentError } from "../../../../core/index.ts";

/** When fires can burn: from when to when codes are computed. */
export interface FireSeason {
  /**
   * `"WF93"`: from when the days before were all warmer than `start` until they were all colder than `end`. `"LA08"`: from when days were all free
   * of snow until there is snow, or they were all colder than `end`. `"GFWED"`: by means of temperature and snow over days, at `start` and `end`.
   * The last two count the day itself.
   */
  readonly method: "WF93" | "LA08" | "GFWED";
  /** degC; 12 by default. */
  readonly start?: number;
  /** degC; 5 by default. */
  readonly end?: number;
  /** Number of days; 3 by default. */
  readonly days?: number;
  /** Number of days without snow; 3 by default. */
  readonly snowDays?: number;
  /** Depth above which there is snow, in m; 0.01 by default. */
  readonly snowDepth?: number;
  /** Only the longest season of each calendar year. All, the short ones of spring and autumn too, by default. */
  readonly longest?: boolean;
}

/** What a season is found out from, by day. */
export interface SeasonWeather {
  /** degC: noon, or the day's maximum (cffdrs). */
  readonly temperature: Float64Array;
  /** m; needed for `"LA08"` and `"GFWED"`. */
  readonly snow?: Float64Array | undefined;
}

/** Days of a {@link fireSeason}. */
export interface SeasonDays {
  /** `[day]`. */
  readonly year: ArrayLike<number>;
  /** `[day]`: days that the data lack before it. */
  readonly absent: ArrayLike<number>;
  /** `[day]`: the result. */
  readonly active: Uint8Array;
}

/**
 * On which days it is fire season: 1 in `active`, else 0. Off at first: nobody knows the days before. Days among which one is missing
 * neither start nor end a season.
 *
 * @see B. M. Wotton and M. D. Flannigan, "Length of the fire season in a changing climate", Forestry Chronicle 69 (1993) 187;
 *   Lawson and Armitage (2008); R. D. Field et al., "Development of a Global Fire Weather Database", NHESS 15 (2015) 1407.
 * @throws `TWIN_INVALID_ARGUMENT`.
 */
export function fireSeason(
  { temperature, snow }: SeasonWeather,
  { method, start = 12, end = 5, days = 3, snowDays = 3, snowDepth = 0.01, longest = false }: FireSeason,
  { year, absent, active }: SeasonDays,
): void {
  for (const [name, value] of Object.entries({ days, snowDays })) {
    if (!(Number.isInteger(value) && value > 0)) {
      throw new InvalidArgumentError(`\`${name}\` of a fire season is ${value}; give a number of days, 1 or more.`);
    }
  }
  if (method !== "WF93" && !snow) {
    throw new InvalidArgumentError(`A fire season by ${method} needs the depth of snow. Without it, there is WF93.`);
  }
  const every = (values: Float64Array, from: number, to: number, holds: (value: number) => boolean): boolean => {
    for (let i = from; i < to; i++) if (!holds(values[i] as number)) return false;
    return true;
  };
  const depth = snow ?? temperature;
  const changes: Record<FireSeason["method"], (i: number) => { readonly starts: boolean; readonly ends: boolean }> = {
    WF93: (i) => ({
      starts: every(temperature, i - days, i, (value) => value > start),
      ends: every(temperature, i - days, i, (value) => value < end),
    }),
    LA08: (i) => ({
      starts: every(depth, i - snowDays + 1, i + 1, (value) => value <= snowDepth),
      ends: (depth[i] as number) > snowDepth || every(temperature, i - days + 1, i + 1, (value) => value < end),
    }),
    GFWED: (i) => {
      const [warmth, cover] = [mean(temperature, i - days + 1, i + 1), mean(depth, i - snowDays + 1, i + 1)];
      return { starts: warmth > start && cover < snowDepth, ends: cover >= snowDepth || warmth < end };
    },
  };
  const change = changes[method];
  // As in xclim; cffdrs looks at its fourth day first, xclim with WF93 at its fifth.
  const first = method === "WF93" ? days + 1 : Math.max(days, snowDays);
  const isBroken = (i: number): boolean => {
    for (let k = i - first + 2; k <= i; k++) if ((absent[k] as number) > 0) return true;
    return false;
  };
  active.fill(0);
  for (let i = first; i < active.length; i++) {
    if (isBroken(i)) {
      active[i] = active[i - 1] as number;
      continue;
    }
    const { starts, ends } = change(i);
    active[i] = (active[i - 1] === 1 || starts) && !ends ? 1 : 0;
  }
  if (longest) keepLongest(active, year);
}

function mean(values: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i] as number;
  return sum / (to - from);
}

/** Of equally long seasons of a year, the first. */
function keepLongest(active: Uint8Array, year: ArrayLike<number>): void {
  let from = 0;
  while (from < active.length) {
    let to = from;
    let best = { start: from, length: 0 };
    let length = 0;
    for (; to < active.length && year[to] === year[from]; to++) {
      length = active[to] === 1 ? length + 1 : 0;
      if (length > best.length) best = { start: to - length + 1, length };
    }
    active.fill(0, from, best.start);
    active.fill(0, best.start + best.length, to);
    from = to;
  }
}
