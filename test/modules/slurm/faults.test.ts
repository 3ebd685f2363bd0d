import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SubmittedArray } from "../../../core/index.ts";
import { createSlurm } from "../../../modules/slurm/create-slurm.ts";
import type { SlurmPluginSettings } from "../../../modules/slurm/options.ts";
import type { Slurm } from "../../../modules/slurm/slurm.ts";
import { type FakeSlurm, type FakeSlurmOptions, startFakeSlurm } from "../../servers/fake-slurm.ts";
import { jobOf, TOKEN } from "./job-of.ts";

vi.setConfig({ testTimeout: 60_000 });

let folder: string;
let fake: FakeSlurm | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slurm-"));
});
afterEach(async () => {
  await fake?.stop();
  fake = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function start(
  options: FakeSlurmOptions,
  settings: Partial<SlurmPluginSettings> = {},
): Promise<{ slurm: Slurm; fake: FakeSlurm }> {
  const started = await startFakeSlurm(options);
  fake = started;
  const environment = { ...process.env, ...started.env, SLURM_JOB_ID: "1", SQUEUE_FORMAT: "%i" };
  return {
    slurm: await createSlurm({ timeoutMs: 30_000, pollMs: 0, settleMs: 300, ...settings }, environment),
    fake: started,
  };
}

const job = (script: string) =>
  jobOf({ command: ["/bin/sh", "-c", script], workingFolder: folder, logFolder: join(folder, "logs"), elements: 2 });

async function untilOver(slurm: Slurm, array: SubmittedArray): Promise<readonly string[]> {
  return await vi.waitFor(
    async () => {
      const [statuses = []] = await slurm.observe([array]);
      expect(statuses.every(({ state }) => /succeeded|failed|canceled/.test(state))).toBe(true);
      return statuses.map(({ state }) => state);
    },
    { timeout: 30_000, interval: 50 },
  );
}

describe("a submission whose answer is lost", () => {
  it("is found by its token where it was taken", async () => {
    const { slurm, fake } = await start({ faults: [{ on: "sbatch", call: 1, what: "timeout-after" }] });
    await expect(slurm.submit(job("exit 0"))).rejects.toMatchObject({ code: "TWIN_EXECUTOR_UNREACHABLE" });
    const found = await slurm.find(TOKEN);
    expect(found).toEqual({ token: TOKEN, id: "1", elements: 2 });
    expect(fake.jobs()).toHaveLength(1);
  });

  it("is none where it was not taken, and the controller would still know it", async () => {
    const { slurm } = await start({ faults: [{ on: "sbatch", call: 1, what: "timeout-before" }] });
    await expect(slurm.submit(job("exit 0"))).rejects.toMatchObject({ code: "TWIN_EXECUTOR_UNREACHABLE" });
    expect(await slurm.find(TOKEN)).toBe("none");
  });

  it("is unknown to another process where there are no accounts, and none where there are", async () => {
    const { slurm } = await start({});
    expect(await slurm.find(TOKEN)).toBe("unknown");
    await fake?.stop();
    const withAccounts = await start({ accounting: true });
    expect(await withAccounts.slurm.find(TOKEN)).toBe("none");
  });

  it("is unknown while the accounts do not answer", async () => {
    const { slurm, fake } = await start({ accounting: true });
    fake.setAccounting("down");
    expect(await slurm.find(TOKEN)).toBe("unknown");
  });

  it("is given up when the command takes too long", async () => {
    const { slurm } = await start({ faults: [{ on: "sbatch", call: 1, what: "hang-after" }] }, { timeoutMs: 2000 });
    await expect(slurm.submit(job("exit 0"))).rejects.toMatchObject({
      code: "TWIN_EXECUTOR_UNREACHABLE",
      message: expect.stringContaining("it did not end within 2 s"),
    });
    expect(await slurm.find(TOKEN)).toMatchObject({ id: "1" });
  });
});

describe("a submission that is refused", () => {
  it("says so in the words of sbatch", async () => {
    const { slurm } = await start({}, { partition: "nowhere" });
    await expect(slurm.submit(job("exit 0"))).rejects.toMatchObject({
      code: "TWIN_EXECUTOR_REFUSED",
      reason: expect.stringContaining("Invalid partition name specified"),
    });
  });
});

describe("a Slurm that is not there", () => {
  it("is named with what to do", async () => {
    const slurm = await createSlurm({ timeoutMs: 1000, pollMs: 0, binFolder: join(folder, "none") }, {});
    await expect(slurm.limits()).rejects.toMatchObject({
      code: "TWIN_EXECUTOR_UNREACHABLE",
      message: expect.stringMatching(/there is no scontrol in ".*none"\. Log in to a node/),
    });
  });
});

describe("elements", () => {
  it("are unknown after an empty answer, and heard of again after", async () => {
    const { slurm } = await start({ faults: [{ on: "squeue", call: 1, what: "silence" }] });
    const array = await slurm.submit(job("exit 0"));
    const [statuses] = await slurm.observe([array]);
    expect(statuses?.map(({ state }) => state)).toEqual(["unknown", "unknown"]);
    expect(await untilOver(slurm, array)).toEqual(["succeeded", "succeeded"]);
  });

  it("stay as they ended when Slurm has forgotten them", async () => {
    const { slurm, fake } = await start({ minJobAgeMs: 3000 });
    const array = await slurm.submit(job("exit $TWINLOOM_ELEMENT"));
    expect(await untilOver(slurm, array)).toEqual(["succeeded", "failed"]);
    const forgets = async () => expect(fake.calls.length && (await slurm.find(TOKEN))).toBeTypeOf("string");
    await vi.waitFor(forgets, { timeout: 20_000, interval: 100 });
    expect(await untilOver(slurm, array)).toEqual(["succeeded", "failed"]);
  });

  it("are found in the accounts by another client, beyond midnight, too", async () => {
    const { slurm, fake } = await start({ accounting: true, minJobAgeMs: 1 });
    const array = await slurm.submit(job("exit $TWINLOOM_ELEMENT"));
    expect(await untilOver(slurm, array)).toEqual(["succeeded", "failed"]);
    fake.passMidnight();
    const other = await createSlurm({ timeoutMs: 30_000, pollMs: 0 }, { ...process.env, ...fake.env });
    expect(await untilOver(other, array)).toEqual(["succeeded", "failed"]);
    expect(await other.find(TOKEN)).toEqual(array);
  });

  it("of a job that has the same id and another name are somebody else's", async () => {
    const { slurm } = await start({});
    const array = await slurm.submit(job("exit 0"));
    await untilOver(slurm, array);
    const lost = { ...array, token: "f".repeat(32) };
    const [statuses] = await slurm.observe([lost]);
    expect(statuses?.map(({ state }) => state)).toEqual(["unknown", "unknown"]);
  });

  it("cannot be asked for while the controller is down", async () => {
    const { slurm, fake } = await start({});
    const array = await slurm.submit(job("exit 0"));
    fake.setController("down");
    await expect(slurm.observe([array])).rejects.toMatchObject({ code: "TWIN_EXECUTOR_UNREACHABLE" });
    fake.setController("up");
    expect(await untilOver(slurm, array)).toEqual(["succeeded", "succeeded"]);
  });
});

describe("a site", () => {
  it("is described by what it says of itself", async () => {
    const { slurm } = await start({ maxArraySize: 500 }, { profile: "vega-like" });
    const site = await slurm.describeSite();
    expect(site).toMatchObject({ arraySize: 500, accounting: false, profile: expect.stringContaining("Untested") });
    expect(site.partitions.map(({ name }) => name)).toContain("normal");
  });
});
