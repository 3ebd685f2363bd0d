import { describe, expect, it } from "vitest";
import { dayLengths } from "../../../../../thematic/climate/indices/fire/day-length.ts";
import {
  FIRE_CODES,
  type FireCode,
  type FireWeatherSeries,
  fireWeatherRecurrence,
  type RecurrenceOptions,
} from "../../../../../thematic/climate/indices/fire/recurrence.ts";
import { type FireSeason, fireSeason } from "../../../../../thematic/climate/indices/fire/season.ts";

function days(
  temperature: readonly number[],
  season: FireSeason,
  more: { snow?: number[]; absent?: number[] } = {},
): string {
  const active = new Uint8Array(temperature.length);
  fireSeason(
    { temperature: Float64Array.from(temperature), ...(more.snow && { snow: Float64Array.from(more.snow) }) },
    season,
    {
      year: temperature.map((_, i) => (i < 16 ? 2000 : 2001)),
      absent: more.absent ?? temperature.map(() => 0),
      active,
    },
  );
  return active.join("");
}

describe("fireSeason", () => {
  const year = [1, 1, 1, 1, 13, 13, 13, 8, 8, 8, 4, 4, 4, 1, 1, 1];

  it("WF93: begins after three days above 12 degC, ends after three below 5, without the day itself", () => {
    expect(days(year, { method: "WF93" })).toBe("0000000111111000");
    expect(days(year, { method: "WF93", start: 13 })).toBe("0".repeat(16));
    expect(days(year, { method: "WF93", days: 2 })).toBe("0000001111110000");
  });

  it("LA08: begins on the third day without snow, ends with snow, or on the third below 5 degC", () => {
    const snow = [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.02, 0, 0, 0];
    expect(days(year, { method: "LA08" }, { snow })).toBe("0000011111110000");
  });

  it("GFWED: by means over three days", () => {
    // Means of temperature: above 6 from day 5 (1, 13, 13) to day 10 (8, 8, 4); day 11 has 5.3.
    const snow = year.map(() => 0);
    expect(days(year, { method: "GFWED", start: 6, end: 6 }, { snow })).toBe("0000011111100000");
    expect(days(year, { method: "GFWED", start: 6, end: 6 }, { snow: year.map((_, i) => (i === 8 ? 0.03 : 0)) })).toBe(
      "0000011100000000",
    );
  });

  it("a missing day, or one that the data lack, begins and ends nothing", () => {
    const gap = year.map((value, i) => (i === 5 || i === 11 ? Number.NaN : value));
    expect(days(gap, { method: "WF93" })).toBe("0".repeat(16));
    const absent = year.map((_, i) => (i === 11 ? 4 : 0));
    expect(days(year, { method: "WF93" }, { absent })).toBe("0000000111111100");
  });

  it("keeps the longest of each year, the first of equal ones", () => {
    const cold = [1, 1, 1, 1];
    const two = [...cold, 13, 13, 13, 9, 1, 1, 1, 13, 13, 13, 9, 9, ...[9, 9, 9, 9, 1, 1, 1, 1]];
    expect(days(two, { method: "WF93" })).toBe("000000011110001111111110");
    expect(days(two, { method: "WF93", longest: true })).toBe("000000011110000011111110");
  });

  it("needs snow where it goes by it, and whole numbers of days", () => {
    expect(() => days(year, { method: "LA08" })).toThrow("depth of snow");
    expect(() => days(year, { method: "WF93", days: 0 })).toThrow("1 or more");
  });
});

const options: RecurrenceOptions = { start: { ffmc: 85, dmc: 6, dc: 15 }, maxGap: 0, snowDepth: 0.01 };

function codes(
  series: Partial<{ [Key in keyof FireWeatherSeries]: readonly number[] }> & { readonly rain: readonly number[] },
  how: Partial<RecurrenceOptions> = {},
): Record<FireCode, number[]> {
  const { length } = series.rain;
  const take = (values: readonly number[] | undefined, other: number): Float64Array =>
    Float64Array.from(values ?? new Array<number>(length).fill(other));
  const outputs = Object.fromEntries(FIRE_CODES.map((code) => [code, new Float64Array(length).fill(Number.NaN)]));
  fireWeatherRecurrence(
    {
      temperature: take(series.temperature, 17),
      humidity: take(series.humidity, 42),
      wind: take(series.wind, 25),
      rain: take(series.rain, 0),
      snow: series.snow && Float64Array.from(series.snow),
      month: take(series.month, 4),
      absent: take(series.absent, 0),
      active: series.active && Uint8Array.from(series.active),
    },
    dayLengths(46, "gfwed"),
    { ...options, ...how },
    outputs as Record<FireCode, Float64Array>,
  );
  return Object.fromEntries(FIRE_CODES.map((code) => [code, [...(outputs[code] as Float64Array)]])) as Record<
    FireCode,
    number[]
  >;
}

