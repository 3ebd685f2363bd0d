import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { standardNormalQuantile } from "../../../../../core/index.ts";
import { standardizedIndex } from "../../../../../thematic/climate/index.ts";

const FIXTURES = fileURLToPath(new URL("../../../../../../shared/data/netcdf/climate_indices/", import.meta.url));
const january = (length: number): number[] => new Array<number>(length).fill(1);

/** A one- or two-dimensional array of float64, flat. */
function npy(name: string): Float64Array {
  const bytes = readFileSync(FIXTURES + name);
  const from = 10 + bytes.readUInt16LE(8);
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset + from, bytes.byteOffset + bytes.length));
}

describe("standardizedIndex", () => {
  it("gives a zero the quantile of how often there is one, and amounts above that", () => {
    // One January of each of five years; two of five are dry.
    const index = standardizedIndex(Float64Array.of(0, 1, 0, 4, 2), { months: 1, calendarMonth: january(5) });
    expect(index[0]).toBeCloseTo(standardNormalQuantile(0.4), 12);
    expect(index[2]).toBe(index[0]);
    expect(index[1]).toBeGreaterThan(index[0] as number);
    expect(index[4]).toBeGreaterThan(index[1] as number);
    expect(index[3]).toBeGreaterThan(index[4] as number);
  });

  it("is what the formula gives, for a gamma distribution that is an exponential one", () => {
    // Thom's shape is 1 where (1 + √(1 + 4A/3)) / 4A = 1: A = ln(mean) - mean(ln) = 7/12.
    // Two values m(1 ± d) have A = -ln(1 - d²) / 2; so 1 - d² = exp(-7/6), and G(x) = 1 - exp(-x / m).
    const d = Math.sqrt(1 - Math.exp(-7 / 6));
    const values = Float64Array.of(3 * (1 - d), 3 * (1 + d), 3);
    const index = standardizedIndex(values, {
      months: 1,
      calendarMonth: january(3),
      calibration: { start: 0, stop: 2 },
    });
    expect(index[2]).toBeCloseTo(standardNormalQuantile(1 - Math.exp(-1)), 10);
    expect(index[0]).toBeCloseTo(standardNormalQuantile(1 - Math.exp(-(1 - d))), 10);
  });

  it("does not depend on the unit, and is the greater the more it rained", () => {
    const values = Float64Array.of(5, 1, 9, 3, 0.5, 2);
    const options = { months: 1, calendarMonth: january(6) };
    const [a, b] = [values, values.map((value) => value * 86_400)].map((each) => standardizedIndex(each, options));
    a?.forEach((value, i) => {
      expect(value).toBeCloseTo(b?.[i] as number, 10);
    });
  });

  it("is clipped, and takes the limit from the options", () => {
    const values = Float64Array.of(5, 6, 7, 5.5, 900, 1e-6);
    const options = { months: 1, calendarMonth: january(6), calibration: { start: 0, stop: 4 } };
    expect([...standardizedIndex(values, options).slice(4)]).toEqual([3.09, -3.09]);
    expect([...standardizedIndex(values, { ...options, limit: 2 }).slice(4)]).toEqual([2, -2]);
  });

  it("averages over months up to each, and is missing where one of those is", () => {
    const values = Float64Array.of(1, 2, 3, 4, Number.NaN, 6, 7, 8, 3);
    const index = standardizedIndex(values, { months: 3, calendarMonth: january(9) });
    expect([...index].map(Number.isNaN)).toEqual([true, true, false, false, true, true, true, false, false]);
    const means = Float64Array.of(2, 3, 7, 6);
    const direct = standardizedIndex(means, { months: 1, calendarMonth: january(4) });
    expect([2, 3, 7, 8].map((i) => index[i])).toEqual([...direct]);
  });

  it("has nothing to say of a month that is always dry, or always alike", () => {
    const calendarMonth = [1, 2, 1, 2, 1, 2];
    const index = standardizedIndex(Float64Array.of(0, 1, 0, 2, 3, 3), { months: 1, calendarMonth });
    expect([0, 2, 4].map((i) => index[i])).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect([1, 3, 5].every((i) => Number.isFinite(index[i]))).toBe(true);
  });

  it("refuses what is no number of months, or of another length", () => {
    const values = new Float64Array(3);
    expect(() => standardizedIndex(values, { months: 0, calendarMonth: january(3) })).toThrow("number of months");
    expect(() => standardizedIndex(values, { months: 1, calendarMonth: january(2) })).toThrow("calendar month of each");
    expect(() => standardizedIndex(values, { months: 1, calendarMonth: january(3), limit: 0 })).toThrow("limit");
  });

  // Their rounding is of 12 digits. They are fitted to all years, 1895 to 2017, not to 1981 to 2010.
  it.skipIf(!existsSync(FIXTURES)).each([
    ["spi_01_gamma.npy", 1],
    ["spi_06_gamma.npy", 6],
  ])("is %s of climate_indices (needs ../shared/data/netcdf)", (name, months) => {
    const values = npy("precips_mm_monthly.npy");
    const expected = npy(name);
    const calendarMonth = Array.from(values, (_, i) => (i % 12) + 1);
    const index = standardizedIndex(values, { months, calendarMonth });
    expect(index).toHaveLength(1476);
    index.forEach((value, i) => {
      if (Number.isNaN(expected[i])) expect(value).toBeNaN();
      else expect(Math.abs(value - (expected[i] as number))).toBeLessThan(2e-11);
    });
  });
});
