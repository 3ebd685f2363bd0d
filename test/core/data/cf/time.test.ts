import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CfDate, cfTime, convertTimes, formatDate, isTimeUnit, parseDate } from "../../../../core/index.ts";

/** `[unit, calendar, value, ISO date]` by cftime; scripts/make-cf-oracles.py. */
const oracle = JSON.parse(
  readFileSync(new URL("../../../fixtures/cf/times.json", import.meta.url), "utf8"),
) as readonly (readonly [string, string, number, string])[];

const calendars = ["standard", "proleptic_gregorian", "julian", "noleap", "all_leap", "360_day"] as const;
const units = ["days", "hours", "minutes", "seconds", "milliseconds", "microseconds"] as const;

describe("cfTime", () => {
  it("decodes as cftime does, over all calendars", () => {
    expect(oracle).toHaveLength(540);
    const ours = oracle.map(([unit, calendar, value]) => formatDate(cfTime({ unit, calendar }).decode(value)));
    expect(ours).toEqual(oracle.map(([, , , date]) => formatDate(parseDate(date))));
  });

  it("encodes what it decodes", () => {
    const cases = fc.record({
      calendar: fc.constantFrom(...calendars),
      unit: fc.constantFrom(...units),
      day: fc.integer({ min: -800_000, max: 800_000 }),
      microsecond: fc.integer({ min: 0, max: 86_400_000_000 - 1 }),
    });
    fc.assert(
      fc.property(cases, ({ calendar, unit, day, microsecond }) => {
        const days = cfTime({ unit: "days since 1582-10-15", calendar });
        const micros = cfTime({ unit: "microseconds since 1582-10-15", calendar });
        // A whole day, and so much of it that a float64 of microseconds is exact.
        const date: CfDate = { ...micros.decode(microsecond), ...dayOf(days.decode(day)) };
        const time = cfTime({ unit: `${unit} since 1582-10-15 12:00`, calendar });
        const decoded = time.decode(time.encode(date));
        // A float64 of 800,000 days holds 10 microseconds.
        expect(Math.abs(micros.encode(decoded) - micros.encode(date))).toBeLessThanOrEqual(16);
        expect(time.encode(time.decode(day))).toBe(day);
      }),
      { numRuns: 2000 },
    );
  });

  it("counts every day of a calendar once", () => {
    for (const calendar of calendars) {
      const time = cfTime({ unit: "days since 1580-01-01", calendar });
      let previous = "";
      for (let day = -800; day < 160_000; day++) {
        const text = formatDate(time.decode(day));
        if (!(text > previous)) expect.fail(`${calendar}: ${text} follows ${previous}`);
        previous = text;
      }
    }
  });

  it("passes from Julian to Gregorian in October 1582", () => {
    const dates = (calendar: string): string[] =>
      [0, 1].map((day) => formatDate(cfTime({ unit: "days since 1582-10-4", calendar }).decode(day)).slice(0, 10));
    expect(dates("standard")).toEqual(["1582-10-04", "1582-10-15"]);
    expect(dates("gregorian")).toEqual(["1582-10-04", "1582-10-15"]);
    expect(dates("proleptic_gregorian")).toEqual(["1582-10-04", "1582-10-05"]);
    expect(dates("julian")).toEqual(["1582-10-04", "1582-10-05"]);
  });

  it("keeps microseconds of a time in seconds, as in GOES files", () => {
    const time = cfTime({ unit: "seconds since 2000-01-01 12:00:00" });
    expect(formatDate(time.decode(562_236_818.980285))).toBe("2017-10-25T20:53:38.980285");
  });

  it("decodes 64-bit integers beyond 2^53", () => {
    const time = cfTime({ unit: "nanoseconds since 1970-01-01" });
    expect(formatDate(time.decode(1_600_000_000_123_456_000n))).toBe("2020-09-13T12:26:40.123456");
    expect(formatDate(time.decode(-1_000n))).toBe("1969-12-31T23:59:59.999999");
  });

  it.each([
    ["Days Since 2000-1-1", "2000-01-02T00:00:00"],
    ["days since 2000-01-01T06:00:00Z", "2000-01-02T06:00:00"],
    ["days since 2000-01-01 00:00:00.5 UTC", "2000-01-02T00:00:00.5"],
    ["days since 2000-01-01 00:00:00 -9:00", "2000-01-02T09:00:00"],
    ["days since 2000-01-01 00:00:00 +05:30", "2000-01-01T18:30:00"],
    ["days since 2000-01-01 00:00:00 -0500", "2000-01-02T05:00:00"],
    ["days since 20000101", "2000-01-02T00:00:00"],
    ["days since 2000-01", "2000-01-02T00:00:00"],
    ["weeks since 2000-01-01", "2000-01-08T00:00:00"],
    ["hours after 2000-01-01 12", "2000-01-01T13:00:00"],
    ["µs since 2000-01-01", "2000-01-01T00:00:00.000001"],
  ])("understands %s", (unit, one) => {
    expect(isTimeUnit(unit)).toBe(true);
    const time = cfTime({ unit });
    expect([formatDate(time.decode(1)), time.problems]).toEqual([one, []]);
  });

  it("understands a date with its year last where it is clear, and says so", () => {
    const time = cfTime({ unit: "seconds since 1-1-1970" });
    expect(formatDate(time.decode(0))).toBe("1970-01-01T00:00:00");
    expect(time.problems).toEqual(['the date "1-1-1970" has its year last; it is taken as 1970-01-01']);
    expect(formatDate(cfTime({ unit: "days since 25-12-1970" }).decode(0))).toBe("1970-12-25T00:00:00");
    expect(() => cfTime({ unit: "days since 5-6-1970" })).toThrow('"5-6-1970" in time unit');
  });

  it("has no year 0 in historical calendars, unless the unit counts from it", () => {
    const dayBefore = (unit: string, calendar: string): string => formatDate(cfTime({ unit, calendar }).decode(-1));
    expect(dayBefore("days since 1-1-1", "standard")).toBe("-0001-12-31T00:00:00");
    expect(dayBefore("days since 1-1-1", "proleptic_gregorian")).toBe("0000-12-31T00:00:00");
    const zero = cfTime({ unit: "days since 0000-01-01", calendar: "standard" });
    expect(formatDate(zero.decode(366))).toBe("0001-01-01T00:00:00");
    expect(zero.problems).toEqual(["year 0, which the calendar standard does not have, is taken as 1 BC"]);
    expect(cfTime({ unit: "days since 0000-01-01", calendar: "noleap" }).problems).toEqual([]);
  });

  it("counts months and years only where they are of one length", () => {
    const date = (unit: string, calendar: string): string => formatDate(cfTime({ unit, calendar }).decode(1.5));
    expect(date("months since 2000-01-01", "360_day")).toBe("2000-02-16T00:00:00");
    expect(date("common_years since 2000-01-01", "365_day")).toBe("2001-07-02T12:00:00");
    expect(() => date("months since 2000-01-01", "standard")).toThrow("which are not all of one length");
    expect(() => date("years since 2000-01-01", "360_day")).toThrow("which are not all of one length");
  });

  it.each([
    [{ unit: "days" }, '"days" is no time unit'],
    [{ unit: `days since 2000-01-01${" ".repeat(100_000)}x` }, "is no time unit"],
    [{ unit: "days since then" }, '"then" in time unit'],
    [{ unit: "moons since 2000-01-01" }, '"moons" in time unit'],
    [{ unit: "days since 2000-01-01 25:00" }, "is no date"],
    [{ unit: "days since 1582-10-10" }, "does not exist in the calendar standard"],
    [{ unit: "days since 2001-02-29", calendar: "noleap" }, "does not exist in the calendar noleap"],
    [{ unit: "days since 2000-01-01", calendar: "none" }, 'Calendar "none" has no dates'],
    [{ unit: "days since 2000-01-01", calendar: "utc" }, "counts leap seconds"],
    [{ unit: "days since 2000-01-01", calendar: "gregorain" }, 'Did you mean "gregorian"?'],
  ])("refuses %o", (reference, message) => {
    const problem = { code: "TWIN_TIME_UNIT_INVALID", message: expect.stringContaining(message) };
    expect(() => cfTime(reference)).toThrow(expect.objectContaining(problem));
  });

  it("refuses values and dates that are none", () => {
    const time = cfTime({ unit: "days since 2000-01-01", calendar: "360_day" });
    const invalid = expect.objectContaining({ code: "TWIN_DATE_INVALID" });
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1e300])
      expect(() => time.decode(value)).toThrow(invalid);
    const date = parseDate("2000-01-01");
    for (const wrong of [{ day: 31 }, { month: 13 }, { month: 0 }, { day: 0.5 }, { hour: 24 }, { microsecond: -1 }]) {
      expect(() => time.encode({ ...date, ...wrong })).toThrow(invalid);
    }
    expect(() => cfTime({ unit: "days since 1-1-1" }).encode({ ...date, year: 0 })).toThrow(invalid);
  });
});

