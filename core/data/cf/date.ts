import { InvalidDateError } from "./errors.ts";

/** A moment of some calendar, by its fields: a date such as 30 February has no `Date`. */
export interface CfDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** From 1. */
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 to 999,999. */
  readonly microsecond: number;
}

const FIELDS = ["year", "month", "day", "hour", "minute", "second", "microsecond"] as const;

/** The fields of a date that a text states, the others left out. */
export interface PartialDate extends Partial<CfDate> {
  readonly year: number;
}

const ISO_DATE =
  /^([+-]?\d{4,})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2})(?::(\d{2})(?::(\d{2})(?:\.(\d{1,6})\d*)?)?)?)?)?)?Z?$/;

/**
 * Reads ISO 8601: `2005`, `2005-03`, `2005-03-01`, `2005-03-01T12:30`, `2005-03-01T12:30:15.25`. Whether the date exists
 * is for a calendar to say.
 *
 * @returns The fields that the text states.
 * @throws {@link InvalidDateError}
 */
export function parsePartialDate(text: string): PartialDate {
  const match = ISO_DATE.exec(text.trim());
  if (!match)
    throw new InvalidDateError(text, "is no date; write it as 2005, 2005-03, 2005-03-01 or 2005-03-01T12:30:00.");
  const [year, month, day, hour, minute, second, fraction] = match.slice(1);
  const numbers = [year, month, day, hour, minute, second, fraction?.padEnd(6, "0")];
  const stated = FIELDS.flatMap((field, i) => (numbers[i] === undefined ? [] : [[field, Number(numbers[i])] as const]));
  return Object.fromEntries(stated) as unknown as PartialDate;
}

/**
 * Reads ISO 8601; fields that the text leaves out are at their start.
 *
 * @throws {@link InvalidDateError}
 *
 * @example
 * parseDate("2005-03"); // 2005-03-01T00:00:00
 */
export function parseDate(text: string): CfDate {
  return { ...START, ...parsePartialDate(text) };
}

const START = { month: 1, day: 1, hour: 0, minute: 0, second: 0, microsecond: 0 };

/** A date as ISO 8601 text: `2005-03-01T12:30:00`, with a fraction where there is one. */
export function formatDate(date: CfDate): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const year = `${date.year < 0 ? "-" : ""}${String(Math.abs(date.year)).padStart(4, "0")}`;
  const fraction = String(date.microsecond).padStart(6, "0").replace(/0+$/, "");
  const time = `${two(date.hour)}:${two(date.minute)}:${two(date.second)}${fraction && `.${fraction}`}`;
  return `${year}-${two(date.month)}-${two(date.day)}T${time}`;
}
