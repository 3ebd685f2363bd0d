import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Connector, createTwin, type DatasetInit, dataset, NdArray } from "../../core/index.ts";
import { hdf5 } from "../../modules/hdf5/index.ts";
import { netcdf } from "../../modules/netcdf/index.ts";
import { runTwinloom } from "./run-command-line.ts";

let cwd = "";
const twinloom = (...args: string[]) => runTwinloom(args, { cwd });
const json = async (...args: string[]) => JSON.parse((await twinloom(...args, "--json")).stdout);

/** Five days of temperatures at three latitudes, packed, and counts of which some are missing. */
function days(start: number, unit: "K" | "degC"): DatasetInit {
  const times = [0, 1, 2, 3, 4].map((day) => start + day);
  const offset = unit === "K" ? 280 : 6.85;
  const packed = Int16Array.from(times.flatMap((time) => [0, 1, 2].map((lat) => 10 * time + lat)));
  return {
    dims: { time: { length: 5, unlimited: true } },
    attributes: { title: "Temperatures", institution: unit },
    variables: {
      time: new NdArray(Float64Array.from(times), {
        dtype: "float64",
        shape: [5],
        dims: ["time"],
        unit: "days since 2000-01-01",
      }),
      lat: new NdArray(Float32Array.of(10, 20, 30), {
        dtype: "float32",
        shape: [3],
        dims: ["lat"],
        unit: "degrees_north",
      }),
      tas: {
        array: new NdArray(packed, { dtype: "int16", shape: [5, 3], dims: ["time", "lat"], unit }),
        attributes: { scale_factor: 0.01, add_offset: offset },
      },
      n: new NdArray(
        Int32Array.from(times, (time) => (time % 4 === 0 ? -1 : time)),
        {
          dtype: "int32",
          shape: [5],
          dims: ["time"],
          fillValue: -1,
        },
      ),
    },
  };
}

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "twinloom-cli-many-"));
  await mkdir(join(cwd, "archive"));
  await using twin = await createTwin({ name: "test", plugins: { hdf: hdf5(), files: netcdf() } });
  const files: Connector = twin.files;
  await files.write(join(cwd, "archive", "tas_0.nc"), dataset(days(0, "K")));
  await files.write(join(cwd, "archive", "tas_1.nc"), dataset(days(5, "degC")));
  await files.write(join(cwd, "archive", "tas_2.nc"), dataset(days(12, "K")));
});
afterAll(() => rm(cwd, { recursive: true }));

