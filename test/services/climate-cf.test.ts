import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  anomaly,
  areaMean,
  climatology,
  type Dataset,
  dataset,
  groupBy,
  NdArray,
  resample,
  rolling,
  type VariableInit,
} from "../../core/index.ts";
import { Hdf5 } from "../../modules/hdf5/hdf5.ts";
import { Netcdf } from "../../modules/netcdf/netcdf.ts";
import {
  blockMaxima,
  climateIndex,
  fireWeather,
  INDICES,
  percentileOfDay,
  returnLevels,
  type StormTrack,
  tracksDataset,
} from "../../thematic/climate/index.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const python = here("../../.venv-climate/bin/python");
const isRequired = process.env["TWINLOOM_REQUIRE_SERVICES"] === "1";

const YEARS = 11;

/** Numbers from 0 to 1 that look random: the fraction of a large sine. */
const noise = (i: number, salt: number): number => {
  const value = Math.sin(i * 12.9898 + salt * 78.233) * 43758.5453;
  return value - Math.floor(value);
};

/** Daily weather of some years on a grid of 2 × 2 with bounds, a height, and a value missing now and then. */
function weather(calendar: "noleap" | "360_day"): Dataset {
  const yearLength = calendar === "noleap" ? 365 : 360;
  const days = YEARS * yearLength;
  const field = (standardName: string, unit: string, value: (day: number, cell: number) => number): VariableInit => ({
    array: new NdArray(
      Float32Array.from({ length: days * 4 }, (_, i) => value(Math.floor(i / 4), i % 4)),
      { dtype: "float32", shape: [days, 2, 2], dims: ["time", "lat", "lon"], unit },
    ),
    attributes: { standard_name: standardName, coordinates: "height" },
  });
  const along = (
    name: string,
    values: readonly number[],
    unit: string,
    more: Readonly<Record<string, string>>,
  ): VariableInit => ({
    array: new NdArray(Float64Array.from(values), { dtype: "float64", shape: [values.length], dims: [name], unit }),
    attributes: more,
  });
  const bounds = (dim: string, values: readonly number[]): VariableInit => ({
    array: new NdArray(Float64Array.from(values), {
      dtype: "float64",
      shape: [values.length / 2, 2],
      dims: [dim, "bnds"],
    }),
  });
  const temperature = (day: number, cell: number): number =>
    // A day of 1 % is missing, in one cell.
    cell === 3 && noise(day, 9) < 0.01 && day < yearLength
      ? Number.NaN
      : 283 - 14 * Math.cos((2 * Math.PI * day) / yearLength) + 8 * noise(day, cell);
  const times = Array.from({ length: days }, (_, i) => i + 0.5);
  return dataset({
    attributes: { Conventions: "CF-1.6", title: "Made weather", history: "made", institution: "none" },
    variables: {
      time: along("time", times, "days since 2001-01-01", {
        ...{ standard_name: "time", axis: "T", calendar, bounds: "time_bnds" },
      }),
      time_bnds: bounds(
        "time",
        times.flatMap((time) => [time - 0.5, time + 0.5]),
      ),
      lat: along("lat", [50, 40], "degrees_north", { standard_name: "latitude", axis: "Y", bounds: "lat_bnds" }),
      lat_bnds: bounds("lat", [55, 45, 45, 35]),
      lon: along("lon", [5, 15], "degrees_east", { standard_name: "longitude", axis: "X", bounds: "lon_bnds" }),
      lon_bnds: bounds("lon", [0, 10, 10, 20]),
      height: {
        array: new NdArray(Float64Array.of(2), { dtype: "float64", shape: [], dims: [], unit: "m" }),
        attributes: { standard_name: "height", axis: "Z", positive: "up" },
      },
      tas: field("air_temperature", "K", temperature),
      tasmax: field("air_temperature", "K", (day, cell) => temperature(day, cell) + 6 * noise(day, 5)),
      tasmin: field("air_temperature", "K", (day, cell) => temperature(day, cell) - 6 * noise(day, 6)),
      pr: field("precipitation_flux", "kg m-2 s-1", (day, cell) => Math.max(0, noise(day, 20 + cell) - 0.5) / 2000),
      hurs: field("relative_humidity", "%", (day, cell) => 40 + 50 * noise(day, 30 + cell)),
      sfcWind: field("wind_speed", "m s-1", (day, cell) => 6 * noise(day, 40 + cell)),
    },
  });
}

const TRACKS: readonly StormTrack[] = [
  {
    id: "1",
    name: "Ada",
    begin: "genesis",
    end: "edge",
    points: [0, 6, 12].map((hours) => ({
      ...{ time: `2001-01-01T${String(hours).padStart(2, "0")}:00`, hours: 271752 + hours },
      ...{
        lat: 40 + hours / 6,
        lon: -60 + hours / 3,
        pressure: 98000 - 10 * hours,
        windSpeed: 20,
        closed: "yes" as const,
      },
    })),
  },
  { id: "2", points: [{ time: "2001-01-02T00:00", hours: 271776, lat: 10, lon: 170 }] },
];

