import { describe, expect, it } from "vitest";
import { type MissingRule, missingPeriods, periodsOf, timeAxis } from "../../../../core/index.ts";

const daily = (from: string, count: number, calendar = "standard") =>
  timeAxis(
    Float64Array.from({ length: count }, (_, i) => i + 0.5),
    { unit: `days since ${from}`, calendar },
  );

function missingOf(axis: ReturnType<typeof timeAxis>, frequency: string, rule: MissingRule, gaps: readonly number[]) {
  const periods = periodsOf(axis, frequency);
  const series = new Float64Array(axis.length).fill(1);
  for (const gap of gaps) series[gap] = Number.NaN;
  const missing = new Uint8Array(periods.count).fill(9);
  missingPeriods(axis, periods, rule)(series, missing);
  return [...missing];
}

describe("missing periods", () => {
  it("are those with a missing step, by any", () => {
    const axis = daily("2001-01-01", 59);
    expect(missingOf(axis, "MS", "any", [])).toEqual([0, 0]);
    expect(missingOf(axis, "MS", "any", [30])).toEqual([1, 0]);
    // 28 February is absent.
    expect(missingOf(daily("2001-01-01", 58), "MS", "any", [])).toEqual([0, 1]);
    expect(missingOf(daily("2001-01-02", 58), "MS", "any", [])).toEqual([1, 0]);
  });

  it("are those without a step, by skip", () => {
    const axis = daily("2001-01-31", 3);
    expect(missingOf(axis, "MS", "skip", [1])).toEqual([0, 0]);
    expect(missingOf(axis, "MS", "skip", [0])).toEqual([1, 0]);
  });

  it("are those with more than so many percent missing, and not those with just as many", () => {
    const axis = daily("2001-01-01", 60, "360_day");
    expect(missingOf(axis, "MS", { percent: 10 }, [0, 1, 2, 30, 31, 32, 33])).toEqual([0, 1]);
    expect(missingOf(axis, "MS", { percent: 0 }, [59])).toEqual([0, 1]);
    expect(missingOf(axis, "MS", { percent: 100 }, [59])).toEqual([0, 0]);
    const all = Array.from({ length: 30 }, (_, i) => i);
    expect(missingOf(axis, "MS", { percent: 100 }, all)).toEqual([1, 0]);
  });

  it("periods between two that have steps are missing, whatever the rule", () => {
    const axis = timeAxis(Float64Array.of(0, 1, 70), { unit: "days since 2001-01-01" });
    for (const rule of ["any", "skip", "wmo", { percent: 100 }] as const) {
      expect(missingOf(axis, "MS", rule, [])[1]).toBe(1);
    }
  });

  it("by the rule of the WMO: 11 days of a month, or 5 in a row", () => {
    const axis = daily("2001-01-01", 59);
    const days = (...list: number[]) => missingOf(axis, "MS", "wmo", list);
    expect(days(0, 1, 2, 3)).toEqual([0, 0]);
    expect(days(0, 1, 2, 3, 4)).toEqual([1, 0]);
    // Five in a row over the end of a month are in no month five.
    expect(days(28, 29, 30, 31, 32)).toEqual([0, 0]);
    expect(days(26, 27, 28, 29, 30)).toEqual([1, 0]);
    const everyOther = (count: number) => Array.from({ length: count }, (_, i) => 31 + 2 * i);
    expect(days(...everyOther(10))).toEqual([0, 0]);
    expect(days(...everyOther(11))).toEqual([0, 1]);
  });

  it("by the rule of the WMO, days that the axis lacks are missing", () => {
    expect(missingOf(daily("2001-01-05", 27), "MS", "wmo", [])).toEqual([0]);
    expect(missingOf(daily("2001-01-06", 26), "MS", "wmo", [])).toEqual([1]);
    expect(missingOf(daily("2001-01-01", 26), "MS", "wmo", [])).toEqual([1]);
    const values = Float64Array.from({ length: 31 }, (_, i) => i).filter((i) => i < 10 || i > 14);
    const axis = timeAxis(values, { unit: "days since 2001-01-01" });
    expect(missingOf(axis, "MS", "wmo", [])).toEqual([1]);
  });

  it("by the rule of the WMO, a year is missing where a month is", () => {
    const axis = daily("2001-01-01", 730, "noleap");
    expect(missingOf(axis, "YS", "wmo", [100, 101, 102, 103])).toEqual([0, 0]);
    expect(missingOf(axis, "YS", "wmo", [400, 401, 402, 403, 404])).toEqual([0, 1]);
    // December 2000 and the last two months of the season are absent.
    expect(missingOf(axis, "QS-DEC", "wmo", [])).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 1]);
  });

  it("a rule that is none is refused, and one that does not fit the axis", () => {
    const axis = daily("2001-01-01", 60);
    expect(() => missingOf(axis, "MS", { percent: 101 }, [])).toThrow(/percent/);
    expect(() => missingOf(axis, "MS", "most" as "any", [])).toThrow(/"any", "skip", "wmo"/);
    expect(() => missingOf(axis, "10D", "wmo", [])).toThrow(/not whole months/);
    const hours = timeAxis(Float64Array.of(0, 6, 12), { unit: "hours since 2001-01-01" });
    expect(() => missingOf(hours, "MS", "wmo", [])).toThrow(/not daily/);
  });
});
