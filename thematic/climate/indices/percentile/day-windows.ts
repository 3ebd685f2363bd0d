import { cfTime, InvalidArgumentError, type TimeAxis } from "../../../../core/index.ts";
import { ClimateInputError } from "../../errors.ts";

/** Where the samples of each day of the year lie in a base period. Made once for an axis. */
export interface DayWindows {
  /** How many thresholds are estimated, for the days 1, 2, …: 365, or 360 where years have so many days. */
  readonly days: number;
  /** How many thresholds there are after interpolation: 366 where the steps have such a day. */
  readonly daysOfYear: number;
  /** Days before and behind, of the base period: 2 for a window of 5. */
  readonly half: number;
  /** Of the array that {@link fill} makes. */
  readonly length: number;
  /** `[year]`: index of the first of January in that array; only years that have a day in the base period. */
  readonly yearStart: Int32Array;
  /** `[year]`: days from the first of January to the last one of the year. */
  readonly yearLength: Int32Array;
  /** Indices in that array of the first day of the base period, and of the one behind its last. */
  readonly first: number;
  readonly stop: number;
  /**
   * `[day - 1]`: 1 where a day of the year is in the base period in each of its years whose neighbouring days are. Else a window
   * that takes these days of all years would take too many.
   */
  readonly isRegular: Uint8Array;
  /** Copies the base period of a series, one value a day; days that the axis lacks are NaN, and so are those around the period. */
  fill(series: Float64Array, days: Float64Array): void;
}

/**
 * The windows around each day of the year.
 *
 * A window is of days, not of steps: a day that the axis lacks is a missing value. Days outside the base period are never in it.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for a window that is not odd; `TWIN_CLIMATE_INPUT_INVALID` where the base period lacks a day of the
 *   year: it must cover one whole year.
 */
export function dayWindows(
  axis: TimeAxis,
  base: { readonly start: number; readonly stop: number },
  window: number,
): DayWindows {
  if (!(Number.isInteger(window) && window % 2 === 1 && window >= 1 && window <= 61)) {
    throw new InvalidArgumentError(
      `A window of ${window} days has no day in its middle. Give an odd number of 1 to 61; the usual one is 5.`,
    );
  }
  const half = (window - 1) / 2;
  const days = axis.time.calendar === "360_day" ? 360 : 365;
  const years = yearsOf(axis, base);
  const dayOf = (step: number): number =>
    (years.start.get(axis.year[step] as number) as number) + (axis.dayOfYear[step] as number) - 1;
  const [firstDay, lastDay] = [dayOf(base.start), dayOf(base.stop - 1)];
  const inBase = (day: number): boolean => day >= firstDay && day <= lastDay;

  const starts = [...years.start.values()];
  const lengths = [...years.length.values()];
  const isRegular = new Uint8Array(days);
  for (let day = 1; day <= days; day++) {
    let isCovered = false;
    let tooMany = false;
    for (const [year, start] of starts.entries()) {
      const centre = start + day - 1;
      const isThere = inBase(centre) && day <= (lengths[year] as number);
      isCovered ||= isThere;
      tooMany ||= !isThere && centre + half >= firstDay && centre - half <= lastDay;
    }
    if (!isCovered) throw tooShort(axis, base, day);
    isRegular[day - 1] = tooMany ? 0 : 1;
  }

  // Room around, so that windows of all days of all its years lie within the array.
  const origin = (starts[0] as number) - half;
  const end = Math.max(lastDay, (starts.at(-1) as number) + days - 1) + half + 1;
  const first = firstDay - origin;
  const steps = base.stop - base.start;
  const hasAllDays = steps === lastDay - firstDay + 1;
  const places = hasAllDays
    ? new Int32Array()
    : Int32Array.from({ length: steps }, (_, i) => dayOf(base.start + i) - origin);
  return {
    days,
    daysOfYear: Math.max(
      days,
      axis.dayOfYear.reduce((most, day) => Math.max(most, day), 0),
    ),
    half,
    length: end - origin,
    yearStart: Int32Array.from(starts, (start) => start - origin),
    yearLength: Int32Array.from(lengths),
    first,
    stop: lastDay - origin + 1,
    isRegular,
    fill(series, values) {
      values.fill(Number.NaN);
      if (hasAllDays) values.set(series.subarray(base.start, base.stop), first);
      else for (let i = 0; i < steps; i++) values[places[i] as number] = series[base.start + i] as number;
    },
  };
}

/** Number of the first day of each year that the base period touches, and its length. */
function yearsOf(
  { time, year }: TimeAxis,
  base: { readonly start: number; readonly stop: number },
): { readonly start: ReadonlyMap<number, number>; readonly length: ReadonlyMap<number, number> } {
  const days = cfTime({ unit: "days since 2000-01-01", calendar: time.calendar });
  const newYear = (of: number): number =>
    days.encode({ year: of, month: 1, day: 1, hour: 0, minute: 0, second: 0, microsecond: 0 });
  const [start, length] = [new Map<number, number>(), new Map<number, number>()];
  const last = year[base.stop - 1] as number;
  for (let each = year[base.start] as number; each <= last; each++) {
    // Some calendars go from the year -1 to 1.
    if (each === 0 && !year.includes(0)) continue;
    start.set(each, newYear(each));
    const next = each === -1 && !year.includes(0) ? 1 : each + 1;
    length.set(each, newYear(next) - newYear(each));
  }
  return { start, length };
}

function tooShort(
  { year, month, day }: TimeAxis,
  { start, stop }: { readonly start: number; readonly stop: number },
  dayOfYear: number,
): ClimateInputError {
  const text = (step: number): string => `${year[step]}-${month[step]}-${day[step]}`;
  return new ClimateInputError(
    `The base period, of ${stop - start} steps from ${text(start)} to ${text(stop - 1)}, has no day ${dayOfYear} of a year. Percentiles of each day of the year need one whole year, and mean little with fewer than 30: give a longer base period, or more files.`,
  );
}
