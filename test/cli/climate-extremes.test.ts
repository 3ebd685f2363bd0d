import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readFile as readBytes, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataset, NdArray } from "../../core/index.ts";
import { autoencoderField } from "../thematic/climate/extremes/autoencoder-field.ts";
import { greatCircle, range, type Scene, sceneDataset } from "../thematic/climate/storms/vortices.ts";
import { days, readFile, writeFiles } from "./climate-sample.ts";
import { runTwinloom } from "./run-command-line.ts";
import { jsonHere, runHere } from "./run-here.ts";

const STORM = fileURLToPath(new URL("../../../shared/data/netcdf/geocat-datafiles/", import.meta.url));

/** The highest value of each of 12 years of 360 days; all others are lower. */
const MAXIMA = [31, 33, 30, 36, 32, 35, 31, 34, 38, 33, 32, 37];

/** A low that crosses the Atlantic in nine days. */
const SCENE: Scene = {
  grid: { lat: range(20, 2, 26), lon: range(-90, 2, 46) },
  steps: 36,
  vortices: [{ centre: greatCircle({ lat: 35, lon: -75 }, 60, 1), depth: () => 3000, radius: 4 }],
};

let cwd = "";
const run = (...args: string[]) => runHere(["climate", ...args], { cwd });
const json = (...args: string[]) => jsonHere(["climate", ...args], { cwd });

async function failure(...args: string[]): Promise<{ code: string; message: string; exitCode: number | null }> {
  const { code, stdout } = await run(...args, "--json");
  const { error } = JSON.parse(stdout);
  return { code: error?.code, message: error?.message, exitCode: code };
}

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "twinloom-cli-extremes-"));
  const highest = (day: number, place: number): number =>
    place === 1 ? 10 : day % 360 === 200 ? (MAXIMA[Math.floor(day / 360)] as number) : 20;
  await writeFiles(cwd, {
    "maxima.nc": days(12 * 360, { calendar: "360_day", tasmax: highest }),
    // Forty degrees more at one cell of one day.
    "field.nc": autoencoderField(0, 130, (t, i, j) => (t === 100 && i === 1 && j === 2 ? 40 : 0)),
    "psl.nc": sceneDataset(SCENE),
  });
  await copyFile(
    new URL("../thematic/climate/extremes/autoencoder.onnx", import.meta.url),
    join(cwd, "autoencoder.onnx"),
  );
});
afterAll(() => rm(cwd, { recursive: true }));

/** Gumbel's distribution by L-moments, as in the textbook: scale l2 / ln 2, location l1 - 0.5772 scale. */
function gumbelLevel(values: readonly number[], years: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  const l1 = sorted.reduce((sum, value) => sum + value, 0) / n;
  const b1 = sorted.reduce((sum, value, rank) => sum + (rank / (n - 1)) * value, 0) / n;
  const scale = (2 * b1 - l1) / Math.LN2;
  return l1 - 0.577_215_664_901_532_9 * scale - scale * Math.log(-Math.log(1 - 1 / years));
}

