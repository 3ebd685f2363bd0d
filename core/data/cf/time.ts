import { type Calendar, calendarOf, hasDay } from "./calendar.ts";
import { type CfDate, formatDate } from "./date.ts";
import { InvalidDateError } from "./errors.ts";
import { checkedReference, parseTimeUnit, type TimeUnit } from "./time-unit.ts";

/** How times are written as numbers: the attributes `units` and `calendar` of a variable. */
export interface TimeReference {
  /** `days since 1850-01-01`. */
  readonly unit: string;
  /** `standard` where it is not given, as CF has it. */
  readonly calendar?: string | undefined;
}

/** Turns numbers in a time unit into dates and back. */
export interface CfTime {
  readonly unit: string;
  /** Its name, `standard` for `gregorian`, `noleap` for `365_day`, `all_leap` for `366_day`. */
  readonly calendar: string;
  /** What is odd in the unit, and how it was understood. */
  readonly problems: readonly string[];
  /** The date of a value, to the nearest microsecond. @throws `TWIN_DATE_INVALID` for NaN, infinity, or beyond 2^53 days. */
  decode(value: number | bigint): CfDate;
  /** The value of a date. @throws `TWIN_DATE_INVALID` when the calendar has no such date. */
  encode(date: CfDate): number;
}

/** Microseconds. */
export const DAY = 86_400e6;
const SECOND = 1e6;

/**
 * A coder for CF times, equal to cftime's over all calendars: `standard` (`gregorian`), `proleptic_gregorian`, `julian`,
 * `noleap` (`365_day`), `all_leap` (`366_day`), `360_day`. Units are weeks to nanoseconds; months only where they are of one
 * length (`360_day`), `common_years` likewise (`noleap`).
 *
 * In `standard` and `julian` the year before 1 is -1, save where the unit itself counts from year 0; in the others it is 0.
 * An offset such as `-9:00` counts, as in UDUNITS. A date with its year last, as in `1-1-1970`, is understood where day and
 * month cannot be confused, and told in `problems`.
 *
 * @throws `TWIN_TIME_UNIT_INVALID`.
 *
 * @example
 * const time = cfTime({ unit: "days since 2000-02-29", calendar: "360_day" });
 * formatDate(time.decode(1.5)); // => "2000-02-30T12:00:00"
 */
export function cfTime(reference: TimeReference): CfTime {
  return new TimeCoder(reference);
}

/** {@link cfTime}, with what conversion needs beside it. */
export class TimeCoder implements CfTime {
  readonly unit: string;
  readonly calendar: string;
  readonly problems: readonly string[];
  /** Number of the day from which the unit counts. */
  readonly startDay: number;
  /** From the start of that day; negative, or more than a day, where the unit has an offset from UTC. */
  readonly startMicrosecond: number;
  readonly unitMicroseconds: number;
  readonly #calendar: Calendar;
  readonly #length: TimeUnit["length"];
  readonly #skipsYearZero: boolean;

