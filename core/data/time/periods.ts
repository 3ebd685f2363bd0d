import { type CfTime, cfTime } from "../cf/time.ts";
import { InvalidFrequencyError } from "./errors.ts";
import { type TimeAxis, unitSeconds } from "./time-axis.ts";

/** Consecutive periods that a time axis falls into; those without a step are among them. */
export interface Periods {
  /** As asked for: `"YS-JUL"`. */
  readonly frequency: string;
  readonly count: number;
  /** `[period]`: its steps are those from `start` to before `stop`. */
  readonly start: Int32Array;
  readonly stop: Int32Array;
  /** `[period]`: how many steps it would have, were it complete; 0 where the axis has no {@link TimeAxis.step}. */
  readonly expected: Int32Array;
  /** `[period, 2]`: where it begins, and where the next one does, in the unit of the axis. */
  readonly bounds: Float64Array;
}

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const FREQUENCY = /^(\d+)?(YS|QS|MS|D)(?:-([A-Z]{3}))?$/;

/**
 * The periods of a frequency, spelt as in pandas: `YS` (years), `YS-JUL` (years from July on), `QS-DEC` (seasons: December
 * to February, …), `MS` (months), `D` (days); with a number before it for as many of them: `10YS`.
 *
 * @throws `TWIN_FREQUENCY_INVALID`.
 */
export function periodsOf(axis: TimeAxis, frequency: string): Periods {
  const { length } = axis;
  const numberOf = periodNumbers(axis, frequency);
  if (length === 0)
    return {
      frequency,
      count: 0,
      start: new Int32Array(),
      stop: new Int32Array(),
      expected: new Int32Array(),
      bounds: new Float64Array(),
    };
  const first = numberOf.of(0);
  const count = numberOf.of(length - 1) - first + 1;
  const [start, stop, expected] = [new Int32Array(count), new Int32Array(count), new Int32Array(count)];
  const bounds = new Float64Array(2 * count);
  let step = 0;
  for (let period = 0; period < count; period++) {
    start[period] = step;
    while (step < length && numberOf.of(step) === first + period) step++;
    stop[period] = step;
    bounds[2 * period] = numberOf.startOf(first + period);
    bounds[2 * period + 1] = numberOf.startOf(first + period + 1);
    expected[period] = stepsIn(axis, bounds[2 * period] as number, bounds[2 * period + 1] as number);
  }
  return { frequency, count, start, stop, expected, bounds };
}

interface PeriodNumbers {
  /** Number of the period of a step. */
  of(step: number): number;
  /** Where a period begins, in the unit of the axis. */
  startOf(number: number): number;
}

function periodNumbers({ time, values, year, month }: TimeAxis, frequency: string): PeriodNumbers {
  const match = FREQUENCY.exec(frequency);
  const [, times = "1", unit, anchor] = match ?? [];
  const many = Number(times);
  const anchorMonth = anchor === undefined ? 0 : MONTHS.indexOf(anchor);
  if (!match || many < 1 || anchorMonth < 0 || (anchor !== undefined && unit !== "YS" && unit !== "QS")) {
    throw new InvalidFrequencyError(
      `"${frequency}" is no frequency. Give YS (years), QS (quarters), MS (months) or D (days), with a number before it and, for the first two, a month behind it: YS-JUL, QS-DEC, 10YS.`,
    );
  }
  if (unit === "D") {
    const days = cfTime({ unit: "days since 2000-01-01", calendar: time.calendar });
    const origin = Math.floor(days.encode(time.decode(values[0] ?? 0)));
    const dayOf = (step: number): number => Math.floor(days.encode(time.decode(values[step] as number)));
    return {
      of: (step) => Math.floor((dayOf(step) - origin) / many),
      startOf: (number) => time.encode(days.decode(origin + number * many)),
    };
  }
  const length = many * (unit === "YS" ? 12 : unit === "QS" ? 3 : 1);
  const months = monthNumbers(time);
  // Several of them are counted from the one with the first step, as pandas does.
  const firstMonth = months.of(year[0] ?? 1, month[0] ?? 1);
  const one = length / many;
  const origin = firstMonth - ((((firstMonth - anchorMonth) % one) + one) % one);
  return {
    of: (step) => Math.floor((months.of(year[step] as number, month[step] as number) - origin) / length),
    startOf: (number) => months.startOf(number * length + origin),
  };
}

/** Months of a calendar, numbered without a gap. */
export interface MonthNumbers {
  /** @param month - 1 to 12. */
  of(year: number, month: number): number;
  /** Where a month begins, in the unit of the time. */
  startOf(number: number): number;
}

/** Numbers months; where the calendar has no year 0, December of the year -1 comes before January of the year 1. */
export function monthNumbers(time: CfTime): MonthNumbers {
  const skipsYearZero = !hasYearZero(time);
  return {
    of: (year, month) => (skipsYearZero && year < 0 ? year + 1 : year) * 12 + month - 1,
    startOf: (number) => {
      const year = Math.floor(number / 12);
      const month = number - 12 * year + 1;
      return time.encode({ ...START, year: skipsYearZero && year <= 0 ? year - 1 : year, month });
    },
  };
}

const START = { day: 1, hour: 0, minute: 0, second: 0, microsecond: 0 };

function hasYearZero(time: CfTime): boolean {
  try {
    time.encode({ ...START, year: 0, month: 1 });
    return true;
  } catch {
    return false;
  }
}

function stepsIn({ step, time }: TimeAxis, from: number, to: number): number {
  if (!step) return 0;
  if ("seconds" in step) return Math.round(((to - from) * unitSeconds(time)) / step.seconds);
  const [a, b] = [time.decode(from), time.decode(to)];
  const months = monthNumbers(time);
  return Math.round((months.of(b.year, b.month) - months.of(a.year, a.month)) / step.months);
}
