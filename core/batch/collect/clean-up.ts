import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { TwinError } from "../../errors/twin-error.ts";
import { system } from "../../files/write-atomically.ts";
import { BatchFolder } from "../batch-folder.ts";
import { attemptOfName } from "../batch-paths.ts";
import { readBatchState } from "../client/batch-journal.ts";

/** Files of a batch would be removed while it still runs. */
export class BatchLiveError extends TwinError {
  override readonly name = "BatchLiveError";
  override readonly code = "TWIN_BATCH_LIVE";
  readonly folder: string;

  constructor(folder: string, live: number) {
    super(
      `"${folder}" is not cleaned up: ${live} of its task runs have been submitted and have not ended, and may be writing. Wait until they have, or cancel the batch.`,
    );
    this.folder = folder;
  }
}

/** What {@link cleanUpBatch} removed. */
export interface CleanedUp {
  /** Attempts that came to an end, and are not the one that counts. */
  readonly attempts: number;
  /** What killed attempts left. */
  readonly partial: number;
  /** Task runs whose checkpoints were removed. */
  readonly checkpoints: number;
  /** Bytes that were freed. */
  readonly bytes: number;
}

/**
 * Removes what nobody needs of a batch in which nothing runs: of task runs that have a result all other attempts and the
 * checkpoints, and of all what killed attempts left. The records of failed attempts stay where there is no result: they
 * say why. Results, logs and the batch itself are never touched.
 *
 * @throws {@link BatchLiveError}; `TWIN_BATCH_NOT_FOUND`, `TWIN_BATCH_DAMAGED`, `TWIN_WRITE_FAILED`; the signal's reason,
 *   and what was removed is gone.
 */
export async function cleanUpBatch(
  batch: BatchFolder | string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<CleanedUp> {
  const folder = typeof batch === "string" ? await BatchFolder.open(batch) : batch;
  await checkEnded(folder, signal);
  const removed = { attempts: 0, partial: 0, checkpoints: 0, bytes: 0 };
  const remove = async (path: string): Promise<void> => {
    removed.bytes += await bytesIn(path);
    await rm(path, { recursive: true, force: true });
  };
  for (const { name: stage } of folder.document.stages) {
    const accepted = await folder.accepted(stage);
    for (let run = 0; run < folder.document.points.length; run++) {
      signal?.throwIfAborted();
      const id = { stage, run };
      const attempts = folder.paths.attempts(id);
      await system(attempts, async () => {
        const names = await namesIn(attempts);
        const partial = names.filter((name) => /^\..*\.partial(?:\.old)?$/.test(name));
        for (const name of partial) await remove(join(attempts, name));
        removed.partial += partial.length;
        if (!accepted.has(run)) return;
        const counts = await acceptedName(folder, id);
        const others = names.filter((name) => attemptOfName(name) && name !== counts);
        for (const name of counts === undefined ? [] : others) {
          await remove(join(attempts, name));
          removed.attempts++;
        }
        const checkpoints = folder.paths.checkpoints(id);
        if ((await namesIn(checkpoints)).length > 0) removed.checkpoints++;
        await remove(checkpoints);
      });
    }
  }
  return removed;
}

async function checkEnded(folder: BatchFolder, signal: AbortSignal | undefined): Promise<void> {
  const state = await readBatchState(folder, signal);
  const live = state.stages
    .flatMap((stage) => state.runs(stage))
    .filter(({ state: own, token }) => !FINAL.has(own) && (own !== "created" || token !== undefined));
  if (live.length > 0) throw new BatchLiveError(folder.path, live.length);
}

const FINAL: ReadonlySet<string> = new Set(["succeeded", "failed", "canceled", "skipped"]);

/** Name of the folder of the attempt that counts; `undefined` where that cannot be told, and nothing must be removed. */
async function acceptedName(
  folder: BatchFolder,
  id: { readonly stage: string; readonly run: number },
): Promise<string | undefined> {
  try {
    const result = await folder.readAccepted(id);
    return result?.attempt.slice(result.attempt.lastIndexOf("/") + 1);
  } catch (error) {
    if (error instanceof TwinError) return undefined;
    throw error;
  }
}

async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

async function bytesIn(path: string): Promise<number> {
  try {
    const facts = await lstat(path);
    if (!facts.isDirectory()) return facts.size;
    let bytes = 0;
    for (const name of await readdir(path)) bytes += await bytesIn(join(path, name));
    return bytes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}
