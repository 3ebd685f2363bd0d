import { describe, expect, it } from "vitest";
import {
  anomaly,
  areaMean,
  areaWeights,
  climatology,
  convertVariables,
  type Dataset,
  dataset,
  groupBy,
  missingPeriods,
  NdArray,
  periodsOf,
  readTimeAxis,
  reduce,
  resample,
  rolling,
  type Selection,
  subset,
  type Variable,
} from "../../../../core/index.ts";

/** Daily values along time, lat and lon, in an order of dimensions, from 1 January 2001 without leap years. */
function daily(count: number, value: (step: number, cell: number) => number, dims = ["time", "lat", "lon"]): Dataset {
  const values = Float64Array.from({ length: count * 4 }, (_, i) => value(Math.floor(i / 4), i % 4));
  const array = new NdArray(values, {
    dtype: "float64",
    shape: [count, 2, 2],
    dims: ["time", "lat", "lon"],
    unit: "K",
  });
  const axis = (name: string, list: readonly number[], unit: string): NdArray =>
    new NdArray(Float64Array.from(list), { dtype: "float64", shape: [list.length], dims: [name], unit });
  const days = Array.from({ length: count }, (_, i) => i + 0.5);
  return dataset({
    variables: {
      time: { array: axis("time", days, "days since 2001-01-01"), attributes: { calendar: "noleap" } },
      lat: axis("lat", [0, 60], "degrees_north"),
      lon: axis("lon", [0, 90], "degrees_east"),
      tas: {
        array: array.transpose(dims),
        attributes: { standard_name: "air_temperature", cell_methods: "time: mean" },
      },
      mask: new NdArray(Int8Array.of(0, 1), { dtype: "int8", shape: [2], dims: ["lat"] }),
    },
    attributes: { title: "made up" },
  });
}

const valuesOf = async (data: Dataset, name = "tas", selection?: Selection): Promise<number[]> =>
  Array.from((await (data.variables[name] as Variable).read(selection)).toFloat64());

/** A dataset that notes what is read of a variable. */
function watched(data: Dataset, name: string): { readonly data: Dataset; readonly sizes: number[] } {
  const inner = data.variables[name] as Variable;
  const sizes: number[] = [];
  const { path, dtype, dims, shape, unit, attributes, storage } = inner;
  const outer: Variable = {
    ...{ name, path, dtype, dims, shape, unit, attributes, storage },
    read: async (selection, options) => {
      const array = await inner.read(selection, options);
      sizes.push(array.size);
      return array;
    },
    readMany: inner.readMany.bind(inner),
    chunks: inner.chunks.bind(inner),
  };
  return { data: { ...data, variables: { ...data.variables, [name]: outer } }, sizes };
}

