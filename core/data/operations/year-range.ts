import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import type { TimeAxis } from "../time/time-axis.ts";

/**
 * Steps of a period of years, both included: those from `start` to before `stop`. All where there is no period.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for what is no period, and one whose first or last year the axis does not reach.
 */
export function yearRange(
  axis: TimeAxis,
  period: string | undefined,
): { readonly start: number; readonly stop: number } {
  const { year, length } = axis;
  if (period === undefined) return { start: 0, stop: length };
  const [, first, last] = /^\s*(\d{1,4})\s*[-/]\s*(\d{1,4})\s*$/.exec(period) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === undefined || from > to) {
    throw new InvalidArgumentError(`"${period}" is no period. Give its first and its last year: "1961-1990".`);
  }
  const [begin, end] = [year[0] ?? 0, year[length - 1] ?? 0];
  if (length === 0 || begin > from || end < to) {
    const there = length === 0 ? "no steps" : `the years ${begin} to ${end}`;
    throw new InvalidArgumentError(
      `The data has ${there} along "${axis.dim}", and not all of the period ${period}. Give one that it covers.`,
    );
  }
  return { start: year.findIndex((each) => each >= from), stop: year.findLastIndex((each) => each <= to) + 1 };
}