describe("twinloom data on several files", () => {
  it.each([["archive/tas_*.nc"], ["archive"], ["archive/"]])(
    "info of %s tells parts, gaps and conversions",
    async (pattern) => {
      const info = await json("data", "info", pattern);
      expect(info.format).toBe("federation");
      expect(info.parts).toEqual([
        expect.objectContaining({ name: "tas_0.nc", state: "available", extent: { from: 0, to: 4, count: 5 } }),
        expect.objectContaining({ name: "tas_1.nc", attributes: expect.objectContaining({ institution: "degC" }) }),
        expect.objectContaining({ name: "tas_2.nc", extent: { from: 12, to: 16, count: 5 } }),
      ]);
      expect(info.report.gaps).toEqual([{ after: 9, before: 12, parts: ["tas_1.nc", "tas_2.nc"] }]);
      expect(info.report.converted).toEqual([{ part: "tas_1.nc", variable: "/tas", from: "degC", to: "K" }]);
      expect(info.attributes).toEqual({ title: "Temperatures" });
      expect(info.dimensions.time).toEqual({ length: 15, unlimited: true });
    },
  );

  it("info is readable, and names a file that is none", async () => {
    await writeFile(join(cwd, "archive", "tas_bad.nc"), "no NetCDF");
    try {
      const { stdout, stderr, code } = await twinloom("data", "info", "archive/*.nc");
      expect(code).toBe(0);
      expect(stdout).toMatch(/tas_1\.nc +available +netcdf +2000-01-06 +2000-01-10 +5/);
      expect(stdout).toMatch(/tas_bad\.nc +unavailable/);
      expect(stdout).toContain("gap: nothing between 2000-01-10 (tas_1.nc) and 2000-01-13 (tas_2.nc)");
      expect(stderr).toContain("tas_bad.nc is not available");
      const read = await json("data", "read", "archive/*.nc", "tas");
      expect(read.error).toMatchObject({ code: "TWIN_PART_UNAVAILABLE", part: "tas_bad.nc" });
      expect((await json("data", "read", "archive/*.nc", "n", "--unavailable", "omit")).shape).toEqual([15]);
    } finally {
      await rm(join(cwd, "archive", "tas_bad.nc"));
    }
  });

  it("reads by date and by coordinate, with units reconciled", async () => {
    const read = await json(
      "data",
      "read",
      "archive",
      "tas",
      "--slice",
      "time=2000-01-05..2000-01-07",
      "--slice",
      "lat=19~2",
    );
    expect(read).toMatchObject({ dims: ["time"], shape: [3], unit: "K" });
    for (const [i, value] of [280.41, 280.51, 280.61].entries()) expect(read.values[i]).toBeCloseTo(value, 9);
    const wrong = await json("data", "read", "archive", "tas", "--slice", "lat=19~0.5");
    expect(wrong.error.code).toBe("TWIN_INVALID_SELECTION");
  });

  it("joins files with other names of variables, which --rename makes the same", async () => {
    const info = await json("data", "info", "archive", "--rename", "tas=air", "--rename", "lat=y");
    expect(Object.keys(info.dimensions)).toEqual(["time", "y"]);
    expect(info.variables.map(({ name }: { name: string }) => name)).toEqual(["time", "y", "air", "n"]);
  });

  it("says that a pattern or a folder stands for nothing, and that a slice selects nothing", async () => {
    await mkdir(join(cwd, "bare"), { recursive: true });
    const folder = await json("data", "info", "bare");
    expect(folder.error).toMatchObject({
      code: "TWIN_FILE_NOT_FOUND",
      message: expect.stringMatching(/No file in ".*bare" ends as data do: .*\.nc.* pattern/),
    });
    expect((await json("data", "info", "bare/*.nc")).error.message).toMatch(/^No file matches ".*bare\/\*\.nc"/);
    const nothing = await twinloom("data", "read", "archive", "tas", "--slice", "time=1901-01..1902-01");
    expect(nothing).toMatchObject({ code: 0, stdout: expect.stringContaining('"values":[]') });
    expect(nothing.stderr).toContain(
      'slice of "time", which has indices 0 to 14, coordinates 2000-01-01 to 2000-01-17',
    );
  });

  it("names the variable that was meant", async () => {
    expect((await json("data", "read", "archive", "tass")).error.message).toMatch(
      /^No variable "tass"\. Did you mean "tas"\? There are: tas, /,
    );
  });

  it("makes times of other calendars those of the same date, if that is asked for", async () => {
    const other = days(20, "K");
    const { time } = other.variables as { time: NdArray };
    await using twin = await createTwin({ name: "test", plugins: { hdf: hdf5(), files: netcdf() } });
    await twin.files.write(
      join(cwd, "noleap.nc"),
      dataset({
        ...other,
        variables: { ...other.variables, time: { array: time, attributes: { calendar: "noleap" } } },
      }),
    );
    const both = ["data", "info", "archive/tas_0.nc", "noleap.nc"];
    expect((await json(...both)).error.message).toContain("With --calendars by-date each time");
    expect((await json(...both, "--calendars", "by-date")).parts[1].extent).toMatchObject({ from: 20, count: 5 });
  });

  it("reads stored values with --raw, and missing ones as null without", async () => {
    expect(await json("data", "read", "archive/tas_0.nc", "tas", "--raw", "--slice", "time=1")).toMatchObject({
      dtype: "int16",
      values: [10, 11, 12],
    });
    expect((await json("data", "read", "archive/tas_0.nc", "n")).values).toEqual([null, 1, 2, 3, null]);
    expect((await json("data", "read", "archive/tas_0.nc", "n", "--raw")).values).toEqual([-1, 1, 2, 3, -1]);
    expect(await json("data", "read", "archive", "n", "--stats")).toMatchObject({ count: 10, missing: 5 });
  });

  it.each(["out.nc", "out.h5", "out.zarr"])("converts them to %s, whole and in part", async (output) => {
    const done = await json("data", "convert", "archive", output, "--decode");
    expect(done).toMatchObject({ output, values: 15 + 3 + 45 + 15 });
    expect(await json("data", "read", output, "tas", "--stats")).toMatchObject({
      shape: [15, 3],
      unit: "K",
      count: 45,
      max: 281.62,
    });
    expect((await json("data", "convert", "archive", output, "--decode")).error.code).toBe("TWIN_FILE_EXISTS");
    const part = await json(
      "data",
      "convert",
      "archive",
      output,
      "--decode",
      "--replace",
      "--variables",
      "tas",
      "--slice",
      "time=2:4",
      "--slice",
      "lat=1",
    );
    expect(part.values).toBe(2 + 1 + 2);
    const info = await json("data", "info", output);
    expect(info.variables.map(({ path }: { path: string }) => path).sort()).toEqual(["/lat", "/tas", "/time"]);
    const { values } = await json("data", "read", output, "tas");
    expect(values).toEqual([expect.closeTo(280.21, 9), expect.closeTo(280.31, 9)]);
  });

  it("converts stored values as they are, and refuses to mix packings", async () => {
    await json("data", "convert", "archive/tas_0.nc", "raw.nc", "--level", "0");
    const tas = (await json("data", "info", "raw.nc", "--raw")).variables.find(
      ({ name }: { name: string }) => name === "tas",
    );
    expect(tas).toMatchObject({ dtype: "int16", attributes: { scale_factor: 0.01, add_offset: 280 } });
    const refused = await json("data", "convert", "archive", "mixed.nc");
    expect(refused.error).toMatchObject({
      code: "TWIN_PARTS_DISAGREE",
      message: expect.stringContaining("Give --decode"),
    });
    expect(await readdir(cwd)).not.toContain("mixed.nc");
    const unknown = await json("data", "convert", "archive/tas_0.nc", "out.xyz");
    expect(unknown.error.code).toBe("TWIN_USAGE");
  });

  it("checks rules, exits with 1 where one is broken, and says where", async () => {
    await writeFile(join(cwd, "good.yaml"), "variables:\n  tas: { unit: K, min: 200 }\n  n: { missing: 0.5 }\n");
    const good = await twinloom("data", "check", "archive", "--rules", "good.yaml");
    expect([good.code, good.stdout]).toEqual([0, expect.stringContaining("passed")]);
    await writeFile(join(cwd, "bad.yaml"), "variables:\n  tas: { max: 281 }\n");
    const bad = await twinloom("data", "check", "archive", "--rules", "bad.yaml", "--json");
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.stdout).error).toMatchObject({
      code: "TWIN_QUALITY_VIOLATED",
      report: {
        violations: [
          {
            variable: "/tas",
            count: 15,
            first: [
              { index: { time: 10, lat: 0 }, source: "tas_2.nc", sourceIndex: { time: 0, lat: 0 } },
              {},
              {},
              {},
              {},
            ],
          },
        ],
      },
    });
    await writeFile(join(cwd, "wrong.yaml"), "variables:\n  tas: { maxi: 281 }\n");
    const wrong = await twinloom("data", "check", "archive", "--rules", "wrong.yaml");
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      expect.stringMatching(/wrong\.yaml:2:16 variables\.tas\.maxi: Unknown\./),
    ]);
  });

  it("uses the formats and sources of a twin.yaml", async () => {
    await writeFile(
      join(cwd, "twin.yaml"),
      "twin: t\nplugins:\n  files: { use: twinloom/modules/netcdf, decode: false }\n  hdf: { use: twinloom/modules/hdf5 }\n",
    );
    const read = await json("data", "read", "archive/tas_0.nc", "tas", "--twin", "twin.yaml", "--slice", "time=0");
    expect(read).toMatchObject({ dtype: "int16", values: [0, 1, 2] });
  });

  it("opens a file by what it holds where its ending says otherwise", async () => {
    await using twin = await createTwin({ name: "test", plugins: { hdf: hdf5(), files: netcdf() } });
    await twin.files.write(join(cwd, "odd.nc"), dataset(days(0, "K")));
    const { rename } = await import("node:fs/promises");
    await rename(join(cwd, "odd.nc"), join(cwd, "odd.csv"));
    expect((await json("data", "info", "odd.csv")).dimensions.time.length).toBe(5);
  });
});
