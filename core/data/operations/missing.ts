import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { cfTime } from "../cf/time.ts";
import { InvalidTimeAxisError } from "../time/errors.ts";
import { monthNumbers, type Periods, periodsOf } from "../time/periods.ts";
import type { TimeAxis } from "../time/time-axis.ts";
import { isTooMany, WMO_RUN } from "./wmo-months.ts";

/**
 * When a period is too incomplete for a result. A step is missing where its value is NaN, or where the axis lacks it:
 * {@link Periods.expected} says how many there would be. An axis without a common step can only miss the values that are NaN.
 *
 * - `"any"`: where a step is missing;
 * - `"skip"`: only where all are;
 * - `"wmo"`: of daily steps, a month of which 11 days or more are missing, or 5 or more in a row; a longer period where one of its
 *   months is. Days in a row are counted within the month, days that the axis lacks as well;
 * - `{ percent }`: where more than so many percent of the steps are missing, 0 to 100.
 *
 * @see Source: WMO-No. 1203, "WMO Guidelines on the Calculation of Climate Normals" (2017), section 4.4.1. xclim's rule `pct` takes
 *   "as many or more" where this one takes "more", and its rule `wmo` does not see days in a row that the axis lacks.
 */
export type MissingRule = "any" | "skip" | "wmo" | { readonly percent: number };

/** Tells of one series which periods are too incomplete: `missing[period]` becomes 1 where it is, else 0. */
export type FindMissingPeriods = (series: Float64Array, missing: Uint8Array) => void;

/**
 * Makes the function that finds the periods that are too incomplete; once per axis, for all of its series.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for a rule that is none; `TWIN_TIME_AXIS_INVALID` for `"wmo"` where steps are not daily, or
 *   periods not whole months.
 */
export function missingPeriods(axis: TimeAxis, periods: Periods, rule: MissingRule): FindMissingPeriods {
  if (rule === "wmo") return wmoPeriods(axis, periods);
  const { count, start, stop } = periods;
  const least = leastValidSteps(periods, rule);
  return (series, missing) => {
    for (let period = 0; period < count; period++) {
      let valid = 0;
      const end = stop[period] as number;
      for (let step = start[period] as number; step < end; step++) if (!Number.isNaN(series[step])) valid++;
      missing[period] = valid < (least[period] as number) ? 1 : 0;
    }
  };
}

/** `[period]`: how many steps must not be missing. @throws `TWIN_INVALID_ARGUMENT`. */
export function leastValidSteps(
  { expected, start, stop }: Pick<Periods, "expected" | "start" | "stop">,
  rule: Exclude<MissingRule, "wmo">,
): Int32Array {
  return Int32Array.from(expected, (each, period) =>
    leastValid(Math.max(each, (stop[period] as number) - (start[period] as number)), rule),
  );
}

/** How many of so many steps must not be missing; at least 1. */
export function leastValid(expected: number, rule: Exclude<MissingRule, "wmo">): number {
  if (rule === "any") return Math.max(1, expected);
  if (rule === "skip") return 1;
  const percent = typeof rule === "object" ? rule.percent : Number.NaN;
  if (!(percent >= 0 && percent <= 100)) {
    throw new InvalidArgumentError(
      `A rule for missing data is "any", "skip", "wmo" or { percent: 0 to 100 }; got ${JSON.stringify(rule)}.`,
    );
  }
  // By products: 100 * 3 / 30 is exact, 3 / 30 is not.
  let missing = Math.floor((percent * expected) / 100);
  while ((missing + 1) * 100 <= percent * expected) missing++;
  while (missing * 100 > percent * expected) missing--;
  return Math.max(1, expected - missing);
}

/** Months of an axis, and which of them the periods are made of. */
export interface MonthsOfPeriods {
  readonly count: number;
  /** `[step]`. */
  readonly monthOf: Int32Array;
  /** `[step]`, from 1. */
  readonly dayInMonth: Float64Array;
  /** `[month]`, in days. */
  readonly lengths: Int32Array;
  /** `[period]`: months `from` to before `to`; below 0 or from `count` on they have no step. */
  readonly ranges: readonly { readonly from: number; readonly to: number }[];
}

/** @throws `TWIN_TIME_AXIS_INVALID` where steps are not daily, or periods not whole months. */
export function monthsOfPeriods(axis: TimeAxis, periods: Periods): MonthsOfPeriods {
  const { step, time, values, dim, length } = axis;
  if (!step || !("seconds" in step) || step.seconds !== 86_400) {
    throw new InvalidTimeAxisError(
      `The rule "wmo" counts missing days of a month, and steps of "${dim}" are not daily. Take "any", "skip" or { percent }.`,
    );
  }
  const days = cfTime({ unit: "days since 2000-01-01", calendar: time.calendar });
  const dayOf = (value: number): number => Math.floor(days.encode(time.decode(value)));
  const numbers = monthNumbers(time);
  const monthNumber = (value: number): number => {
    const { year, month, day, hour, minute, second, microsecond } = time.decode(value);
    if (day !== 1 || hour + minute + second + microsecond > 0) {
      throw new InvalidTimeAxisError(
        `The rule "wmo" looks at months, and periods "${periods.frequency}" are not whole months.`,
      );
    }
    return numbers.of(year, month);
  };
  const months = periodsOf(axis, "MS");
  const monthOf = new Int32Array(length);
  const dayInMonth = new Float64Array(length);
  for (let month = 0; month < months.count; month++) {
    const firstDay = dayOf(months.bounds[2 * month] as number);
    for (let i = months.start[month] as number; i < (months.stop[month] as number); i++) {
      monthOf[i] = month;
      dayInMonth[i] = dayOf(values[i] as number) - firstDay + 1;
    }
  }
  const firstMonth = months.count === 0 ? 0 : monthNumber(months.bounds[0] as number);
  const ranges = Array.from({ length: periods.count }, (_, period) => ({
    from: monthNumber(periods.bounds[2 * period] as number) - firstMonth,
    to: monthNumber(periods.bounds[2 * period + 1] as number) - firstMonth,
  }));
  return { count: months.count, monthOf, dayInMonth, lengths: months.expected, ranges };
}

function wmoPeriods(axis: TimeAxis, periods: Periods): FindMissingPeriods {
  const { count, monthOf, dayInMonth, lengths, ranges } = monthsOfPeriods(axis, periods);
  const isMissing = new Uint8Array(count);
  return (series, missing) => {
    // Of the month that is looked at: days that are there, and the last one of them.
    let [month, valid, last] = [0, 0, 0];
    isMissing.fill(0);
    const close = (next: number): void => {
      for (; month < next; month++, valid = 0, last = 0) {
        if (isTooMany(lengths[month] as number, valid, last)) isMissing[month] = 1;
      }
    };
    for (let step = 0; step < series.length; step++) {
      if (Number.isNaN(series[step])) continue;
      close(monthOf[step] as number);
      const day = dayInMonth[step] as number;
      if (day - last > WMO_RUN) isMissing[month] = 1;
      last = day;
      valid++;
    }
    close(count);
    ranges.forEach(({ from, to }, period) => {
      let is = from < 0 || to > count;
      for (let each = Math.max(0, from); !is && each < to; each++) is = isMissing[each] === 1;
      missing[period] = is ? 1 : 0;
    });
  };
}
