import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SubmittedArray } from "twinloom";
import { LocalExecutor } from "twinloom/modules/local";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LocalSample, newFolder, scriptJob, supervisorOf, until, untilOver } from "./sample.ts";

let sample: LocalSample;
let executor: LocalExecutor;
beforeEach(async () => {
  sample = await newFolder();
  executor = new LocalExecutor({ processes: 2, folder: sample.stateFolder });
});
afterEach(() => sample.dispose());

const CLIENT = fileURLToPath(new URL("./submit-process.ts", import.meta.url));
/** Writes down its number, and lives until it is ended, or the folder is gone. */
const LIVES = 'echo $$ > pid.$TWINLOOM_ELEMENT; while [ -d "$PWD" ] && ! [ -e go ]; do sleep 0.05; done';

async function read(name: string): Promise<string> {
  return await readFile(join(sample.folder, name), "utf8").catch(() => "");
}

async function pidOf(element: number): Promise<number> {
  await until(async () => (await read(`pid.${element}`)).endsWith("\n"));
  return Number(await read(`pid.${element}`));
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

/** Gone, or ended and not yet asked after by the process that has inherited it. */
async function untilGone(pid: number): Promise<void> {
  await until(async () => isGone(pid) || / Z /.test(await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")));
}

async function killSupervisor(): Promise<void> {
  process.kill((await supervisorOf(sample.stateFolder)) as number, "SIGKILL");
  await until(async () => (await supervisorOf(sample.stateFolder)) === undefined);
}

describe("the local executor, when something is killed with -9", () => {
  it("goes on without the client that submitted, and tells another how it ended", async () => {
    const job = scriptJob(sample.folder, LIVES, { elements: 3 });
    const client = spawn(
      process.execPath,
      ["--conditions=@twinloom/source", CLIENT, sample.stateFolder, JSON.stringify(job)],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    const [line] = (await once(client.stdout, "data")) as [Buffer];
    const array = JSON.parse(line.toString()) as SubmittedArray;
    await pidOf(0);
    client.kill("SIGKILL");
    await once(client, "exit");
    expect(await executor.find(job.token)).toEqual(array);
    expect((await executor.observe([array]))[0]?.[0]).toMatchObject({ state: "running" });
    await writeFile(join(sample.folder, "go"), "");
    expect((await untilOver(executor, array)).map(({ state }) => state)).toEqual([
      "succeeded",
      "succeeded",
      "succeeded",
    ]);
  });

  it("loses what its supervisor had taken, ends it, and never says that it runs", async () => {
    const array = await executor.submit(scriptJob(sample.folder, LIVES, { elements: 3 }));
    const pids = [await pidOf(0), await pidOf(1)];
    await killSupervisor();
    // Nobody has looked yet.
    expect(pids.map(isGone)).toEqual([false, false]);
    const [first] = await executor.observe([array]);
    expect(first?.map(({ state }) => state)).toEqual(["unknown", "unknown", "unknown"]);
    const statuses = await untilOver(executor, array);
    expect(statuses.map(({ state, cause }) => [state, cause])).toEqual(Array(3).fill(["failed", "lost"]));
    for (const pid of pids) await untilGone(pid);
    expect(await read("pid.2")).toBe("");
    await until(async () => (await supervisorOf(sample.stateFolder)) === undefined);
    expect((await executor.observe([array]))[0]).toEqual(statuses);
  });

  it("keeps how elements had ended, and takes what is submitted next", async () => {
    const script = `[ $TWINLOOM_ELEMENT = 1 ] || exit $TWINLOOM_ELEMENT; ${LIVES}`;
    const array = await executor.submit(scriptJob(sample.folder, script, { elements: 2, atOnce: 1 }));
    await pidOf(1);
    await killSupervisor();
    const next = await executor.submit(scriptJob(sample.folder, "exit 0"));
    expect(await untilOver(executor, next)).toMatchObject([{ state: "succeeded" }]);
    expect(await untilOver(executor, array)).toMatchObject([
      { state: "succeeded" },
      { state: "failed", cause: "lost" },
    ]);
  });

  it("ends what is left of an element that had a child when its supervisor was killed, and it itself after that", async () => {
    const script = `sh -c 'echo $$ > child; while [ -d "$PWD" ]; do sleep 0.05; done' & ${LIVES}`;
    const array = await executor.submit(scriptJob(sample.folder, script));
    const pid = await pidOf(0);
    await until(async () => (await read("child")).endsWith("\n"));
    await killSupervisor();
    process.kill(pid, "SIGKILL");
    await untilOver(executor, array);
    await untilGone(Number(await read("child")));
  });

  it("cancels what its supervisor had taken, when it was killed and cancel is all that is asked", async () => {
    const array = await executor.submit(scriptJob(sample.folder, LIVES, { elements: 3 }));
    const pid = await pidOf(0);
    await killSupervisor();
    await executor.cancel(array);
    expect((await untilOver(executor, array)).map(({ state }) => state)).toEqual(["canceled", "canceled", "canceled"]);
    await untilGone(pid);
  });

  it("tells that an element failed that was killed, by which signal, and what it started goes with it", async () => {
    const script = `sh -c 'echo $$ > child; while [ -d "$PWD" ]; do sleep 0.05; done' & ${LIVES}`;
    const array = await executor.submit(scriptJob(sample.folder, script));
    const pid = await pidOf(0);
    await until(async () => (await read("child")).endsWith("\n"));
    process.kill(pid, "SIGKILL");
    expect(await untilOver(executor, array)).toMatchObject([{ state: "failed", cause: "executor", native: "SIGKILL" }]);
    await untilGone(Number(await read("child")));
  });

  it("starts an array that was written down when its client was killed before there was a supervisor", async () => {
    const first = await executor.submit(scriptJob(sample.folder, "exit 0"));
    await untilOver(executor, first);
    await until(async () => (await supervisorOf(sample.stateFolder)) === undefined);
    const job = scriptJob(sample.folder, "echo $TWINLOOM_JOB > ran");
    const array = { schemaVersion: 1, submittedMs: Date.now(), job };
    await writeFile(join(sample.stateFolder, "arrays", `${job.token}.json`), JSON.stringify(array));
    const found = await executor.find(job.token);
    expect(found).toEqual({ token: job.token, id: job.token, elements: 1 });
    expect(await untilOver(executor, found as SubmittedArray)).toMatchObject([{ state: "succeeded" }]);
    expect(await read("ran")).toBe(`${job.token}\n`);
  });

  it("loses what ran when its supervisor is told to end, and says so", async () => {
    const array = await executor.submit(scriptJob(sample.folder, LIVES, { elements: 3 }));
    const pid = await pidOf(0);
    process.kill((await supervisorOf(sample.stateFolder)) as number, "SIGTERM");
    await until(async () => (await supervisorOf(sample.stateFolder)) === undefined);
    const [statuses] = await executor.observe([array]);
    expect(statuses?.map(({ cause, reason }) => [cause, reason])).toEqual(
      Array(3).fill(["lost", "Its supervisor was told to end."]),
    );
    await untilGone(pid);
    expect(await readdir(join(sample.stateFolder, "states"))).toEqual([]);
  });
});
