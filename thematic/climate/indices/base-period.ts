import {
  type CfDate,
  InvalidArgumentError,
  type PartialDate,
  parsePartialDate,
  type TimeAxis,
} from "../../../core/index.ts";
import { ClimateInputError } from "../errors.ts";

/** Steps of a base period: from `start` to before `stop`. */
export interface BasePeriod {
  readonly start: number;
  readonly stop: number;
}

/**
 * The steps of a base period: `"1961-1990"`, or two dates of ISO 8601 with a slash between them, `"1961-01/1990-12"`; the ends
 * are included. All steps where it is left out. It may go beyond the data, of which the part within it is taken.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for what is no period; `TWIN_CLIMATE_INPUT_INVALID` where no step lies in it.
 */
export function basePeriod(axis: TimeAxis, period: string | undefined): BasePeriod {
  if (period === undefined) return { start: 0, stop: axis.length };
  const [from, to] = endsOf(period);
  let start = 0;
  while (start < axis.length && compare(axis, start, from) < 0) start++;
  let stop = start;
  while (stop < axis.length && compare(axis, stop, to) <= 0) stop++;
  if (stop > start) return { start, stop };
  throw new ClimateInputError(
    `No step lies in the base period ${period}: the data go from ${dayText(axis, 0)} to ${dayText(axis, axis.length - 1)}. Give a period of theirs, or read more files.`,
  );
}

/** The first and the last day of some steps: `"1961-01-01 to 1990-12-31"`. */
export function daysText(axis: TimeAxis, { start, stop }: BasePeriod): string {
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
    `"${period}" is no base period. Give its first and last year, "1961-1990", or dates with a slash between them, "1961-01/1990-12"; the first is not after the last.`,
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
