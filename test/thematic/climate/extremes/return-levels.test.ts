import { describe, expect, it } from "vitest";
import {
  type Dataset,
  dataset,
  fitGev,
  fitGpd,
  lMoments,
  NdArray,
  RandomStream,
  returnLevel,
} from "../../../../core/index.ts";
import { blockMaxima, returnLevels } from "../../../../thematic/climate/index.ts";

/** Daily series without leap days from 2001 on, `flow[time, site]`; cells by site. */
function series(sites: readonly Float64Array[], unit = "m3 s-1"): Dataset {
  const length = sites[0]?.length ?? 0;
  const values = Float64Array.from({ length: length * sites.length }, (_, at) => {
    return sites[at % sites.length]?.[Math.floor(at / sites.length)] as number;
  });
  return dataset({
    variables: {
      time: {
        array: new NdArray(
          Float64Array.from({ length }, (_, i) => i),
          {
            ...{ dtype: "float64", shape: [length], dims: ["time"], unit: "days since 2001-01-01" },
          } as const,
        ),
        attributes: { calendar: "noleap" },
      },
      site: new NdArray(
        sites.map((_, i) => `s${i}`),
        { dtype: "string", shape: [sites.length], dims: ["site"] },
      ),
      flow: {
        array: new NdArray(values, { dtype: "float64", shape: [length, sites.length], dims: ["time", "site"], unit }),
        attributes: { long_name: "Flow" },
      },
    },
  });
}

async function read(from: Dataset, name: string): Promise<number[]> {
  return [...((await from.variables[name]?.read())?.toFloat64() ?? [])];
}

const years = 30;
const stream = new RandomStream({ seed: 3n, id: 0n });
const daily = Float64Array.from({ length: 365 * years }, () => 10 + stream.gamma(2));
/** By a plain loop over years of 365 days. */
const maxima = Float64Array.from({ length: years }, (_, year) =>
  Math.max(...daily.subarray(365 * year, 365 * year + 365)),
);
const holed = daily.map((value, day) => (day >= 400 && day < 410 ? Number.NaN : value));
const empty = daily.map(() => Number.NaN);
const flat = daily.map(() => 4);

describe("blockMaxima", () => {
  it("are those of a plain loop, NaN where a block has a gap, with time and bounds", async () => {
    const found = await blockMaxima(series([daily, holed, empty]), { variable: "flow" });
    const values = await read(found, "flow");
    expect(found.variables["flow"]?.dims).toEqual(["time", "site"]);
    expect(values.filter((_, at) => at % 3 === 0)).toEqual([...maxima]);
    expect(values.filter((_, at) => at % 3 === 1)).toEqual([...maxima.with(1, Number.NaN)]);
    expect(values.filter((_, at) => at % 3 === 2).every(Number.isNaN)).toBe(true);
    expect((await read(found, "time_bnds")).slice(0, 4)).toEqual([0, 365, 365, 730]);
    expect(found.variables["flow"]?.attributes["cell_methods"]).toBe("time: maximum");
    expect(found.variables["site"]?.dims).toEqual(["site"]);
  });

  it("takes minima, other years and other units, and allows gaps where it is told to", async () => {
    const options = { variable: "flow", tail: "lower", unit: "l s-1", missing: { percent: 5 } } as const;
    const least = await read(await blockMaxima(series([holed]), options), "flow");
    expect(least[1]).toBeCloseTo(1000 * Math.min(...holed.subarray(365, 730).filter(Number.isFinite)), 6);
    const hydrological = await blockMaxima(series([daily]), { variable: "flow", frequency: "YS-OCT" });
    const values = await read(hydrological, "flow");
    // From 1 January 2001 to 30 September, and from 1 October 2030 on, are no whole blocks.
    expect([values.length, values[0], values.at(-1)]).toEqual([31, Number.NaN, Number.NaN]);
    expect(values[1]).toBe(Math.max(...daily.subarray(273, 273 + 365)));
  });

  it("take fluxes of water in mm/day, where they are told that it is water", async () => {
    const flux = series([daily.map((value) => value / 86_400)], "kg m-2 s-1");
    const options = { variable: "flow", unit: "mm/day", context: "water" } as const;
    const found = await read(await blockMaxima(flux, options), "flow");
    expect(found).toHaveLength(years);
    found.forEach((value, year) => {
      expect(value).toBeCloseTo(maxima[year] as number, 10);
    });
    const levels = await returnLevels(flux, { ...options, kind: "block-maxima", interval: "none" });
    expect((await read(levels, "return_level"))[0]).toBeCloseTo(
      returnLevel(fitGev(lMoments(maxima)) as NonNullable<ReturnType<typeof fitGev>>, 10),
      8,
    );
    await expect(blockMaxima(flux, { ...options, context: undefined })).rejects.toThrow("liquid water");
  });

  it("refuses a variable that does not go along time, and units of something else", async () => {
    const source = series([daily]);
    await expect(blockMaxima(source, { variable: "site" })).rejects.toMatchObject({
      code: "TWIN_CLIMATE_INPUT_INVALID",
    });
    await expect(blockMaxima(source, { variable: "flow", unit: "K" })).rejects.toMatchObject({
      code: "TWIN_UNITS_INCOMPATIBLE",
    });
    await expect(blockMaxima(source, { variable: "flo" })).rejects.toMatchObject({ code: "TWIN_VARIABLE_NOT_FOUND" });
  });
});

