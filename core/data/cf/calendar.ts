import { unknownCalendar } from "./errors.ts";

/** Year, month 1 to 12, day of the month from 1. */
export interface CalendarDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Numbers the days of a calendar. Years are astronomical: 0 comes before 1. */
export interface Calendar {
  /** The name by which calendars are equal: `standard` for `gregorian`, `noleap` for `365_day`. */
  readonly name: string;
  /** Whether, by convention, year 1 follows year -1, as historians count. */
  readonly skipsYearZero: boolean;
  /** Number of a day, which must be one of this calendar. */
  numberOf(day: CalendarDay): number;
  dayOf(number: number): CalendarDay;
}

/**
 * Years that begin in March, so that a leap day is the last of its year and months begin at the same day in every year.
 *
 * @see Source: the rule for months, floor((153 m + 2) / 5), is Zeller's (Acta Mathematica 9 (1887) 131).
 */
interface MarchYears {
  /** Number of days before 1 March of a year. */
  startOf(year: number): number;
  /** A year that is that of a day, or up to one later. */
  yearNear(number: number): number;
}

const floor = Math.floor;

const GREGORIAN: MarchYears = {
  startOf: (year) => 365 * year + floor(year / 4) - floor(year / 100) + floor(year / 400),
  yearNear: (number) => floor((number + 1) / 365.2425) + 1,
};
/** Numbers agree with those of {@link GREGORIAN}: 5 October 1582 here is 15 October there. */
const JULIAN: MarchYears = {
  startOf: (year) => 365 * year + floor(year / 4) - 2,
  yearNear: (number) => floor((number + 3) / 365.25) + 1,
};
const NO_LEAP: MarchYears = { startOf: (year) => 365 * year, yearNear: (number) => floor(number / 365) };
const ALL_LEAP: MarchYears = { startOf: (year) => 366 * year, yearNear: (number) => floor(number / 366) };

function numberIn(years: MarchYears, { year, month, day }: CalendarDay): number {
  const sinceMarch = (month + 9) % 12;
  return years.startOf(month <= 2 ? year - 1 : year) + floor((153 * sinceMarch + 2) / 5) + day - 1;
}

function dayIn(years: MarchYears, number: number): CalendarDay {
  let year = years.yearNear(number);
  while (years.startOf(year) > number) year--;
  const dayOfYear = number - years.startOf(year);
  const sinceMarch = floor((5 * dayOfYear + 2) / 153);
  const month = sinceMarch < 10 ? sinceMarch + 3 : sinceMarch - 9;
  return { year: month <= 2 ? year + 1 : year, month, day: dayOfYear - floor((153 * sinceMarch + 2) / 5) + 1 };
}

/** A calendar of one rule for all years. */
function plain(name: string, years: MarchYears, skipsYearZero = false): Calendar {
  return {
    name,
    skipsYearZero,
    numberOf: (day) => numberIn(years, day),
    dayOf: (number) => dayIn(years, number),
  };
}

const REFORM = numberIn(GREGORIAN, { year: 1582, month: 10, day: 15 });

/** Julian to 4 October 1582, Gregorian from the next day, 15 October, on. */
const STANDARD: Calendar = {
  name: "standard",
  skipsYearZero: true,
  numberOf: (day) => {
    const number = numberIn(GREGORIAN, day);
    return number >= REFORM ? number : numberIn(JULIAN, day);
  },
  dayOf: (number) => dayIn(number >= REFORM ? GREGORIAN : JULIAN, number),
};

const MONTHS_OF_30: Calendar = {
  name: "360_day",
  skipsYearZero: false,
  numberOf: ({ year, month, day }) => 360 * year + 30 * (month - 1) + day - 1,
  dayOf: (number) => {
    const year = floor(number / 360);
    const dayOfYear = number - 360 * year;
    return { year, month: floor(dayOfYear / 30) + 1, day: (dayOfYear % 30) + 1 };
  },
};

const PROLEPTIC = plain("proleptic_gregorian", GREGORIAN);
const NOLEAP = plain("noleap", NO_LEAP);
const ALLLEAP = plain("all_leap", ALL_LEAP);

/** Calendars by their names in CF 1.11, section 4.4.1. */
const CALENDARS: ReadonlyMap<string, Calendar> = new Map([
  ["standard", STANDARD],
  ["gregorian", STANDARD],
  ["proleptic_gregorian", PROLEPTIC],
  ["julian", plain("julian", JULIAN, true)],
  ["noleap", NOLEAP],
  ["365_day", NOLEAP],
  ["all_leap", ALLLEAP],
  ["366_day", ALLLEAP],
  ["360_day", MONTHS_OF_30],
]);

/** Why two calendars of CF have no numbered days here. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ["none", "has no dates: every time is the same moment of the year. Read the numbers as they are."],
  ["utc", "counts leap seconds, which needs a table of them. Read the numbers as they are."],
]);

/**
 * The calendar of a name; `standard` for none, as CF has it.
 *
 * @throws {@link InvalidTimeUnitError}
 */
export function calendarOf(name: string = "standard"): Calendar {
  const key = name.trim().toLowerCase();
  const calendar = CALENDARS.get(key);
  if (calendar) return calendar;
  throw unknownCalendar(name, [...CALENDARS.keys()], REFUSED.get(key));
}

/** Whether a calendar has a day. */
export function hasDay(calendar: Calendar, day: CalendarDay): boolean {
  if (!Object.values(day).every(Number.isSafeInteger) || day.month < 1 || day.month > 12 || day.day < 1) return false;
  const same = calendar.dayOf(calendar.numberOf(day));
  return same.year === day.year && same.month === day.month && same.day === day.day;
}
