import { describe, expect, it } from "vitest";
import { absentSteps, periodsOf, timeAxis } from "../../../../core/index.ts";

const axisOf = (unit: string, calendar: string, values: readonly number[]) =>
  timeAxis(Float64Array.from(values), { unit, calendar });
const days = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe("periods", () => {
  it("go over the year that a calendar does not have", () => {
    // 1 January of the year 1 is day 0; the winter began on 1 December of the year -1, 31 days before.
    const axis = axisOf("days since 0001-01-01", "standard", days(80));
    expect(Array.from(periodsOf(axis, "QS-DEC").bounds)).toEqual([-31, 59, 59, 151]);
    expect(Array.from(periodsOf(axis, "YS-DEC").bounds)).toEqual([-31, 334]);
    const noleap = axisOf("days since 0000-12-01", "noleap", days(40));
    expect(Array.from(periodsOf(noleap, "YS").bounds)).toEqual([-334, 31, 31, 396]);
  });

  it("of several years or months begin with the one that the first step is in", () => {
    const axis = axisOf("days since 2001-03-10", "360_day", days(720));
    const starts = (frequency: string): string[] => {
      const { bounds, count } = periodsOf(axis, frequency);
      return Array.from({ length: count }, (_, i) => {
        const { year, month } = axis.time.decode(bounds[2 * i] as number);
        return `${year}-${month}`;
      });
    };
    expect(starts("10YS-JUL")).toEqual(["2000-7"]);
    expect(starts("9MS")).toEqual(["2001-3", "2001-12", "2002-9"]);
    expect(starts("3QS-DEC")).toEqual(["2001-3", "2001-12", "2002-9"]);
  });

  it("have fewer days in October 1582 of the standard calendar", () => {
    const axis = axisOf("days since 1582-09-01", "standard", days(90));
    expect(Array.from(periodsOf(axis, "MS").expected)).toEqual([30, 21, 30, 31]);
    expect(axis.dayOfYear[34]).toBe((axis.dayOfYear[33] as number) + 1);
    expect([axis.day[33], axis.day[34]]).toEqual([4, 15]);
  });

  it("without a step are among them", () => {
    const axis = axisOf("days since 2001-01-01", "noleap", [0, 100]);
    const { start, stop, count } = periodsOf(axis, "MS");
    expect([count, Array.from(start), Array.from(stop)]).toEqual([4, [0, 1, 1, 1], [1, 1, 1, 2]]);
  });
});

describe("the step of a time axis", () => {
  const monthEnds = [31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
  const stepOf = (values: readonly number[], calendar = "standard") =>
    axisOf("days since 2001-01-01", calendar, values).step;

  it("is a month where steps lie at the first, in the middle, or at the end of months", () => {
    expect(stepOf([0, ...monthEnds])).toEqual({ months: 1 });
    expect(stepOf([15.5, 45, 74.5, 105, 135.5])).toEqual({ months: 1 });
    // 31 January, 28 February, …: of pandas' frequency "ME".
    expect(stepOf(monthEnds.map((day) => day - 1))).toEqual({ months: 1 });
    // 30 June, 31 December.
    expect(stepOf([180, 364])).toEqual({ months: 6 });
  });

  it("is a month as well where months happen to be alike", () => {
    // 1 July, 1 August, 1 September.
    expect(stepOf([181, 212, 243])).toEqual({ months: 1 });
    expect(stepOf([0, 30, 60, 90], "360_day")).toEqual({ seconds: 30 * 86_400 });
    expect(stepOf([0, 365, 730], "noleap")).toEqual({ months: 12 });
    expect(stepOf([0, 28, 56, 84])).toEqual({ seconds: 28 * 86_400 });
  });

  it("tells how many there would be in a period, so that incomplete ones are found", () => {
    const axis = axisOf("days since 2001-01-01", "noleap", [...monthEnds.map((day) => day - 1), 365 + 30, 365 + 58]);
    expect(Array.from(periodsOf(axis, "YS").expected)).toEqual([12, 12]);
    expect(Array.from(periodsOf(axis, "QS-DEC").expected)).toEqual([3, 3, 3, 3, 3]);
    expect(Array.from(absentSteps(axisOf("days since 2001-01-01", "noleap", [30, 58, 180, 211])))).toEqual([
      0, 0, 3, 0,
    ]);
    expect(Array.from(absentSteps(axisOf("hours since 2001-01-01", "noleap", [12, 36, 108])))).toEqual([0, 0, 2]);
    expect(Array.from(absentSteps(axisOf("days since 2001-01-01", "noleap", [0, 1, 1.7])))).toEqual([0, 0, 0]);
  });
});
