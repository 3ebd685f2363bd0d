import { describe, expect, it } from "vitest";
import { dataset, NdArray } from "../../../../core/index.ts";
import { climateIndex } from "../../../../thematic/climate/index.ts";
import type { ClimateIndexOptions } from "../../../../thematic/climate/indices/climate-index.ts";
import { days, madeDays, numbersOf } from "./made-days.ts";

async function valuesOf(
  data: ReturnType<typeof madeDays>,
  name: string,
  options?: ClimateIndexOptions,
): Promise<readonly number[]> {
  return await numbersOf(await climateIndex(data, name, options), name);
}

// Expected values are worked out by hand from the few days that are unlike the others.
describe("indices of temperatures", () => {
  const tasmax = days(365, 10, { 0: -1, 30: -2, 31: 25, 200: 25.1, 201: 30, 202: 26, 204: 31 });
  const tasmin = days(365, 1, { 0: -5, 30: -0.1, 31: 0, 200: 20, 201: 20.5, 202: 23, 204: 24 });
  const data = madeDays({ tasmax, tasmin });

  it("are extremes and counts of days", async () => {
    const values = async (name: string): Promise<number> => (await valuesOf(data, name))[0] as number;
    expect(await values("TXx")).toBe(31);
    expect(await values("TXn")).toBe(-2);
    expect(await values("TNx")).toBe(24);
    expect(await values("TNn")).toBe(-5);
    // 25 degC is not above 25 degC, 0 not below 0, 20 not above 20.
    expect(await values("SU")).toBe(4);
    expect(await values("FD")).toBe(2);
    expect(await values("ID")).toBe(2);
    expect(await values("TR")).toBe(3);
    expect(await values("CSU")).toBe(3);
    expect(await values("CFD")).toBe(1);
    // 358 days of 9 K; 4, 1.9, 25, 5.1, 9.5, 3 and 7.
    expect(await values("DTR")).toBeCloseTo((358 * 9 + 4 - 1.9 + 25 + 5.1 + 9.5 + 3 + 7) / 365, 12);
  });

  it("tell days of freeze and thaw: at or below 0 degC, and above", async () => {
    // Day 31 alone: on days 0 and 30 it does not thaw.
    expect(await valuesOf(data, "dlyfrzthw")).toEqual([1]);
    expect(await valuesOf(data, "freezethaw_spell_frequency")).toEqual([1]);
    expect(await valuesOf(data, "freezethaw_spell_frequency", { parameters: { window: 2 } })).toEqual([0]);
  });

  it("take other thresholds, and other periods", async () => {
    expect(await valuesOf(data, "SU", { parameters: { threshold: 30 } })).toEqual([1]);
    expect(await valuesOf(data, "FD", { frequency: "MS" })).toEqual([2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    // December and January are of seasons that are not whole.
    expect(await valuesOf(data, "FD", { frequency: "QS-DEC" })).toEqual([Number.NaN, 0, 0, 0, Number.NaN]);
  });

  it("see no frost at 273.15 K or 32 degF, though float32 is a little below or above it", async () => {
    const kelvin = days(365, 273.15, { 3: 273.1 });
    const single = madeDays({ tasmin: kelvin }, { units: { tasmin: "K" }, dtype: "float32" });
    expect(await valuesOf(single, "FD")).toEqual([1]);
    expect(await valuesOf(madeDays({ tasmin: kelvin }, { units: { tasmin: "K" } }), "FD")).toEqual([1]);
    const fahrenheit = madeDays(
      { tasmin: days(365, 32, { 3: 31.9 }) },
      { units: { tasmin: "degF" }, dtype: "float32" },
    );
    expect(await valuesOf(fahrenheit, "FD")).toEqual([1]);
  });

  it("find heat waves of 3 days, which both temperatures make", async () => {
    const hot = { 100: 31, 101: 31, 102: 31, 150: 31, 151: 31, 200: 31, 201: 31, 202: 31, 203: 31 };
    const warm = { ...Object.fromEntries(Object.keys(hot).map((day) => [day, 22.5])), 203: 22 };
    const waves = madeDays({ tasmax: days(365, 10, hot), tasmin: days(365, 5, warm) });
    expect(await valuesOf(waves, "heat_wave_frequency")).toEqual([2]);
    expect(await valuesOf(waves, "heat_wave_max_length")).toEqual([3]);
    expect(await valuesOf(waves, "heat_wave_total_length")).toEqual([6]);
    expect(await valuesOf(waves, "heat_wave_frequency", { parameters: { window: 2 } })).toEqual([3]);
  });

  it("cut spells at the ends of years", async () => {
    const spell = Object.fromEntries([361, 362, 363, 364, 365, 366].map((day) => [day, 26]));
    expect(await valuesOf(madeDays({ tasmax: days(730, 10, spell) }), "CSU")).toEqual([4, 2]);
  });
});

describe("the growing season", () => {
  const mild = (from: number, to: number): Readonly<Record<number, number>> =>
    Object.fromEntries(Array.from({ length: to - from }, (_, i) => [from + i, 6]));

  it("goes from the first 6 mild days to the first 6 others after the middle of the year", async () => {
    // Day 181 is July 1 in a year of 365 days. Five mild days in January do not begin it; six cold ones in May do not end it.
    const tas = days(365, 0, { ...mild(10, 15), ...mild(100, 130), ...mild(136, 300), ...mild(305, 310) });
    // Cold days 300 to 304 are too few, 310 to 315 end it.
    expect(await valuesOf(madeDays({ tas }), "GSL")).toEqual([210]);
  });

  it("goes on to the end of the year, or does not begin", async () => {
    const data = madeDays({ tas: [...days(365, 0, mild(180, 365)), ...days(365, 0, mild(181, 365)), ...days(365, 0)] });
    expect(await valuesOf(data, "GSL")).toEqual([185, 0, 0]);
  });

  it("is that of the southern hemisphere in years from July", async () => {
    const data = madeDays({ tas: days(365, 0, mild(50, 250)) }, { since: "2001-07-01" });
    expect(await valuesOf(data, "GSL", { frequency: "YS-JUL" })).toEqual([200]);
    await expect(climateIndex(data, "GSL", { frequency: "MS" })).rejects.toMatchObject({
      code: "TWIN_FREQUENCY_INVALID",
    });
  });
});

describe("indices of precipitation", () => {
  const pr = days(365, 0, { 10: 1, 11: 0.9, 12: 12, 13: 20, 14: 10, 15: 0.5, 100: 30 });
  const data = madeDays({ pr });

  it("are sums, counts and spells of days of 1 mm or more", async () => {
    const values = async (name: string): Promise<number> => (await valuesOf(data, name))[0] as number;
    expect(await values("RX1day")).toBe(30);
    expect(await values("RX5day")).toBeCloseTo(43.9, 12);
    expect(await values("R1mm")).toBe(5);
    expect(await values("R10mm")).toBe(4);
    expect(await values("R20mm")).toBe(2);
    expect(await values("PRCPTOT")).toBe(73);
    expect(await values("SDII")).toBe(73 / 5);
    expect(await values("CWD")).toBe(3);
    expect(await values("CDD")).toBe(264);
    expect(await valuesOf(data, "Rnnmm", { parameters: { threshold: 11 } })).toEqual([3]);
    expect(await valuesOf(data, "PRCPTOT", { parameters: { threshold: 0 } })).toEqual([74.4]);
  });

  it("take rates of mass, and amounts of a day", async () => {
    const flux = madeDays({ pr: pr.map((value) => value / 86_400) }, { units: { pr: "kg m-2 s-1" }, dtype: "float32" });
    expect(await valuesOf(flux, "R10mm")).toEqual([4]);
    expect(await valuesOf(madeDays({ pr }, { units: { pr: "mm" } }), "PRCPTOT")).toEqual([73]);
    expect(await valuesOf(madeDays({ pr: pr.map((value) => value / 10) }, { units: { pr: "cm" } }), "R20mm")).toEqual([
      2,
    ]);
  });

  it("let a window of 5 days begin in the period before", async () => {
    const wet = madeDays({ pr: days(60, 0, { 28: 5, 29: 5, 30: 5, 31: 5, 32: 5 }) });
    // February is not whole.
    expect(await valuesOf(wet, "RX5day", { frequency: "MS", missing: "skip" })).toEqual([15, 25, 0]);
  });

  it("have no intensity where no day is wet", async () => {
    expect(await valuesOf(madeDays({ pr: days(365, 0.5) }), "SDII")).toEqual([Number.NaN]);
    expect(await valuesOf(madeDays({ pr: days(365, 0.5) }), "PRCPTOT")).toEqual([0]);
  });
});

describe("missing days", () => {
  const tasmin = days(730, -1, { 5: Number.NaN });

  it("make a period missing, unless another rule is asked for; they are no frost days", async () => {
    const data = madeDays({ tasmin });
    expect(await valuesOf(data, "FD")).toEqual([Number.NaN, 365]);
    expect(await valuesOf(data, "FD", { missing: "skip" })).toEqual([364, 365]);
    expect(await valuesOf(data, "FD", { missing: { percent: 1 } })).toEqual([364, 365]);
    expect(await valuesOf(data, "FD", { missing: "wmo" })).toEqual([364, 365]);
    expect(await valuesOf(data, "CFD", { missing: "skip" })).toEqual([359, 365]);
    expect(await valuesOf(data, "TNn", { missing: "skip" })).toEqual([-1, -1]);
  });
});

describe("days that the time axis lacks", () => {
  // 2001 without 5 January, and without June to December of 2001 and January to June of 2002.
  const kept = (day: number): boolean => day !== 4 && !(day >= 151 && day < 546);
  const times = Array.from({ length: 730 }, (_, day) => day).filter(kept);
  const series = (name: string, value: (day: number) => number, unit: string) => ({
    [name]: new NdArray(Float64Array.from(times, value), {
      dtype: "float64",
      shape: [times.length],
      dims: ["time"],
      unit,
    }),
  });
  const value = async (name: string, data: ReturnType<typeof series>, parameters?: Record<string, number>) => {
    const time = new NdArray(Float64Array.from(times), {
      dtype: "float64",
      shape: [times.length],
      dims: ["time"],
      unit: "days since 2001-01-01",
    });
    const whole = dataset({ variables: { time: { array: time, attributes: { calendar: "noleap" } }, ...data } });
    return await numbersOf(
      await climateIndex(whole, name, { missing: "skip", ...(parameters && { parameters }) }),
      name,
    );
  };

  it("end spells", async () => {
    // Wet from 1 to 9 January, of which the 5th is absent: 4 days, and 4 days.
    const pr = series("pr", (day) => (day < 9 ? 5 : 0), "mm");
    expect(await value("CWD", pr)).toEqual([4, 0]);
    const tasmin = series("tasmin", (day) => (day < 9 ? -1 : 1), "degC");
    expect(await value("CFD", tasmin)).toEqual([4, 0]);
    const hot = { ...series("tasmin", (day) => (day < 9 ? 25 : 1), "degC"), ...series("tasmax", () => 35, "degC") };
    expect(await value("heat_wave_frequency", hot)).toEqual([2, 0]);
  });

  it("are in no window of days", async () => {
    // 10 mm on the last day before the gap of a year, and on the first behind it: not within five days.
    const pr = series("pr", (day) => (day === 150 || day === 546 ? 10 : 0), "mm");
    expect(await value("RX5day", pr)).toEqual([10, 10]);
    // The four days before 5 January are in no window of five.
    expect(
      await value(
        "RX5day",
        series("pr", (day) => (day === 3 || day === 5 ? 10 : 0), "mm"),
      ),
    ).toEqual([10, 0]);
  });

  it("are days of a growing season all the same", async () => {
    // Warm from 3 January to 30 April: six days in a row begin on the 6th. Nothing ends it in the second half, which is absent.
    const tas = series("tas", (day) => (day >= 2 && day < 120 ? 10 : 0), "degC");
    expect(await value("GSL", tas)).toEqual([151 - 5, 0]);
    // From 2 January of 2001 on with short spells: the absent 5 January is in it.
    const early = series("tas", (day) => (day < 120 ? 10 : 0), "degC");
    expect(await value("GSL", early, { window: 3 })).toEqual([151, 0]);
  });
});
