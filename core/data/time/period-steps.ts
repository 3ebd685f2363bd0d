import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { type CfDate, type PartialDate, parsePartialDate } from "../cf/date.ts";
import { cfTime } from "../cf/time.ts";
import type { TimeAxis } from "./time-axis.ts";

/** Steps from `start` to before `stop`. */
export interface StepRange {
  readonly start: number;
  readonly stop: number;
}

/**
 * The steps of a period, such as the base period of a climatology: `"1961-1990"`, or two dates of ISO 8601 with a slash between
 * them, `"1961-01/1990-12"`; the ends are included. All steps where it is left out.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for what is no period, and one that begins before the first step, or ends behind the last: a
 *   climatology of the ten years that data have would not be that of 1961-1990. Years are reached by any of their days, months as well.
 */
export function stepsInPeriod(axis: TimeAxis, period: string | undefined): StepRange {
  const { length } = axis;
  if (period === undefined) return { start: 0, stop: length };
  const [from, to] = endsOf(period);
  if (length === 0) throw new InvalidArgumentError(`The data has no steps along "${axis.dim}", and so no ${period}.`);
  let start = 0;
  while (start < length && compare(axis, start, from) < 0) start++;
  let stop = start;
  while (stop < length && compare(axis, stop, to) <= 0) stop++;
  const isCovered = compare(axis, 0, from) <= 0 && reaches(axis, to);
  if (isCovered && stop > start) return { start, stop };
  throw new InvalidArgumentError(
    `The data go from ${daysText(axis, { start: 0, stop: length })}, which ${isCovered ? "has no step in" : "is not all of"} the period ${period}. Give one that they cover, or read more files.`,
  );
}

/** Whether the last step is within a date or behind it; that of 30 December reaches 31 December where there is none. */
function reaches(axis: TimeAxis, { day, ...month }: PartialDate): boolean {
  const last = axis.length - 1;
  if (compare(axis, last, day === undefined ? month : { ...month, day }) >= 0) return true;
  if (compare(axis, last, month) !== 0) return false;
  const days = cfTime({ unit: "days since 2000-01-01", calendar: axis.time.calendar });
  const date = axis.time.decode(axis.values[last] as number);
  return days.decode(Math.floor(days.encode(date)) + 1).month !== date.month;
}

/** The first and the last day of some steps: `"1961-01-01 to 1990-12-31"`. */
export function daysText(axis: TimeAxis, { start, stop }: StepRange): string {
  return `${dayText(axis, start)} to ${dayText(axis, stop - 1)}`;
}

function dayText({ year, month, day }: TimeAxis, step: number): string {
  const two = (value: number | undefined): string => String(value).padStart(2, "0");
  return `${String(year[step]).padStart(4, "0")}-${two(month[step])}-${two(day[step])}`;
}

function endsOf(period: string): readonly [PartialDate, PartialDate] {
  const [from, to, ...more] = /^\s*\d{4,}\s*-\s*\d{4,}\s*$/.test(period) ? period.split("-") : period.split("/");
  if (from === undefined || to === undefined || more.length > 0) throw noPeriod(period);
  let ends: readonly [PartialDate, PartialDate];
  try {
    ends = [parsePartialDate(from), parsePartialDate(to)];
  } catch (cause) {
    throw noPeriod(period, cause);
  }
  const [first, last] = ends;
  if (order(first, { year: last.year, month: last.month ?? 12, day: last.day ?? 31 }) > 0) throw noPeriod(period);
  return ends;
}

function noPeriod(period: string, cause?: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    `"${period}" is no period. Give its first and last year, "1961-1990", or dates with a slash between them, "1961-01/1990-12"; the first is not after the last.`,
    { cause },
  );
}

/** The day of a step against a date, of which fields may be left out: 0 where the step is within it. */
function compare({ year, month, day }: TimeAxis, step: number, date: PartialDate): number {
  return order({ year: year[step] as number, month: month[step] as number, day: day[step] as number }, date);
}

function order(a: PartialDate, b: PartialDate): number {
  for (const field of ["year", "month", "day"] as const satisfies readonly (keyof CfDate)[]) {
    const [left, right] = [a[field], b[field]];
    if (left === undefined || right === undefined) return 0;
    if (left !== right) return left - right;
  }
  return 0;
}
