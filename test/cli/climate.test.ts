import { mkdir, mkdtemp, readFile as readBytes, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Dataset, dataset, NdArray } from "../../core/index.ts";
import { INDICES } from "../../thematic/climate/index.ts";
import { days, readFile, writeFiles } from "./climate-sample.ts";
import { jsonHere, runHere } from "./run-here.ts";

let cwd = "";
const run = (...args: string[]) => runHere(["climate", ...args], { cwd });
const json = (...args: string[]) => jsonHere(["climate", ...args], { cwd });

async function failure(...args: string[]): Promise<{ code: string; message: string; exitCode: number | null }> {
  const { code, stdout } = await run(...args, "--json");
  const { error } = JSON.parse(stdout);
  return { code: error?.code, message: error?.message, exitCode: code };
}

/** Weather at noon of two places, which gets warmer. */
function fireDays(count: number): Dataset {
  const noon = (unit: string, of: (day: number) => number): NdArray =>
    new NdArray(
      Float64Array.from({ length: 2 * count }, (_, at) => of(Math.floor(at / 2)) + (at % 2)),
      { dtype: "float64", shape: [count, 2], dims: ["time", "place"], unit },
    );
  const one = (values: readonly number[], dim: string, unit: string): NdArray =>
    new NdArray(Float64Array.from(values), { dtype: "float64", shape: [values.length], dims: [dim], unit });
  return dataset({
    variables: {
      time: one([...Array(count).keys()], "time", "days since 2000-06-01"),
      lat: one([45, 46], "place", "degrees_north"),
      tas: noon("degC", (day) => 15 + day / 4),
      hurs: noon("%", (day) => 60 - (day % 20)),
      sfcWind: noon("km/h", (day) => 10 + (day % 7)),
      pr: noon("mm/day", (day) => (day % 9 === 0 ? 6 : 0)),
    },
  });
}

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "twinloom-cli-climate-"));
  await mkdir(join(cwd, "archive"));
  const hole = (day: number): number => (day === 45 ? Number.NaN : 20 + (day % 10));
  await writeFiles(cwd, {
    "days.nc": days(731),
    "archive/a.nc": days(400),
    "archive/b.nc": days(331, { start: 400 }),
    "hole.nc": days(731, { tasmax: hole }),
    "fire.nc": fireDays(40),
    ...Object.fromEntries(
      ["360_day", "noleap", "all_leap", "julian"].map((calendar) => [
        `${calendar}.nc`,
        days(calendar === "360_day" ? 720 : calendar === "noleap" ? 730 : calendar === "julian" ? 731 : 732, {
          calendar,
        }),
      ]),
    ),
  });
});
afterAll(() => rm(cwd, { recursive: true }));

