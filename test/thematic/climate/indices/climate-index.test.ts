import { describe, expect, it } from "vitest";
import { dataset, NdArray, subset, type Variable } from "../../../../core/index.ts";
import { climateIndex, INDICES } from "../../../../thematic/climate/index.ts";
import { days, madeDays, numbersOf } from "./made-days.ts";

const tasmin = days(730, -1);

async function refusal(...args: Parameters<typeof climateIndex>): Promise<{ code: string; message: string }> {
  const error = await climateIndex(...args).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error as { code: string; message: string };
}

describe("climateIndex", () => {
  it("gives a CF dataset named as it was asked for, with periods, coordinates, bounds and grid mapping", async () => {
    const array = (
      values: readonly number[],
      shape: readonly number[],
      dims: readonly string[],
      unit?: string,
    ): NdArray => new NdArray(Float64Array.from(values), { dtype: "float64", shape, dims, unit });
    const cells = [...tasmin, ...tasmin.map((value) => -value)];
    const data = dataset({
      variables: {
        time: {
          array: array([...tasmin.keys()], [730], ["time"], "days since 2001-01-01"),
          attributes: { calendar: "noleap" },
        },
        x: { array: array([10, 20], [2], ["x"], "km"), attributes: { axis: "X", bounds: "x_bnds" } },
        x_bnds: array([5, 15, 15, 25], [2, 2], ["x", "bnds"]),
        lat: array([45, 46], [2], ["x"], "degrees_north"),
        crs: { array: array([0], [], []), attributes: { grid_mapping_name: "rotated_latitude_longitude" } },
        other: array([1, 2], [2], ["x"]),
        tn: {
          array: array(cells, [2, 730], ["x", "time"], "degC"),
          attributes: {
            standard_name: "air_temperature",
            cell_methods: "time: minimum",
            coordinates: "lat",
            grid_mapping: "crs",
          },
        },
      },
      attributes: { institution: "Here", history: "made today", Conventions: "CF-1.4" },
    });
    const result = await climateIndex(data, "fd");
    expect(Object.keys(result.variables)).toEqual(["time", "time_bnds", "x", "x_bnds", "lat", "crs", "fd"]);
    expect(result.attributes).toEqual({ institution: "Here", Conventions: "CF-1.11" });
    const index = result.variables["fd"];
    expect(index).toMatchObject({ dtype: "float64", dims: ["time", "x"], shape: [2, 2], unit: "day" });
    expect(index?.attributes).toMatchObject({
      cell_methods: "time: minimum within days time: sum over days",
      coordinates: "lat",
      grid_mapping: "crs",
    });
    expect(index?.attributes["comment"]).toMatch(/threshold 0 degC.*Missing where a step of the period is\./);
    expect(await numbersOf(result, "fd")).toEqual([365, 0, 365, 0]);
    const time = result.variables["time"];
    expect(time?.attributes).toMatchObject({ bounds: "time_bnds", calendar: "noleap", units: "days since 2001-01-01" });
    expect(await numbersOf(result, "time")).toEqual([0, 365]);
    expect(await numbersOf(result, "time_bnds")).toEqual([0, 365, 365, 730]);
  });

  it("gives results from which dates select", async () => {
    const data = dataset({
      variables: {
        time: new NdArray(Float64Array.from(tasmin.keys()), {
          ...{ dtype: "float64", shape: [tasmin.length], dims: ["time"], unit: "days since 2001-01-01" },
        }),
        tasmin: new NdArray(Float64Array.from(tasmin), {
          ...{ dtype: "float64", shape: [tasmin.length], dims: ["time"], unit: "degC" },
        }),
      },
    });
    const frost = (await climateIndex(data, "FD", { frequency: "MS" })).variables["FD"] as Variable;
    const all = [...(await frost.read()).toFloat64()];
    const spring = await frost.read({ time: { from: "2002-03", to: "2002-05" } });
    expect([...spring.toFloat64()]).toEqual(all.slice(14, 17));
  });

  it("finds inputs by the standard name and cell_methods, and refuses means for minima", async () => {
    const as = (methods?: string) => ({
      attributes: { t2: { standard_name: "air_temperature", ...(methods !== undefined && { cell_methods: methods }) } },
    });
    expect(
      (await climateIndex(madeDays({ t2: tasmin }, as("time: minimum within days")), "FD")).variables,
    ).toHaveProperty("FD");
    for (const methods of ["time: mean", undefined]) {
      const { code, message } = await refusal(madeDays({ t2: tasmin }, as(methods)), "FD");
      expect(code).toBe("TWIN_CLIMATE_INPUT_INVALID");
      expect(message).toContain('"t2" has the standard name, but its cell_methods');
    }
    const named = await climateIndex(madeDays({ t2: tasmin }, as("time: mean")), "FD", { variables: { tasmin: "t2" } });
    expect(await numbersOf(named, "FD")).toEqual([365, 365]);
  });

  it.each([
    ["another unit", madeDays({ tasmin }, { units: { tasmin: "m" } }), {}, "TWIN_CLIMATE_INPUT_INVALID", 'is in "m"'],
    ["steps of 6 hours", madeDays({ tasmin }, { step: 0.25 }), {}, "TWIN_CLIMATE_INPUT_INVALID", "a step is 6 hours"],
    ["steps of 30 days", madeDays({ tasmin }, { step: 30 }), {}, "TWIN_CLIMATE_INPUT_INVALID", "a step is 30 days"],
    ["no variable", madeDays({ pr: tasmin }), {}, "TWIN_CLIMATE_INPUT_INVALID", "the dataset has time, pr"],
    ["an unknown variable", madeDays({ tasmin }), { variables: { tasmin: "tn" } }, "TWIN_VARIABLE_NOT_FOUND", "tn"],
    ["an unknown input", madeDays({ tasmin }), { variables: { tasmax: "tasmin" } }, "TWIN_INVALID_ARGUMENT", "tasmin"],
    [
      "an unknown parameter",
      madeDays({ tasmin }),
      { parameters: { treshold: 1 } },
      "TWIN_INVALID_ARGUMENT",
      "threshold",
    ],
    ["no number", madeDays({ tasmin }), { parameters: { threshold: Number.NaN } }, "TWIN_INVALID_ARGUMENT", "NaN"],
    ["no frequency", madeDays({ tasmin }), { frequency: "yearly" }, "TWIN_FREQUENCY_INVALID", "YS-JUL"],
  ])("refuses %s", async (_, data, options, code, words) => {
    const error = await refusal(data, "FD", options);
    expect(error).toMatchObject({ code });
    expect(error.message).toContain(words);
  });

  it("takes monthly data whose times are the last days of months", async () => {
    const ends = [31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365].map((day) => day - 1);
    const times = [0, 1, 2, 3].flatMap((year) => ends.map((day) => day + 365 * year));
    const month = (values: readonly number[], unit: string) =>
      new NdArray(Float64Array.from(values), { dtype: "float64", shape: [48], dims: ["time"], unit });
    const data = dataset({
      variables: {
        time: { array: month(times, "days since 2001-01-01"), attributes: { calendar: "noleap" } },
        pr: month(
          [...times.keys()].map((i) => 1 + ((i * 7) % 5)),
          "mm/day",
        ),
      },
    });
    const spi = await climateIndex(data, "SPI");
    expect((await numbersOf(spi, "SPI")).every(Number.isFinite)).toBe(true);
    expect((await numbersOf(spi, "time")).slice(0, 3)).toEqual([0, 31, 59]);
  });

  it("refuses data along two times, and says what to do", async () => {
    const time = (dim: string, length: number) =>
      new NdArray(
        Float64Array.from({ length }, (_, i) => i),
        {
          dtype: "float64",
          shape: [length],
          dims: [dim],
          unit: "days since 2001-01-01",
        },
      );
    const values = new NdArray(new Float64Array(60), {
      dtype: "float64",
      shape: [2, 30],
      dims: ["run", "valid"],
      unit: "degC",
    });
    const data = dataset({ variables: { run: time("run", 2), valid: time("valid", 30), tasmin: values } });
    const error = await refusal(data, "FD");
    expect(error).toMatchObject({ code: "TWIN_CLIMATE_INPUT_INVALID" });
    expect(error.message).toContain("of which run and valid are times. Take one step of the others first");
    const one = await subset(data, { selection: { run: 0 } });
    expect(await numbersOf(await climateIndex(one, "FD", { frequency: "MS", missing: "skip" }), "FD")).toEqual([0]);
  });

  it("refuses windows that are no whole numbers of days, which no run would ever be as long as", async () => {
    const data = madeDays({ tas: tasmin, tasmin, tasmax: tasmin, pr: days(730, 1) });
    const withWindow = INDICES.filter(({ parameters }) => parameters?.["window"]);
    expect(withWindow.length).toBeGreaterThan(7);
    for (const { name } of withWindow) {
      const error = await refusal(data, name, { parameters: { window: 2.5 } });
      expect(error).toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
      expect(error.message).toContain("whole number");
    }
  });

  it("refuses a variable without a unit, and one without time", async () => {
    const bare = new NdArray(Float64Array.from(tasmin), { dtype: "float64", shape: [730], dims: ["time"] });
    const withoutUnit = madeDays({ pr: tasmin });
    expect((await refusal(dataset({ variables: { tasmin: bare } }), "FD")).message).toContain('"tasmin" has no unit');
    const timeless = dataset({ variables: { tasmin: bare.withUnit("degC") } });
    expect((await refusal(timeless, "FD")).message).toContain("along a time");
    expect((await refusal(withoutUnit, "FD")).code).toBe("TWIN_CLIMATE_INPUT_INVALID");
  });

  it("knows no other index, and says which there are", async () => {
    const { code, message } = await refusal(madeDays({ tasmin }), "TX90");
    expect(code).toBe("TWIN_CLIMATE_INDEX_UNKNOWN");
    expect(message).toMatch(/Did you mean "TX90p"\? There are: TXx, /);
  });

  it("takes base periods as years and as dates, and refuses those that the data do not cover", async () => {
    const data = madeDays({ tasmax: days(730, 1, { 400: 2 }) });
    const comment = async (period: string): Promise<unknown> =>
      (await climateIndex(data, "TX90p", { period })).variables["TX90p"]?.attributes["comment"];
    expect(await comment("2001-2001")).toContain("Base period 2001-01-01 to 2001-12-31.");
    expect(await comment("2001-03/2002-03-10")).toContain("Base period 2001-03-01 to 2002-03-10.");
    // A part of it is not it.
    for (const period of ["1961-1990", "1961-2001", "2002-2003", "2000-12/2001-12"]) {
      const none = await refusal(data, "TX90p", { period });
      expect(none.code).toBe("TWIN_INVALID_ARGUMENT");
      expect(none.message).toContain(
        `The data go from 2001-01-01 to 2002-12-31, which is not all of the period ${period}`,
      );
    }
    for (const period of ["1990-1961", "sixties", "1961", "1961-01-1990"]) {
      expect((await refusal(data, "TX90p", { period })).code).toBe("TWIN_INVALID_ARGUMENT");
    }
  });

  it("stops when it is told to", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(climateIndex(madeDays({ tasmin }), "FD", { signal })).rejects.toThrow("enough");
  });
});

