import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type BatchStatus, ReadFailedError, readBatchStatus, reasonOf } from "../core/index.ts";
import { isServeBatch, readServeBatch } from "./serve-batch.ts";

/** A batch in a folder of batches. */
export interface ListedBatch {
  /** Name of its folder. */
  readonly folder: string;
  /** What runs. */
  readonly name: string;
  readonly kind: "batch" | "servers";
  /** When it was sealed, ISO 8601. */
  readonly sealedAt: string;
  /** Absent for servers, and where it cannot be read. */
  readonly status?: Pick<BatchStatus, "counts" | "progress" | "total" | "isEnded" | "isStalled">;
  /** Why it cannot be read. */
  readonly problem?: string;
}

/** The batches in a folder, the newest first, by what their clients wrote down. Nobody is asked. */
export async function listBatches(parent: string, signal: AbortSignal): Promise<readonly ListedBatch[]> {
  let names: readonly string[];
  try {
    names = await readdir(parent);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new ReadFailedError(parent, `${(error as Error).message}.`, { cause: error });
  }
  const listed: ListedBatch[] = [];
  for (const folder of names) {
    signal.throwIfAborted();
    const found = await listedBatch(join(parent, folder), folder, signal);
    if (found) listed.push(found);
  }
  return listed.sort((a, b) => b.sealedAt.localeCompare(a.sealedAt));
}

async function listedBatch(path: string, folder: string, signal: AbortSignal): Promise<ListedBatch | undefined> {
  const isServe = await isServeBatch(path);
  const sealed = await stat(join(path, isServe ? "serve.json" : "batch.json")).catch(() => undefined);
  if (!sealed) return undefined;
  const kind = isServe ? "servers" : "batch";
  const found = { folder, kind, sealedAt: sealed.mtime.toISOString() } as const;
  try {
    if (isServe) {
      const { twin, nodes } = await readServeBatch(path);
      return { ...found, name: `serve ${twin.name} on ${nodes}` };
    }
    const { name, counts, progress, total, isEnded, isStalled } = await readBatchStatus(path, { signal });
    return { ...found, name, status: { counts, progress, total, isEnded, isStalled } };
  } catch (error) {
    signal.throwIfAborted();
    return { ...found, name: "", problem: reasonOf(error) };
  }
}
