import { describeNames } from "../../errors/nearest-names.ts";
import { TwinError } from "../../errors/twin-error.ts";

/** A time unit or a calendar is not understood. */
export class InvalidTimeUnitError extends TwinError {
  override readonly name = "InvalidTimeUnitError";
  override readonly code = "TWIN_TIME_UNIT_INVALID";
}

/** A calendar is not one of CF's. */
export function unknownCalendar(name: string, available: readonly string[], why?: string): InvalidTimeUnitError {
  return new InvalidTimeUnitError(`Calendar "${name}" ${why ?? `is unknown. ${describeNames(name, available)}`}`);
}

/** A date is not one of a calendar, or a text is no date. */
export class InvalidDateError extends TwinError {
  override readonly name = "InvalidDateError";
  override readonly code = "TWIN_DATE_INVALID";
  /** The date as it was given. */
  readonly date: string;

  constructor(date: string, problem: string) {
    super(`"${date}" ${problem}`);
    this.date = date;
  }
}
