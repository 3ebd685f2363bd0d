import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { BatchBusyError, type BatchClient, type BatchStatus, openBatch, readBatchStatus } from "../core/index.ts";
import { type OpenExecutor, rememberedExecutor, withExecutor } from "./batch-executor.ts";
import type { CommandIo } from "./command.ts";
import { UsageError } from "./errors.ts";
import type { WatchedBatch } from "./watch-batch.ts";

/** Where batches are, where nothing is said. */
export const BATCHES_FOLDER = "batches";

/** The folder that was typed, or the one of that name in `batches`. */
export function findBatch(typed: string, cwd: string): WatchedBatch {
  const inBatches = join(BATCHES_FOLDER, typed);
  const isThere = existsSync(resolve(cwd, typed));
  const shown = !isThere && existsSync(resolve(cwd, inBatches)) ? inBatches : typed;
  return { shown, folder: resolve(cwd, shown) };
}

/**
 * Works with the client of a batch that was submitted.
 *
 * @throws `TWIN_BATCH_BUSY`; `TWIN_USAGE` where it was sealed, and not submitted.
 */
export async function withClient<T>(
  { folder, shown }: WatchedBatch,
  io: CommandIo,
  work: (client: BatchClient, open: OpenExecutor) => Promise<T>,
): Promise<T> {
  const where = await rememberedExecutor(folder);
  if (!where) {
    // Says that it is none, where it is none.
    await readBatchStatus(folder, { signal: io.signal });
    throw new UsageError(
      `"${shown}" was sealed, and not submitted: nobody knows where it is to run. Say so: twinloom jobs resume ${shown} --executor local`,
    );
  }
  return await withExecutor(where, { folder, signal: io.signal }, async (open) => {
    await using client = await openBatch(folder, {
      ...{ executor: open.executor, signal: io.signal },
    });
    return await work(client, open);
  });
}

/** How a batch is: asked of its executor where that is known and nobody else does, else as it was written down last. */
export async function lookAt(batch: WatchedBatch, io: CommandIo): Promise<BatchStatus> {
  const { signal } = io;
  if (!(await rememberedExecutor(batch.folder))) return await readBatchStatus(batch.folder, { signal });
  try {
    return await withClient(batch, io, (client) => client.refresh({ signal }));
  } catch (error) {
    if (!(error instanceof BatchBusyError)) throw error;
    return await readBatchStatus(batch.folder, { signal });
  }
}
