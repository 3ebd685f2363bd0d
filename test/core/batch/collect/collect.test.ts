import { appendFile, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { BatchJournal } from "../../../../core/batch/client/batch-journal.ts";
import {
  cleanUpBatch,
  collectionJsonSchema,
  collectResults,
  quarantineResults,
  readCollection,
} from "../../../../core/batch/collect/index.ts";
import { type BatchDocument, BatchFolder, dataset, digestFile, NdArray } from "../../../../core/index.ts";
import { Hdf5 } from "../../../../modules/hdf5/hdf5.ts";
import { documentOf, type MadeRun, makeBatch, makeRun, TOKEN, temporaryFolder } from "./made-batch.ts";

const hdf5 = new Hdf5({ cacheBytes: 1e6, timeoutMs: 60_000 });
afterAll(() => hdf5.stop());
const connectors = [hdf5];
const options = { connectors, writer: hdf5 };

/** Writes an HDF5 file and a text. */
async function write({ run, folder }: MadeRun): Promise<Readonly<Record<string, string>>> {
  const deposit = new NdArray(Float64Array.of(run, 2 * run), { dtype: "float64", shape: [2], dims: ["layer"] });
  await hdf5.write(join(folder, "showers.h5"), dataset({ variables: { deposit } }));
  await writeFile(join(folder, "notes.txt"), `run ${run}\n`);
  return { showers: "showers.h5", notes: "notes.txt" };
}

const points: BatchDocument["points"] = [10, 20, 30].map((energyMeV) => ({ energyMeV }));
const planPoints: BatchDocument["points"] = [10, 20, 30].map((energy) => ({ "first.energyMeV": energy }));
const made = { connectors, write, resultOf: (run: number) => ({ mean: run / 2 }) };

async function valuesOf(file: string, name: string): Promise<unknown[]> {
  await using all = await hdf5.open(file);
  return [...((await all.variables[name]?.read())?.values() ?? [])];
}

describe("collect", () => {
  it("checks every result, gathers outputs into one file each, and seals the record of the batch", async () => {
    await using place = await temporaryFolder();
    const batch = await makeBatch(join(place.path, "batch"), documentOf(points), made);
    const fractions: number[] = [];
    const { collection, folder, damaged, isChanged } = await collectResults(batch.path, {
      ...options,
      onProgress: ({ fraction }) => fractions.push(fraction),
    });
    expect([folder, damaged, isChanged]).toEqual([join(batch.path, "results"), [], true]);
    expect([...fractions].sort((a, b) => a - b)).toEqual(fractions);
    expect(fractions.at(-1)).toBe(1);
    const [stage] = collection.stages;
    expect(stage?.counts).toEqual({ succeeded: 3 });
    const [gathered] = stage?.gathered ?? [];
    expect(gathered).toMatchObject({ output: "showers", path: "simulate/showers.h5" });
    const file = join(folder, "simulate/showers.h5");
    expect(await digestFile(file)).toEqual({ bytes: gathered?.bytes, digest: gathered?.fileDigest });
    expect(stage?.notGathered).toEqual([
      { output: "notes", reason: expect.stringContaining("No connector of the twin recognises its files") },
    ]);
    expect(await valuesOf(file, "deposit")).toEqual([0, 0, 1, 2, 2, 4]);
    expect(await valuesOf(file, "energyMeV")).toEqual([10n, 20n, 30n]);
    expect(await valuesOf(file, "result.mean")).toEqual([0, 0.5, 1]);
    const outputs = stage?.runs[1]?.accepted?.outputs;
    expect(outputs?.["notes"]).toMatchObject({ path: `attempts/simulate/1/${TOKEN}-0/notes.txt`, contentDigest: null });
    expect(await readCollection(batch.path)).toEqual(collection);
    expect(await readCollection(folder)).toEqual(collection);
  });

  it("leaves all as it is when nothing is new, and replaces what is", async () => {
    await using place = await temporaryFolder();
    const batch = await makeBatch(join(place.path, "batch"), documentOf(points), { ...made, leaveOut: [1] });
    const first = await collectResults(batch, options);
    const file = join(first.folder, "simulate/showers.h5");
    const before = await stat(file);
    expect(first.collection.stages[0]?.counts).toEqual({ succeeded: 2, created: 1 });
    expect(await valuesOf(file, "deposit")).toEqual([0, 0, Number.NaN, Number.NaN, 2, 4]);
    expect(await valuesOf(file, "task_run_state")).toEqual(["succeeded", "created", "succeeded"]);
    const again = await collectResults(batch, options);
    expect(again).toMatchObject({ isChanged: false, collection: first.collection });
    expect((await stat(file)).ino).toBe(before.ino);
    await makeRun(batch, { stage: "simulate", run: 1 }, { ...made, result: { mean: 0.5 } });
    const last = await collectResults(batch, options);
    expect(last.isChanged).toBe(true);
    expect(await valuesOf(file, "deposit")).toEqual([0, 0, 1, 2, 2, 4]);
    expect(last.collection.contentDigest).not.toBe(first.collection.contentDigest);
    expect((await readdir(join(first.folder, "simulate"))).sort()).toEqual(["showers.h5"]);
  });

  it("writes a gathered file again that was changed, and a record that was", async () => {
    await using place = await temporaryFolder();
    const batch = await makeBatch(join(place.path, "batch"), documentOf(points), made);
    const { collection, folder } = await collectResults(batch, options);
    await truncate(join(folder, "simulate/showers.h5"), 100);
    const again = await collectResults(batch, options);
    expect(again.collection.contentDigest).toBe(collection.contentDigest);
    expect(await valuesOf(join(folder, "simulate/showers.h5"), "result.mean")).toEqual([0, 0.5, 1]);
    const record = join(folder, "collection.json");
    await writeFile(record, (await readFile(record, "utf8")).replace('"attempt":1', '"attempt":2'));
    await expect(readCollection(folder)).rejects.toMatchObject({ code: "TWIN_BATCH_DAMAGED" });
    expect((await collectResults(batch, options)).isChanged).toBe(true);
    expect((await readCollection(folder)).contentDigest).toBe(collection.contentDigest);
  });

  it("has one content digest wherever and whenever a batch ran", async () => {
    await using place = await temporaryFolder();
    const one = await makeBatch(join(place.path, "one"), documentOf(points), made);
    const other = await makeBatch(join(place.path, "other"), documentOf(points), {
      ...made,
      token: "f".repeat(32),
      restart: 2,
      startedAt: "2027-01-01T00:00:00.000Z",
    });
    const [a, b] = [await collectResults(one, options), await collectResults(other, options)];
    expect(a.collection.contentDigest).toBe(b.collection.contentDigest);
    expect(a.collection.digest).not.toBe(b.collection.digest);
    const third = await makeBatch(join(place.path, "third"), documentOf(points), {
      ...made,
      write: (run) => write({ ...run, run: run.run + 1 }),
    });
    expect((await collectResults(third, options)).collection.contentDigest).not.toBe(a.collection.contentDigest);
  });

  it("names results that are damaged, gathers the others, and lets the damaged ones be made again", async () => {
    await using place = await temporaryFolder();
    const batch = await makeBatch(join(place.path, "batch"), documentOf([...points, { energyMeV: 40 }]), made);
    const attempt = (run: number): string => join(batch.path, `attempts/simulate/${run}/${TOKEN}-0`);
    await appendFile(join(attempt(0), "showers.h5"), "more");
    await rm(join(attempt(1), "notes.txt"));
    const record = join(attempt(2), "run.json");
    await writeFile(
      record,
      (await readFile(record, "utf8")).replace("scan", "scam").replace('"seed":null', '"seed":"1"'),
    );
    const { collection, damaged } = await collectResults(batch, options);
    expect(damaged.map(({ run, problem }) => [run, problem])).toEqual([
      [0, expect.stringContaining("was changed after it was accepted")],
      [1, expect.stringMatching(/"notes" .* is gone/)],
      [2, expect.stringContaining("its record is gone or damaged")],
    ]);
    expect(collection.stages[0]?.counts).toEqual({ failed: 3, succeeded: 1 });
    const file = join(batch.path, "results/simulate/showers.h5");
    expect(await valuesOf(file, "deposit")).toEqual([...Array(6).fill(Number.NaN), 3, 6]);
    expect(await quarantineResults(batch, damaged)).toHaveLength(3);
    expect(await quarantineResults(batch, damaged)).toEqual([]);
    expect([...(await batch.accepted("simulate"))]).toEqual([3]);
    expect(await readdir(join(batch.path, "quarantined/simulate"))).toHaveLength(3);
    for (const run of [0, 1, 2]) {
      await makeRun(batch, { stage: "simulate", run }, { ...made, restart: 1, result: { mean: run / 2 } });
    }
    const repaired = await collectResults(batch, options);
    expect(repaired.damaged).toEqual([]);
    expect(await valuesOf(file, "deposit")).toEqual([0, 0, 1, 2, 2, 4, 3, 6]);
  });

  it("takes no result of another version of the twin", async () => {
    await using place = await temporaryFolder();
    const batch = await makeBatch(join(place.path, "batch"), documentOf(points), made);
    const other = { ...documentOf(points), twin: { name: "ecal", version: `sha256:${"0".repeat(64)}` as const } };
    await rm(join(batch.path, "batch.json"));
    await rm(join(place.path, "new"), { recursive: true, force: true });
    await BatchFolder.create(join(place.path, "new"), other);
    await writeFile(join(batch.path, "batch.json"), await readFile(join(place.path, "new/batch.json")));
    const { damaged } = await collectResults(batch.path, options);
    expect(damaged.map(({ problem }) => problem)).toEqual(Array(3).fill(expect.stringContaining("twin version")));
  });

  it("has a stage of which files cannot be joined in the record all the same", async () => {
    await using place = await temporaryFolder();
    const batch = await makeBatch(join(place.path, "batch"), documentOf(planPoints, ["first", "second"]), {
      connectors,
      write: async ({ stage, run, folder }) => {
        const wide = stage === "second" ? run + 1 : 1;
        const v = new NdArray(new Float64Array(2 * wide), { dtype: "float64", shape: [2, wide], dims: ["a", "b"] });
        await hdf5.write(join(folder, "out.h5"), dataset({ variables: { v } }));
        return { out: "out.h5" };
      },
    });
    const { collection } = await collectResults(batch, options);
    expect(collection.stages.map(({ gathered }) => gathered.map(({ path }) => path))).toEqual([["first/out.h5"], []]);
    expect(await valuesOf(join(batch.path, "results/first/out.h5"), "first.energyMeV")).toEqual([10n, 20n, 30n]);
    expect(collection.stages[1]?.notGathered[0]?.reason).toContain("Only the length of the first dimension may differ");
  });

  it("gathers what tasks returned where they wrote no data", async () => {
    await using place = await temporaryFolder();
    const batch = await makeBatch(join(place.path, "batch"), documentOf(points), {
      connectors,
      resultOf: (run) => run * 1.5,
    });
    const { collection, folder } = await collectResults(batch, options);
    expect(collection.stages[0]?.gathered[0]?.path).toBe("simulate/returned.h5");
    expect(await valuesOf(join(folder, "simulate/returned.h5"), "result")).toEqual([0, 1.5, 3]);
  });

  it("stops when it is told to, and leaves what was collected before", async () => {
    await using place = await temporaryFolder();
    const batch = await makeBatch(join(place.path, "batch"), documentOf(points), { ...made, leaveOut: [2] });
    const before = await collectResults(batch, options);
    await makeRun(batch, { stage: "simulate", run: 2 }, made);
    for (const at of [0.1, 0.6, 0.9]) {
      const controller = new AbortController();
      const onProgress = ({ fraction }: { readonly fraction: number }): void => {
        if (fraction >= at) controller.abort(new Error("enough"));
      };
      await expect(collectResults(batch, { ...options, signal: controller.signal, onProgress })).rejects.toThrow(
        "enough",
      );
      expect((await readCollection(batch.path)).digest).toBe(before.collection.digest);
    }
    expect((await readdir(join(batch.path, "results/simulate"))).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("tells what a client knows: submissions, attempts, and why a run has no result", async () => {
    await using place = await temporaryFolder();
    const batch = await makeBatch(join(place.path, "batch"), documentOf(points), { ...made, leaveOut: [1] });
    await submitted(batch, "failed");
    const { collection } = await collectResults(batch, options);
    expect(collection.submissions).toEqual([
      { token: TOKEN, stage: "simulate", ids: ["41"], elements: 3, submittedAt: "2026-11-22T10:00:00.000Z" },
    ]);
    const [succeeded, failed] = collection.stages[0]?.runs ?? [];
    expect(succeeded).toMatchObject({ state: "succeeded", attempt: 1 });
    expect(failed).toEqual({ run: 1, state: "failed", attempt: 1, problem: "It did not converge." });
  });
});

/** Writes down, as a client does, that the runs were submitted, and how run 1 is. */
async function submitted(batch: BatchFolder, state: "failed" | "running"): Promise<void> {
  const at = Date.parse("2026-11-22T10:00:00.000Z");
  await using journal = await BatchJournal.open(batch, at);
  const settings = {
    command: ["twinloom"] as [string],
    workingFolder: "/",
    resources: {},
    stageResources: {},
    packing: {},
  };
  await journal.write({ type: "wanted", at, runs: { simulate: [[0, 2]] }, settings });
  const elements = [[0], [1], [2]];
  await journal.write({ type: "submitting", at, token: TOKEN, stage: "simulate", elements, after: [] });
  await journal.write({ type: "submitted", at, token: TOKEN, id: "41" });
  const reason = "It did not converge.";
  await journal.write({
    type: "states",
    at,
    stage: "simulate",
    changes: [
      { runs: [0, 2], state: "succeeded" },
      { runs: [1], state, ...(state === "failed" && { cause: "executor", reason }) },
    ],
  });
}

describe("cleanUp", () => {
  it("removes attempts that do not count, what killed ones left, and checkpoints of runs that have a result", async () => {
    await using place = await temporaryFolder();
    const batch = await makeBatch(join(place.path, "batch"), documentOf(points), { ...made, leaveOut: [1] });
    const second = await makeRun(batch, { stage: "simulate", run: 0 }, { ...made, restart: 1, isAccepted: false });
    const failed = await makeRun(batch, { stage: "simulate", run: 1 }, { connectors, state: "failed" });
    const partial = join(batch.path, "attempts/simulate/1", `.${TOKEN}-1.0123456789ab.partial`);
    for (const [folder, file] of [
      [partial, "half.h5"],
      [join(batch.path, "checkpoints/simulate/0/simulate/ab"), "state"],
      [join(batch.path, "checkpoints/simulate/1/simulate/ab"), "state"],
    ] as const) {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, file), "x".repeat(1000));
    }
    const removed = await cleanUpBatch(batch);
    expect(removed).toMatchObject({ attempts: 1, partial: 1, checkpoints: 1 });
    expect(removed.bytes).toBeGreaterThan(2000);
    await expect(stat(join(batch.path, second))).rejects.toThrow();
    await expect(stat(partial)).rejects.toThrow();
    await expect(stat(join(batch.path, "checkpoints/simulate/0"))).rejects.toThrow();
    // They say why it failed, and where it can go on.
    await stat(join(batch.path, failed, "run.json"));
    await stat(join(batch.path, "checkpoints/simulate/1/simulate/ab/state"));
    expect(await cleanUpBatch(batch)).toEqual({ attempts: 0, partial: 0, checkpoints: 0, bytes: 0 });
    expect((await collectResults(batch, options)).damaged).toEqual([]);
  });

  it("removes nothing while a task run may be writing", async () => {
    await using place = await temporaryFolder();
    const batch = await makeBatch(join(place.path, "batch"), documentOf(points), { ...made, leaveOut: [1] });
    const second = await makeRun(batch, { stage: "simulate", run: 0 }, { ...made, restart: 1, isAccepted: false });
    await submitted(batch, "running");
    await expect(cleanUpBatch(batch.path)).rejects.toMatchObject({ code: "TWIN_BATCH_LIVE" });
    await stat(join(batch.path, second));
  });

  it("leaves attempts alone where the result that counts is damaged: one of them may be the way out", async () => {
    await using place = await temporaryFolder();
    const batch = await makeBatch(join(place.path, "batch"), documentOf(points), made);
    const second = await makeRun(batch, { stage: "simulate", run: 0 }, { ...made, restart: 1, isAccepted: false });
    await rm(join(batch.path, `attempts/simulate/0/${TOKEN}-0/run.json`));
    expect(await cleanUpBatch(batch)).toMatchObject({ attempts: 0 });
    await stat(join(batch.path, second));
  });
});

describe("schemas/collection.schema.json", () => {
  it("is in step with the types", async () => {
    const text = await readFile(new URL("../../../../schemas/collection.schema.json", import.meta.url), "utf8");
    expect(JSON.parse(text), "Run scripts/make-lifecycle-schemas.ts").toEqual(collectionJsonSchema());
  });
});
