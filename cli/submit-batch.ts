import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  type ArrayJob,
  type BatchFolder,
  BatchPaths,
  type BatchStatus,
  batchArrayJob,
  ExecutorUnreachableError,
  openBatch,
} from "../core/index.ts";
import {
  chosenExecutor,
  type ExecutorFile,
  type OpenExecutor,
  rememberExecutor,
  withExecutor,
} from "./batch-executor.ts";
import { choosePackings, measureFirstRuns, type StagePacking } from "./batch-packing.ts";
import type { CommandIo } from "./command.ts";
import { elementResources } from "./element-resources.ts";
import { sealTypedBatch } from "./seal-typed-batch.ts";
import type { SubmitChoice } from "./submit-options.ts";
import { checkRetries, watchBatch } from "./watch-batch.ts";

/** A twin and what of it is to run, as they were typed. */
export interface SubmitTarget {
  readonly twin: string;
  readonly name: string;
}

/** A batch that was submitted. */
export interface SubmittedBatch {
  /** As it is to be typed. */
  readonly shown: string;
  readonly executor: ExecutorFile["executor"];
  readonly packing: readonly StagePacking[];
  /** From the first question to the executor to the last answer [ms]. */
  readonly submitMs: number;
  readonly status: BatchStatus;
}

/** What would be submitted. */
export interface DryRun {
  readonly executor: ExecutorFile["executor"];
  readonly packing: readonly StagePacking[];
  /** One array per stage, with the script that Slurm would get. */
  readonly arrays: readonly { readonly stage: string; readonly array: ArrayJob; readonly script: string | null }[];
}

/** Most elements of an array where nobody says: Slurm's own default. */
const ARRAY_SIZE = 1_000;

/** Seals a batch and submits it. @throws what sealing, the executor and its client throw. */
export async function submitBatch(target: SubmitTarget, typed: SubmitChoice, io: CommandIo): Promise<SubmittedBatch> {
  checkRetries(typed);
  const { signal } = io;
  const shown = typed.out ?? defaultBatchFolder(target.name);
  const folder = resolve(io.cwd, shown);
  const where = await chosenExecutor(typed, io.cwd);
  const resources = elementResources(typed, where.executor);
  const { folder: batch, version } = await sealTypedBatch(folder, target, typed, io);
  const { points, stages } = batch.document;
  io.print(`sealed ${shown}: ${points.length * stages.length} task runs of ${version.twin} (${batch.id.slice(0, 19)})`);
  let isSubmitted = false;
  try {
    await rememberExecutor(folder, where);
    return await withExecutor(where, { folder, signal }, async (open) => {
      // Before anything is measured: what is in submissions/ is in order where there is a journal.
      await using client = await openBatch(folder, { executor: open.executor, signal });
      const seconds = await secondsOf(batch, typed, io);
      const startedMs = performance.now();
      const packing = choosePackings(batch, {
        ...(await sizeOf(open, io, UNTIL_SUBMITTED)),
        seconds,
        asked: typed.packing,
      });
      const status = await client.submit({
        ...{ command: open.command, atOnce: typed.arrayLimit, resources, signal },
        packing: Object.fromEntries(packing.map((each) => [each.stage, each.packing])),
      });
      const submitMs = performance.now() - startedMs;
      isSubmitted = true;
      const submitted = { shown, executor: where.executor, packing, submitMs, status };
      if (!typed.watch) return submitted;
      return { ...submitted, status: await watchBatch(client, { shown, folder, retries: typed.retries }, io) };
    });
  } catch (error) {
    // Who only stops watching has nothing to resume.
    if (!(isSubmitted && signal.aborted)) {
      io.warn(`The batch is sealed in "${shown}". To go on: twinloom jobs resume ${shown}`);
    }
    throw error;
  }
}

/** What {@link submitBatch} would submit; leaves nothing behind. */
export async function dryRun(target: SubmitTarget, typed: SubmitChoice, io: CommandIo): Promise<DryRun> {
  const { signal } = io;
  const folder = resolve(io.cwd, typed.out ?? defaultBatchFolder(target.name));
  const where = await chosenExecutor(typed, io.cwd);
  const resources = elementResources(typed, where.executor);
  const scratch = await mkdtemp(join(tmpdir(), "twinloom-dry-run-"));
  try {
    const sealed = await sealTypedBatch(join(scratch, "batch"), target, typed, io);
    const seconds = await secondsOf(sealed.folder, typed, io);
    return await withExecutor(where, { folder: scratch, signal }, async (open) => {
      const packing = choosePackings(sealed.folder, {
        ...(await sizeOf(open, io, DRY)),
        ...{ seconds, asked: typed.packing },
      });
      const place = { document: sealed.folder.document, paths: new BatchPaths(folder) };
      const arrays = packing.map(({ stage, elements }) => {
        const array = batchArrayJob(place, {
          ...{ stage, elements, resources, atOnce: typed.arrayLimit, command: open.command },
          token: randomBytes(16).toString("hex"),
        });
        return { stage, array, script: open.slurm?.script(array) ?? null };
      });
      return { executor: where.executor, packing, arrays };
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** `batches/simulate-20261120T204500Z` */
export function defaultBatchFolder(name: string): string {
  const time = new Date()
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replace(/[-:]/g, "");
  return join("batches", `${name}-${time}`);
}

async function secondsOf(
  batch: BatchFolder,
  { measure, taskTime }: SubmitChoice,
  io: CommandIo,
): Promise<ReadonlyMap<string, number>> {
  if (measure) return await measureFirstRuns(batch, io);
  return new Map(taskTime === undefined ? [] : batch.document.stages.map(({ name }) => [name, taskTime]));
}

/** Where a cluster does not answer: it may do so when the array is submitted. */
const UNTIL_SUBMITTED = ({ message }: ExecutorUnreachableError): string =>
  `${message} Until then, ${ARRAY_SIZE} elements of an array are taken to be allowed.`;

const DRY = ({ problem }: ExecutorUnreachableError): string =>
  `The limits of the cluster are not known: ${problem.replace(/\.$/, "")}. ${ARRAY_SIZE} elements of an array are assumed.`;

/** Most elements of one array. @param words - Of a cluster that does not answer. */
async function sizeOf(
  { executor }: OpenExecutor,
  io: CommandIo,
  words: (error: ExecutorUnreachableError) => string,
): Promise<{ readonly arraySize: number }> {
  try {
    return { arraySize: (await executor.limits({ signal: io.signal })).arraySize };
  } catch (error) {
    if (!(error instanceof ExecutorUnreachableError)) throw error;
    io.warn(words(error));
    return { arraySize: ARRAY_SIZE };
  }
}