describe("codes day after day", () => {
  // Each day of April without rain adds 4.014 to the drought code.
  it("a missing day loses the codes, unless they may be carried over so many", () => {
    const rain = [0, 0, Number.NaN, Number.NaN, 0, 0];
    expect(codes({ rain }).DC.map(Number.isNaN)).toEqual([false, false, true, true, true, true]);
    expect(codes({ rain }, { maxGap: 1 }).DC.map(Number.isNaN)).toEqual([false, false, true, true, true, true]);
    const carried = codes({ rain }, { maxGap: 2 });
    expect(carried.DC.map(Number.isNaN)).toEqual([false, false, true, true, false, false]);
    expect(carried.DC[4]).toBeCloseTo(15 + 3 * 4.014, 10);
    expect(carried.FWI[3]).toBeNaN();
  });

  it("days that the data lack are missing, too; so are values that cannot be", () => {
    const absent = [0, 0, 3, 0];
    expect(codes({ rain: [0, 0, 0, 0], absent }, { maxGap: 2 }).DC.map(Number.isNaN)).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(codes({ rain: [0, 0, 0, 0], absent }, { maxGap: 3 }).DC[3]).toBeCloseTo(15 + 4 * 4.014, 10);
    expect(codes({ rain: [0, 0], humidity: [42, -1] }).FFMC[1]).toBeNaN();
    expect(codes({ rain: [0, 0], wind: [-3, 4] }).FFMC[0]).toBeNaN();
  });

  const active = [1, 1, 0, 0, 0, 1, 1];

  it("a season starts with the start values, and codes are missing between", () => {
    const { DC, DMC } = codes({ rain: new Array<number>(7).fill(0), active });
    expect(DC.map(Number.isNaN)).toEqual([false, false, true, true, true, false, false]);
    expect([DC[1], DC[5]].map((value) => value?.toFixed(3))).toEqual(["23.028", "19.014"]);
    expect(DMC[5]).toBe(DMC[0]);
  });

  it("overwintering: from the autumn's code and the rain of the days between", () => {
    // Autumn 23.028; 20 + 5 + 5 mm; the first day of the season counts no more.
    const rain = [0, 0, 20, 5, 5, 2, 0];
    const { DC } = codes({ rain, active }, { overwintering: { carryOver: 0.75, wetting: 0.75 } });
    const spring = 400 * Math.log(800 / (0.75 * 800 * Math.exp(-23.028 / 400) + 0.75 * 3.94 * 30));
    expect(DC[5]).toBeCloseTo(spring + 4.014, 10);
    const lost = codes(
      { rain: [0, 0, 20, Number.NaN, 5, 2, 0], active },
      { overwintering: { carryOver: 1, wetting: 1 } },
    );
    expect(lost.DC[5]).toBeNaN();
    expect(lost.FFMC[5]).not.toBeNaN();
  });

  it("dry starts: more for each dry day, from the start value (CFS) or from nothing (GFWED)", () => {
    // Days 3 and 4 are dry; day 2, the first out of season, does not count. GFWED counts day 5.
    const rain = [0, 0, 0, 0, 0, 0, 0];
    expect(codes({ rain, active }, { dryStart: { method: "CFS" } }).DC[5]).toBeCloseTo(15 + 2 * 5 + 4.014, 10);
    expect(codes({ rain, active }, { dryStart: { method: "GFWED" } }).DC[5]).toBeCloseTo(15 + 3 * 5 + 4.014, 10);
    const wet = [0, 0, 0, 4, 0, 0, 0];
    expect(codes({ rain: wet, active }, { dryStart: { method: "CFS" } }).DC[5]).toBeCloseTo(15 + 5 + 4.014, 10);
    expect(codes({ rain: wet, active }, { dryStart: { method: "GFWED" } }).DC[5]).toBeCloseTo(2 * 5 + 4.014, 10);
    const snow = [0, 0, 0.5, 0.5, 0.5, 0.5, 0];
    const snowy = codes({ rain: wet, active, snow }, { dryStart: { method: "GFWED", snowCoverDays: 4 } });
    expect(snowy.DC[5]).toBeCloseTo(15 + 4.014, 10);
  });
});
