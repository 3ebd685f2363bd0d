import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  type BatchClient,
  type BatchFolder,
  type BatchStatus,
  type Executor,
  loadSpec,
  openBatch,
  sealBatch,
} from "../../core/index.ts";
import { LocalExecutor } from "../../modules/local/index.ts";
import { createSlurm } from "../../modules/slurm/create-slurm.ts";
import { writeProject } from "../core/lifecycle/version/sample-project.ts";
import { startFakeSlurm } from "../servers/fake-slurm.ts";
import { slurmMissing, startSlurm } from "../servers/slurm.ts";
import { contentOf, processesWith, SUBMIT } from "./batch/sample.ts";

const IS_LONG = process.env["TWINLOOM_LONG"] === "1";
const missing = IS_LONG ? slurmMissing() : "takes minutes of a real Slurm; TWINLOOM_LONG=1 runs it";
const SHOWERS = 800;
/** A minute is the least that Slurm knows. */
const TIME_LIMIT_S = 60;

// GFLASH, which waits for each of its showers as long as it is told, and notes them.
const PLUGIN = `import { appendFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { definePlugin, Generator } from "twinloom";

export const slow = definePlugin({
  name: "slow",
  version: "1.0.0",
  provides: Generator,
  needs: { generator: Generator },
  create: ({ generator }) => ({
    model: generator.model,
    validity: generator.validity,
    outputs: generator.outputs,
    facts: generator.facts,
    async *generate(request, options) {
      const { TWINLOOM_TEST_WORK: work, TWINLOOM_TEST_SHOWER_MS: ms = "0" } = process.env;
      for await (const batch of generator.generate(request, options)) {
        if (Number(ms) > 0) await setTimeout(Number(ms) * batch.count, undefined, options);
        const ids = request.eventIds.subarray(batch.start, batch.start + batch.count);
        if (work !== undefined) await appendFile(work, ids.join("\\n") + "\\n");
        yield batch;
      }
    },
  }),
});
`;

const PROJECT = {
  "slow.ts": PLUGIN,
  "twin.yaml": `twin: ecal
plugins:
  files: { use: twinloom/modules/hdf5 }
  fast: { use: "twinloom/thematic/detector#gflash" }
  slow: { use: "./slow.ts#slow", wire: { generator: fast } }
  detector: { use: twinloom/thematic/detector, wire: { generator: slow } }
`,
};

const measured: Record<string, object> = {};
let root: string;
let twin: string;
let undisturbed: string;

vi.setConfig({ testTimeout: IS_LONG ? 1_200_000 : 180_000, hookTimeout: 120_000 });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "twinloom-limit-"));
  await mkdir(join(root, "twin"));
  twin = await writeProject(join(root, "twin"), PROJECT);
  const batch = await seal("undisturbed");
  const local = new LocalExecutor({ folder: join(root, "executor") });
  await run(batch, local, { work: join(root, "undisturbed.work"), showerMs: 0 });
  undisturbed = await contentOf(batch);
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
  if (IS_LONG) await keep();
});

const KINDS = [
  { kind: "fake", skip: undefined, showerMs: 20, start: () => startFakeSlurm({ minuteMs: 13_000, killWaitMs: 300 }) },
  { kind: "real", skip: missing, showerMs: 150, start: () => startSlurm() },
] as const;

describe.concurrent.each(KINDS)(
  "a task that takes longer than its time limit, on a $kind Slurm",
  ({ kind, skip, showerMs, start }) => {
    const reason = skip === undefined ? "" : ` (${skip})`;

    it.skipIf(skip !== undefined)(
      `is told in time, saves all it has, and goes on from there by itself${reason}`,
      async () => {
        await using slurm = await start();
        const story = await cutShort(`${kind}-told`, slurm.env, { showerMs });
        expect(story.resumes).toBe(0);
        expect(story.starts).toBeGreaterThan(1);
        expect(story.lost).toBe(0);
        measured[`${kind}, told`] = story;
      },
    );

    it.skipIf(skip !== undefined)(
      `is killed without a word, and resumed with less than a tenth of it lost${reason}`,
      async () => {
        await using slurm = await start();
        const story = await cutShort(`${kind}-killed`, slurm.env, { showerMs, isDeaf: true });
        expect(story.resumes, JSON.stringify(story)).toBeGreaterThan(0);
        expect(story.lost).toBeLessThan(0.1 * SHOWERS * story.resumes);
        measured[`${kind}, killed`] = story;
      },
    );
  },
);

