import { describe, expect, it } from "vitest";
import { daysText, stepsInPeriod, type TimeAxis, timeAxis } from "../../../../core/index.ts";

const daily = (calendar: string, length: number, since = "1990-01-01"): TimeAxis =>
  timeAxis(
    Float64Array.from({ length }, (_, i) => i + 0.5),
    { unit: `days since ${since}`, calendar },
  );

describe("stepsInPeriod", () => {
  it("takes years, months and days, ends included", () => {
    const axis = daily("standard", 1461);
    expect(stepsInPeriod(axis, undefined)).toEqual({ start: 0, stop: 1461 });
    expect(stepsInPeriod(axis, "1991-1992")).toEqual({ start: 365, stop: 365 + 365 + 366 });
    expect(stepsInPeriod(axis, " 1991 / 1991 ")).toEqual({ start: 365, stop: 730 });
    expect(stepsInPeriod(axis, "1990-02/1990-02-03")).toEqual({ start: 31, stop: 34 });
    expect(daysText(axis, stepsInPeriod(axis, "1991-02/1991-03"))).toBe("1991-02-01 to 1991-03-31");
  });

  it("refuses what the data do not cover: a part of a period is another one", () => {
    const axis = daily("noleap", 3 * 365);
    for (const period of [
      "1961-1990",
      "1989-1991",
      "1990-1993",
      "1993-1994",
      "1989-12/1990-12",
      "1992-12/1993-01-01",
    ]) {
      expect(() => stepsInPeriod(axis, period)).toThrow(
        `The data go from 1990-01-01 to 1992-12-31, which is not all of the period ${period}.`,
      );
    }
    // Year 1991 is missing altogether.
    const gap = timeAxis(Float64Array.of(0, 1, 730, 731), { unit: "days since 1990-01-01", calendar: "noleap" });
    expect(() => stepsInPeriod(gap, "1991-1991")).toThrow("has no step in the period 1991-1991");
    expect(() => stepsInPeriod(daily("noleap", 0), "1991-1991")).toThrow("no steps");
  });

  it("reaches the end of a month in a calendar without that day", () => {
    const axis = daily("360_day", 720);
    expect(stepsInPeriod(axis, "1990-01-01/1991-12-31")).toEqual({ start: 0, stop: 720 });
    expect(() => stepsInPeriod(daily("360_day", 719), "1990-01-01/1991-12-31")).toThrow("1991-12-29");
    expect(() => stepsInPeriod(daily("noleap", 729), "1990-01-01/1991-12-31")).toThrow("1991-12-30");
    expect(stepsInPeriod(daily("noleap", 59), "1990-01-01/1990-02-29")).toEqual({ start: 0, stop: 59 });
  });

  it("refuses what is no period", () => {
    for (const period of ["1991-1990", "1990", "90s", "", "1990-01-1991", "1990/1991/1992", "1990-12/1990-11"]) {
      expect(() => stepsInPeriod(daily("noleap", 730), period)).toThrow(`"${period}" is no period.`);
    }
  });
});
