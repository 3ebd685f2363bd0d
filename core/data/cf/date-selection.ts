import { TwinError } from "../../errors/twin-error.ts";
import type { Variable } from "../dataset.ts";
import { InvalidSelectionError } from "../errors.ts";
import type { DimensionSelection, Selection } from "../selection.ts";
import { type CfDate, parseDate, parsePartialDate } from "./date.ts";
import { InvalidDateError } from "./errors.ts";
import { type CfTime, cfTime } from "./time.ts";
import { isTimeUnit } from "./time-unit.ts";

/**
 * A selection with its dates as numbers of the coordinates that they are of. A date that states no day, or no time, is its
 * whole period where it is the end of a range.
 *
 * @throws {@link InvalidSelectionError} for a date of a coordinate that has no time unit, or that is not in its calendar.
 */
export function datesAsNumbers(
  variable: string,
  selection: Selection,
  coordinateOf: (dim: string) => Variable | undefined,
): Selection {
  return Object.fromEntries(
    Object.entries(selection).map(([dim, wanted]) => {
      if (!hasDate(wanted)) return [dim, wanted];
      try {
        return [dim, withNumbers(wanted, coderOf(coordinateOf(dim)))];
      } catch (error) {
        if (!(error instanceof TwinError)) throw error;
        throw new InvalidSelectionError({ variable, dimension: dim }, `in "${dim}", ${error.message}`, {
          cause: error,
        });
      }
    }),
  );
}

/** Whether an entry of a selection has a date in it. */
export function hasDate(wanted: DimensionSelection | undefined): boolean {
  return typeof wanted === "object" && Object.values(wanted).some((value) => typeof value === "string");
}

function coderOf(coordinate: Variable | undefined): CfTime {
  if (!coordinate || !isTimeUnit(coordinate.unit)) {
    const unit = coordinate ? `its unit is ${coordinate.unit ?? "not stated"}` : "it has no coordinate";
    throw new InvalidDateError("dates", `select only along times, and ${unit}.`);
  }
  const { calendar } = coordinate.attributes;
  return cfTime({ unit: coordinate.unit, calendar: typeof calendar === "string" ? calendar : undefined });
}

function withNumbers(wanted: DimensionSelection, time: CfTime): DimensionSelection {
  return Object.fromEntries(
    Object.entries(wanted).map(([key, value]) => {
      if (typeof value !== "string") return [key, value];
      return [key, key === "to" ? endOf(value, time) : time.encode(parseDate(value))];
    }),
  ) as DimensionSelection;
}

/** The last microsecond of a period such as `2005-02`. */
function endOf(text: string, time: CfTime): number {
  const stated = parsePartialDate(text);
  const end = { month: 12, hour: 23, minute: 59, second: 59, microsecond: 999_999, ...stated };
  if (stated.day !== undefined) return time.encode({ ...end, day: stated.day });
  for (const day of [31, 30, 29]) {
    const last = encoded(time, { ...end, day });
    if (last !== undefined) return last;
  }
  return time.encode({ ...end, day: 28 });
}

function encoded(time: CfTime, date: CfDate): number | undefined {
  try {
    return time.encode(date);
  } catch {
    return undefined;
  }
}
