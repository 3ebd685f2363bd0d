import { mkdtemp, readFile as readText, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createTwin,
  type JsonValue,
  type RunRecord,
  resolveNeeds,
  runTask,
  type StepRecord,
} from "../../../core/index.ts";
import { hdf5 } from "../../../modules/hdf5/index.ts";
import { netcdf } from "../../../modules/netcdf/index.ts";
import { onnx } from "../../../modules/onnx/index.ts";
import { Climate, climate, INDICES } from "../../../thematic/climate/index.ts";
import { days, readFile, writeFiles } from "../../cli/climate-sample.ts";
import { autoencoderField } from "./extremes/autoencoder-field.ts";
import { greatCircle, range, sceneDataset } from "./storms/vortices.ts";

const network = fileURLToPath(new URL("extremes/autoencoder.onnx", import.meta.url));
const plugins = { files: netcdf(), hdf: hdf5(), climate: climate() };

let folder = "";
let runs = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-climate-tasks-"));
  await writeFiles(folder, {
    "days.nc": days(731),
    "a.nc": days(400),
    "b.nc": days(331, { start: 400 }),
    "field.nc": autoencoderField(0, 130, (t, i, j) => (t === 100 && i === 1 && j === 2 ? 40 : 0)),
    "psl.nc": sceneDataset({
      grid: { lat: range(20, 2, 26), lon: range(-90, 2, 46) },
      steps: 36,
      vortices: [{ centre: greatCircle({ lat: 35, lon: -75 }, 60, 1), depth: () => 3000, radius: 4 }],
    }),
  });
});
afterAll(() => rm(folder, { recursive: true }));

interface Ran {
  readonly step: StepRecord;
  readonly result: JsonValue;
  readonly out: string;
}

async function run(
  task: string,
  parameters: Readonly<Record<string, unknown>>,
  options: {
    readonly data?: string;
    readonly reference?: string;
    readonly withModel?: boolean;
    readonly seed?: number;
  } = {},
): Promise<Ran> {
  const { data, reference, withModel = false, seed } = options;
  const model = withModel ? { model: onnx({ file: network }) } : {};
  await using twin = await createTwin({ name: "weather", plugins: { ...plugins, ...model } });
  const out = join(folder, `run-${runs++}`);
  const inputs = Object.fromEntries(
    Object.entries({ data, reference }).flatMap(([name, file]) => (file ? [[name, join(folder, file)]] : [])),
  );
  const record: RunRecord = await runTask(twin, task, { out, parameters, inputs, ...(seed !== undefined && { seed }) });
  const step = record.steps[task] as StepRecord;
  return { step, result: step.result, out };
}

describe("the climate as a part of a twin", () => {
  it("is a door to the functions", async () => {
    await using twin = await createTwin({ name: "weather", plugins });
    expect(twin.climate.indices).toBe(INDICES);
    expect(twin.climate.model).toBeUndefined();
    expect(() => twin.climate.modelScorer()).toThrow("This twin has no model to score fields with.");
    await using data = await twin.files.open(join(folder, "days.nc"));
    const summer = await twin.climate.index(data, "SU", { parameters: { threshold: 28 } });
    expect([...((await summer.variables["SU"]?.read())?.toFloat64() ?? [])]).toEqual([36, 0, 37, 0]);
    expect(resolveNeeds(twin, { climate: Climate }).climate).toBe(twin.climate);
  });
});

describe("task climate-index", () => {
  it("computes an index of an input file, and tells of it", async () => {
    const { step, result, out } = await run("climate-index", { index: "SU" }, { data: "days.nc" });
    // Counted by hand in test/cli/climate.test.ts.
    expect(result).toMatchObject({
      index: "SU",
      variable: "SU",
      shape: [2, 2],
      unit: "day",
      min: 0,
      max: 148,
      count: 4,
    });
    expect(await readFile(join(out, "index.nc"), "SU")).toMatchObject({ values: [144, 0, 148, 0], unit: "day" });
    expect((step.inputs["data"] as { fileDigest: string }).fileDigest).toMatch(/^sha256:/);
    expect(step).not.toHaveProperty("reads");
  });

  it("computes one of many files, and the record tells what was read of which", async () => {
    const files = [join(folder, "a.nc"), join(folder, "b.nc")];
    const { step, out } = await run("climate-index", { index: "SU", files });
    expect((await readFile(join(out, "index.nc"), "SU")).values).toEqual([144, 0, 148, 0]);
    expect(step.reads?.sources.map(({ location }) => location)).toEqual(files);
    expect(step.reads?.sources[0]?.reads.map(({ variable }) => variable)).toContain("/tasmax");
  });

  it("takes a pattern, part of the data, parameters, another base period and frequency", async () => {
    const { result } = await run("climate-index", {
      ...{ index: "SU", files: join(folder, "[ab].nc"), parameters: { threshold: 28 }, frequency: "MS" },
      select: { place: 0, time: { from: "2001-01", to: "2001-01" } },
    });
    // Days 366 to 396: 369, 379 and 389 have 29 degC.
    expect(result).toMatchObject({ shape: [1], max: 3 });
  });

  it.each<[Readonly<Record<string, unknown>>, string | undefined, RegExp]>([
    [{ index: "SU" }, undefined, /the input "data", one file, or the parameter "files"; got neither/],
    [{ index: "SU", files: "days.nc" }, "days.nc", /got both/],
    [{ index: "SUU" }, "days.nc", /no climate index "SUU".*Did you mean "SU"/],
    [{ index: "SU", parameters: { treshold: 1 } }, "days.nc", /Did you mean "threshold"/],
    [{ index: "FD" }, "days.nc", /needs "tasmin"/],
    [{ index: "SU", treshold: 3 }, "days.nc", /treshold/],
    [{ index: "SU", missing: "some" }, "days.nc", /"any", "skip", "wmo"/],
    [{ index: "SU", files: "none-of-these.nc" }, undefined, /no file "[^"]*none-of-these\.nc"/],
  ])("%j refuses with what is wrong", async (parameters, data, message) => {
    await expect(run("climate-index", parameters, { ...(data !== undefined && { data }) })).rejects.toThrow(message);
  });

  it("says what writes results, where the twin has nothing that does", async () => {
    await using twin = await createTwin({ name: "weather", plugins: { hdf: hdf5(), climate: climate() } });
    const options = {
      out: join(folder, "none"),
      parameters: { index: "SU" },
      inputs: { data: join(folder, "days.nc") },
    };
    await expect(runTask(twin, "climate-index", options)).rejects.toThrow("Add netcdf() and hdf5().");
  });
});

