import { stat } from "node:fs/promises";
import type { BatchFolder, BatchStatus, TaskRunId } from "../core/index.ts";
import { UsageError } from "./errors.ts";

/** Where what a task run printed is. */
export interface TaskRunLog extends TaskRunId {
  /** Which of its submissions, from 1, of how many. */
  readonly attempt: number;
  readonly of: number;
  readonly token: string;
  /** Its index in the array, and the runs that share it: their log is one. */
  readonly element: number;
  readonly runs: readonly number[];
  /** Absolute path of the log; `null` where there is none. */
  readonly file: string | null;
  /** Why there is no log, a sentence. */
  readonly problem?: string;
}

/**
 * Finds the log of a task run.
 *
 * @param typed - `stage.run`, or of a batch with one stage `run`.
 * @param attempt - Which of its submissions, from 1; the last by default.
 * @throws `TWIN_USAGE` for what is no task run, or was never submitted.
 */
export async function findTaskRunLog(
  { folder, status }: { readonly folder: BatchFolder; readonly status: BatchStatus },
  typed: string,
  attempt: number | undefined,
): Promise<TaskRunLog> {
  const id = taskRunOf(typed, folder);
  const submissions = [];
  const { stages } = status;
  for (const { token, stage } of status.submissions) {
    if (stage !== id.stage) continue;
    const { elements } = await folder.readSubmission(token);
    const element = elements.findIndex((runs) => runs.includes(id.run));
    if (element >= 0) submissions.push({ token, element, runs: elements[element] ?? [] });
  }
  const number = attempt ?? submissions.length;
  const found = submissions[number - 1];
  if (!found) {
    const standing = stages.find(({ stage }) => stage === id.stage)?.runs[id.run];
    throw new UsageError(
      submissions.length === 0
        ? `${typed} was never submitted, so there is no log of it: it is ${standing?.state ?? "created"}${standing?.reason ? ` (${standing.reason})` : ""}.`
        : `${typed} was submitted ${submissions.length} times: --attempt is 1 to ${submissions.length}.`,
    );
  }
  const file = folder.paths.log(found.token, found.element);
  const isThere = (await stat(file).catch(() => undefined))?.isFile() === true;
  const told = { ...id, ...found, attempt: number, of: submissions.length };
  if (isThere) return { ...told, file };
  const hasBegun = (await folder.witnesses(found.token)).some(({ element }) => element === found.element);
  const problem = hasBegun
    ? "The element has begun, and its log is not there (yet): where it runs on another machine, its file system may be slow to show it."
    : "The element has not begun, or was ended before it did.";
  return { ...told, file: null, problem };
}

function taskRunOf(typed: string, { document }: BatchFolder): TaskRunId {
  const [, named, number] = /^(?:(.+)\.)?(\d+)$/.exec(typed) ?? [];
  const stages = document.stages.map(({ name }) => name);
  const stage = named ?? (stages.length === 1 ? stages[0] : undefined);
  const run = Number(number);
  if (stage === undefined || !stages.includes(stage) || !(run < document.points.length)) {
    throw new UsageError(
      `"${typed}" is no task run of the batch: say stage.run. Stages: ${stages.join(", ")}; runs: 0 to ${document.points.length - 1}.`,
    );
  }
  return { stage, run };
}