describe("the title of a result", () => {
  it.each([
    ["FD", {}, "Frost days: days with a minimum temperature below 0 degC"],
    ["FD", { threshold: -10 }, "Frost days: days with a minimum temperature below -10 degC"],
    ["CDD", { threshold: 0.5 }, "Longest run of dry days: below 0.5 mm"],
    ["RX5day", { window: 3 }, "Largest precipitation of 3 days in a row"],
    ["R10mm", { threshold: 11.5 }, "Days with at least 11.5 mm of precipitation"],
    ["SDII", { threshold: 2 }, "Mean precipitation of wet days, with threshold 2 mm/day"],
  ])("tells what %s was computed with: %o", async (name, parameters, title) => {
    const data = name === "FD" ? madeDays({ tasmin }) : madeDays({ pr: tasmin.map(Math.abs) });
    const result = await climateIndex(data, name, { parameters });
    expect(result.variables[name]?.attributes["long_name"]).toBe(title);
  });
});

describe("the definitions of indices", () => {
  it("have names of their own, in either case", () => {
    const names = INDICES.flatMap(({ name, aliases = [] }) => [name, ...aliases]).map((name) => name.toLowerCase());
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  it("have all that the issue asks for", () => {
    const names = INDICES.map(({ name }) => name);
    const asked =
      "TXx TNn TX90p TN10p WSDI CSDI SU FD ID TR GSL DTR RX1day RX5day CDD CWD SDII R10mm R20mm R95p PRCPTOT SPI FWI";
    expect(names).toEqual(expect.arrayContaining(asked.split(" ")));
  });

  it("state definition, source and unit, and have defaults that are allowed", () => {
    for (const { title, definition, source, frequency, frequencies, parameters = {} } of INDICES) {
      for (const text of [title, definition, source]) expect(text.length).toBeGreaterThan(10);
      if (frequencies) expect(frequencies).toContain(frequency);
      for (const { default: value, min = value, max = value } of Object.values(parameters)) {
        expect(value >= min && value <= max).toBe(true);
      }
    }
  });
});
