import { stat, unlink } from "node:fs/promises";
import { flushFolder, system } from "../../files/write-atomically.ts";
import { listSegments, readSegment } from "./segments.ts";

/** What of a journal of features is needed no longer. */
export interface PruneFeaturesOptions {
  /**
   * Time before which events are needed no longer, nanoseconds since 1970: for a decider, where its checkpoint is
   * (`onCheckpoint` of `decide`), or earlier.
   */
  readonly beforeNs: bigint;
  readonly signal?: AbortSignal | undefined;
}

/** What was deleted. */
export interface PrunedFeatures {
  /** Files of the journal. */
  readonly segments: number;
  readonly bytes: number;
}

/**
 * Deletes the oldest segments of a journal of features: from the front, those of which all events are from before a time, and
 * never the newest two. Also while events are taken in, and while others follow the journal who are past them. What has come
 * is still known: nothing counts twice. Killed at any time, it leaves a whole journal.
 *
 * @throws as `readJournal` does; `TWIN_WRITE_FAILED`; `TWIN_READ_FAILED` where a segment is missing; the signal's reason.
 */
export async function pruneFeatures(
  folder: string,
  { beforeNs, signal }: PruneFeaturesOptions,
): Promise<PrunedFeatures> {
  let [segments, bytes] = [0, 0];
  // Whoever was killed when the newest had no head yet finds what it needs in the one before.
  for (const { path } of (await listSegments(folder)).slice(0, -2)) {
    if (!(await isBefore(path, beforeNs, signal))) break;
    bytes += (await system(path, () => stat(path))).size;
    await system(path, () => unlink(path));
    // None may come back after a power cut when the one after it is gone.
    await system(path, () => flushFolder(folder));
    segments++;
  }
  return { segments, bytes };
}

async function isBefore(path: string, timeNs: bigint, signal: AbortSignal | undefined): Promise<boolean> {
  for await (const record of readSegment(path, { signal })) {
    if (record.type === "rows" && record.rows.timesNs.some((time) => time >= timeNs)) return false;
  }
  return true;
}
