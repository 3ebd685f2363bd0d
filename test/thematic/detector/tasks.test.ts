import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTwin, runTask } from "../../../core/index.ts";
import { hdf5 } from "../../../modules/hdf5/index.ts";
import { calorimeter, gflash } from "../../../thematic/detector/index.ts";
import { SAMPLE } from "./sample.ts";

async function ecal() {
  return await createTwin({ name: "ecal", plugins: { files: hdf5(), model: gflash(), detector: calorimeter() } });
}

describe("the detector's tasks", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "detector-tasks-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Incident energies and all voxels of the file that a run wrote. */
  async function written(out: string): Promise<{ energies: number[]; voxels: Float32Array[] }> {
    await using twin = await ecal();
    await using file = await twin.files.open(join(folder, out, "showers.h5"));
    const showers = await twin.detector.showers(file);
    const voxels: Float32Array[] = [];
    for await (const { energies } of showers.batches({ batchSize: 1 })) voxels.push(energies.values() as Float32Array);
    return { energies: [...showers.energyMeV], voxels };
  }

  it("simulate: an event is the same alone, in another place of the file, and in another run", async () => {
    await using twin = await ecal();
    const run = async (out: string, parameters: Record<string, unknown>) =>
      await runTask(twin, "simulate", { parameters, seed: 7n, out: join(folder, out) });
    await run("all", { energyMeV: [2000, 5000, 30_000] });
    await run("last", { energyMeV: [30_000], firstEventId: 2 });
    const [all, last] = [await written("all"), await written("last")];
    expect(all.energies).toEqual([2000, 5000, 30_000]);
    expect(last.voxels[0]).toEqual(all.voxels[2]);
    expect(all.voxels[0]).not.toEqual(all.voxels[1]);
  });

  it("simulate: an event of a file of energies does not depend on how many are asked for", async () => {
    await using twin = await ecal();
    const run = async (out: string, count: number, firstEventId = 0) =>
      await runTask(twin, "simulate", {
        parameters: { count, firstEventId },
        inputs: { energies: SAMPLE },
        seed: 7n,
        out: join(folder, out),
      });
    await run("ten", 10);
    await run("two", 2);
    const [ten, two] = [await written("ten"), await written("two")];
    expect(two.energies).toEqual(ten.energies.slice(0, 2));
    expect(two.voxels).toEqual(ten.voxels.slice(0, 2));
  });

  it("simulate: events stay apart where their ids pass 2^53", async () => {
    await using twin = await ecal();
    const parameters = { energyMeV: 2000, count: 4, firstEventId: Number.MAX_SAFE_INTEGER };
    await runTask(twin, "simulate", { parameters, out: join(folder, "far") });
    const { voxels } = await written("far");
    expect(new Set(voxels.map((shower) => shower.reduce((sum, energy) => sum + energy, 0))).size).toBe(4);
  });

  it("simulate: takes seeds up to 2^64 - 1 as text, and refuses more before anything runs, saying what is allowed", async () => {
    await using twin = await ecal();
    const run = (seed: string) =>
      runTask(twin, "simulate", { parameters: { energyMeV: 2000, count: 1, seed }, out: join(folder, seed) });
    expect((await run("18446744073709551615")).state).toBe("succeeded");
    for (const seed of ["18446744073709551616", "-1", "seven", "0x7"]) {
      await expect(run(seed), seed).rejects.toMatchObject({
        code: "TWIN_INVALID_PARAMETERS",
        message: expect.stringContaining("2^64 - 1"),
      });
    }
  });

  it("simulate: energies drawn from a range are log-uniform, and an event's does not depend on the count", async () => {
    await using twin = await ecal();
    const range = { energyRangeMeV: [1000, 2000] };
    await runTask(twin, "simulate", { parameters: { ...range, count: 400 }, seed: 3n, out: join(folder, "many") });
    await runTask(twin, "simulate", { parameters: { ...range, count: 5 }, seed: 3n, out: join(folder, "few") });
    const many = (await written("many")).energies;
    expect((await written("few")).energies).toEqual(many.slice(0, 5));
    expect(many.every((energy) => energy >= 1000 && energy <= 2000)).toBe(true);
    const mean = many.reduce((sum, energy) => sum + Math.log(energy / 1000), 0) / 400;
    // ln 2 / 2, with a standard error of ln 2 / √(12 · 400).
    expect(Math.abs(mean - Math.LN2 / 2)).toBeLessThan((4 * Math.LN2) / Math.sqrt(4800));
  });

  it.each([
    ["none", {}],
    ["two", { energyMeV: 2000, energyRangeMeV: [1000, 2000] }],
    ["a range the wrong way round", { energyRangeMeV: [2000, 1000] }],
  ])("simulate: refuses energies from %s", async (_, parameters) => {
    await using twin = await ecal();
    const failed = runTask(twin, "simulate", { parameters, out: join(folder, "x") });
    await expect(failed).rejects.toMatchObject({ cause: { code: "TWIN_INVALID_ARGUMENT" } });
  });

  it("validate: writes all numbers and a report document, equal to what the calorimeter computes", async () => {
    await using twin = await ecal();
    await runTask(twin, "simulate", { inputs: { energies: SAMPLE }, seed: 7n, out: join(folder, "made") });
    const generated = join(folder, "made", "showers.h5");
    await runTask(twin, "validate", { inputs: { generated, reference: SAMPLE }, out: join(folder, "judged") });
    const metrics = JSON.parse(await readFile(join(folder, "judged", "metrics.json"), "utf8"));
    const report = JSON.parse(await readFile(join(folder, "judged", "report.json"), "utf8"));
    await using file = await twin.files.open(SAMPLE);
    const reference = await twin.detector.showers(file);
    const simulated = await twin.detector.simulate({ energyMeV: reference.energyMeV, seed: 7 });
    const direct = await twin.detector.validate(simulated, reference);
    expect(metrics).toEqual(JSON.parse(JSON.stringify(direct)));
    expect(report.title).toBe("gflash against EGSnrc");
  });

  it("validate: takes a second reference, a seed and the fast metrics", async () => {
    await using twin = await ecal();
    await runTask(twin, "validate", {
      inputs: { generated: SAMPLE, reference: SAMPLE, secondReference: SAMPLE },
      parameters: { metrics: "fast", seed: 5 },
      out: join(folder, "judged"),
    });
    const { alike, seed, distances, separation } = JSON.parse(
      await readFile(join(folder, "judged", "metrics.json"), "utf8"),
    );
    expect(alike).toEqual({ label: "EGSnrc, another set", counts: [200, 200] });
    expect(seed).toBe("5");
    expect(distances.neighbours).toBeNull();
    for (const { measuredFloor } of separation) expect(measuredFloor).toBe(0);
  });
});