describe("twinloom climate index", () => {
  // By hand: values above 25 degC are those of days whose number ends with 6, 7, 8 or 9, of which each 10 days have 4. The years begin
  // with day 0 and with day 360, 365 or 366; both have 36 whole tens, and days 366 to 369 are 4 more where they are in the second year.
  it.each([
    ["360_day", [144, 144]],
    ["noleap", [144, 148]],
    ["all_leap", [144, 148]],
    ["julian", [144, 148]],
    ["days", [144, 148]],
  ])("counts summer days of both years: %s", async (name, [first, second]) => {
    const out = `su-${name}.nc`;
    const told = await json("index", "SU", `${name}.nc`, "--out", out);
    expect(told).toMatchObject({
      index: "SU",
      variable: "SU",
      dims: ["time", "place"],
      shape: [2, 2],
      unit: "day",
      out,
    });
    expect(told).toMatchObject({ count: 4, missing: 0, min: 0, max: second });
    expect(await readFile(join(cwd, out), "SU")).toEqual({
      ...{ values: [first, 0, second, 0], unit: "day", dims: ["time", "place"] },
    });
  });

  it("names the output variable as the index was typed", async () => {
    expect(await json("index", "su", "days.nc", "--out", "lower.nc")).toMatchObject({ index: "SU", variable: "su" });
    expect((await readFile(join(cwd, "lower.nc"), "su")).values).toEqual([144, 0, 148, 0]);
  });

  it.each([
    ["a folder", ["archive"]],
    ["a pattern", ["archive/*.nc"]],
    ["files in any order", ["archive/b.nc", "archive/a.nc"]],
  ])("takes %s as one dataset", async (_, files) => {
    expect(await json("index", "SU", ...files)).toMatchObject({ count: 4, missing: 0, max: 148 });
  });

  it("takes another variable, part of the data, other periods and other parameters", async () => {
    const max = async (...args: string[]): Promise<unknown> => (await json("index", "SU", "days.nc", ...args)).max;
    expect(await max("--var", "tasmax")).toBe(148);
    expect(await max("--var", "tasmax=tasmax")).toBe(148);
    // Only 29 is above 28: day 369, and one of each of the 36 tens after it.
    expect(await max("--set", "threshold=28")).toBe(37);
    // January has days 0 to 30: 12 of them; days 6 to 9 of the three tens.
    expect(await max("--freq", "MS", "--slice", "time=2000-01..2000-01")).toBe(12);
    expect(await json("index", "SU", "days.nc", "--slice", "place=1")).toMatchObject({ dims: ["time"], max: 0 });
  });

  it.each([
    ["any", 1],
    ["skip", 0],
    ["wmo", 0],
    ["0.2", 1],
    ["0.5", 0],
  ])("--incomplete %s: with one of 366 days missing, %i years have no value", async (rule, missing) => {
    // 1 of 366 is 0.27 %. Place "coast" has the same hole.
    expect(await json("index", "SU", "hole.nc", "--incomplete", rule)).toMatchObject({ missing: 2 * missing });
  });

  it("keeps what was done in the file: definition, base period, and the command", async () => {
    await json("index", "TX90p", "days.nc", "--period", "2000-2001", "--out", "tx90p.nc");
    const info = await jsonHere(["data", "info", "tx90p.nc"], { cwd });
    expect(JSON.stringify(info)).toContain("Base period 2000-01-01");
    expect(JSON.stringify(info)).toMatch(/twinloom \d+\.\d+\.\d+: twinloom /);
  });

  it("tells of an index of each day what it tells without writing it", async () => {
    const { out, ...told } = await json("index", "FWI", "fire.nc", "--out", "fwi.nc");
    expect(told).toMatchObject({ shape: [40, 2], count: 80, missing: 0, title: "Fire weather index" });
    expect(await json("index", "FWI", "fire.nc")).toEqual({ ...told, out: null });
    expect(out).toBe("fwi.nc");
    const { values } = await readFile(join(cwd, "fwi.nc"), "FWI");
    expect(told["max"]).toBe(Math.max(...values));
  });

  it("is a few lines for people", async () => {
    const { stdout } = await run("index", "SU", "days.nc", "--out", "people.nc");
    expect(stdout.split("\n").slice(0, 3)).toEqual([
      expect.stringMatching(/^SU \[day\]: Summer days/),
      "time 2 × place 2",
      "0.000 to 148.0, mean 73.00; 0 missing of 4",
    ]);
    expect(stdout).toContain("people.nc: written");
    const warmer = await run("index", "SU", "days.nc", "--set", "threshold=28");
    expect(warmer.stdout).toMatch(/^SU \[day\]: Summer days: days with a maximum temperature above 28 degC\n/);
  });

  it.each<[string[], number, string, RegExp]>([
    [["TX90", "days.nc"], 1, "TWIN_CLIMATE_INDEX_UNKNOWN", /Did you mean "TX90p"\?/],
    [["SU", "none.nc"], 1, "TWIN_FILE_NOT_FOUND", /There is no file/],
    [["SU", "archive/none_*.nc"], 1, "TWIN_FILE_NOT_FOUND", /No file matches/],
    [["SU", "days.nc", "--var", "tasmx"], 1, "TWIN_VARIABLE_NOT_FOUND", /Did you mean "tasmax"\?/],
    [["SU", "days.nc", "--var", "tx=tasmax"], 2, "TWIN_USAGE", /no input "tx". Inputs: tasmax/],
    [["SU", "days.nc", "--var", "pr"], 1, "TWIN_CLIMATE_INPUT_INVALID", /"pr" is in "mm\/day"/],
    [["SU", "days.nc", "--var", "bare"], 1, "TWIN_CLIMATE_INPUT_INVALID", /"bare" has no unit/],
    [["FD", "days.nc"], 1, "TWIN_CLIMATE_INPUT_INVALID", /needs "tasmin".*--var tasmin=…/],
    [["DTR", "days.nc", "--var", "tasmx"], 2, "TWIN_USAGE", /input=tasmx. Inputs: tasmax, tasmin/],
    [["SU", "days.nc", "--freq", "yearly"], 1, "TWIN_FREQUENCY_INVALID", /"yearly"/],
    [["SU", "days.nc", "--set", "treshold=30"], 1, "TWIN_INVALID_ARGUMENT", /Did you mean "threshold"\?/],
    [["SU", "days.nc", "--set", "threshold=warm"], 2, "TWIN_USAGE", /"warm" is no number/],
    [["SU", "days.nc", "--set", "threshold="], 2, "TWIN_USAGE", /is no number/],
    [["SU", "days.nc", "--incomplete", "101"], 2, "TWIN_USAGE", /any, skip, wmo, or a percentage/],
    [["SU", "days.nc", "--incomplete", "some"], 2, "TWIN_USAGE", /any, skip, wmo, or a percentage/],
    [["TX90p", "days.nc", "--period", "1961-1990"], 1, "TWIN_INVALID_ARGUMENT", /1961-1990/],
    [["SU", "days.nc", "--slice", "plce=0"], 1, "TWIN_INVALID_SELECTION", /plce/],
    [["SU", "days.nc", "--out", "days.nc"], 2, "TWIN_USAGE", /an input and the output/],
    [["SU", "days.nc", "--out", "su.csv"], 2, "TWIN_USAGE", /\.nc, \.zarr, \.h5/],
    [["SU", "days.nc", "--out", "su.png"], 2, "TWIN_USAGE", /\.nc, \.zarr, \.h5/],
    [["SU", "days.nc", "archive/a.nc"], 1, "TWIN_PARTS_DISAGREE", /--overlaps/],
  ])("%j exits with %i and %s", async (args, exitCode, code, message) => {
    expect(await failure("index", ...args)).toEqual({ exitCode, code, message: expect.stringMatching(message) });
  });

  it("takes years of a time for years, and refuses a slice of nothing", async () => {
    const { shape } = await json("index", "SU", "days.nc", "--slice", "time=2001..2001");
    expect(shape[0]).toBe(1);
    expect(await failure("index", "SU", "days.nc", "--slice", "time=1800..1810")).toMatchObject({
      code: "TWIN_USAGE",
      message: expect.stringContaining("--slice time=… selects nothing"),
    });
  });

  it("says that a base period plays no part where the index has none", async () => {
    const { code, stderr } = await run("index", "SU", "days.nc", "--period", "2000-2001");
    expect(code).toBe(0);
    expect(stderr).toContain("SU has no base period: --period plays no part. For years, give --slice time=2000..2001.");
  });

  it("leaves an output that is there, and replaces it where asked", async () => {
    await writeFile(join(cwd, "kept.nc"), "mine");
    expect(await failure("index", "SU", "days.nc", "--out", "kept.nc")).toMatchObject({
      code: "TWIN_FILE_EXISTS",
      message: expect.stringContaining("--replace"),
    });
    expect(await readBytes(join(cwd, "kept.nc"), "utf8")).toBe("mine");
    await json("index", "SU", "days.nc", "--out", "kept.nc", "--replace");
    expect((await readFile(join(cwd, "kept.nc"), "SU")).values).toEqual([144, 0, 148, 0]);
  });

  it("leaves nothing behind where the system refuses to write", async () => {
    // A file in place of the folder: refused at once, as a full disk is later.
    await writeFile(join(cwd, "file"), "");
    const before = await readdir(cwd);
    expect(await failure("index", "SU", "days.nc", "--out", "file/su.nc")).toMatchObject({
      exitCode: 1,
      code: "TWIN_WRITE_FAILED",
    });
    expect(await readdir(cwd)).toEqual(before);
  });
});

