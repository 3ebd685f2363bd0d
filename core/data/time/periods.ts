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
  // Several years are counted from the first one.
  const origin = many === 1 ? anchorMonth : anchorMonth + 12 * (year[0] as number);
  return {
    of: (step) => Math.floor(((year[step] as number) * 12 + (month[step] as number) - 1 - origin) / length),
    startOf: (number) => startOfMonth(time, number * length + origin),
  };
}

function startOfMonth(time: CfTime, months: number): number {
  const year = Math.floor(months / 12);
  return time.encode({ year, month: months - 12 * year + 1, day: 1, hour: 0, minute: 0, second: 0, microsecond: 0 });
}

function stepsIn({ step, time }: TimeAxis, from: number, to: number): number {
  if (!step) return 0;
  if ("seconds" in step) return Math.round(((to - from) * unitSeconds(time)) / step.seconds);
  const [a, b] = [time.decode(from), time.decode(to)];
  return Math.round(((b.year - a.year) * 12 + b.month - a.month) / step.months);
}