describe("resample", () => {
  it("gives a value per period, with time, bounds and what else there is", async () => {
    const monthly = await resample(
      daily(59, (step, cell) => step + cell),
      { frequency: "MS", reduce: "mean" },
    );
    // Means of 0…30 and 31…58.
    expect(await valuesOf(monthly)).toEqual([15, 16, 17, 18, 44.5, 45.5, 46.5, 47.5]);
    expect(await valuesOf(monthly, "time")).toEqual([0, 31]);
    expect(await valuesOf(monthly, "time_bnds")).toEqual([0, 31, 31, 59]);
    expect(monthly.variables["time"]?.attributes).toMatchObject({ bounds: "time_bnds", calendar: "noleap" });
    expect(monthly.variables["tas"]?.attributes["cell_methods"]).toBe("time: mean time: mean");
    expect(Object.keys(monthly.variables)).toContain("mask");
    expect(monthly.attributes).toEqual({ title: "made up" });
    expect(await valuesOf(monthly, "tas", { lat: { value: 60 }, lon: 1, time: 0 })).toEqual([18]);
  });

  it.each([
    ["time", "lat", "lon"],
    ["lat", "time", "lon"],
    ["lat", "lon", "time"],
  ])("is the same along %s, %s, %s, in blocks of any size, with progress", async (...dims) => {
    const value = (step: number, cell: number): number => (step % 7 === cell ? Number.NaN : Math.sin(step * 3 + cell));
    const whole = await resample(daily(200, value), { frequency: "QS-DEC", reduce: "std", missing: "skip" });
    const fractions: number[] = [];
    const parts = await resample(daily(200, value, dims), {
      frequency: "QS-DEC",
      reduce: "std",
      maxBytes: 500,
      onProgress: (fraction) => fractions.push(fraction),
    });
    const array = await (parts.variables["tas"] as Variable).read();
    expect(array.dims).toEqual(dims);
    expect(Array.from(array.transpose(["time", "lat", "lon"]).toFloat64())).toEqual(await valuesOf(whole));
    expect(fractions.at(-1)).toBe(1);
    expect(fractions.length).toBeGreaterThan(10);
  });

  it("reads no more at once than the memory allows, and stops when told", async () => {
    const { data, sizes } = watched(
      daily(365, (step) => step),
      "tas",
    );
    await resample(data, { frequency: "YS", reduce: "max", maxBytes: 1600 });
    expect(Math.max(...sizes)).toBe(100);
    expect(sizes.reduce((sum, each) => sum + each)).toBe(365 * 4);
    const signal = AbortSignal.abort();
    await expect(resample(data, { frequency: "YS", reduce: "max", signal })).rejects.toThrow(/abort/i);
  });

  it.each(["time,lat,lon", "lat,lon,time"])(
    "by the rule of the WMO is missing where series are (%s)",
    async (order) => {
      const state = (step: number, cell: number): number => (step * 2654435761 + cell * 40503 * (step >> 3)) % 97;
      const data = daily(800, (step, cell) => (state(step, cell) < 20 + 15 * cell ? Number.NaN : 1), order.split(","));
      for (const frequency of ["MS", "YS-JUL"]) {
        const axis = await readTimeAxis(data);
        const periods = periodsOf(axis, frequency);
        const find = missingPeriods(axis, periods, "wmo");
        const result = await resample(data, { frequency, reduce: "sum", missing: "wmo", maxBytes: 3000 });
        const seen = new Set<number>();
        for (let cell = 0; cell < 4; cell++) {
          const place = { lat: cell >> 1, lon: cell & 1 };
          const missing = new Uint8Array(periods.count);
          find(Float64Array.from(await valuesOf(data, "tas", place)), missing);
          const values = await valuesOf(result, "tas", place);
          expect(values.map((value) => (Number.isNaN(value) ? 1 : 0))).toEqual([...missing]);
          for (const each of missing) seen.add(each);
        }
        expect(seen.has(1)).toBe(true);
      }
    },
  );

  it("tells units truly: spreads are differences, counts are numbers, sums of degC are refused", async () => {
    const celsius = convertVariables(
      daily(31, (step) => 280 + step),
      { tas: "degC" },
    );
    const std = (await resample(celsius, { frequency: "MS", reduce: "std" })).variables["tas"] as Variable;
    expect([std.unit, std.attributes["units_metadata"]]).toEqual(["K", "temperature: difference"]);
    const back = convertVariables(await resample(celsius, { frequency: "MS", reduce: "std" }), { tas: "degC" });
    // The spread of 0…30: sqrt((31² - 1) / 12).
    expect((await valuesOf(back))[0]).toBeCloseTo(Math.sqrt(80), 12);
    const count = (await resample(celsius, { frequency: "MS", reduce: "count" })).variables["tas"] as Variable;
    expect([count.unit, count.dtype]).toEqual(["1", "int32"]);
    expect(count.attributes["standard_name"]).toBe("air_temperature number_of_observations");
    await expect(resample(celsius, { frequency: "MS", reduce: "sum" })).rejects.toThrow(/Convert "tas" to K/);
  });

  it("refuses what it does not know", async () => {
    const data = daily(31, (step) => step);
    await expect(resample(data, { frequency: "M", reduce: "mean" })).rejects.toThrow(/no frequency/);
    await expect(resample(data, { frequency: "MS", reduce: "median" as "mean" })).rejects.toThrow(/no statistic/);
    await expect(resample(data, { frequency: "MS", reduce: "mean", variables: ["mask"] })).rejects.toThrow(/"time"/);
    await expect(resample(data, { frequency: "MS", reduce: "mean", variables: ["pr"] })).rejects.toThrow(/pr/);
  });
});

