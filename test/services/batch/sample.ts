import { mkdir, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeEntry } from "../../../core/batch/client/batch-entry.ts";
import { BatchState } from "../../../core/batch/client/batch-state.ts";
import {
  type BatchFolder,
  collectResults,
  type Executor,
  loadSpec,
  openBatch,
  parseSweep,
  readJournal,
  type SubmitBatchOptions,
  sealBatch,
} from "../../../core/index.ts";
import { Hdf5 } from "../../../modules/hdf5/hdf5.ts";
import { HistoryCheck } from "../../core/batch/client/legal-history.ts";
import { writeProject } from "../../core/lifecycle/version/sample-project.ts";

const MAIN = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));
/** Twelve points of two stages: 24 task runs, in eight elements. */
const POINTS = 12;
export const TASK_RUNS: number = 2 * POINTS;

const PLUGIN = `import { appendFile, readFile, writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { definePlugin, defineTask, TaskStoppedError, token } from "twinloom";
import { z } from "zod";

const count = defineTask({
  name: "count",
  description: "Counts slowly, and keeps how far it came",
  parameters: z.strictObject({ x: z.number(), steps: z.int().default(8), stepMs: z.number().default(40) }),
  needs: {},
  inputs: { before: { description: "numbers to go on from", optional: true } },
  outputs: { numbers: { description: "what was counted", file: "numbers.json" } },
  async run({ parameters: { x, steps, stepMs }, inputs, outputs, checkpoint, stopping, signal }) {
    const first = inputs.before === undefined ? 0 : JSON.parse(await readFile(inputs.before, "utf8")).at(-1);
    const numbers = (await checkpoint?.load())?.state ?? [];
    while (numbers.length < steps) {
      await setTimeout(stepMs, undefined, { signal });
      const work = process.env.TWINLOOM_TEST_WORK;
      if (work !== undefined) await appendFile(work, x + " " + numbers.length + "\\n");
      numbers.push((first + 7919 * x + 104729 * numbers.length) % 1000003);
      if (numbers.length % 4 === 0 || stopping.aborted) await checkpoint?.save({ state: numbers, files: {} });
      if (stopping.aborted && numbers.length < steps) throw new TaskStoppedError("count", numbers.length + " of " + steps);
    }
    await writeFile(outputs.numbers, JSON.stringify(numbers));
    return { last: numbers.at(-1) };
  },
});

export const counting = definePlugin({
  name: "counting",
  version: "1.0.0",
  provides: token("test/counting"),
  tasks: [count],
  create: () => ({}),
});
`;

const PROJECT = {
  "counting.ts": PLUGIN,
  "twin.yaml": `twin: sample
plugins:
  counting: { use: "./counting.ts#counting" }
plans:
  twice:
    first: { task: count, parameters: { x: 1 } }
    second: { task: count, parameters: { x: 2 }, inputs: { before: first.numbers } }
`,
};

/** Writes the twin of a task that counts slowly. @returns Path of its twin.yaml. */
export async function writeTwin(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  return await writeProject(folder, PROJECT);
}

/** Seals a batch of 24 task runs, of two stages, the second of which needs the first. */
export async function sealTwice(twin: string, folder: string): Promise<BatchFolder> {
  const { parameters, ...sweep } = parseSweep([`first.x=1..${POINTS}`]);
  return (await sealBatch(folder, { twin: await loadSpec(twin), name: "twice", sweep, parameters })).folder;
}

/** How all batches here are submitted: elements of three task runs, which are the command line of this repository. */
export const SUBMIT: SubmitBatchOptions = {
  command: [process.execPath, "--conditions=@twinloom/source", MAIN],
  // Elements start in a fraction of the time.
  environment: { NODE_COMPILE_CACHE: join(tmpdir(), "twinloom-compile-cache") },
  packing: { first: 3, second: 3 },
};

/** Runs a batch to its end with a client of this process. */
export async function runBatch(
  folder: string,
  executor: Executor,
  options: SubmitBatchOptions = SUBMIT,
): Promise<{ readonly succeeded: number; readonly problems: readonly string[] }> {
  await using client = await openBatch(folder, { executor });
  await client.submit(options);
  const { counts, problems } = await client.watch({ intervalMs: 200 });
  return { succeeded: counts.succeeded, problems };
}

/** Digest of what all results of a batch hold; every one of them is checked. */
export async function contentOf(batch: BatchFolder): Promise<string> {
  await using hdf5 = disposable(new Hdf5({ cacheBytes: 1e6, timeoutMs: 60_000 }));
  const { collection, damaged } = await collectResults(batch, { connectors: [hdf5], writer: hdf5 });
  if (damaged.length > 0) throw new Error(`Damaged results: ${JSON.stringify(damaged)}`);
  return collection.contentDigest;
}

/** Checks every step of the history that a journal tells, and how often tokens were used. @throws for what no history may have */
export async function checkHistory(batch: BatchFolder): Promise<void> {
  const { document, paths } = batch;
  const state = new BatchState(
    document.stages.map(({ name }) => name),
    document.points.length,
  );
  const check = new HistoryCheck();
  for await (const record of readJournal(paths.journal, { kind: "twinloom.batch.v1" })) {
    const entry = decodeEntry(record);
    if (typeof entry === "string") throw new Error(entry);
    check.add(entry, state);
    state.apply(entry);
  }
}

/** Processes in whose command line a text is. */
export async function processesWith(text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    const line = await readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => "");
    if (line.includes(text)) found.push(`${entry} ${line.replaceAll("\0", " ")}`);
  }
  return found;
}

function disposable(hdf5: Hdf5): Hdf5 & AsyncDisposable {
  return Object.assign(hdf5, { [Symbol.asyncDispose]: () => hdf5.stop() });
}
