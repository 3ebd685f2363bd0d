import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Dataset, dataset, findVariable, NdArray, subset } from "../../../../../core/index.ts";
import { Hdf5 } from "../../../../../modules/hdf5/hdf5.ts";
import { Netcdf } from "../../../../../modules/netcdf/netcdf.ts";
import { climateIndex, percentileOfDay } from "../../../../../thematic/climate/index.ts";

const cities = fileURLToPath(
  new URL("../../../../../../shared/data/netcdf/xclim-testdata/daily_surface_cancities_1990-1993.nc", import.meta.url),
);

function days(name: string, values: readonly number[], unit: string, calendar = "noleap"): Dataset {
  const { length } = values;
  return dataset({
    variables: {
      time: {
        array: new NdArray(
          Float64Array.from({ length }, (_, i) => i),
          { dtype: "float64", shape: [length], dims: ["time"], unit: "days since 2001-01-01" },
        ),
        attributes: { standard_name: "time", calendar },
      },
      [name]: new NdArray(Float64Array.from(values), { dtype: "float64", shape: [length], dims: ["time"], unit }),
    },
  });
}

async function values(data: Dataset, index: string, how: Parameters<typeof climateIndex>[2] = {}): Promise<number[]> {
  const result = await climateIndex(data, index, how);
  return [...((await result.variables[index]?.read())?.toFloat64() ?? [])];
}

/** The first year has 10 K, the second 20 K, the third 30 K each day, save some days of the third year. */
function threeYears(change: (day: number) => number | undefined = () => undefined): number[] {
  return Array.from(
    { length: 3 * 365 },
    (_, i) => (i < 730 ? 0 : change((i % 365) + 1)) || 10 * (1 + Math.floor(i / 365)),
  );
}

describe("percentile indices, by hand", () => {
  // Base of the first two years: each sample is five 10s and five 20s. The 90th percentile of 10 values lies at
  // 10 * 0.9 + 1/3 + 0.9 / 3 - 1 = 8.63: between two 20s. So it is 20, and 20 itself is not above it; likewise the 10th is 10.
  const period = "2001-2002";

  it("count days above the 90th percentile, strictly", async () => {
    const data = days(
      "tasmax",
      threeYears((day) => (day <= 300 ? 20 : 20.01)),
      "K",
    );
    expect(await values(data, "TX90p", { period })).toEqual([0, 0, 65]);
    expect(await values(data, "TX10p", { period })).toEqual([0, 0, 0]);
  });

  it("count days below the 10th percentile, strictly", async () => {
    const data = days(
      "tasmin",
      threeYears((day) => (day % 2 === 0 ? 10 : 9.99)),
      "K",
    );
    expect(await values(data, "TN10p", { period })).toEqual([0, 0, 183]);
    expect(await values(data, "TN90p", { period })).toEqual([0, 0, 0]);
  });

  it("count spells that are cut at the end of a period", async () => {
    // Warm: 5 days in January, 6 in March, and 10 days of which 4 are in June.
    const isWarm = (day: number): boolean => day <= 5 || (day >= 61 && day <= 66) || (day >= 178 && day <= 187);
    const data = days(
      "tasmax",
      threeYears((day) => (isWarm(day) ? 30 : 15)),
      "K",
    );
    expect(await values(data, "WSDI", { period })).toEqual([0, 0, 16]);
    expect(await values(data, "WSDI", { period, parameters: { window: 5 } })).toEqual([0, 0, 21]);
    const months = await values(data, "WSDI", { period, frequency: "MS" });
    // June has 4 days of the last spell, July 6.
    expect(months.slice(24, 31)).toEqual([0, 0, 6, 0, 0, 0, 6]);
  });

  it("make a period missing where a day has no threshold, and do not count it as not beyond", async () => {
    const gap = (day: number): boolean => day >= 100 && day <= 104;
    const data = days(
      "tasmax",
      threeYears().map((value, i) => (i < 730 && gap((i % 365) + 1) ? Number.NaN : value)),
      "K",
    );
    // Day 102 alone has no value within two days of it.
    expect(await values(data, "TX90p", { period, missing: "skip" })).toEqual([0, 0, Number.NaN]);
    expect((await values(data, "TX90p", { period, missing: "skip", frequency: "MS" })).slice(24, 30)).toEqual([
      31,
      28,
      31,
      Number.NaN,
      31,
      30,
    ]);
  });

  it("sum precipitation above a percentile of wet days", async () => {
    // Base, the first year: wet days of 1 to 20 mm. The 95th percentile of 20 lies at 20 * 0.95 + 1/3 + 0.95 / 3 - 1 = 18.65,
    // counted from 0: between 19 and 20, at 19.65. In the second year 19.6, 19.7 and 30 mm, and 300 days of 0.9 mm.
    const pr = Array.from({ length: 730 }, (_, i) => {
      if (i < 20) return i + 1;
      if (i < 365) return 0.5;
      return i < 665 ? 0.9 : ([19.6, 19.7, 30][i - 665] ?? 0);
    });
    const data = days("pr", pr, "mm/day");
    const amounts = await values(data, "R95p", { period: "2001-2001" });
    expect(amounts[0]).toBe(20);
    expect(amounts[1]).toBeCloseTo(49.7, 12);
    const shares = await values(data, "R95pTOT", { period: "2001-2001" });
    expect(shares[0]).toBeCloseTo((100 * 20) / 210, 12);
    expect(shares[1]).toBeCloseTo((100 * 49.7) / 69.3, 12);
    // 20 * 0.99 + 1/3 + 0.99 / 3 - 1 = 19.46 is beyond the last one: 20 itself, which is not above it.
    expect((await values(data, "R99p", { period: "2001-2001" }))[0]).toBe(0);
  });

  it("have no value where the base period has no wet day", async () => {
    const data = days(
      "pr",
      Array.from({ length: 730 }, (_, i) => (i < 365 ? 0.2 : 5)),
      "mm/day",
    );
    expect(await values(data, "R95p", { period: "2001-2001" })).toEqual([Number.NaN, Number.NaN]);
  });

  it("refuse a base period of less than a year", async () => {
    const data = days("tasmax", threeYears(), "K");
    await expect(values(data, "TX90p", { period: "2001-02/2001-11" })).rejects.toMatchObject({
      code: "TWIN_CLIMATE_INPUT_INVALID",
    });
    await expect(values(data, "TX90p", { parameters: { percentileWindow: 4 } })).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
    });
  });
});

