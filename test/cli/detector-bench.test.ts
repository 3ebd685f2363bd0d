import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runTwinloom } from "./run-command-line.ts";

const MODEL = fileURLToPath(new URL("../fixtures/fastsim/w-si-45.onnx", import.meta.url));

let cwd = "";
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "twinloom-cli-"));
  await copyFile(MODEL, join(cwd, "mine.onnx"));
});
afterAll(() => rm(cwd, { recursive: true }));

const twinloom = (line: string) => runTwinloom(line.split(" "), { cwd });

describe("twinloom detector bench", () => {
  it("times every shipped model, where none is named", async () => {
    const { stdout } = await twinloom("detector bench --batch 1 --repeats 3 --budget-s 0.01 --json");
    const { models } = JSON.parse(stdout) as { models: { model: string; timings: { batchSize: number }[] }[] };
    expect(new Set(models.map(({ model }) => model))).toEqual(
      new Set(["gflash", "gflash-published", "gan", "transformer", "transformer-quality"]),
    );
    for (const { timings } of models) expect(timings.map(({ batchSize }) => batchSize)).toEqual([1]);
  });

  it("times formulas and ONNX files, with provider, threads and the full simulation for scale", async () => {
    const line =
      "detector bench --model gflash --model mine.onnx --batch 1 --batch 3 --repeats 3 --threads 2 --energy-range-mev 2000:50000";
    const { stdout } = await twinloom(`${line} --json`);
    const told = JSON.parse(stdout);
    expect(told.machine).toMatchObject({ processor: expect.any(String), cores: expect.any(Number) });
    expect(
      told.models.map(({ model, provider, threads }: Record<string, unknown>) => [model, provider, threads]),
    ).toEqual([
      ["gflash", "cpu", 1],
      ["mine.onnx", "cpu", 2],
    ]);
    for (const { timings } of told.models) {
      expect(timings.map(({ batchSize, repeats }: Record<string, unknown>) => [batchSize, repeats])).toEqual([
        [1, 3],
        [3, 3],
      ]);
      for (const { mean, fastest } of timings) expect(mean).toBeGreaterThanOrEqual(fastest);
    }
    // 5.85 ms per GeV, and the mean of 48 GeV / ln 25 over the energies timed.
    expect(told.fullSimulation).toEqual([
      { energyMeV: 1000, msPerShower: expect.closeTo(5.85, 9) },
      { energyMeV: 10_000, msPerShower: expect.closeTo(58.5, 9) },
      { energyMeV: 100_000, msPerShower: expect.closeTo(585, 9) },
      { energyMeV: null, msPerShower: expect.closeTo((5.85 * 48) / Math.log(25), 9) },
    ]);
  });

  it("prints a table", async () => {
    const { stdout } = await twinloom("detector bench --model gflash --batch 2 --repeats 3");
    expect(stdout).toMatch(/^gflash +cpu +1 +[\d.]+ ± [\d.]+$/m);
    expect(stdout).toContain("Full simulation (EGSnrc");
  });

  it("refuses batch sizes and models that there are not", async () => {
    for (const line of [
      "--model gflash --batch 0",
      "--model gflash --batch many",
      "--model cylinder",
      "--model gflash --energy-range-mev 9",
    ]) {
      const { code } = await twinloom(`detector bench ${line}`);
      expect(code, line).toBe(2);
    }
  });
});
