import { describe, expect, it } from "vitest";
import { periodsOf, RandomStream, type TimeAxis, timeAxis } from "../../../../../core/index.ts";
import {
  dayThresholds,
  estimateThresholds,
} from "../../../../../thematic/climate/indices/percentile/day-thresholds.ts";
import { dayWindows } from "../../../../../thematic/climate/indices/percentile/day-windows.ts";

const CALENDARS = ["noleap", "standard", "360_day", "all_leap", "julian"];

function daily(calendar: string, length: number, from = "1961-01-01"): TimeAxis {
  return timeAxis(
    Float64Array.from({ length }, (_, i) => i),
    { unit: `days since ${from}`, calendar },
  );
}

/** A seasonal cycle in steps of 0.1, as of a station, so that there are ties; some values are missing. */
function temperatures({ length }: TimeAxis, missing: number, seed: number): Float64Array {
  const random = new RandomStream({ seed: 9n, id: BigInt(seed) });
  return Float64Array.from({ length }, (_, i) => {
    // Plus 0, as -0 and 0 are one value that sorting tells apart.
    const value = Math.round(100 - 120 * Math.cos((2 * Math.PI * i) / 365.25) + 40 * random.normal()) / 10 + 0;
    return random.uniform() < missing ? Number.NaN : value;
  });
}

/** The definition, word by word: a sample for each day, by dates, sorted, its quantile taken by the formula of the paper. */
function naive(
  axis: TimeAxis,
  series: Float64Array,
  base: { start: number; stop: number },
  window: number,
  percentile: number,
): number[] {
  const days = axis.time.calendar === "360_day" ? 360 : 365;
  return Array.from({ length: days }, (_, d) => {
    const sample: number[] = [];
    for (let i = base.start; i < base.stop; i++) {
      if (axis.dayOfYear[i] !== d + 1) continue;
      for (let j = Math.max(base.start, i - 9); j < Math.min(base.stop, i + 10); j++) {
        const apart = (axis.values[j] as number) - (axis.values[i] as number);
        if (Math.abs(apart) <= (window - 1) / 2 && !Number.isNaN(series[j])) sample.push(series[j] as number);
      }
    }
    return quantile(
      sample.sort((a, b) => a - b),
      percentile / 100,
    );
  });
}

function quantile(sorted: readonly number[], p: number): number {
  const n = sorted.length;
  if (n === 0) return Number.NaN;
  const position = n * p + (1 / 3 + p * (1 - 1 / 3 - 1 / 3)) - 1;
  if (n === 1 || position < 0) return sorted[0] as number;
  if (position >= n - 1) return sorted[n - 1] as number;
  const low = Math.floor(position);
  const g = position - low;
  const [a, b] = [sorted[low] as number, sorted[low + 1] as number];
  if (g === 0) return a;
  return g < 0.5 ? a + (b - a) * g : b - (b - a) * (1 - g);
}

