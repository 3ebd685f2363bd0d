import { type Calendar, hasDay } from "./calendar.ts";
import { type CfDate, formatDate } from "./date.ts";
import { InvalidTimeUnitError } from "./errors.ts";

/** A time unit such as `hours since 1900-01-01`, taken apart. */
export interface TimeUnit {
  /** Length of the unit: whole days, or so many microseconds. */
  readonly length: { readonly days: number } | { readonly microseconds: number };
  /** In UTC. Its year is as written. */
  readonly reference: CfDate;
  /** Minutes by which the reference was ahead of UTC; `reference` is what is written, not yet corrected. */
  readonly offsetMinutes: number;
  /** What is odd in the text, and how it was understood. */
  readonly problems: readonly string[];
}

/** Spellings that UDUNITS knows or that are seen in files. */
const LENGTHS: readonly (readonly [RegExp, TimeUnit["length"]])[] = [
  [/^(nanosec(ond)?s?|nsecs?|ns)$/, { microseconds: 1e-3 }],
  [/^(microsec(ond)?s?|usecs?|us|µs|μs)$/, { microseconds: 1 }],
  [/^(millisec(ond)?s?|msecs?|ms)$/, { microseconds: 1e3 }],
  [/^(sec(ond)?s?|s)$/, { microseconds: 1e6 }],
  [/^min(ute)?s?$/, { microseconds: 60e6 }],
  [/^(hours?|hrs?|h)$/, { microseconds: 3600e6 }],
  [/^(days?|d)$/, { days: 1 }],
  [/^weeks?$/, { days: 7 }],
];

/** Whether a unit counts from a date. */
export function isTimeUnit(unit: string | undefined): unit is string {
  return unit !== undefined && unit.length <= MAX_LENGTH && PARTS.test(unit);
}

/** Longer texts are no units; the patterns here would take their time over them. */
const MAX_LENGTH = 200;

const PARTS = /^\s*(\S+)\s+(?:since|after|from|ref)\s+(.*?)\s*$/i;

/** @throws {@link InvalidTimeUnitError} */
export function parseTimeUnit(text: string, calendar: Calendar): TimeUnit {
  const [, name = "", reference = ""] = (isTimeUnit(text) && PARTS.exec(text)) || [];
  if (name === "") {
    throw new InvalidTimeUnitError(
      `"${text.slice(0, MAX_LENGTH)}" is no time unit; one is written as "days since 1850-01-01 00:00:00".`,
    );
  }
  const length = lengthOf(name.toLowerCase(), calendar, text);
  const parsed = parseReference(reference);
  if (!parsed) {
    throw new InvalidTimeUnitError(
      `"${reference}" in time unit "${text}" is no date; one is written as 1850-01-01 00:00:00.`,
    );
  }
  return { length, ...parsed };
}

function lengthOf(name: string, calendar: Calendar, text: string): TimeUnit["length"] {
  const length = LENGTHS.find(([spelling]) => spelling.test(name))?.[1];
  if (length) return length;
  // The only calendars in which these are always as long.
  if (calendar.name === "360_day" && /^months?$/.test(name)) return { days: 30 };
  if (calendar.name === "noleap" && /^common_years?$/.test(name)) return { days: 365 };
  if (/^(month|year|common_year|yr|mon)s?$/.test(name)) {
    throw new InvalidTimeUnitError(
      `"${text}" in the calendar ${calendar.name} counts in ${name}, which are not all of one length (UDUNITS would take a year as 365.242198781 days). Give the times in days.`,
    );
  }
  throw new InvalidTimeUnitError(
    `"${name}" in time unit "${text}" is unknown; there are nanoseconds, microseconds, milliseconds, seconds, minutes, hours, days, weeks.`,
  );
}

const DATE = String.raw`([+-]?\d+)-(\d{1,2})(?:-(\d{1,4}))?|(\d{4})(\d{2})(\d{2})|(\d{4})`;
const TIME = String.raw`(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?)?`;
const ZONE = String.raw`(?:Z|UTC|GMT|([+-])(\d{1,2}):?(\d{2})?)`;
const REFERENCE = new RegExp(`^(?:${DATE})(?:[T\\s]\\s*${TIME})?\\s*${ZONE}?$`, "i");

function parseReference(text: string): Omit<TimeUnit, "length"> | undefined {
  const groups: Groups | undefined = REFERENCE.exec(text)?.slice(1);
  if (!groups) return undefined;
  const problems: string[] = [];
  const day = orderedDay(groups.slice(0, 7), text, problems);
  const [hour = 0, minute = 0, second = 0] = groups.slice(7, 10).map((part) => Number(part ?? 0));
  const microsecond = Number((groups[10] ?? "").slice(0, 6).padEnd(6, "0"));
  if (!day || hour > 23 || minute > 59 || second > 59) return undefined;
  const [sign, zoneHours = "0", zoneMinutes = "0"] = groups.slice(11);
  const offsetMinutes = (sign === "-" ? -1 : 1) * (Number(zoneHours) * 60 + Number(zoneMinutes));
  return { reference: { ...day, hour, minute, second, microsecond }, offsetMinutes, problems };
}

type Groups = readonly (string | undefined)[];

/** Year, month and day in whichever order they are written; `undefined` where it cannot be told. */
function orderedDay(
  [first, second, third, packedYear, packedMonth, packedDay, year]: Groups,
  text: string,
  problems: string[],
): Pick<CfDate, "year" | "month" | "day"> | undefined {
  if (year !== undefined) return { year: Number(year), month: 1, day: 1 };
  if (packedYear !== undefined) return { year: Number(packedYear), month: Number(packedMonth), day: Number(packedDay) };
  const [a, b, c] = [Number(first), Number(second), Number(third ?? 1)];
  if (c <= 31 && (third ?? "").length <= 2) return { year: a, month: b, day: c };
  // The year last, as in "1-1-1970": clear only where day and month cannot be confused.
  const isDayFirst = (a > 12 && a <= 31 && b <= 12) || (a === b && a <= 12);
  const isMonthFirst = b > 12 && b <= 31 && a <= 12;
  if (a < 1 || (!isDayFirst && !isMonthFirst)) return undefined;
  const day = isDayFirst ? { year: c, month: b, day: a } : { year: c, month: a, day: b };
  const date = formatDate({ ...day, hour: 0, minute: 0, second: 0, microsecond: 0 }).slice(0, 10);
  problems.push(`the date "${text}" has its year last; it is taken as ${date}`);
  return day;
}

/** Number of the reference day, with year 0 allowed where it is written. */
export function checkedReference(unit: TimeUnit, text: string, calendar: Calendar, skipsYearZero: boolean): number {
  const { year, month, day } = unit.reference;
  const astronomical = { year: skipsYearZero && year < 0 ? year + 1 : year, month, day };
  if (hasDay(calendar, astronomical)) return calendar.numberOf(astronomical);
  throw new InvalidTimeUnitError(
    `The date in time unit "${text}" does not exist in the calendar ${calendar.name}. Check the unit and the attribute \`calendar\`.`,
  );
}