describe("groups", () => {
  it("of seasons are in the order of the year, those without steps left out", async () => {
    const seasons = await groupBy(
      daily(100, () => 1),
      { by: "season", reduce: "sum" },
    );
    expect((await seasons.variables["season"]?.read())?.values()).toEqual(["DJF", "MAM"]);
    // January and February have 59 days.
    expect(await valuesOf(seasons, "tas", { lat: 0, lon: 0 })).toEqual([59, 41]);
  });

  it("whole dimensions become one value", async () => {
    const maximum = await reduce(
      daily(10, (step, cell) => step * 10 + cell),
      { dims: ["time", "lon"], reduce: "max" },
    );
    expect(await valuesOf(maximum)).toEqual([91, 93]);
    expect(maximum.variables["tas"]?.attributes["cell_methods"]).toBe("time: mean time: lon: maximum");
  });
});

describe("rolling", () => {
  it("reads the steps around those that are asked for, and no more", async () => {
    const { data, sizes } = watched(
      daily(100, (step) => step),
      "tas",
    );
    const means = await rolling(data, { window: 5, reduce: "mean", center: true });
    expect(sizes).toEqual([]);
    expect(await valuesOf(means, "tas", { time: { start: 50, stop: 53 }, lat: 0, lon: 0 })).toEqual([50, 51, 52]);
    expect(sizes).toEqual([7]);
    expect(await valuesOf(means, "tas", { time: 1, lat: 0, lon: 0 })).toEqual([Number.NaN]);
    expect(
      await valuesOf(await subset(means, { selection: { time: { step: 40 } } }), "tas", { lat: 0, lon: 1 }),
    ).toEqual([Number.NaN, 40, 80]);
  });

  it("refuses windows that are none", async () => {
    const data = daily(10, (step) => step);
    await expect(rolling(data, { window: 0, reduce: "mean" })).rejects.toThrow(/window/);
    await expect(rolling(data, { window: 3, minCount: 4, reduce: "mean" })).rejects.toThrow(/minCount/);
  });
});

