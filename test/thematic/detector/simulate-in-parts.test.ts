import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  canonicalJson,
  constant,
  createTwin,
  digestJson,
  Generator,
  RandomStream,
  type RunOptions,
  type RunRecord,
  readRunRecord,
  runTask,
} from "../../../core/index.ts";
import { hdf5 } from "../../../modules/hdf5/index.ts";
import { calorimeter, gflash } from "../../../thematic/detector/index.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "detector-parts-"));
});
afterAll(() => rm(folder, { recursive: true }));

let runs = 0;
const newPath = (): string => join(folder, `run-${runs++}`);

/** GFLASH; with `fallback`, every third shower is told to be made by another. */
async function ecal(fallback = false) {
  const plain = await createTwin({
    name: "ecal",
    plugins: { files: hdf5(), model: gflash(), detector: calorimeter() },
  });
  if (!fallback) return plain;
  const { model } = plain;
  const flagged: Generator = {
    ...{ model: model.model, validity: model.validity, outputs: model.outputs },
    facts: { ...model.facts, fallback: { model: "other" } },
    async *generate(request, { signal } = {}) {
      for await (const batch of model.generate(request, signal ? { signal } : {})) {
        const ids = request.eventIds.subarray(batch.start, batch.start + batch.count);
        yield { ...batch, byFallback: Uint8Array.from(ids, (id) => (id % 3n === 0n ? 1 : 0)) };
      }
    },
  };
  return await createTwin({
    name: "ecal",
    plugins: { files: hdf5(), model: constant(Generator, flagged), detector: calorimeter() },
  });
}

/** What came of the task. */
function outcomeOf({ steps }: RunRecord) {
  const [step] = Object.values(steps);
  const [showers] = Object.values(step?.outputs ?? {});
  return { digest: showers?.contentDigest, result: step?.result };
}

type Parameters = Readonly<Record<string, unknown>>;

async function simulate(parameters: Parameters, options: Partial<RunOptions> = {}, fallback = false) {
  await using twin = await ecal(fallback);
  const record = await runTask(twin, "simulate", { parameters, out: newPath(), ...options });
  return outcomeOf(record);
}

/** Asked to stop when so much is done. */
function stopAt(fraction: number): Pick<RunOptions, "stopping" | "onProgress"> {
  const stop = new AbortController();
  const onProgress = (progress: { readonly fraction: number }): void => {
    if (progress.fraction >= fraction) stop.abort();
  };
  return { stopping: stop.signal, onProgress };
}

/** Simulates with a stop after each of these numbers of showers; the last run comes to its end. */
async function simulateWithStops(parameters: Parameters, stops: readonly number[], fallback = false) {
  const checkpoints = newPath();
  for (const stop of stops) {
    const asked = { checkpoints, ...stopAt(stop / (parameters["count"] as number)) };
    await expect(simulate(parameters, asked, fallback)).rejects.toMatchObject({ code: "TWIN_TASK_STOPPED" });
  }
  const step = await simulate(parameters, { checkpoints }, fallback);
  expect(existsSync(checkpoints) ? await readdir(checkpoints) : []).toEqual([]);
  return step;
}

describe("simulate with a checkpoint", () => {
  it.for<[string, Parameters, readonly number[], boolean]>([
    ["undisturbed", { energyMeV: 1000, count: 250 }, [], false],
    ["stopped within storage chunks", { energyMeV: 1000, count: 250 }, [13, 130, 237], false],
    ["stopped at every batch", { energyMeV: 1000, count: 20, batchSize: 8 }, Array(9).fill(0), false],
    ["stopped at the end of storage chunks", { energyMeV: 1000, count: 400, batchSize: 20 }, [100, 300], false],
    ["of few showers", { energyMeV: [1000, 2000, 3000], count: 3 }, [1, 2], false],
    ["of one shower", { energyMeV: 1000, count: 1 }, [], false],
    ["with a fallback", { energyMeV: 1000, count: 250 }, [13, 130, 237], true],
  ])("%s gives what a run without one gives", async ([, parameters, stops, fallback]) => {
    const whole = await simulate(parameters, {}, fallback);
    const parts = await simulateWithStops(parameters, stops, fallback);
    expect(parts.digest).toBe(whole.digest);
    expect(parts.result).toEqual(whole.result);
    if (fallback) expect(parts.result).toMatchObject({ fallbackShowers: 84 });
  });

  it("begins anew where what was saved is no list of chunks that follow each other", async () => {
    const parameters = { energyMeV: 1000, count: 250 };
    const checkpoints = newPath();
    const asked = { checkpoints, ...stopAt(0.5) };
    await expect(simulate(parameters, asked)).rejects.toMatchObject({ code: "TWIN_TASK_STOPPED" });
    const [key = ""] = await readdir(join(checkpoints, "simulate"));
    const path = join(checkpoints, "simulate", key, "checkpoint.json");
    const { digest: _, ...saved } = JSON.parse(await readFile(path, "utf8"));
    saved.state.chunks.push({ ...saved.state.chunks[0] });
    await writeFile(path, canonicalJson({ ...saved, digest: digestJson(saved) }));
    const [whole, again] = [await simulate(parameters), await simulate(parameters, { checkpoints })];
    expect(again.digest).toBe(whole.digest);
  });
});

const SCHEDULES = process.env["TWINLOOM_LONG"] === "1" ? 20 : 2;
const KILLS = process.env["TWINLOOM_LONG"] === "1" ? 3 : 1;
const SHOWERS = process.env["TWINLOOM_LONG"] === "1" ? 12_000 : 4000;

describe("simulate that is killed again and again", () => {
  it(`goes on each time, and gives what an undisturbed one gives: ${SCHEDULES} schedules`, async () => {
    const whole = await simulate({ energyMeV: 10_000, count: SHOWERS });
    const random = new RandomStream({ seed: BigInt(SHOWERS), id: 0n, purpose: 1 });
    const script = fileURLToPath(new URL("simulate-until-killed.ts", import.meta.url));
    for (let schedule = 0; schedule < SCHEDULES; schedule++) {
      const [out, checkpoints] = [newPath(), newPath()];
      for (let kills = 0; ; kills++) {
        const args = ["--conditions=@twinloom/source", script, out, checkpoints, String(SHOWERS)];
        const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
        const closed = once(child, "close");
        // At any number of showers; at that of all it is joining them.
        const killAt =
          kills < KILLS ? Math.min(SHOWERS, Math.ceil(random.uniform() * 1.2 * SHOWERS)) : Number.POSITIVE_INFINITY;
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          const done = Math.max(...text.split("\n").map(Number));
          if (done >= killAt) child.kill("SIGKILL");
        });
        const [code] = await closed;
        if (code === 0) break;
        expect(kills).toBeLessThan(KILLS);
      }
      expect(outcomeOf(await readRunRecord(out)).digest).toBe(whole.digest);
    }
  }, 900_000);
});