describe("returnLevels of block maxima", () => {
  it("are those of the fit to the maxima, in intervals that hold them; cells without a fit say why", async () => {
    const found = await returnLevels(series([daily, holed, empty, flat, holed]), {
      ...{ variable: "flow", kind: "block-maxima", periods: [2, 20, 100], resamplings: 60, minimum: 30 },
    });
    const fit = fitGev(lMoments(maxima));
    if (!fit) throw new Error("no fit");
    const [levels, lower, upper] = await Promise.all(
      ["return_level", "return_level_lower", "return_level_upper"].map((name) => read(found, name)),
    );
    const ofFirst = (values: number[] | undefined): number[] => values?.filter((_, at) => at % 5 === 0) ?? [];
    expect(ofFirst(levels)).toEqual([2, 20, 100].map((period) => returnLevel(fit, period)));
    ofFirst(levels).forEach((level, i) => {
      expect(ofFirst(lower)[i]).toBeLessThan(level);
      expect(ofFirst(upper)[i]).toBeGreaterThan(level);
    });
    // Holed has 29 blocks of 30, flat has no variation.
    expect(await read(found, "status")).toEqual([0, 2, 1, 3, 2]);
    expect(await read(found, "count")).toEqual([30, 29, 0, 30, 29]);
    expect(found.variables["status"]?.attributes["flag_meanings"]).toBe("fitted no_data too_few no_variation");
    expect(levels?.[1]).toBeNaN();
    const [p] = await read(found, "p_value");
    expect(p).toBeGreaterThan(0);
    expect(p).toBeLessThanOrEqual(1);
    expect(found.variables["return_level"]?.unit).toBe("m3 s-1");
    expect(await read(found, "return_period")).toEqual([2, 20, 100]);
  });

  it("of the lower tail mirror those of the upper one of negated values", async () => {
    const options = {
      variable: "flow",
      kind: "block-maxima",
      periods: [50],
      resamplings: 40,
      distribution: "gumbel",
    } as const;
    const below = await returnLevels(series([daily.map((value) => -value)]), { ...options, tail: "lower" });
    const above = await returnLevels(series([daily]), options);
    expect(await read(below, "return_level")).toEqual((await read(above, "return_level")).map((level) => -level));
    expect(await read(below, "return_level_lower")).toEqual((await read(above, "return_level_upper")).map((x) => -x));
    expect(await read(above, "shape_parameter")).toEqual([0]);
  });

  it.each([{ kind: "blocks" }, { tail: "low" }, { distribution: "weibull" }, { interval: "profile" }])(
    "refuses a word that it does not know: %j",
    async (wrong) => {
      const options = { variable: "flow", kind: "block-maxima", ...wrong } as unknown as Parameters<
        typeof returnLevels
      >[1];
      const [[name, word]] = Object.entries(wrong) as [[string, string]];
      await expect(returnLevels(series([daily]), options)).rejects.toMatchObject({
        code: "TWIN_INVALID_ARGUMENT",
        message: expect.stringContaining(`\`${name}\` is "${word}"; give one of`),
      });
    },
  );

  it("refuses periods no longer than a block, and too few values", async () => {
    const base = { variable: "flow", kind: "block-maxima" } as const;
    await expect(returnLevels(series([daily]), { ...base, periods: [1] })).rejects.toThrow(/longer than a block/);
    await expect(returnLevels(series([daily]), { ...base, minimum: 2 })).rejects.toThrow(/at least 3/);
    await expect(returnLevels(series([daily]), { ...base, confidence: 90 })).rejects.toThrow(/0\.9/);
  });
});