describe("thresholds of each day of the year", () => {
  const cases = CALENDARS.flatMap((calendar, c) =>
    [
      { percentile: 90, missing: 0, window: 5 },
      { percentile: 10, missing: 0.05, window: 5 },
      { percentile: 99, missing: 0.6, window: 5 },
      { percentile: 50, missing: 0.3, window: 3 },
      { percentile: 95, missing: 0.97, window: 1 },
      { percentile: 0, missing: 0.1, window: 7 },
      { percentile: 100, missing: 0.1, window: 5 },
    ].map((each, i) => ({ calendar, ...each, seed: 10 * c + i })),
  );

  it.each(cases)(
    "are those of sorted samples, bit for bit: $calendar, percentile $percentile, window $window, $missing missing",
    ({ calendar, percentile, window, missing, seed }) => {
      const axis = daily(calendar, 8 * 366);
      const series = temperatures(axis, missing, seed);
      // Once whole years, once from the middle of a year into another.
      for (const base of [
        { start: 0, stop: periodsOf(axis, "YS").stop[6] as number },
        { start: 190, stop: 2301 },
      ]) {
        const windows = dayWindows(axis, base, window);
        const values = new Float64Array(windows.length);
        windows.fill(series, values);
        const found = new Float64Array(windows.days);
        estimateThresholds(windows, percentile)(values, found);
        expect([...found].map((value) => value + 0)).toEqual(naive(axis, series, base, window, percentile));
      }
    },
  );

  it("are exact where values fall faster than the spare ones allow for, and where they are infinite", () => {
    const axis = daily("noleap", 6 * 365);
    const base = { start: 0, stop: axis.length };
    const windows = dayWindows(axis, base, 5);
    const jumps = Float64Array.from(
      axis.dayOfYear,
      (day, i) => (i % 7) + (day % 50 < 25 ? 1000 * (day % 25) : -3000 * (day % 11)),
    );
    const infinite = jumps.map((value, i) =>
      i % 3 === 0 ? Number.NEGATIVE_INFINITY : i % 11 === 0 ? Number.POSITIVE_INFINITY : value,
    );
    for (const series of [jumps, infinite]) {
      for (const percentile of [10, 90]) {
        const values = new Float64Array(windows.length);
        windows.fill(series, values);
        const found = new Float64Array(365);
        estimateThresholds(windows, percentile)(values, found);
        expect([...found]).toEqual(naive(axis, series, base, 5, percentile));
      }
    }
  });

  it("take a day that the axis lacks for a missing one", () => {
    const whole = daily("standard", 5 * 366);
    const series = temperatures(whole, 0, 1);
    const isThere = (i: number): boolean => i % 31 !== 7 && !(i > 700 && i < 760);
    const steps = [...whole.values.keys()].filter(isThere);
    const axis = timeAxis(Float64Array.from(steps), { unit: whole.time.unit, calendar: "standard" });
    const lacking = Float64Array.from(steps, (i) => series[i] as number);
    const missing = series.map((value, i) => (isThere(i) ? value : Number.NaN));
    const found = dayThresholds(dayWindows(axis, { start: 0, stop: axis.length }, 5), 90)(lacking);
    expect(found).toEqual(dayThresholds(dayWindows(whole, { start: 0, stop: whole.length }, 5), 90)(missing));
  });

  it("are stretched to 366 days in leap years, as worked out by hand", () => {
    // One year and no window: the threshold of a day is its value, d. Thresholds 1 to 365 stretched onto days 1 to 366 are
    // 1 + (day - 1) * 364 / 365.
    const axis = daily("standard", 366, "1964-01-01");
    const series = Float64Array.from(axis.dayOfYear);
    const found = dayThresholds(dayWindows(axis, { start: 0, stop: 366 }, 1), 90)(series);
    expect(found.length).toBe(366);
    for (let day = 1; day <= 366; day++) expect(found[day - 1]).toBeCloseTo(1 + ((day - 1) * 364) / 365, 11);
    expect([found[0], found[365]]).toEqual([1, 365]);
  });

  it("are those of type 8 between two values, by hand", () => {
    // Two years, no window: samples of 2. Position 2 * 0.5 + 1/3 + 0.5 / 3 - 1 = 0.5: the mean of the two.
    const axis = daily("noleap", 730);
    const series = Float64Array.from(axis.values, (i) => (i < 365 ? i : 2 * (i - 365)));
    const windows = dayWindows(axis, { start: 0, stop: 730 }, 1);
    expect(dayThresholds(windows, 50)(series)[100]).toBe(150);
    // The 90th percentile of so few is the greatest: 2 * 0.9 + 1/3 + 0.9 / 3 - 1 > 1.
    expect(dayThresholds(windows, 90)(series)[100]).toBe(200);
  });

  it("are missing where no year has a value in the window", () => {
    const axis = daily("noleap", 730);
    const series = Float64Array.from(axis.dayOfYear, (day) => (day >= 100 && day <= 106 ? Number.NaN : day));
    const found = dayThresholds(dayWindows(axis, { start: 0, stop: 730 }, 5), 90)(series);
    expect([...found.keys()].filter((day) => Number.isNaN(found[day])).map((day) => day + 1)).toEqual([102, 103, 104]);
  });

  it("are refused where the base period has less than a year, or the window no middle", () => {
    const axis = daily("noleap", 730);
    expect(() => dayWindows(axis, { start: 0, stop: 300 }, 5)).toThrow(/has no day 301 of a year/);
    expect(() => dayWindows(axis, { start: 0, stop: 730 }, 4)).toThrow(/odd number/);
    expect(() => dayWindows(axis, { start: 100, stop: 465 }, 5)).not.toThrow();
  });
});
