import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BatchFolder, lockFile, readCollection } from "../../core/index.ts";
import { readRegistry } from "../../modules/serving/index.ts";
import { errorOf, json, writeNumbers } from "./batch-sample.ts";
import { runTwinloom } from "./run-command-line.ts";
import { jsonHere, runHere } from "./run-here.ts";

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "twinloom-cli-jobs-"));
  await writeNumbers(cwd);
});
afterAll(() => rm(cwd, { recursive: true }));

const LOCAL = ["--executor", "local", "--processes", "2"];
const stateOf = ({ state }: { readonly state: string }): string => state;
const submit = (...args: readonly string[]) => ["submit", "twin.yaml", ...args, ...LOCAL];

describe("twinloom submit and jobs, on this computer", () => {
  it("run a sweep to its end, show it, and gather what came of it", async () => {
    const args = ["double", "-p", "x=1,2", "-p", "y=0..2", "-p", "ms=1", "--out", "scan", "--packing", "3", "--watch"];
    const submitted = await json(submit(...args), { cwd });
    expect(submitted).toMatchObject({
      executor: "local",
      counts: { succeeded: 6 },
      packing: [{ stage: "double", taskRuns: 6, elements: 2, packing: 3 }],
    });
    expect(await jsonHere(["jobs", "show", "scan"], { cwd })).toMatchObject({ progress: 1, isEnded: true });
    const { collection } = await jsonHere(["jobs", "collect", "scan", "--clean"], { cwd });
    expect(await readCollection(join(cwd, "scan"))).toEqual(collection);
    const { folder } = collection.stages[0].runs[5].accepted;
    expect(await readFile(join(cwd, "scan", folder, "number.json"), "utf8")).toBe("6");
    const log = await runHere(["jobs", "logs", "scan", "5"], { cwd });
    expect(log.stdout).toContain('"run":5,"message":"The result of a task run was accepted"');
    expect(await jsonHere(["jobs", "logs", "scan", "double.5"], { cwd })).toMatchObject({
      element: 1,
      runs: [3, 4, 5],
    });
  });

  it("run a plan by its stages, a version by its alias, and measure how long a task run takes", async () => {
    await json(["twin", "seal", "twin.yaml", "--alias", "good"], { cwd });
    const args = [
      "submit",
      "numbers@good",
      "chain",
      "-p",
      "first.x=1..2",
      "--out",
      "batches/chain",
      "--measure",
      "--watch",
    ];
    const { packing, counts } = await json([...args, ...LOCAL], { cwd });
    expect(counts).toMatchObject({ succeeded: 4 });
    expect(packing).toMatchObject([
      { stage: "first", elements: 1, packing: 2 },
      { stage: "second", elements: 1, packing: 2 },
    ]);
    const batch = await BatchFolder.open(join(cwd, "batches/chain"));
    const second = await batch.readAccepted({ stage: "second", run: 1 });
    expect(await readFile(join(second?.folder ?? "", "number.json"), "utf8")).toBe("8");
    expect(await jsonHere(["jobs", "list"], { cwd })).toMatchObject([{ folder: "chain", kind: "batch" }]);
  });

  it("tell what failed and why, and run again only that", async () => {
    const needed = join(cwd, "magnet");
    const args = ["double", "-p", "x=1..3", "-p", `needed=${needed}`, "--out", "cold", "--watch"];
    const failed = await runTwinloom(submit(...args), { cwd });
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining("TWIN_BATCH_INCOMPLETE") });
    const shown = await runHere(["jobs", "show", "cold"], { cwd });
    expect(shown.stdout).toContain("double.1: The magnet is cold.");
    const collected = await runHere(["jobs", "collect", "cold", "--json"], { cwd });
    expect(errorOf(collected)).toMatchObject({ code: "TWIN_BATCH_INCOMPLETE", counts: { succeeded: 1, failed: 2 } });
    await writeFile(needed, "");
    // A result that is damaged is made again, too.
    const batch = await BatchFolder.open(join(cwd, "cold"));
    const first = await batch.readAccepted({ stage: "double", run: 0 });
    await writeFile(join(first?.folder ?? "", "number.json"), "3");
    const resumed = await json(["jobs", "resume", "cold", "--watch"], { cwd });
    expect(resumed).toMatchObject({ counts: { succeeded: 3 }, quarantined: [{ stage: "double", run: 0 }] });
    expect((await jsonHere(["jobs", "collect", "cold"], { cwd })).collection.stages[0].counts).toEqual({
      succeeded: 3,
    });
    const early = await runHere(["jobs", "logs", "cold", "1", "--attempt", "1"], { cwd });
    expect(early.stdout).toContain("The magnet is cold.");
    expect(await runHere(["jobs", "logs", "cold", "1", "--attempt", "3"], { cwd })).toMatchObject({ code: 2 });
  });

  it("submit anew what failed for no fault of its own, as often as whoever watches says, and tell what is left", async () => {
    // The second one never begins: the first takes all the time of their element.
    const args = ["double", "-p", "x=1", "-p", "ms=60000,0", "--packing", "2", "--time", "3s", "--out", "slow"];
    await json(submit(...args), { cwd });
    const watched = await runTwinloom(["jobs", "resume", "slow", "--watch", "--retries", "3"], { cwd });
    expect(watched).toMatchObject({ code: 1, stdout: expect.stringContaining("1 of 2 have a result") });
    expect(watched.stdout).toMatch(/double\.0: .*\n/);
  });

  it("cancel what runs and waits; Ctrl-C of the one who watches ends nothing", async () => {
    const args = ["double", "-p", "x=1..4", "-p", "ms=60000", "--out", "long", "--watch"];
    const watching = await runTwinloom(submit(...args), { cwd, signalAt: { text: "running", signal: "SIGINT" } });
    expect(watching).toMatchObject({ code: 130, stderr: expect.stringContaining("twinloom jobs show long --watch") });
    expect(watching.stderr).not.toContain("jobs resume");
    expect(await jsonHere(["jobs", "show", "long"], { cwd })).toMatchObject({ isEnded: false });
    const early = errorOf(await runHere(["jobs", "collect", "long", "--json"], { cwd }));
    expect(early["message"]).toMatch(/4 of 4 .*: `twinloom jobs show long --watch` waits for them\.$/);
    const partial = async (): Promise<readonly string[]> =>
      (await readdir(join(cwd, "long/attempts"), { recursive: true })).filter((path) => path.endsWith(".partial"));
    await expect.poll(partial, { timeout: 60_000 }).not.toEqual([]);
    expect(await jsonHere(["jobs", "cancel", "long", "--watch"], { cwd })).toMatchObject({ counts: { canceled: 4 } });
    expect(await partial()).toEqual([]);
  });

  it("say what would be submitted, and leave nothing behind", async () => {
    const before = await readdir(cwd);
    const args = ["double", "-p", "x=1..1000", "--task-time", "3", "--out", "none", "--dry-run"];
    const { packing, arrays } = await json(submit(...args), { cwd });
    expect(packing).toMatchObject([{ taskRuns: 1000, elements: 10, packing: 100 }]);
    expect(arrays[0].array.command).toEqual(expect.arrayContaining(["batch", "work", join(cwd, "none")]));
    expect(await readdir(cwd)).toEqual(before);
  });

  it("refuse what cannot be, before anything is left", async () => {
    const run = async (...args: readonly string[]) => errorOf(await runHere([...args, "--json"], { cwd }));
    expect(await run(...submit("double", "-p", "x=1", "--time", "30"))).toMatchObject({ code: "TWIN_USAGE" });
    const misfit = await runTwinloom([...submit("double", "-p", "x=a,b", "--out", "none"), "--json"], { cwd });
    expect(errorOf(misfit)).toMatchObject({ code: "TWIN_INVALID_SWEEP" });
    expect(await run(...submit("double", "-p", "x=1", "--qos", "high"))).toMatchObject({
      message: expect.stringContaining("--qos is for --executor slurm"),
    });
    expect(await run("jobs", "show", "scan", "--retries", "2")).toMatchObject({
      message: expect.stringContaining("--retries is for who watches"),
    });
    expect(await run("jobs", "show", "none")).toMatchObject({ code: "TWIN_BATCH_NOT_FOUND" });
    expect(await run("jobs", "resume", "scan", "--executor", "slurm")).toMatchObject({ code: "TWIN_USAGE" });
  });

  it("show a batch that another process looks after, and change nothing of it", async () => {
    const unlock = await lockFile(join(cwd, "scan", "journal"));
    try {
      expect(await jsonHere(["jobs", "show", "scan"], { cwd })).toMatchObject({ isEnded: true });
      expect(errorOf(await runHere(["jobs", "cancel", "scan", "--json"], { cwd }))).toMatchObject({
        code: "TWIN_BATCH_BUSY",
      });
    } finally {
      await unlock();
    }
  });
});

