// Seals, submits, watches and collects a large batch, and prints how long each took and how much memory.
// Usage: node size-client.ts '<SizeOrder as JSON>'. A process of its own, so that its memory is that of a client alone.
import { readFileSync, writeFileSync } from "node:fs";
import { type BatchFolder, collectResults, openBatch, type SubmitBatchOptions } from "../../../core/index.ts";
import { Hdf5 } from "../../../modules/hdf5/hdf5.ts";
import { createSlurm } from "../../../modules/slurm/create-slurm.ts";
import type { SlurmPluginSettings } from "../../../modules/slurm/options.ts";
import { sealSmallest } from "./smallest.ts";

/** What it is to do. */
export interface SizeOrder {
  /** Path of the twin.yaml. */
  readonly twin: string;
  /** Of the batch, new. */
  readonly folder: string;
  readonly runs: number;
  readonly slurm: SlurmPluginSettings;
  readonly submit: SubmitBatchOptions;
}

/** What a part of the work took. */
export interface Took {
  readonly ms: number;
  /** Largest resident memory while it lasted [MB]; absent where the system does not tell. */
  readonly peakMb?: number;
}

/** What it prints. */
export interface SizeReport {
  readonly plan: Took;
  readonly submit: Took;
  readonly watch: Took & {
    readonly looks: number;
    /** Of a look, without what is waited in between [ms]. */
    readonly medianLookMs: number;
    readonly longestLookMs: number;
  };
  readonly collect: Took;
  readonly problems: readonly string[];
}

async function main({ twin, folder, runs, slurm, submit }: SizeOrder): Promise<SizeReport> {
  const executor = await createSlurm(slurm, process.env);
  const [, plan] = await timed(() => sealSmallest(twin, folder, runs));
  const [client, opened] = await timed(() => openBatch(folder, { executor }));
  const looks: number[] = [];
  const problems = new Set<string>();
  let batch: Pick<SizeReport, "submit" | "watch">;
  try {
    const [, submitted] = await timed(() => client.submit(submit));
    const [, watched] = await timed(async () => {
      for (;;) {
        const [status, look] = await timedOnly(() => client.refresh());
        looks.push(look);
        for (const problem of status.problems) problems.add(problem);
        if (status.isEnded || status.isStalled) return;
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    });
    const sorted = looks.toSorted((a, b) => a - b).map(Math.round);
    batch = {
      submit: { ms: opened.ms + submitted.ms, ...peakOf(opened, submitted) },
      watch: {
        ...watched,
        looks: looks.length,
        medianLookMs: sorted[Math.floor(sorted.length / 2)] ?? 0,
        longestLookMs: sorted.at(-1) ?? 0,
      },
    };
  } finally {
    await client[Symbol.asyncDispose]();
  }
  const [, collect] = await timed(() => collected(folder));
  return { plan, ...batch, collect, problems: [...problems] };
}

async function collected(folder: BatchFolder["path"]): Promise<void> {
  const hdf5 = new Hdf5({ cacheBytes: 1e6, timeoutMs: 60_000 });
  try {
    await collectResults(folder, { connectors: [hdf5], writer: hdf5 });
  } finally {
    await hdf5.stop();
  }
}

async function timedOnly<T>(work: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now();
  return [await work(), performance.now() - start];
}

async function timed<T>(work: () => Promise<T>): Promise<[T, Took]> {
  forgetPeak();
  const [result, ms] = await timedOnly(work);
  const peakMb = peak();
  return [result, { ms: Math.round(ms), ...(peakMb !== undefined && { peakMb }) }];
}

function peakOf(...of: readonly Took[]): Pick<Took, "peakMb"> {
  const known = of.flatMap(({ peakMb }) => (peakMb === undefined ? [] : [peakMb]));
  return known.length === 0 ? {} : { peakMb: Math.max(...known) };
}

/** Lets the kernel measure the largest resident memory anew; where it cannot, what is told is that of the whole process. */
function forgetPeak(): void {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Another system than Linux.
  }
}

function peak(): number | undefined {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1000);
  } catch {
    return undefined;
  }
}

process.stdout.write(`${JSON.stringify(await main(JSON.parse(process.argv[2] as string) as SizeOrder))}\n`);