describe("twinloom climate extremes", () => {
  const GUMBEL = ["extremes", "maxima.nc", "--var", "tasmax", "--distribution", "gumbel", "--periods", "5,20"];

  it("gives return levels of each place, and says why a place has none", async () => {
    const told = await json(...GUMBEL, "--out", "levels.nc");
    expect(told).toMatchObject({ kind: "block-maxima", variable: "tasmax", unit: "degC", cells: 2, fitted: 1 });
    expect(told.without).toEqual({ no_variation: 1 });
    const [inland, coast] = told.places;
    expect(inland.place).toEqual({ place: "inland" });
    expect(inland.count).toBe(12);
    for (const { period, level, lower, upper } of inland.levels) {
      expect(level).toBeCloseTo(gumbelLevel(MAXIMA, period), 9);
      expect(lower).toBeLessThan(level);
      expect(upper).toBeGreaterThan(level);
    }
    expect(coast).toMatchObject({ place: { place: "coast" }, status: "no_variation", levels: [{ level: null }, {}] });
    const file = await readFile(join(cwd, "levels.nc"), "return_level");
    expect(file).toMatchObject({ dims: ["return_period", "place"], unit: "degC" });
    expect(file.values[0]).toBeCloseTo(gumbelLevel(MAXIMA, 5), 9);
  });

  it("is repeated by its seed, and is another by another", async () => {
    const upper = async (seed: string): Promise<number> =>
      (await json(...GUMBEL, "--resamplings", "50", "--seed", seed)).places[0].levels[0].upper;
    expect(await upper("3")).toBe(await upper("3"));
    expect(await upper("4")).not.toBe(await upper("3"));
  });

  it("converts units, takes the lower tail, and tells people of each place", async () => {
    const { stdout } = await run(...GUMBEL, "--unit", "K", "--interval", "none");
    expect(stdout).toMatch(/^tasmax \[K\]: return levels/);
    const level = gumbelLevel(MAXIMA, 5) + 273.15;
    expect(stdout).toMatch(new RegExp(`inland +${level.toFixed(2).replace(".", "\\.")} `));
    expect(stdout).toContain("1 of 2 fitted; without a fit: 1 no variation");
    const lower = await json(...GUMBEL, "--tail", "lower");
    // The least value of each year is 20.
    expect(lower.without).toEqual({ no_variation: 2 });
  });

  it("summarises many places, and lists them in the file alone", async () => {
    const [steps, cells] = [360, 1100];
    const data = Float64Array.from({ length: steps * cells }, (_, i) => Math.abs(Math.sin(i * i + 1)) * 10);
    // One place is always the same.
    for (let step = 0; step < steps; step++) data[step * cells + 3] = 5;
    const time = Float64Array.from({ length: steps }, (_, day) => day);
    const many = dataset({
      variables: {
        time: {
          array: new NdArray(time, { dtype: "float64", shape: [steps], dims: ["time"], unit: "days since 2000-01-01" }),
          attributes: { calendar: "360_day" },
        },
        wind: new NdArray(data, { dtype: "float64", shape: [steps, cells], dims: ["time", "cell"], unit: "m s-1" }),
      },
    });
    await writeFiles(cwd, { "many.nc": many });
    const how = ["--distribution", "gumbel", "--freq", "MS", "--periods", "5", "--interval", "none"];
    const told = await json("extremes", "many.nc", ...how, "--out", "many-levels.nc");
    expect(told).toMatchObject({
      cells,
      fitted: cells - 1,
      without: { no_variation: 1 },
      shape: [cells],
      places: null,
    });
    const levels = (await readFile(join(cwd, "many-levels.nc"), "return_level")).values.filter(Number.isFinite);
    expect(levels).toHaveLength(cells - 1);
    const mean = levels.reduce((sum, level) => sum + level, 0) / levels.length;
    expect(told.levels).toEqual([{ period: 5, min: Math.min(...levels), mean, max: Math.max(...levels) }]);
  });

  it("takes peaks over a threshold", async () => {
    const args = ["extremes", "maxima.nc", "--var", "tasmax", "--kind", "peaks-over-threshold", "--threshold", "25"];
    const { places } = await json(...args, "--slice", "place=0");
    // The twelve values above 25 degC, fewer than the 20 that a fit takes.
    expect(places).toMatchObject([{ place: {}, status: "too_few", count: 12 }]);
  });

  it("finds the planted event by patterns: when, and where", async () => {
    const args = ["extremes", "field.nc", "--kind", "events", "--anomaly", "none", "--modes", "3", "--threshold", "40"];
    // Fitted to the first sixty days, 2001-01-01 to 2001-03-01, without the event.
    const told = await json(...args, "--fit-period", "2001-01/2001-02", "--out", "events.csv");
    expect(told).toMatchObject({ variable: "tas", anomaly: "none", threshold: 40, events: [{ steps: [100, 100] }] });
    expect(told.events[0]).toMatchObject({ start: "2001-04-11T00:00:00", where: { lat: 50, lon: 4 } });
    const [head, line, ...rest] = (await readBytes(join(cwd, "events.csv"), "utf8")).split("\n");
    expect(head).toBe("start,end,steps,peak,score,lat,lon");
    expect(line).toMatch(/^2001-04-11T00:00:00,2001-04-11T00:00:00,1,2001-04-11T00:00:00,[\d.]+,50,4$/);
    expect(rest).toEqual([""]);
  });

  it("finds it by a network, and writes scores", async () => {
    const network = ["--scorer", "autoencoder.onnx", "--model-output", "reconstruction", "--model-offset", "280"];
    const told = await json(
      "extremes",
      "field.nc",
      "--kind",
      "events",
      ...network,
      "--percentile",
      "99.5",
      "--out",
      "scores.nc",
    );
    expect(told).toMatchObject({ scorer: "autoencoder.onnx", anomaly: "none", events: [{ steps: [100, 100] }] });
    const { values, dims } = await readFile(join(cwd, "scores.nc"), "anomaly_score");
    expect(dims).toEqual(["time"]);
    expect(values.indexOf(Math.max(...values))).toBe(100);
    expect(values).toHaveLength(130);
  });

  it("scores differences from the mean of the month by default, and tells so", async () => {
    const { stdout } = await run("extremes", "field.nc", "--kind", "events", "--percentile", "99");
    expect(stdout).toMatch(/^tas: \d events by eof\(.*\), differences from the mean of the month/);
    expect(stdout).toContain("2001-04-11T00:00:00");
  });

  it("knows three kinds", async () => {
    const { code, stdout } = await runTwinloom(["climate", "extremes", "maxima.nc", "--kind", "maxima", "--json"], {
      cwd,
    });
    expect(code).toBe(2);
    expect(JSON.parse(stdout).error.message).toContain("block-maxima, peaks-over-threshold, events");
  });

  it.each<[string[], number, string, RegExp]>([
    [["maxima.nc"], 1, "TWIN_CLIMATE_INPUT_INVALID", /Several variables.*tasmax.*--var tasmax/],
    [["maxima.nc", "--var", "tasmx"], 1, "TWIN_VARIABLE_NOT_FOUND", /Did you mean "tasmax"/],
    [["maxima.nc", "--var", "tasmax", "--unit", "mm"], 1, "TWIN_UNITS_INCOMPATIBLE", /mm/],
    [["maxima.nc", "--var", "bare", "--unit", "K"], 1, "TWIN_CLIMATE_INPUT_INVALID", /has no unit/],
    [["maxima.nc", "--var", "tasmax", "--periods", "10;50"], 2, "TWIN_USAGE", /--periods 10;50/],
    [["maxima.nc", "--var", "tasmax", "--periods", "1"], 1, "TWIN_INVALID_ARGUMENT", /longer than a block/],
    [["maxima.nc", "--var", "tasmax", "--confidence", "90"], 1, "TWIN_INVALID_ARGUMENT", /90/],
    [
      ["maxima.nc", "--percentile", "99"],
      2,
      "TWIN_USAGE",
      /--percentile is for --kind peaks-over-threshold and events/,
    ],
    [["maxima.nc", "--scorer", "eof"], 2, "TWIN_USAGE", /--scorer is for --kind events/],
    [["field.nc", "--kind", "events", "--freq", "YS"], 2, "TWIN_USAGE", /--freq is for --kind block-maxima/],
    [["field.nc", "--kind", "events", "--percentile", "9", "--threshold", "4"], 2, "TWIN_USAGE", /Give one of them/],
    [["field.nc", "--kind", "events", "--percentile", "100"], 2, "TWIN_USAGE", /below 100/],
    [["field.nc", "--kind", "events", "--scorer", "vae"], 2, "TWIN_USAGE", /ends in \.onnx/],
    [["field.nc", "--kind", "events", "--scorer", "vae.onnx"], 1, "TWIN_FILE_NOT_FOUND", /vae\.onnx/],
    [["field.nc", "--kind", "events", "--model-unit", "K"], 2, "TWIN_USAGE", /--model-unit is not for --scorer eof/],
    [["field.nc", "--kind", "events", "--scorer", "a.onnx", "--modes", "3"], 2, "TWIN_USAGE", /--modes is not for/],
    [["maxima.nc", "--var", "tasmax", "--out", "levels.csv"], 2, "TWIN_USAGE", /\.nc, \.zarr, \.h5/],
  ])("%j exits with %i and %s", async (args, exitCode, code, message) => {
    expect(await failure("extremes", ...args)).toEqual({ exitCode, code, message: expect.stringMatching(message) });
  });
});