describe("twinloom submit … serve", () => {
  it("starts servers that clients find in a folder, tells which are alive, and ends them", async () => {
    const twin = join(process.cwd(), "examples/first-light.yaml");
    const args = ["submit", twin, "serve", "--nodes", "1", "--out", "farm", ...LOCAL];
    expect(await json(args, { cwd })).toMatchObject({ nodes: 1, job: expect.any(String) });
    // Looking at the folder costs less than asking the command again and again.
    const registered = async () => (await readRegistry(join(cwd, "farm", "servers")).catch(() => [])).length;
    await expect.poll(registered, { timeout: 60_000 }).toBe(1);
    expect((await jsonHere(["jobs", "show", "farm"], { cwd })).servers).toMatchObject([{ models: ["gflash"] }]);
    expect(await jsonHere(["jobs", "list", "."], { cwd })).toContainEqual(
      expect.objectContaining({ folder: "farm", kind: "servers" }),
    );
    await jsonHere(["jobs", "cancel", "farm"], { cwd });
    await expect.poll(registered, { timeout: 60_000 }).toBe(0);
    // Who writes down the end of the element would write into a folder that is removed.
    const states = async () => (await jsonHere(["jobs", "show", "farm"], { cwd })).elements.map(stateOf);
    await expect.poll(states, { timeout: 60_000 }).toEqual(["canceled"]);
    expect((await runHere(["jobs", "logs", "farm", "0"], { cwd })).stdout).toContain("serving gflash on");
  });
});
