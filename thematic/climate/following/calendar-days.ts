import { type CfDate, type CfTime, cfTime } from "../../../core/index.ts";

/** Days of a calendar, counted from 1970-01-01 in that calendar. */
export interface CalendarDays {
  readonly calendar: string;
  readonly time: CfTime;
  /** Part of its year that has passed at a day (fractions allowed), 0 to 1. */
  phase(day: number): number;
  /** The day in its year, 1 to 366, whole. */
  dayOfYear(day: number): number;
  /** `[1, most]`: how many days a year has at most. */
  readonly longestYear: number;
}

export function calendarDays(calendar: string): CalendarDays {
  const time = cfTime({ unit: "days since 1970-01-01", calendar });
  const startOf = (year: number): number => time.encode(firstDay(year));
  let known = { year: Number.NaN, start: Number.NaN, next: Number.NaN };
  const yearOf = (day: number): typeof known => {
    if (!(day >= known.start && day < known.next)) {
      const { year } = time.decode(Math.floor(day));
      known = { year, start: startOf(year), next: startOf(year + 1) };
    }
    return known;
  };
  return {
    calendar: time.calendar,
    time,
    // 1972 is a leap year in every calendar that has them.
    longestYear: startOf(1973) - startOf(1972),
    phase: (day) => {
      const { start, next } = yearOf(day);
      return (day - start) / (next - start);
    },
    dayOfYear: (day) => Math.floor(day - yearOf(day).start) + 1,
  };
}

function firstDay(year: number): CfDate {
  return { year, month: 1, day: 1, hour: 0, minute: 0, second: 0, microsecond: 0 };
}
