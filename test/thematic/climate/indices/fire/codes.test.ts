import { describe, expect, it } from "vitest";
import {
  buildUpIndex,
  dailySeverityRating,
  droughtCode,
  duffMoistureCode,
  FIRE_DANGER_CLASSES,
  fineFuelMoistureCode,
  fireDangerClass,
  fireWeatherIndex,
  initialSpreadIndex,
  overwinteredDroughtCode,
} from "../../../../../thematic/climate/index.ts";
import { dayLengths } from "../../../../../thematic/climate/indices/fire/day-length.ts";

const weather = { temperature: 17, humidity: 42, wind: 25, rain: 0 };

describe("codes of a day", () => {
  it("are those of the example of Van Wagner and Pickett (1985): 13 April, after 85, 6 and 15", () => {
    // Their table prints one decimal: FFMC 87.7, DMC 8.5, DC 19.0, ISI 10.9, BUI 8.5, FWI 10.1.
    const { duff, drought } = dayLengths(46, "cffdrs");
    const ffmc = fineFuelMoistureCode(weather, 85);
    const dmc = duffMoistureCode(weather, 6, duff[3] as number);
    const dc = droughtCode(weather, 15, drought[3] as number);
    const [isi, bui] = [initialSpreadIndex(ffmc, weather.wind), buildUpIndex(dmc, dc)];
    const rounded = [ffmc, dmc, dc, isi, bui, fireWeatherIndex(isi, bui)].map((value) => value.toFixed(1));
    expect(rounded).toEqual(["87.7", "8.5", "19.0", "10.9", "8.5", "10.1"]);
  });

  it("drought code and duff moisture code without rain, by hand", () => {
    // (0.36 (17 + 2.8) + 0.9) / 2 = 4.014; 1.894 (17 + 1.1) (100 - 42) 12.8e-4 = 2.54504...
    expect(droughtCode(weather, 15, 0.9)).toBeCloseTo(19.014, 12);
    expect(duffMoistureCode(weather, 6, 12.8)).toBeCloseTo(6 + 1.894 * 18.1 * 58 * 12.8e-4, 12);
    // Frost dries nothing; drying is never negative.
    expect(duffMoistureCode({ ...weather, temperature: -20 }, 6, 12.8)).toBe(6);
    expect(droughtCode({ ...weather, temperature: -20 }, 15, -1.6)).toBe(15);
  });

  it("drought code with rain, by hand", () => {
    // 10 mm: effective 0.83 · 10 - 1.27 = 7.03; Q = 800 exp(-0.5) = 485.22; 200 - 400 ln(1 + 3.937 · 7.03 / 485.22) + 4.014.
    const expected = 200 - 400 * Math.log(1 + (3.937 * 7.03) / (800 * Math.exp(-0.5))) + 4.014;
    expect(droughtCode({ ...weather, rain: 10 }, 200, 0.9)).toBeCloseTo(expected, 10);
    expect(droughtCode({ ...weather, rain: 2.8 }, 200, 0.9)).toBeCloseTo(204.014, 10);
    expect(droughtCode({ ...weather, rain: 500 }, 200, 0.9)).toBeCloseTo(4.014, 10);
  });

  it("rain wets: litter from 0.5 mm, duff from 1.5 mm on", () => {
    expect(fineFuelMoistureCode({ ...weather, rain: 0.5 }, 85)).toBe(fineFuelMoistureCode(weather, 85));
    expect(fineFuelMoistureCode({ ...weather, rain: 0.6 }, 85)).toBeLessThan(fineFuelMoistureCode(weather, 85));
    expect(duffMoistureCode({ ...weather, rain: 1.5 }, 60, 9)).toBe(duffMoistureCode(weather, 60, 9));
    for (const before of [20, 50, 90]) {
      expect(duffMoistureCode({ ...weather, rain: 5 }, before, 9)).toBeLessThan(before);
    }
  });

  it("stay within their bounds, with humidity over 100 % taken for 100 %", () => {
    const wet = { temperature: 5, humidity: 100, wind: 0, rain: 80 };
    expect(fineFuelMoistureCode(wet, 85)).toBeGreaterThanOrEqual(0);
    expect(fineFuelMoistureCode({ ...wet, humidity: 104 }, 85)).toBe(fineFuelMoistureCode(wet, 85));
    expect(duffMoistureCode({ ...wet, humidity: 104 }, 6, 9)).toBe(duffMoistureCode(wet, 6, 9));
    const dry = { temperature: 45, humidity: 0, wind: 60, rain: 0 };
    expect(fineFuelMoistureCode(dry, 101)).toBeLessThanOrEqual(101);
    expect(buildUpIndex(0, 0)).toBe(0);
    expect(buildUpIndex(0, 100)).toBe(0);
  });

  it("fire weather index below 1 is the intensity, and severity is 0.0272 FWI^1.77", () => {
    expect(fireWeatherIndex(1, 0)).toBeCloseTo(0.2, 12);
    expect(dailySeverityRating(10)).toBeCloseTo(0.0272 * 10 ** 1.77, 12);
  });

  it("missing yesterday, missing today", () => {
    const gone = Number.NaN;
    expect(fineFuelMoistureCode(weather, gone)).toBeNaN();
    expect(duffMoistureCode({ ...weather, rain: 5 }, gone, 9)).toBeNaN();
    expect(droughtCode({ ...weather, rain: 5 }, gone, 9)).toBeNaN();
    expect(fireWeatherIndex(gone, 5)).toBeNaN();
  });
});

