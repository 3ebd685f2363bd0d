import { join } from "node:path";
import type { Digest } from "../canonical/digest.ts";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { isThere } from "../lifecycle/fs/publish.ts";
import type { StoreFs } from "../lifecycle/fs/store-fs.ts";
import { RunRecordDamagedError } from "../run/errors.ts";
import { RECORD_FILE, type RunRecord, readRunRecord } from "../run/run-record.ts";
import type { TaskRunId } from "./batch-document.ts";
import { namesIn, publishNew, readJson } from "./batch-files.ts";
import { type AttemptId, attemptOfName, type BatchPaths } from "./batch-paths.ts";
import { AcceptedSchema } from "./batch-schema.ts";
import { BatchDamagedError } from "./errors.ts";

/** The one result of a task run that counts. */
export interface AcceptedResult extends TaskRunId {
  /** Folder of the attempt, relative to that of the batch, with forward slashes. */
  readonly attempt: string;
  /** The same, absolute: outputs are in it, as the record names them. */
  readonly folder: string;
  /** Its seal was checked, and that it is the one that was accepted. */
  readonly record: RunRecord;
}

interface Place {
  readonly fs: StoreFs;
  readonly paths: BatchPaths;
}

/** Accepts an attempt as the result of its task run; durable. The first that comes is it. */
export async function acceptResult(
  { fs, paths }: Place,
  id: TaskRunId,
  { attempt, record }: { readonly attempt: string; readonly record: Digest },
): Promise<"accepted" | "already"> {
  if (!isAttemptOf(id, attempt)) {
    throw new InvalidArgumentError(`"${attempt}" is no attempt at run ${id.run} of stage "${id.stage}".`);
  }
  const { stage, run } = id;
  return (await publishNew(fs, paths.accepted(id), { stage, run, attempt, record })) ? "accepted" : "already";
}

/** The accepted result of a task run, checked; `undefined` where there is none. */
export async function readAcceptedResult({ fs, paths }: Place, id: TaskRunId): Promise<AcceptedResult | undefined> {
  const path = paths.accepted(id);
  const remedy = "Remove it, and resume the batch: the run is made again.";
  const found = await readJson(fs, path, { schema: AcceptedSchema, remedy });
  if (found === undefined) return undefined;
  const { stage, run, attempt } = found;
  if (stage !== id.stage || run !== id.run || !isAttemptOf(id, attempt)) {
    throw new BatchDamagedError(path, `names another run: ${attempt}.`, remedy);
  }
  const folder = join(paths.root, attempt);
  const damaged = (problem: string, cause?: unknown): BatchDamagedError =>
    new BatchDamagedError(
      folder,
      `is the accepted result of run ${run} of stage "${stage}", and ${problem}`,
      "Restore it from a copy; or resume the batch (`twinloom jobs resume`): the run is made again.",
      { cause },
    );
  let record: RunRecord;
  try {
    record = await readRunRecord(join(folder, RECORD_FILE));
  } catch (error) {
    if (!(error instanceof RunRecordDamagedError)) throw error;
    throw damaged(`its record is gone or damaged.`, error);
  }
  if (record.digest !== found.record) throw damaged("its record is another now.");
  if (record.state !== "succeeded") throw damaged("its record says that it did not succeed.");
  return { stage, run, attempt, folder, record };
}

/** The tries at a task run whose folder is there: those that came to an end. */
export async function attemptsOf({ fs, paths }: Place, id: TaskRunId): Promise<readonly AttemptId[]> {
  const found: AttemptId[] = [];
  for (const name of await namesIn(fs, paths.attempts(id))) {
    const attempt = attemptOfName(name);
    if (attempt && (await isThere(fs, join(paths.attempt(id, attempt), RECORD_FILE)))) found.push(attempt);
  }
  return found;
}

function isAttemptOf({ stage, run }: TaskRunId, attempt: string): boolean {
  const before = `attempts/${stage}/${run}/`;
  return attempt.startsWith(before) && attemptOfName(attempt.slice(before.length)) !== undefined;
}
