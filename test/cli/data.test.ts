import { copyFile, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTwin, dataset, NdArray } from "../../core/index.ts";
import { hdf5 } from "../../modules/hdf5/index.ts";
import { runTwinloom } from "./run-command-line.ts";

const SAMPLE = fileURLToPath(new URL("../../examples/data/showers-sample.h5", import.meta.url));

let cwd = "";
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "twinloom-cli-"));
  await using twin = await createTwin({ name: "test", plugins: { files: hdf5() } });
  const big = BigInt64Array.of(1n, -2n, 2n ** 53n, 2n ** 62n);
  await twin.files.write(
    join(cwd, "small.h5"),
    dataset({
      variables: {
        time: new NdArray(Float64Array.of(0, 1, 2, 3), { dtype: "float64", shape: [4], dims: ["time"], unit: "s" }),
        counts: new NdArray(big, { dtype: "int64", shape: [4], dims: ["time"] }),
        signal: new NdArray(Float32Array.of(1, Number.NaN, 3, Number.POSITIVE_INFINITY, 5, 6, 7, 8), {
          dtype: "float32",
          shape: [4, 2],
          dims: ["time", "channel"],
          unit: "mV",
        }),
      },
      groups: {
        run: {
          variables: {
            names: new NdArray(["alpha", 'a "quote"'], { dtype: "string", shape: [2], dims: ["detector"] }),
          },
        },
      },
    }),
  );
});
afterAll(() => rm(cwd, { recursive: true }));

const twinloom = (...args: string[]) => runTwinloom(args, { cwd });
const json = async (...args: string[]) => JSON.parse((await twinloom(...args)).stdout);

describe("twinloom data info", () => {
  it("tells format, dimensions, variables, chunks and compression", async () => {
    const info = await json("data", "info", SAMPLE, "--json");
    expect(info.format).toBe("hdf5");
    expect(info.variables).toEqual([
      expect.objectContaining({ path: "/incident_energies", dims: ["dim_0", "dim_1"], shape: [200, 1] }),
      expect.objectContaining({
        path: "/showers",
        shape: [200, 6480],
        dtype: "float32",
        unit: null,
        chunks: [100, 6480],
        compression: expect.arrayContaining([expect.stringContaining("gzip")]),
      }),
    ]);
    const small = await json("data", "info", "small.h5", "--json");
    expect(small.dimensions.time).toMatchObject({ length: 4 });
    expect(small.variables.map(({ path }: { path: string }) => path).sort()).toEqual([
      "/counts",
      "/run/names",
      "/signal",
      "/time",
    ]);
  });

  it("is a table for people", async () => {
    const { stdout } = await twinloom("data", "info", "small.h5");
    expect(stdout).toMatch(/signal +time, channel +4 × 2 +float32 +mV/);
  });
});

describe("twinloom data read", () => {
  it("prints values flat, 64-bit integers beyond 2^53 as strings, what is not finite as null", async () => {
    expect(await json("data", "read", "small.h5", "signal", "counts")).toEqual([
      {
        dims: ["time", "channel"],
        shape: [4, 2],
        dtype: "float32",
        unit: "mV",
        values: [1, null, 3, null, 5, 6, 7, 8],
      },
      { dims: ["time"], shape: [4], dtype: "int64", unit: null, values: [1, -2, "9007199254740992", `${2n ** 62n}`] },
    ]);
  });

  it("reads slices, half-open by index; an index drops its dimension", async () => {
    const slice = (...slices: string[]) =>
      json("data", "read", "small.h5", "signal", ...slices.flatMap((one) => ["--slice", one]));
    expect(await slice("time=2:4", "channel=1")).toMatchObject({ dims: ["time"], shape: [2], values: [6, 8] });
    expect(await slice("time=0:4:2", "channel=0:1")).toMatchObject({ shape: [2, 1], values: [1, 5] });
    expect(await slice("time=-1")).toMatchObject({ dims: ["channel"], values: [7, 8] });
    expect(await slice("time=1:1")).toMatchObject({ shape: [0, 2], values: [] });
  });

  it("prints statistics of finite values", async () => {
    expect(await json("data", "read", "small.h5", "signal", "--stats")).toEqual({
      dims: ["time", "channel"],
      shape: [4, 2],
      dtype: "float32",
      unit: "mV",
      count: 6,
      missing: 1,
      sum: 30,
      mean: 5,
      min: 1,
      max: 8,
      std: expect.closeTo(Math.sqrt((16 + 4 + 0 + 1 + 4 + 9) / 6), 12),
    });
  });

  it("reads strings of a group", async () => {
    expect((await json("data", "read", "small.h5", "/run/names")).values).toEqual(["alpha", 'a "quote"']);
  });

  it("agrees with h5py on a file that was not written here", async () => {
    // Sums: Python's math.fsum of h5py 3.16.0's values; std: numpy 2.4.6 in float64.
    expect(await json("data", "read", SAMPLE, "incident_energies", "showers", "--stats")).toEqual([
      {
        ...{ dims: ["dim_0", "dim_1"], shape: [200, 1], dtype: "float32", unit: null, count: 200, missing: 0 },
        ...{ sum: 4382144.954467773, mean: 21910.72477233887, min: 1041.785400390625, max: 96958.1484375 },
        std: expect.closeTo(25035.483210631057, 9),
      },
      {
        ...{ dims: ["dim_0", "dim_1"], shape: [200, 6480], dtype: "float32", unit: null, count: 1296000, missing: 0 },
        ...{ sum: 3954730.7196502686, mean: 3.051489752816565, min: 0, max: 577 },
        std: expect.closeTo(18.079052922624278, 12),
      },
    ]);
  });

  it("prints in full what is too large for one block", async () => {
    const { values } = await json("data", "read", SAMPLE, "showers");
    expect(values).toHaveLength(200 * 6480);
    expect(values.reduce((sum: number, value: number) => sum + value, 0)).toBeCloseTo(3954730.7196502686, 6);
  });

  it.each<[string[], number, string]>([
    [["small.h5", "signl"], 1, "TWIN_VARIABLE_NOT_FOUND"],
    [["small.h5", "signal", "--slice", "chanel=0"], 1, "TWIN_INVALID_SELECTION"],
    [["small.h5", "signal", "--slice", "time=9"], 1, "TWIN_INVALID_SELECTION"],
    [["small.h5", "signal", "--slice", "time=a:b"], 2, "TWIN_USAGE"],
    [["small.h5", "signal", "--slice", "time=0", "--slice", "time=1"], 2, "TWIN_USAGE"],
    [["none.h5", "signal"], 1, "TWIN_FILE_NOT_FOUND"],
    [["text.h5", "signal"], 1, "TWIN_FILE_UNREADABLE"],
    [["short.h5", "signal"], 1, "TWIN_FILE_UNREADABLE"],
  ])("%j exits with %i and %s", async (args, exitCode, errorCode) => {
    await writeFile(join(cwd, "text.h5"), "not a data file");
    await copyFile(join(cwd, "small.h5"), join(cwd, "short.h5"));
    await truncate(join(cwd, "short.h5"), 1_000);
    const { code, stdout, stderr } = await twinloom("data", "read", ...args, "--json");
    expect(JSON.parse(stdout).error.code).toBe(errorCode);
    expect(stderr).toContain(JSON.parse(stdout).error.message);
    expect(code).toBe(exitCode);
  });
});
