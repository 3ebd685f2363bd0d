import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { NdArray } from "../nd-array.ts";
import type { TimeAxis } from "../time/time-axis.ts";

/** By what steps are grouped: what they have in common in the calendar. */
export type GroupKey = "season" | "month" | "dayofyear" | "year";

/** Meteorological seasons, in the order of the groups. */
export const SEASONS: readonly string[] = ["DJF", "MAM", "JJA", "SON"];

/** Steps of an axis, grouped. */
export interface Groups {
  readonly key: GroupKey;
  /** `[group]`: 0 to 3 (seasons), 1 to 12, 1 to 366, or years; increasing. Those without a step are not among them. */
  readonly numbers: Int32Array;
  /** `[step]`: its group; -1 where the step is left out. */
  readonly of: Int32Array;
}

/**
 * Groups of steps, of those from `start` to before `stop`.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for a key that is none.
 */
export function groupsOf(axis: TimeAxis, key: GroupKey, start = 0, stop = axis.length): Groups {
  const number = numberOf(axis, key);
  const present = new Set<number>();
  for (let step = start; step < stop; step++) present.add(number(step));
  const numbers = Int32Array.from(present).sort();
  const groupOf = new Map([...numbers].map((each, group) => [each, group]));
  const of = Int32Array.from({ length: axis.length }, (_, step) =>
    step >= start && step < stop ? (groupOf.get(number(step)) as number) : -1,
  );
  return { key, numbers, of };
}

/** `[step]`: the number of what it is grouped by. */
export function numberOf(axis: TimeAxis, key: GroupKey): (step: number) => number {
  const { month, dayOfYear, year } = axis;
  switch (key) {
    case "season":
      return (step) => Math.floor(((month[step] as number) % 12) / 3);
    case "month":
      return (step) => month[step] as number;
    case "dayofyear":
      return (step) => dayOfYear[step] as number;
    case "year":
      return (step) => year[step] as number;
    default:
      throw new InvalidArgumentError(
        `Steps are grouped by "season", "month", "dayofyear" or "year"; got ${JSON.stringify(key)}.`,
      );
  }
}

/** The coordinate of groups: their numbers, or the names of seasons. */
export function groupCoordinate({ key, numbers }: Groups, dim: string = key): NdArray {
  const layout = { shape: [numbers.length], dims: [dim] };
  if (key === "season") {
    return new NdArray(
      Array.from(numbers, (number) => SEASONS[number] as string),
      { dtype: "string", ...layout },
    );
  }
  return new NdArray(numbers, { dtype: "int32", ...layout });
}

/** What the numbers of groups are. */
export function groupTitle(key: GroupKey): string {
  return { season: "meteorological season", month: "month of the year", dayofyear: "day of the year", year: "year" }[
    key
  ];
}