  constructor({ unit, calendar }: TimeReference) {
    this.#calendar = calendarOf(calendar);
    const parsed = parseTimeUnit(unit, this.#calendar);
    const isYearZero = parsed.reference.year === 0;
    this.#skipsYearZero = this.#calendar.skipsYearZero && !isYearZero;
    this.#length = parsed.length;
    this.startDay = checkedReference(parsed, unit, this.#calendar, this.#skipsYearZero);
    this.startMicrosecond = microsecondOfDay(parsed.reference) - parsed.offsetMinutes * 60e6;
    this.unitMicroseconds = "days" in parsed.length ? parsed.length.days * DAY : parsed.length.microseconds;
    this.unit = unit;
    this.calendar = this.#calendar.name;
    this.problems =
      isYearZero && this.#calendar.skipsYearZero
        ? [...parsed.problems, `year 0, which the calendar ${this.calendar} does not have, is taken as 1 BC`]
        : parsed.problems;
  }

  decode(value: number | bigint): CfDate {
    const date = this.dateOf(value);
    return { ...date, year: this.#skipsYearZero && date.year <= 0 ? date.year - 1 : date.year };
  }

  encode(date: CfDate): number {
    const { year } = date;
    if (this.#skipsYearZero && year === 0) throw this.#missingDate(date);
    return this.valueOfDate({ ...date, year: this.#skipsYearZero && year < 0 ? year + 1 : year });
  }

  /** As {@link decode}, with the astronomical year. */
  dateOf(value: number | bigint): CfDate {
    const [days, microseconds] = this.#split(value);
    const total = this.startMicrosecond + wholeMicroseconds(microseconds, this.unitMicroseconds >= SECOND);
    const carried = Math.floor(total / DAY);
    const number = this.startDay + days + carried;
    if (!Number.isSafeInteger(number)) {
      throw new InvalidDateError(String(value), `is no time in "${this.unit}" that has a date.`);
    }
    return { ...this.#calendar.dayOf(number), ...timeOfDay(total - carried * DAY) };
  }

  /** As {@link encode}, of a date with the astronomical year. */
  valueOfDate(date: CfDate): number {
    const { year, month, day } = date;
    if (!hasDay(this.#calendar, { year, month, day }) || !hasTime(date)) throw this.#missingDate(date);
    const days = this.#calendar.numberOf(date) - this.startDay;
    const microseconds = microsecondOfDay(date) - this.startMicrosecond;
    if ("days" in this.#length) return (days + microseconds / DAY) / this.#length.days;
    return days * (DAY / this.unitMicroseconds) + microseconds / this.unitMicroseconds;
  }

  #missingDate(date: CfDate): InvalidDateError {
    return new InvalidDateError(formatDate(date), `does not exist in the calendar ${this.calendar}.`);
  }

  /** A value as whole days and microseconds, without the error that one product would have. */
  #split(value: number | bigint): readonly [number, number] {
    const length = this.#length;
    if ("days" in length) {
      const number = Number(value);
      const whole = Math.floor(number);
      const rest = (number - whole) * length.days;
      const restDays = Math.floor(rest);
      return [whole * length.days + restDays, (rest - restDays) * DAY];
    }
    const perDay = DAY / length.microseconds;
    if (typeof value === "bigint") {
      const rest = value % BigInt(perDay);
      return [Number((value - rest) / BigInt(perDay)), Number(rest) * length.microseconds];
    }
    const whole = Math.floor(value);
    // A remainder is exact, where a quotient would be rounded.
    const rest = whole % perDay;
    return [(whole - rest) / perDay, rest * length.microseconds + (value - whole) * length.microseconds];
  }
}

function microsecondOfDay({ hour, minute, second, microsecond }: CfDate): number {
  return ((hour * 60 + minute) * 60 + second) * SECOND + microsecond;
}

function timeOfDay(microseconds: number): Pick<CfDate, "hour" | "minute" | "second" | "microsecond"> {
  const seconds = Math.floor(microseconds / SECOND);
  return {
    hour: Math.floor(seconds / 3600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
    microsecond: microseconds - seconds * SECOND,
  };
}

function hasTime({ hour, minute, second, microsecond }: CfDate): boolean {
  const fits = (value: number, end: number): boolean => Number.isInteger(value) && value >= 0 && value < end;
  return fits(hour, 24) && fits(minute, 60) && fits(second, 60) && fits(microsecond, SECOND);
}

/**
 * Rounds half to even, as cftime does (so that dates are equal to its own); and as it does, away from the microsecond
 * before or after a whole second where the value lies between: the unit's last digits are seldom meant.
 */
function wholeMicroseconds(value: number, prefersSeconds: boolean): number {
  const floored = Math.floor(value);
  const isTie = value - floored === 0.5;
  const rounded = isTie && floored % 2 === 0 ? floored : Math.round(value);
  const inSecond = rounded - Math.floor(rounded / SECOND) * SECOND;
  if (prefersSeconds && inSecond === 1) return floored;
  return prefersSeconds && inSecond === SECOND - 1 ? Math.ceil(value) : rounded;
}