describe("returnLevels of peaks", () => {
  // Exceedances of 5 at days 0 1, 4 (two days between), 10, 11; by hand: with 3 days the first three are one cluster.
  const few = Float64Array.of(6, 8, 1, 1, 7, 1, 1, 1, 1, 1, 9, 6.5, 1, 5, 1);
  const base = { variable: "flow", kind: "peaks-over-threshold", threshold: { value: 5 }, interval: "none" } as const;

  it.each([
    [3, 2],
    [2, 3],
    [0, 5],
  ])("parts clusters by hand: %i days give %i peaks", async (runDays, count) => {
    const found = await returnLevels(series([few]), { ...base, runDays });
    expect(await read(found, "count")).toEqual([count]);
    expect((await read(found, "peak_rate"))[0]).toBeCloseTo((count * 365) / 15, 12);
    expect((await read(found, "extremal_index"))[0]).toBeCloseTo(count / 5, 12);
    expect(await read(found, "status")).toEqual([2]);
  });

  it("are those of the fit to the peaks, whose rate is per year of valid steps", async () => {
    const found = await returnLevels(series([few]), { ...base, runDays: 0, minimum: 5, periods: [10] });
    const fit = fitGpd(lMoments([6, 8, 7, 9, 6.5]), 5);
    if (!fit) throw new Error("no fit");
    expect((await read(found, "return_level"))[0]).toBeCloseTo(returnLevel(fit, 10, (5 * 365) / 15), 12);
    expect((await read(found, "location_parameter"))[0]).toBe(5);
  });

  it("take quantiles of each cell as thresholds, and have intervals", async () => {
    const found = await returnLevels(series([daily, holed.map((x) => 2 * x), empty]), {
      ...{
        variable: "flow",
        kind: "peaks-over-threshold",
        threshold: { quantile: 0.98 },
        resamplings: 40,
        periods: [100],
      },
    });
    const [threshold, count, status] = await Promise.all(
      ["threshold", "count", "status"].map((name) => read(found, name)),
    );
    const above = daily.filter((value) => value > (threshold?.[0] as number)).length;
    expect(Math.abs(above - 0.02 * daily.length)).toBeLessThanOrEqual(1);
    expect(status).toEqual([0, 0, 1]);
    expect(count?.[0]).toBeLessThanOrEqual(above);
    const [lower, level, upper] = await Promise.all(
      ["return_level_lower", "return_level", "return_level_upper"].map(
        async (name) => (await read(found, name))[0] as number,
      ),
    );
    expect(lower).toBeLessThan(level as number);
    expect(upper).toBeGreaterThan(level as number);
  });

  it("refuses a threshold that is none", async () => {
    await expect(returnLevels(series([few]), { ...base, threshold: { quantile: 95 } })).rejects.toThrow(/quantile/);
  });
});
