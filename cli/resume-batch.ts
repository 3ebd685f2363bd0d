import {
  BatchFolder,
  type BatchStatus,
  type DamagedResult,
  damagedResults,
  type ElementResources,
  openBatch,
  quarantineResults,
} from "../core/index.ts";
import {
  changedExecutor,
  chosenExecutor,
  rememberExecutor,
  rememberedExecutor,
  withExecutor,
} from "./batch-executor.ts";
import { choosePackings } from "./batch-packing.ts";
import type { CommandIo } from "./command.ts";
import { elementResources } from "./element-resources.ts";
import type { ExecutorChoice } from "./executor-options.ts";
import { checkRetries, type WatchedBatch, watchBatch } from "./watch-batch.ts";
import type { WatchChoice } from "./watch-options.ts";

/** How a batch is resumed. */
export interface ResumeChoice extends ExecutorChoice, WatchChoice {
  readonly withoutCheck: boolean;
  readonly force: boolean;
}

/** A batch that was resumed. */
export interface ResumedBatch {
  readonly status: BatchStatus;
  /** Results that were damaged, and are made again. */
  readonly quarantined: readonly DamagedResult[];
}

/** Submits again what has no result. @throws what the executor and the client throw; `TWIN_USAGE` */
export async function resumeBatch(batch: WatchedBatch, typed: ResumeChoice, io: CommandIo): Promise<ResumedBatch> {
  checkRetries(typed);
  const { folder } = batch;
  const { signal } = io;
  const sealed = await BatchFolder.open(folder);
  const before = await rememberedExecutor(folder);
  const where = before ? changedExecutor(before, typed, io.cwd) : await chosenExecutor(typed, io.cwd);
  const resources = elementResources(typed, where.executor);
  return await withExecutor(where, { folder, signal }, async ({ executor, command }) => {
    await using client = await openBatch(folder, { executor, signal });
    const quarantined = typed.withoutCheck ? [] : await takenAway(sealed, io);
    await rememberExecutor(folder, where);
    const isNew = client.status.submissions.length === 0;
    const packing =
      isNew || typed.packing !== undefined ? await packingsOf(sealed, typed, { executor, signal }) : undefined;
    const status = await client.resume({
      ...{ command, packing, atOnce: typed.arrayLimit, force: typed.force, signal },
      ...(isGiven(resources) && { resources }),
    });
    if (!typed.watch) return { status, quarantined };
    return { status: await watchBatch(client, { ...batch, retries: typed.retries }, io), quarantined };
  });
}

async function takenAway(sealed: BatchFolder, io: CommandIo): Promise<readonly DamagedResult[]> {
  const onProgress = (fraction: number): void => io.progress(fraction, "checking results");
  const damaged = await damagedResults(sealed, { signal: io.signal, onProgress });
  const moved = await quarantineResults(sealed, damaged);
  return damaged.filter(({ stage, run }) => moved.some((each) => each.stage === stage && each.run === run));
}

async function packingsOf(
  sealed: BatchFolder,
  { packing: asked }: ResumeChoice,
  {
    executor,
    signal,
  }: {
    readonly executor: Parameters<typeof openBatch>[1]["executor"];
    readonly signal: AbortSignal;
  },
): Promise<Readonly<Record<string, number>>> {
  const { arraySize } = await executor.limits({ signal });
  const chosen = choosePackings(sealed, { arraySize, seconds: new Map(), asked });
  return Object.fromEntries(chosen.map(({ stage, packing }) => [stage, packing]));
}

function isGiven(resources: ElementResources): boolean {
  return Object.keys(resources).length > 0;
}