interface CutShort {
  readonly showers: number;
  /** Showers that were made again. */
  readonly lost: number;
  /** Starts of its process. */
  readonly starts: number;
  /** How often a client had to resume it. */
  readonly resumes: number;
}

/** Runs the task under a time limit to its end. */
async function cutShort(
  name: string,
  env: Readonly<Record<string, string>>,
  { showerMs, isDeaf }: { readonly showerMs: number; readonly isDeaf?: boolean | undefined },
): Promise<CutShort> {
  const batch = await seal(name);
  const work = join(root, `${name}.work`);
  const slurm = await createSlurm({ timeoutMs: 30_000, pollMs: 100 }, { ...process.env, ...env });
  const { status, resumes } = await run(batch, slurm, { work, showerMs, isDeaf, timeLimitS: TIME_LIMIT_S });
  expect(status.counts.succeeded, JSON.stringify(status)).toBe(1);
  expect(await contentOf(batch)).toBe(undisturbed);
  const made = (await readFile(work, "utf8")).trim().split("\n");
  expect(new Set(made).size).toBe(SHOWERS);
  const tokens = await batch.submissions();
  const witnesses = (await Promise.all(tokens.map((token) => batch.witnesses(token)))).flat();
  const starts = witnesses.reduce((sum, { restart }) => sum + 1 + restart, 0);
  await vi.waitFor(async () => expect(await processesWith(batch.path)).toEqual([]), { timeout: 60_000 });
  return { showers: SHOWERS, lost: made.length - SHOWERS, starts, resumes };
}

async function seal(name: string): Promise<BatchFolder> {
  const parameters = { energyMeV: 1000, count: SHOWERS, batchSize: 5 };
  return (await sealBatch(join(root, name), { twin: await loadSpec(twin), name: "simulate", parameters })).folder;
}

/** Submits a batch, and resumes it as long as a time limit is why it failed. */
async function run(
  { path }: BatchFolder,
  executor: Executor,
  {
    work,
    showerMs,
    isDeaf,
    timeLimitS,
  }: {
    readonly work: string;
    readonly showerMs: number;
    readonly isDeaf?: boolean | undefined;
    readonly timeLimitS?: number;
  },
): Promise<{ readonly status: BatchStatus; readonly resumes: number }> {
  await using client = await openBatch(path, { executor });
  const environment = {
    ...SUBMIT.environment,
    TWINLOOM_TEST_WORK: work,
    TWINLOOM_TEST_SHOWER_MS: `${showerMs}`,
  };
  const [node, ...main] = SUBMIT.command;
  const deaf = isDeaf === true ? [`--import=${new URL("batch/deaf.ts", import.meta.url).href}`] : [];
  await client.submit({ command: [node, ...deaf, ...main], environment, resources: { timeLimitS } });
  for (let resumes = 0; ; resumes++) {
    const status = await lookUntilEnded(client);
    const failed = status.stages.flatMap(({ runs }) => runs.filter(({ state }) => state !== "succeeded"));
    if (failed.length === 0 || failed.some(({ cause }) => cause !== "timeout")) return { status, resumes };
    await client.resume();
  }
}

/** Looks at a steady pace: a client's own slows down where nothing changes. */
async function lookUntilEnded(client: BatchClient): Promise<BatchStatus> {
  for (;;) {
    const status = await client.refresh();
    if (status.isEnded || status.isStalled) return status;
    await sleep(300);
  }
}

/** Writes down what was measured, beside what was before. */
async function keep(): Promise<void> {
  const file = new URL("../../docs/measurements/batch-time-limit.json", import.meta.url);
  const before = JSON.parse(await readFile(file, "utf8").catch(() => "{}"));
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.versions.node}`;
  const date = new Date().toISOString().slice(0, 10);
  const dated = Object.entries(measured).map(([name, own]) => [name, { date, machine, ...own }]);
  await writeFile(file, `${JSON.stringify({ ...before, ...Object.fromEntries(dated) }, undefined, 2)}\n`);
}