describe("twinloom climate tracks", () => {
  it("follows a low, and finds its own tracks again", async () => {
    const told = await json("tracks", "psl.nc", "--out", "tracks.csv");
    expect(told.tracks).toHaveLength(1);
    const [{ begin, points }] = told.tracks;
    expect(begin).toBe("record");
    expect(points).toHaveLength(36);
    // One degree of arc per step; the grid has 2 degrees.
    expect(Math.abs(points[0].lat - 35)).toBeLessThan(0.5);
    expect(Math.abs(points[0].lon + 75)).toBeLessThan(0.5);
    const again = await json("tracks", "psl.nc", "--reference", "tracks.csv", "--out", "tracks.nc");
    expect(again.match).toMatchObject({ hits: 36, misses: 0, falseAlarms: 0, pod: 1, far: 0, judged: 36, all: 36 });
    expect((await readFile(join(cwd, "tracks.nc"), "row_size")).values).toEqual([36]);
  });

  it("judges by what of a reference lies in the times and the area of the data", async () => {
    await json("tracks", "psl.nc", "--out", "all.csv", "--replace");
    // The storm was there from 2001-02-03 to 2001-02-11T18: here the first three days of it.
    const part = await json("tracks", "psl.nc", "--slice", "time=2001-02-03..2001-02-05", "--reference", "all.csv");
    expect(part.match).toMatchObject({ hits: 12, misses: 0, judged: 12, all: 36 });
    const { stdout } = await run(
      "tracks",
      "psl.nc",
      "--slice",
      "time=2001-02-03..2001-02-05",
      "--reference",
      "all.csv",
    );
    expect(stdout).toContain("reference: 12 of its 36 centres lie in the times and the area of the data");
    expect(stdout).toContain("hits 12, misses 0 (POD 1.000), false alarms 0 (FAR 0.000)");
  });

  it("leaves out what is too short, or not deep enough", async () => {
    const count = async (...args: string[]): Promise<number> => (await json("tracks", "psl.nc", ...args)).tracks.length;
    expect(await count("--min-time", "210")).toBe(1);
    expect(await count("--min-time", "211")).toBe(0);
    // The low is 3000 Pa deep; eight degrees away 3000 exp(-64 / 32) = 406 Pa are left.
    expect(await count("--closed-contour", "2000,10")).toBe(1);
    expect(await count("--closed-contour", "3100,10")).toBe(0);
    // In six hours it moves by one degree.
    expect(await count("--range", "0.5")).toBe(0);
  });

  it.each<[string[], number, string, RegExp]>([
    [["maxima.nc"], 2, "TWIN_USAGE", /No variable is known as pressure.*--var pressure=/],
    [["psl.nc", "--var", "pressure=slp"], 1, "TWIN_CLIMATE_INPUT_INVALID", /no variable "slp"/],
    [["psl.nc", "--var", "p=psl"], 2, "TWIN_USAGE", /no input "p". Inputs: pressure, u, v/],
    [["psl.nc", "--var", "u=psl"], 2, "TWIN_USAGE", /needs v as well/],
    [["psl.nc", "--unit", "pressure=hPa"], 1, "TWIN_CLIMATE_INPUT_INVALID", /in "Pa"/],
    [["psl.nc", "--unit", "u=m/s"], 2, "TWIN_USAGE", /--var u=name/],
    [["psl.nc", "--closed-contour", "200"], 2, "TWIN_USAGE", /200,5\.5/],
    [["psl.nc", "--within", "200"], 2, "TWIN_USAGE", /--reference/],
    [["psl.nc", "--calendar", "noleap"], 2, "TWIN_USAGE", /--time-unit/],
    [["psl.nc", "--warm-core", "thickness"], 2, "TWIN_USAGE", /--var upper=name/],
    [["psl.nc", "--max-height", "500"], 2, "TWIN_USAGE", /--var orography=name/],
    [["psl.nc", "--tropical"], 1, "TWIN_INVALID_ARGUMENT", /warmCore/],
    [["psl.nc", "--reference", "none.csv"], 1, "TWIN_FILE_NOT_FOUND", /none\.csv/],
    [["psl.nc", "--reference", "notes.txt"], 1, "TWIN_CLIMATE_INPUT_INVALID", /HURDAT2/],
    [["psl.nc", "--reference", "notes.csv"], 1, "TWIN_CLIMATE_INPUT_INVALID", /track_id/],
  ])("%j exits with %i and %s", async (args, exitCode, code, message) => {
    await writeFile(join(cwd, "notes.txt"), "no tracks\n");
    await writeFile(join(cwd, "notes.csv"), "no,tracks\n");
    expect(await failure("tracks", ...args)).toEqual({ exitCode, code, message: expect.stringMatching(message) });
  });

  // Real data, which is not in the repository: skipped where it is not beside it.
  describe.skipIf(!existsSync(STORM))("on the blizzard of 1996 (needs shared/data/netcdf)", () => {
    const files = ["Pstorm", "Ustorm", "Vstorm"].map((name) => join(STORM, `${name}.cdf`));
    const units = ["pressure=Pa", "u=m/s", "v=m/s"].flatMap((unit) => ["--unit", unit]);
    const names = ["pressure=p", "u=u", "v=v"].flatMap((name) => ["--var", name]);
    const time = ["--time-unit", "hours since 1996-01-05"];

    it("says what files do not state, option by option", async () => {
      expect(await failure("tracks", ...files)).toMatchObject({
        ...{ code: "TWIN_PARTS_DISAGREE", message: expect.stringContaining("--duplicates first") },
      });
      expect((await failure("tracks", files[0] as string)).message).toContain("--var pressure=p");
      expect((await failure("tracks", files[0] as string, "--var", "pressure=p")).message).toContain(
        '--time-unit "hours since 1996-01-05"',
      );
      expect((await failure("tracks", files[0] as string, "--var", "pressure=p", ...time)).message).toContain(
        "--unit pressure=Pa",
      );
    });

    it("finds the storm on its way from Georgia to the edge", async () => {
      const { tracks } = await json("tracks", ...files, "--duplicates", "first", ...names, ...units, ...time);
      const blizzard = tracks.find(({ points: [first] }: { points: { lat: number; lon: number }[] }) => {
        return first !== undefined && Math.abs(first.lat - 30) < 3 && Math.abs(first.lon + 88) < 3;
      });
      expect(blizzard).toMatchObject({ begin: "genesis", end: "edge" });
      expect(blizzard.points[0].windSpeed).toBeGreaterThan(0);
    });
  });
});