const BAD = "a bad result";

/** A unit and a standard name that are none, a coordinate that is not there, a time that no calendar has. */
function badResult(): Dataset {
  const numbers = (dim: string, unit: string): NdArray =>
    new NdArray(Float64Array.of(1, 2), { dtype: "float64", shape: [2], dims: [dim], unit });
  return dataset({
    variables: {
      time: { array: numbers("time", "days since 2001-02-30"), attributes: { standard_name: "time" } },
      tas: {
        array: numbers("time", "elephants"),
        attributes: { standard_name: "no_such_name", coordinates: "nowhere" },
      },
    },
  });
}

describe.skipIf(!existsSync(python) && !isRequired)("results as NetCDF-4", () => {
  let folder = "";
  let found: Readonly<Record<string, Readonly<Record<"xarray" | "conformance" | "checker", readonly string[]>>>> = {};
  const names: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-cf-"));
    const hdf = new Hdf5({ cacheBytes: 64e6, timeoutMs: 60_000 });
    const netcdf = new Netcdf({ hdf, sources: [], decode: true });
    const write = async (name: string, result: Dataset): Promise<void> => {
      names.push(name);
      await netcdf.write(join(folder, `${name}.nc`), result);
    };
    // Read from a file, as the attributes of files differ from those of arrays.
    const source = join(folder, "source.nc");
    await netcdf.write(source, weather("noleap"));
    await using data = await netcdf.open(source);
    for (const { name } of INDICES) {
      await write(`index ${name}`, await climateIndex(data, name));
    }
    const other = weather("360_day");
    for (const name of ["TX90p", "RX5day", "SPI"])
      await write(`index ${name} 360_day`, await climateIndex(other, name));
    await write("fire weather", await fireWeather(data, { season: { method: "WF93" } }));
    await write("thresholds", await percentileOfDay(data, { variable: "tasmax", percentile: 90 }));
    await write("block maxima", await blockMaxima(data, { variable: "tasmax" }));
    await write(
      "return levels",
      await returnLevels(data, { variable: "tasmax", kind: "block-maxima", resamplings: 50, missing: "skip" }),
    );
    await write(
      "return levels of peaks",
      await returnLevels(data, { variable: "pr", kind: "peaks-over-threshold", resamplings: 50 }),
    );
    await write("tracks", tracksDataset(TRACKS));
    await write("no tracks", tracksDataset([]));
    const some = { variables: ["tas", "pr"] };
    for (const reduce of ["mean", "sum", "min", "max", "std", "count"] as const) {
      await write(
        `resample ${reduce}`,
        await resample(data, {
          ...some,
          variables: reduce === "sum" ? ["pr"] : ["tas", "pr"],
          frequency: "QS-DEC",
          reduce,
        }),
      );
    }
    for (const by of ["month", "season", "dayofyear"] as const) {
      await write(`climatology ${by}`, await climatology(data, { ...some, by }));
      await write(`groups ${by}`, await groupBy(data, { ...some, by, reduce: "mean" }));
    }
    await write("anomaly", await anomaly(data, { ...some, by: "month" }));
    await write("rolling", await rolling(data, { ...some, window: 5, reduce: "mean" }));
    await write("area mean", await areaMean(data, some));
    await write(BAD, badResult());
    const files = names.map((name) => join(folder, `${name}.nc`));
    const text = execFileSync(python, [here("climate-cf.py")], {
      ...{ input: JSON.stringify(files), maxBuffer: 64e6, timeout: 280_000 },
      stdio: ["pipe", "pipe", "ignore"],
    });
    const answers = JSON.parse(text.toString());
    found = Object.fromEntries(names.map((name) => [name, answers[join(folder, `${name}.nc`)]]));
  }, 300_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Of all files: name and what is wrong. */
  const problems = (of: "xarray" | "conformance" | "checker"): readonly string[] =>
    Object.entries(found).flatMap(([name, each]) =>
      name === BAD ? [] : each[of].map((problem) => `${name}: ${problem}`),
    );

  it("every kind of result was written and looked at", () => {
    expect(names.length).toBeGreaterThanOrEqual(INDICES.length + 20);
    expect(Object.keys(found)).toEqual(names);
  });

  it("what breaks the rules is found", () => {
    const bad = found[BAD];
    expect(bad?.xarray.join()).toMatch(/netcdf4: .*h5netcdf: /s);
    expect(bad?.conformance).toEqual([
      "no Conventions",
      expect.stringContaining("tas: unit 'elephants'"),
      "tas: no coordinate nowhere",
    ]);
    expect(bad?.checker.join()).toMatch(/units/i);
  });

  it("xarray opens them without a warning, with netcdf4 and h5netcdf", () => {
    expect(problems("xarray")).toEqual([]);
  });

  it("units, bounds, coordinates and fill values are as CF has them", () => {
    expect(problems("conformance")).toEqual([]);
  });

  it("the compliance checker finds no requirement of CF 1.11 that is not met", () => {
    expect(problems("checker")).toEqual([]);
  });
});