describe("percentiles of each day of the year", () => {
  it("are a dataset in the unit of the data", async () => {
    const data = days("tas", threeYears(), "degC");
    const found = await percentileOfDay(data, { variable: "tas", percentile: 90, period: "2001-2002" });
    expect(found.dims).toMatchObject({ dayofyear: { length: 365 } });
    const thresholds = findVariable(found, "tas");
    expect(thresholds.unit).toBe("degC");
    expect(new Set((await thresholds.read())?.toFloat64())).toEqual(new Set([20]));
    expect(thresholds.attributes["comment"]).toContain("2001-01-01 to 2002-12-31");
  });

  it("refuse what is no percentile, and data that are not daily", async () => {
    const data = days("tas", threeYears(), "K");
    await expect(percentileOfDay(data, { variable: "tas", percentile: 101 })).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
    });
    const weekly = await subset(data, { selection: { time: { step: 7 } } });
    await expect(percentileOfDay(weekly, { variable: "tas", percentile: 90 })).rejects.toMatchObject({
      code: "TWIN_CLIMATE_INPUT_INVALID",
    });
  });
});

describe.skipIf(!existsSync(cities))("percentile indices of ERA5 at five cities (needs ../shared)", () => {
  it("have the warm spells of Halifax that xclim's tests state", async () => {
    const hdf = new Hdf5({ cacheBytes: 1e6, timeoutMs: 60_000 });
    try {
      await using data = await new Netcdf({ hdf, sources: [], decode: true }).open(cities);
      const result = await climateIndex(data, "WSDI", { frequency: "YS-JUL", parameters: { window: 3 } });
      const halifax = await findVariable(result, "WSDI").read({ location: 0 });
      // Half a year at each end.
      expect([...halifax.toFloat64()]).toEqual([Number.NaN, 4, 0, 0, Number.NaN]);
    } finally {
      await hdf.stop();
    }
  });
});