function dayOf({ year, month, day }: CfDate): Pick<CfDate, "year" | "month" | "day"> {
  return { year, month, day };
}

describe("dates as text", () => {
  it.each([
    ["2005", "2005-01-01T00:00:00"],
    ["2005-03", "2005-03-01T00:00:00"],
    ["2005-02-30", "2005-02-30T00:00:00"],
    ["-0004-03-01T12", "-0004-03-01T12:00:00"],
    ["2005-03-01 12:30:15.2500Z", "2005-03-01T12:30:15.25"],
  ])("%s is %s", (text, date) => {
    expect(formatDate(parseDate(text))).toBe(date);
  });

  it.each(["", "May", "05-03-01", "2005-3-1", "2005-03-01T12:00+01:00"])('"%s" is none', (text) => {
    expect(() => parseDate(text)).toThrow(expect.objectContaining({ code: "TWIN_DATE_INVALID" }));
  });
});

describe("convertTimes", () => {
  const convert = (values: readonly number[], from: [string, string?], to: [string, string?]): number[] => [
    ...convertTimes(values, { unit: from[0], calendar: from[1] }, { unit: to[0], calendar: to[1] }),
  ];

  it("is linear within a calendar", () => {
    expect(convert([0, 1.5, Number.NaN], ["days since 1900-01-01"], ["hours since 1900-01-02 06:00"])).toEqual([
      -30,
      6,
      Number.NaN,
    ]);
    expect(convert([36], ["hours since 1900-01-01"], ["days since 1900-01-01", "gregorian"])).toEqual([1.5]);
    expect(convert([1], ["days since 0000-01-01"], ["days since 1-1-1"])).toEqual([-365]);
    expect(convert([360], ["days since 0-1-1", "360_day"], ["months since 1-1-1", "360_day"])).toEqual([0]);
  });

  it("keeps dates between calendars", () => {
    const [noleap, standard] = ["days since 2000-01-01", "days since 2000-01-01"];
    expect(convert([0, 59, 365.25, Number.NaN], [noleap, "noleap"], [standard])).toEqual([0, 60, 366.25, Number.NaN]);
    // 1 BC is the year -1 of the one and 0 of the other.
    expect(convert([-1], ["days since 1-1-1", "julian"], ["days since 1-1-1", "proleptic_gregorian"])).toEqual([-1]);
  });

  it("names a date that the other calendar does not have", () => {
    const february = (): unknown => convert([0, 59], ["days since 2001-01-01", "360_day"], ["days since 2001-01-01"]);
    expect(february).toThrow('"2001-02-30T00:00:00" does not exist in the calendar standard.');
  });
});
