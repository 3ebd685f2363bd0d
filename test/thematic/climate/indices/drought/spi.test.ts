import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Dataset, dataset, findVariable, NdArray } from "../../../../../core/index.ts";
import { Hdf5 } from "../../../../../modules/hdf5/hdf5.ts";
import { Netcdf } from "../../../../../modules/netcdf/netcdf.ts";
import { climateIndex, standardizedIndex } from "../../../../../thematic/climate/index.ts";

/** Precipitation of 20 years of a 360-day calendar, in mm/day; each day that of `rain(month)`, or NaN. */
function days(rain: (month: number, day: number) => number): Dataset {
  const length = 20 * 360;
  const values = Float64Array.from({ length }, (_, i) => rain(Math.floor(i / 30), i % 30));
  const time = Float64Array.from({ length }, (_, i) => i + 0.5);
  return dataset({
    variables: {
      time: {
        array: new NdArray(time, { dtype: "float64", shape: [length], dims: ["time"], unit: "days since 2000-01-01" }),
        attributes: { calendar: "360_day" },
      },
      pr: {
        array: new NdArray(values, { dtype: "float64", shape: [length], dims: ["time"], unit: "mm/day" }),
        attributes: { standard_name: "precipitation_flux" },
      },
    },
  });
}

const amount = (month: number): number => ((month * 7919) % 101) / 10;
const spi = async (data: Dataset, options = {}): Promise<readonly number[]> => {
  const result = await climateIndex(data, "spi", options);
  return [...(await findVariable(result, "spi").read()).toFloat64()];
};

describe("SPI", () => {
  const monthly = Float64Array.from({ length: 240 }, (_, month) => amount(month));
  const calendarMonth = Array.from({ length: 240 }, (_, month) => (month % 12) + 1);

  it("is of the mean of each month", async () => {
    const expected = standardizedIndex(monthly, { months: 3, calendarMonth, calibration: { start: 60, stop: 180 } });
    // Days are 0.5 to 1.5 times the month's amount, which is their mean.
    const data = days((month, day) => amount(month) * (0.5 + day / 29));
    const result = await spi(data, { period: "2005-2014", parameters: { months: 3 } });
    result.forEach((value, i) => {
      if (i < 2) expect(value).toBeNaN();
      else expect(value).toBeCloseTo(expected[i] as number, 9);
    });
  });

  it("is missing over a month with a missing day, as over months that are averaged with it; or not, if so asked", async () => {
    const data = days((month, day) => (month === 50 && day === 4 ? Number.NaN : amount(month)));
    const strict = await spi(data, { parameters: { months: 3 } });
    expect([49, 50, 51, 52, 53].map((month) => Number.isNaN(strict[month]))).toEqual([false, true, true, true, false]);
    const lenient = await spi(data, { parameters: { months: 3 }, missing: "skip" });
    expect(lenient.slice(2).some(Number.isNaN)).toBe(false);
    const whole = await spi(days(amount), { parameters: { months: 3 } });
    lenient.slice(2).forEach((value, i) => {
      expect(value).toBeCloseTo(whole[i + 2] as number, 9);
    });
  });

  it("is of monthly data too, in amounts or rates", async () => {
    const months = (unit: string): Dataset =>
      dataset({
        variables: {
          time: {
            array: new NdArray(
              Float64Array.from({ length: 240 }, (_, i) => 30 * i),
              { dtype: "float64", shape: [240], dims: ["time"], unit: "days since 2000-01-01" },
            ),
            attributes: { calendar: "360_day" },
          },
          pr: new NdArray(monthly, { dtype: "float64", shape: [240], dims: ["time"], unit }),
        },
      });
    const expected = standardizedIndex(monthly, { months: 1, calendarMonth });
    for (const unit of ["mm", "mm/day", "kg m-2 s-1"]) {
      (await spi(months(unit))).forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i] as number, 9);
      });
    }
  });

  it("says what it needs", async () => {
    await expect(climateIndex(days(amount), "SPI", { frequency: "YS" })).rejects.toThrow('frequency "YS"');
    await expect(climateIndex(days(amount), "SPI", { parameters: { months: 0 } })).rejects.toThrow("1 or more");
  });
});

const CANESM = fileURLToPath(
  new URL("../../../../../../shared/data/netcdf/xclim-testdata/CanESM2_1950-2100.nc", import.meta.url),
);

// Published values of xclim's tests, to four decimals there; calibrated 1950 to 1980, months of 1998 to 2000.
it.skipIf(!existsSync(CANESM)).each([
  [1, ["1.3166", "1.4507", "1.9461", "-3.0900", "0.8507"]],
  [12, ["0.5982", "1.5598", "1.6931", "0.9964", "0.7028"]],
])("SPI-%d of CanESM2 is what is published (needs ../shared/data/netcdf)", async (months, expected) => {
  const hdf = new Hdf5({ cacheBytes: 16e6, timeoutMs: 60_000 });
  try {
    const data = await new Netcdf({ hdf, sources: [], decode: true }).open(CANESM);
    const result = await climateIndex(data, "SPI", { period: "1950-1980", parameters: { months } });
    const values = (await findVariable(result, "SPI").read({ location: 1 })).toFloat64();
    const run = values.subarray(12 * 48, 12 * 51);
    expect([25, 27, 29, 31, 33].map((i) => run[i]?.toFixed(4))).toEqual(expected);
  } finally {
    await hdf.stop();
  }
});
