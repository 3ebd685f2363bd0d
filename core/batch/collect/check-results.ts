import { join } from "node:path";
import type { Digest } from "../../canonical/digest.ts";
import { digestFile } from "../../canonical/digest.ts";
import type { JsonValue } from "../../canonical/json-value.ts";
import { FileUnreadableError, ReadFailedError } from "../../files/errors.ts";
import type { FileRecord, StepRecord } from "../../run/run-record.ts";
import type { TaskRunId } from "../batch-document.ts";
import type { BatchFolder } from "../batch-folder.ts";
import { BatchDamagedError } from "../errors.ts";
import type { CollectedRun } from "./collection-schema.ts";

/** Results that are checked at the same time; what is slow on the file system of a cluster is the way to it. */
const CONCURRENCY = 16;

/** A result whose files are as they were accepted. */
export interface SoundResult {
  readonly state: "sound";
  readonly accepted: NonNullable<CollectedRun["accepted"]>;
  /** What the task returned. */
  readonly result: JsonValue;
}

/** A result that was accepted, and is not there any more as it was. */
export interface DamagedResult extends TaskRunId {
  /** What is wrong, a sentence. */
  readonly problem: string;
}

/** What was found of a task run; `undefined` where no result was accepted. */
export type CheckedResult = SoundResult | (DamagedResult & { readonly state: "damaged" }) | undefined;

/**
 * Checks the accepted results of a stage: the seals of their records, and the bytes of all their outputs.
 *
 * @returns Per run.
 * @throws `TWIN_READ_FAILED` where the file system fails, which says nothing of a result; the signal's reason.
 */
export async function checkResults(
  folder: BatchFolder,
  stage: string,
  options: { readonly signal?: AbortSignal | undefined; onRun(): void },
): Promise<readonly CheckedResult[]> {
  const found = new Array<CheckedResult>(folder.document.points.length).fill(undefined);
  const waiting = (await folder.accepted(stage)).values();
  let failure: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    for (const run of waiting) {
      // One beyond the last is of nobody; what it is called in a damaged folder does not matter.
      if (run >= found.length || failure) continue;
      try {
        options.signal?.throwIfAborted();
        found[run] = await checkResult(folder, { stage, run }, options);
        options.onRun();
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  if (failure) throw failure.error;
  return found;
}

/**
 * Accepted results of a batch that are not there any more as they were.
 *
 * @throws `TWIN_READ_FAILED` where the file system fails; the signal's reason.
 */
export async function damagedResults(
  folder: BatchFolder,
  {
    signal,
    onProgress,
  }: { readonly signal?: AbortSignal | undefined; readonly onProgress?: (fraction: number) => void } = {},
): Promise<readonly DamagedResult[]> {
  const damaged: DamagedResult[] = [];
  const { stages, points } = folder.document;
  let checked = 0;
  const onRun = (): void => onProgress?.(++checked / (stages.length * points.length));
  for (const { name } of stages) {
    for (const result of await checkResults(folder, name, { signal, onRun })) {
      if (result?.state !== "damaged") continue;
      const { stage, run, problem } = result;
      damaged.push({ stage, run, problem });
    }
  }
  return damaged;
}

async function checkResult(
  folder: BatchFolder,
  id: TaskRunId,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<CheckedResult> {
  const damaged = (problem: string): CheckedResult => ({ state: "damaged", ...id, problem });
  let result: Awaited<ReturnType<BatchFolder["readAccepted"]>>;
  try {
    result = await folder.readAccepted(id);
  } catch (error) {
    if (!(error instanceof BatchDamagedError)) throw error;
    return damaged(error.message);
  }
  if (result === undefined) return undefined;
  const { record, attempt } = result;
  const { version } = folder.document.twin;
  if (record.version !== undefined && record.version !== version) {
    return damaged(`Its record is of the twin version ${record.version}, and the batch is of ${version}.`);
  }
  // A task is a plan of one step.
  const step = Object.values(record.steps)[0] as StepRecord;
  const outputs: Record<string, FileRecord> = {};
  for (const [name, output] of Object.entries(step.outputs)) {
    const problem = await fileProblem(join(result.folder, output.path), output, options);
    if (problem !== undefined) return damaged(`Its output "${name}" (${attempt}/${output.path}) ${problem}`);
    const { bytes, fileDigest, contentDigest } = output;
    outputs[name] = { path: `${attempt}/${output.path}`, bytes, fileDigest, contentDigest };
  }
  const { digest, startedAt, endedAt, durationMs } = record;
  const accepted = { folder: attempt, record: digest, outputs, startedAt, endedAt, durationMs };
  return { state: "sound", accepted, result: step.result };
}

/** What is wrong with a file, in the middle of a sentence; `undefined` where it is as it was. */
export async function fileProblem(
  path: string,
  expected: { readonly bytes: number; readonly fileDigest: Digest },
  options: { readonly signal?: AbortSignal | undefined },
): Promise<string | undefined> {
  try {
    const { bytes, digest } = await digestFile(path, options);
    if (digest === expected.fileDigest) return undefined;
    return bytes === expected.bytes
      ? "was changed after it was accepted: its digest does not fit."
      : `was changed after it was accepted: it has ${bytes} bytes, and had ${expected.bytes}.`;
  } catch (error) {
    options.signal?.throwIfAborted();
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return "is gone.";
    if (code === "EISDIR" || error instanceof FileUnreadableError) return "is no file any more.";
    throw new ReadFailedError(path, `${(error as Error).message}.`, { cause: error });
  }
}