describe("overwinteredDroughtCode", () => {
  // By hand: 400 ln(800 / (a 800 exp(-DC / 400) + b 3.94 P)), not below the least. These numbers are those of xclim's tests of cffdrs' wDC.
  it.each([
    [300, 110, 0.75, 0.75, 15, 109.4657],
    [300, 110, 1, 0.9, 15, 16.35315],
    [100, 50, 0.75, 0.75, 15, 105.176],
    [1, 550, 0.75, 0.75, 10, 10],
  ])("after %d, with %d mm", (autumn, precipitation, carryOver, wetting, least, expected) => {
    const code = overwinteredDroughtCode(autumn, precipitation, { carryOver, wetting, least });
    expect(Math.abs(code / expected - 1)).toBeLessThan(1e-6);
  });
});

describe("dayLengths", () => {
  it("change where each convention says, with the ends on the side that it says", () => {
    const july = (latitude: number, bands: "gfwed" | "cffdrs"): readonly number[] => {
      const { duff, drought } = dayLengths(latitude, bands);
      return [duff[6] as number, drought[6] as number];
    };
    expect([45, 30, 15, 14.9, -15, -15.1, -30, -30.1].map((latitude) => july(latitude, "gfwed"))).toEqual([
      ...[
        [12.4, 6.4],
        [12.4, 6.4],
        [10.1, 6.4],
        [9, 1.39],
        [9, 1.39],
      ],
      ...[
        [7.9, -1.6],
        [7.9, -1.6],
        [6.5, -1.6],
      ],
    ]);
    expect([30.1, 30, 20, 10, -10, -20, -30].map((latitude) => july(latitude, "cffdrs"))).toEqual([
      ...[
        [12.4, 6.4],
        [10.1, 6.4],
        [10.1, 1.4],
        [9, 1.4],
      ],
      ...[
        [7.9, 1.4],
        [7.9, -1.6],
        [6.5, -1.6],
      ],
    ]);
  });

  it("refuse what is no latitude", () => {
    expect(() => dayLengths(91, "gfwed")).toThrow("-90 to 90");
    expect(() => dayLengths(Number.NaN, "gfwed")).toThrow("-90 to 90");
  });
});

describe("fireDangerClass", () => {
  it("has the thresholds of EFFIS, upper bounds excluded", () => {
    const names = [0, 5.19, 5.2, 11.2, 21.3, 37.99, 38, 50, 120].map(
      (fwi) => FIRE_DANGER_CLASSES[fireDangerClass(fwi)]?.name,
    );
    expect(names).toEqual([
      ...["very low", "very low", "low", "moderate", "high", "high", "very high", "extreme", "extreme"],
    ]);
    expect(fireDangerClass(Number.NaN)).toBe(-1);
  });
});