describe("climatology and anomaly", () => {
  const data = daily(3 * 365, (step) => Math.floor(step / 365) * 10 + (step % 365));

  it("by day of the year, of a period, smoothed around the end of the year", async () => {
    const normals = await climatology(data, { by: "dayofyear", period: "2001-2002", smooth: 3 });
    const values = await valuesOf(normals, "tas", { lat: 0, lon: 0 });
    expect(values).toHaveLength(365);
    // Days 365, 1 and 2 are 364, 0 and 1, and 10 more in the second year.
    expect(values[0]).toBeCloseTo(365 / 3 + 5, 12);
    expect(values[100]).toBeCloseTo(105, 12);
    expect((await valuesOf(normals, "climatology_bounds")).slice(0, 4)).toEqual([0, 366, 1, 367]);
    expect((await valuesOf(normals, "time")).slice(0, 2)).toEqual([0.5, 1.5]);
  });

  it("anomalies are differences from it, or ratios, computed when read", async () => {
    const { data: seen, sizes } = watched(data, "tas");
    const normals = await climatology(data, { by: "dayofyear", period: "2001-2002" });
    const away = await anomaly(seen, { by: "dayofyear", climatology: normals });
    expect(sizes).toEqual([]);
    expect(await valuesOf(away, "tas", { time: 800, lat: 1, lon: 0 })).toEqual([15]);
    expect(sizes).toEqual([1]);
    expect(away.variables["tas"]?.attributes).toMatchObject({
      standard_name: "air_temperature_anomaly",
      units_metadata: "temperature: difference",
    });
    const ratio = await anomaly(data, { by: "dayofyear", period: "2001-2001", kind: "ratio" });
    expect(await valuesOf(ratio, "tas", { time: { start: 365, stop: 367 }, lat: 0, lon: 0 })).toEqual([Number.NaN, 11]);
    expect(ratio.variables["tas"]?.unit).toBe("1");
  });

  it("days of the year of another calendar are refused: 1 March would meet 29 February", async () => {
    const normals = await climatology(data, { by: "dayofyear" });
    const inCalendar = (calendar: string): Dataset => {
      const time = data.variables["time"] as Variable;
      const { name, path, dtype, dims, shape, unit, storage } = time;
      const other: Variable = {
        ...{ name, path, dtype, dims, shape, unit, storage, attributes: { ...time.attributes, calendar } },
        read: (selection, options) => time.read(selection, options),
        readMany: (selections, options) => time.readMany(selections, options),
        chunks: (options) => time.chunks(options),
      };
      return { ...data, variables: { ...data.variables, time: other } };
    };
    for (const calendar of ["standard", "all_leap", "360_day"]) {
      const refused = anomaly(inCalendar(calendar), { by: "dayofyear", climatology: normals });
      await expect(refused).rejects.toThrow(`of the calendar noleap, those of the data of ${calendar}`);
    }
    const same = await anomaly(inCalendar("365_day"), { by: "dayofyear", climatology: normals });
    expect(same.variables).toHaveProperty("tas");
    const byMonth = await climatology(data, { by: "month" });
    expect((await anomaly(inCalendar("standard"), { by: "month", climatology: byMonth })).variables).toHaveProperty(
      "tas",
    );
  });

  it("a period that the data does not cover is refused, and days that the base lacks", async () => {
    await expect(climatology(data, { by: "month", period: "1961-1990" })).rejects.toThrow(
      /data go from 2001-01-01 to 2003-12-31/,
    );
    await expect(climatology(data, { by: "month", period: "90s" })).rejects.toThrow(/no period/);
    await expect(climatology(data, { by: "month", smooth: 5 })).rejects.toThrow(/smooth/);
    const short = await climatology(
      daily(100, () => 1),
      { by: "dayofyear" },
    );
    await expect(anomaly(data, { by: "dayofyear", climatology: short })).rejects.toThrow(/no dayofyear 101/);
  });
});

describe("area", () => {
  it("weights are cosines, or areas between bounds", async () => {
    const data = daily(1, (_, cell) => cell);
    const weights = (await areaWeights(data)).toFloat64();
    expect(weights[0]).toBe(1);
    expect(weights[1]).toBeCloseTo(0.5, 15);
    // Rows 0, 1 and 2, 3 with weights 1 and 1/2: (0.5 + 2.5 / 2) / 1.5.
    const mean = await areaMean(data);
    expect((await valuesOf(mean))[0]).toBeCloseTo(1.75 / 1.5, 14);
    expect(mean.variables["tas"]?.attributes["cell_methods"]).toBe("time: mean area: mean");
  });

  it("missing values have no weight, and too many of them no mean", async () => {
    const data = daily(1, (_, cell) => (cell < 2 ? Number.NaN : cell));
    // (2 / 2 + 3 / 2) / (1 / 2 + 1 / 2)
    expect((await valuesOf(await areaMean(data)))[0]).toBeCloseTo(2.5, 14);
    expect(await valuesOf(await areaMean(data, { missingPercent: 60 }))).toEqual([Number.NaN]);
    expect((await valuesOf(await areaMean(data, { missingPercent: 70 })))[0]).toBeCloseTo(2.5, 14);
  });

  it("data without a latitude of its own is refused", async () => {
    const { lat: _, ...variables } = daily(1, () => 1).variables;
    const bare = { ...daily(1, () => 1), variables, coordinates: ["time", "lon"] };
    await expect(areaMean(bare)).rejects.toThrow(/No coordinate is a latitude/);
  });
});

describe("dimensions", () => {
  it("are named once each, and at least one of them", async () => {
    const data = daily(10, (step) => step);
    for (const dims of [[], ["time", "time"]]) {
      await expect(reduce(data, { dims, reduce: "mean" })).rejects.toThrow("Name one dimension or more, each once");
    }
    await expect(areaMean(data, { dims: ["lat", "lat"] })).rejects.toThrow("each once");
  });
});
