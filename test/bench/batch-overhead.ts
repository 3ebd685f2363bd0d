import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openBatch, pack } from "../../core/index.ts";
import { createSlurm } from "../../modules/slurm/create-slurm.ts";
import { slurmMissing } from "../../scripts/local-slurm/local-slurm.ts";
import { type LocalSlurm, startSlurm } from "../servers/slurm.ts";
import { SMALLEST, sealSmallest, writeSmallest } from "../services/batch/smallest.ts";
import type { ElementPhases } from "./batch-element.ts";
import type { BenchRow } from "./row.ts";

const RUNS = 500;
const ROUNDS = 3;
const PACKED = 20;
const ELEMENTS_TIMED = 10;
const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const ELEMENT = fileURLToPath(new URL("batch-element.ts", import.meta.url));
const POLL_MS = 100;

/**
 * What a batch adds to what its task runs do: 500 runs of a task that does next to nothing, on a Slurm of this machine with a
 * CPU for each core, beside an array of 500 times `true`, in turns. Then the parts of an element, without Slurm.
 */
export async function batchOverheadBench(): Promise<readonly BenchRow[]> {
  const missing = slurmMissing();
  if (missing !== undefined) throw new Error(missing);
  const root = await mkdtemp(join(tmpdir(), "twinloom-overhead-"));
  try {
    const twin = await writeSmallest(join(root, "twin"));
    return [...(await beside(root, twin)), ...(await phases(root, twin))];
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function beside(root: string, twin: string): Promise<readonly BenchRow[]> {
  await using slurm = await startSlurm({ nodes: 1, cpus: cpus().length });
  const bare: number[] = [];
  const single: Timed[] = [];
  const packed: Timed[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(await bareArray(slurm));
    single.push(await batchOf(slurm, { twin, folder: join(root, `single-${round}`), packing: 1 }));
    packed.push(await batchOf(slurm, { twin, folder: join(root, `packed-${round}`), packing: PACKED }));
  }
  const row = (packing: number, timed: readonly Timed[]): BenchRow => {
    const times = timed.map(({ ms }) => ms / RUNS);
    const value = median(times);
    const peer = median(bare.map((ms) => ms / RUNS));
    return {
      name: `a task run of ${RUNS}, ${packing} in an element, beside an element of \`true\``,
      ...{ value, unit: "ms", peer, ratio: value / peer },
      noise: `${range(times)}; \`true\` ${range(bare.map((ms) => ms / RUNS))}`,
      note: `from sbatch to the end of the array, on ${cpus().length} CPUs, by the number of task runs; ${ROUNDS} rounds`,
    };
  };
  const submitted = [...single, ...packed].map(({ submitMs }) => submitMs);
  return [
    row(1, single),
    row(PACKED, packed),
    {
      name: "submit an array",
      ...{ value: median(submitted), unit: "ms", noise: range(submitted) },
      note: "journal, submission, sbatch, and its answer in the journal",
    },
  ];
}

/** An array of `true`, from sbatch to its end [ms]. */
async function bareArray(slurm: LocalSlurm): Promise<number> {
  const start = performance.now();
  const array = ["--parsable", `--array=0-${RUNS - 1}`, "--output=/dev/null", "--wrap=true"];
  const id = await slurm.run("sbatch", ...array);
  await ended(slurm, id.trim());
  return performance.now() - start;
}

interface Timed {
  readonly ms: number;
  readonly submitMs: number;
}

async function batchOf(
  slurm: LocalSlurm,
  { twin, folder, packing }: { readonly twin: string; readonly folder: string; readonly packing: number },
): Promise<Timed> {
  const batch = await sealSmallest(twin, folder, RUNS);
  const executor = await createSlurm({ timeoutMs: 60_000, pollMs: 500 }, { ...process.env, ...slurm.env });
  await using client = await openBatch(folder, { executor });
  const start = performance.now();
  const status = await client.submit({ command: [process.execPath, MAIN], packing: { [SMALLEST]: packing } });
  const submitMs = performance.now() - start;
  await ended(slurm, status.submissions[0]?.ids[0] as string);
  const ms = performance.now() - start;
  const accepted = await readdir(batch.paths.acceptedOf(SMALLEST));
  if (accepted.length !== RUNS) throw new Error(`${accepted.length} of ${RUNS} task runs have a result.`);
  return { ms, submitMs };
}

async function ended(slurm: LocalSlurm, id: string): Promise<void> {
  while ((await slurm.run("squeue", "--noheader", `--jobs=${id}`, "--states=PD,CF,R,CG,RQ")).trim() !== "") {
    await sleep(POLL_MS);
  }
}

async function phases(root: string, twin: string): Promise<readonly BenchRow[]> {
  const batch = await sealSmallest(twin, join(root, "phases"), ELEMENTS_TIMED * PACKED);
  const token = randomBytes(16).toString("hex");
  const elements = pack([...batch.document.points.keys()], PACKED);
  await batch.writeSubmission({ token, batch: batch.id, stage: SMALLEST, elements });
  const timed: ElementPhases[] = [];
  for (const element of elements.keys()) {
    const { stdout } = await promisify(execFile)(process.execPath, [ELEMENT, batch.path, token, String(element)]);
    timed.push(JSON.parse(stdout) as ElementPhases);
  }
  const names: Readonly<Record<keyof ElementPhases, string>> = {
    start: "element: Node starts",
    import: "element: import twinloom",
    openBatch: "element: open the batch, leave a witness",
    openTwin: "element: open the twin from the store of the batch",
    run: "task run: run it, durable",
    accept: "task run: accept it, durable",
  };
  return Object.entries(names).map(([phase, name]) => {
    const times = timed.map((each) => each[phase as keyof ElementPhases]);
    return { name, value: median(times), unit: "ms", noise: range(times) };
  });
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function range(values: readonly number[]): string {
  return `${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)}`;
}