describe("twinloom climate indices", () => {
  it("lists all of them, with what they are computed from", async () => {
    const listed = await json("indices");
    expect(listed.map(({ name }: { name: string }) => name)).toEqual(INDICES.map(({ name }) => name));
    const { stdout } = await run("indices");
    expect(stdout.trimEnd().split("\n")).toHaveLength(INDICES.length + 1);
    expect(stdout).toMatch(/^TX90p +\S+ +tasmax +YS /m);
  });

  it("tells all of one: definition, source, whom it follows, and how others differ", async () => {
    const { stdout } = await run("indices", "wsdi");
    for (const part of [
      /^WSDI \[day\]/,
      /^from: +tasmax/m,
      /^source: +\S/m,
      /^follows: +\S/m,
      /^xclim: \S/m,
      /--set /,
    ]) {
      expect(stdout).toMatch(part);
    }
    expect(await json("indices", "WSDI")).toMatchObject({ name: "WSDI", unit: "day", inputs: [{ name: "tasmax" }] });
  });

  it("guesses what was meant", async () => {
    expect(await failure("indices", "CDDD")).toMatchObject({
      ...{ exitCode: 1, code: "TWIN_CLIMATE_INDEX_UNKNOWN" },
      message: expect.stringContaining('Did you mean "CDD"?'),
    });
  });
});
