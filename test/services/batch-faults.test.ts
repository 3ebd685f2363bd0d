import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { BatchFolder } from "../../core/index.ts";
import { LocalExecutor } from "../../modules/local/index.ts";
import { createSlurm } from "../../modules/slurm/create-slurm.ts";
import { slurmMissing } from "../servers/slurm.ts";
import { type Cluster, fakeCluster, realCluster } from "./batch/cluster.ts";
import { disturb, type Story } from "./batch/disturbed.ts";
import {
  checkHistory,
  contentOf,
  processesWith,
  runBatch,
  SUBMIT,
  sealTwice,
  TASK_RUNS,
  writeTwin,
} from "./batch/sample.ts";
import { schedule } from "./batch/schedule.ts";

const IS_LONG = process.env["TWINLOOM_LONG"] === "1";
/** Schedules that are under way at the same time, each on a cluster of its own: most of the time they wait. */
const LANES = 3;
const missing = slurmMissing();
const measured: Record<string, object> = {};

let root: string;
let twin: string;
/** Of a batch that nobody disturbed. */
let undisturbed: string;

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "twinloom-faults-"));
  twin = await writeTwin(join(root, "twin"));
  const batch = await sealTwice(twin, join(root, "local"));
  const local = new LocalExecutor({ folder: join(root, "executor") });
  expect((await runBatch(batch.path, local)).succeeded).toBe(TASK_RUNS);
  undisturbed = await contentOf(batch);
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
  if (IS_LONG) await keep(measured);
});

const KINDS = [
  { kind: "fake", start: fakeCluster, runs: IS_LONG ? 50 : 3, skip: undefined },
  { kind: "real", start: realCluster, runs: IS_LONG ? 50 : 2, skip: missing },
] as const;

describe.each(KINDS)("a batch on a $kind Slurm", ({ kind, start, runs, skip }) => {
  const reason = skip === undefined ? "" : ` (${skip})`;

  it.skipIf(skip !== undefined)(
    `has one result of each task run, through ${runs} random schedules of faults${reason}`,
    {
      timeout: runs * 120_000,
    },
    async () => {
      const stories: (Story & Made)[] = [];
      let next = 0;
      const lane = async (): Promise<void> => {
        await using cluster = await start();
        while (next < runs) {
          const seed = next++;
          const batch = await sealTwice(twin, join(root, `${kind}-${seed}`));
          const faults = schedule(seed);
          const story = await disturb(batch, cluster, faults);
          const killed = faults.filter(({ what }) => what === "controller").length;
          const attempts = await attemptsOf(batch);
          await check(batch, cluster, { seed, killed: kind === "real" ? killed : 0, story });
          stories.push({ ...story, attempts, arrays: (await batch.submissions()).length });
          await rm(batch.path, { recursive: true });
        }
      };
      const lanes = await Promise.allSettled(Array.from({ length: Math.min(LANES, runs) }, lane));
      measured[kind] = summary(stories);
      const failed = lanes.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
      expect(failed).toEqual([]);
    },
  );
});

describe.skipIf(missing !== undefined)(`the same plan${missing === undefined ? "" : ` (${missing})`}`, () => {
  it("gives the same on this computer and on Slurm, digest by digest", async () => {
    await using cluster = await realCluster();
    const batch = await sealTwice(twin, join(root, "slurm"));
    const slurm = await createSlurm({ timeoutMs: 30_000, pollMs: 100 }, { ...process.env, ...cluster.env });
    expect(await runBatch(batch.path, slurm, SUBMIT)).toMatchObject({ succeeded: TASK_RUNS });
    expect(await contentOf(batch)).toBe(undisturbed);
  });
});

async function check(
  batch: BatchFolder,
  cluster: Cluster,
  { seed, killed, story }: { readonly seed: number; readonly killed: number; readonly story: Story },
): Promise<void> {
  const about = `schedule ${seed}: ${story.hits.join(", ")}\n${story.said.join("\n")}`;
  for (const { name } of batch.document.stages) {
    const accepted = await batch.accepted(name);
    expect(accepted.size, about).toBe(batch.document.points.length);
  }
  expect(await contentOf(batch), about).toBe(undisturbed);
  await checkHistory(batch);
  const tokens = await batch.submissions();
  const arrays = await cluster.arrays();
  for (const token of tokens) {
    // What a controller accepted and had not written down when it was killed, it has never heard of; it is submitted again.
    expect(arrays.get(token)?.length ?? 0, about).toBeLessThanOrEqual(1 + killed);
  }
  await vi.waitFor(async () => expect(await processesWith(batch.path), about).toEqual([]), {
    timeout: 60_000,
    interval: 200,
  });
}

/** What was made by the way. */
interface Made {
  /** Tries at task runs that came to an end, well or not. */
  readonly attempts: number;
  readonly arrays: number;
}

async function attemptsOf(batch: BatchFolder): Promise<number> {
  let attempts = 0;
  for (const { name: stage } of batch.document.stages) {
    for (const run of batch.document.points.keys()) attempts += (await batch.attempts({ stage, run })).length;
  }
  return attempts;
}

function summary(stories: readonly (Story & Made)[]): object {
  const faults: Record<string, number> = {};
  for (const { hits } of stories) for (const hit of hits) faults[hit] = (faults[hit] ?? 0) + 1;
  const sum = (of: (story: Story & Made) => number): number => stories.reduce((all, story) => all + of(story), 0);
  const [clients, arrays, attempts] = [
    sum((each) => each.clients),
    sum((each) => each.arrays),
    sum((each) => each.attempts),
  ];
  return { schedules: stories.length, taskRuns: stories.length * TASK_RUNS, clients, arrays, attempts, faults };
}

/** Writes down what was measured, beside what was before. */
async function keep(figures: Readonly<Record<string, object>>): Promise<void> {
  const file = new URL("../../docs/measurements/batch-faults.json", import.meta.url);
  const before = JSON.parse(await readFile(file, "utf8").catch(() => "{}"));
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.versions.node}`;
  const date = new Date().toISOString().slice(0, 10);
  const dated = Object.entries(figures).map(([name, own]) => [name, { date, machine, ...own }]);
  await writeFile(file, `${JSON.stringify({ ...before, ...Object.fromEntries(dated) }, undefined, 2)}\n`);
}