describe("task climate-extremes", () => {
  it("gives return levels, and takes the seed of the run", async () => {
    const parameters = {
      variable: "tasmax",
      frequency: "MS",
      unit: "K",
      periods: 5,
      select: { place: 0 },
      resamplings: 20,
    };
    const levels = async (seed: number): Promise<readonly number[]> => {
      const { out, result, step } = await run("climate-extremes", parameters, { data: "days.nc", seed });
      expect(result).toEqual({ kind: "block-maxima", variable: "tasmax", events: 0 });
      expect(step.parameters).toMatchObject({ seed, periods: [5] });
      return (await readFile(join(out, "extremes.nc"), "count")).values;
    };
    // A month of ten days that come again has its highest value in it: 24 months, all alike.
    expect(await levels(1)).toEqual([24]);
  });

  it.each([
    [{ threshold: 25 }, /Block maxima have no threshold: `threshold` is for/],
    [{ percentile: 95 }, /Block maxima have no threshold: `percentile` is for/],
    [{ kind: "peaks-over-threshold", percentile: 95, threshold: 25 }, /two ways to say/],
  ])("refuses a threshold that would play no part: %o", async (parameters, message) => {
    const given = { variable: "tasmax", interval: "none", select: { place: 0 }, frequency: "MS", ...parameters };
    await expect(run("climate-extremes", given, { data: "days.nc" })).rejects.toThrow(message);
  });

  it.each([
    ["patterns", { modes: 3, anomaly: "none", fitPeriod: "2001-01/2001-02", threshold: 40 }, false],
    [
      "the model of the twin",
      { scorer: "model", modelOutput: "reconstruction", modelOffset: 280, percentile: 99.5 },
      true,
    ],
  ])("finds the planted event by %s", async (_, parameters, withModel) => {
    const given = { kind: "events", variable: "tas", ...parameters };
    const { out, result } = await run("climate-extremes", given, { data: "field.nc", withModel });
    expect(result).toEqual({ kind: "events", variable: "tas", events: 1 });
    const [event] = JSON.parse(await readText(join(out, "events.json"), "utf8"));
    expect(event).toMatchObject({ steps: [100, 100], where: { lat: 50, lon: 4 } });
    expect((await readFile(join(out, "extremes.nc"), "anomaly_score")).values).toHaveLength(130);
  });
});

describe("task climate-tracks", () => {
  it("follows a low, and judges itself by what it wrote", async () => {
    const { out, result } = await run("climate-tracks", { pressure: "psl" }, { data: "psl.nc" });
    expect(result).toEqual({ tracks: 1, points: 36 });
    await writeFile(join(folder, "tracks.csv"), await readText(join(out, "tracks.csv")));
    const select = { time: { from: "2001-02-03", to: "2001-02-05" } };
    const again = await run(
      "climate-tracks",
      { pressure: { name: "psl" }, select },
      { data: "psl.nc", reference: "tracks.csv" },
    );
    expect(again.result).toMatchObject({ tracks: 1, points: 12, hits: 12, misses: 0, falseAlarms: 0, pod: 1, far: 0 });
    expect((await readFile(join(again.out, "tracks.nc"), "row_size")).values).toEqual([12]);
  });

  it("refuses a calendar that would play no part", async () => {
    await expect(run("climate-tracks", { pressure: "psl", calendar: "noleap" }, { data: "psl.nc" })).rejects.toThrow(
      "`calendar` is for `timeUnit`",
    );
  });
});
