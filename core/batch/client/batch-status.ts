import type { Digest } from "../../canonical/digest.ts";
import type { BatchFolder } from "../batch-folder.ts";
import type { BatchState, KnownSubmission, SubmissionState, TaskRunStanding } from "./batch-state.ts";
import { isFinal, TASK_RUN_STATES, type TaskRunState } from "./states.ts";

/** How many task runs are in each state. */
export type TaskRunCounts = Readonly<Record<TaskRunState, number>>;

/** How a batch is, as its client knows it. Plain JSON. */
export interface BatchStatus {
  /** Id of the batch. */
  readonly batch: Digest;
  readonly name: string;
  /** Of all task runs. */
  readonly counts: TaskRunCounts;
  readonly stages: readonly StageStatus[];
  readonly submissions: readonly SubmissionStatus[];
  /** How many task runs there are. */
  readonly total: number;
  /** Elements that run now. */
  readonly elementsRunning: number;
  /** Part of the task runs that have a result, 0 to 1. */
  readonly progress: number;
  /** How long the rest will take at the rate at which results came [ms]; absent where none came yet. */
  readonly etaMs?: number;
  /** Whether all task runs have ended, well or not. */
  readonly isEnded: boolean;
  /** Whether nothing more will happen by itself, and yet not all task runs have ended: resume it. */
  readonly isStalled: boolean;
  /** What went wrong and is not final, and what somebody should do; sentences. */
  readonly problems: readonly string[];
}

/** A stage of a batch. */
export interface StageStatus {
  readonly stage: string;
  readonly counts: TaskRunCounts;
  /** How each task run is, `[run]`. */
  readonly runs: readonly TaskRunStanding[];
}

/** An array of a batch. */
export interface SubmissionStatus {
  readonly token: string;
  readonly stage: string;
  readonly state: SubmissionState;
  /** The executor's names of it. */
  readonly ids: readonly string[];
  readonly elements: number;
  readonly runs: number;
}

/** What is to be told beside what the journal says. */
interface StatusOptions {
  readonly now: number;
  /** How long a submission may stay open before somebody has to decide [ms]. */
  readonly graceMs: number;
  readonly problems?: readonly string[];
}

/** How a batch is by what its journal says. */
export function statusOf({ document, id }: BatchFolder, state: BatchState, options: StatusOptions): BatchStatus {
  const { now, graceMs, problems = [] } = options;
  const stages = state.stages.map((stage) => ({ stage, counts: countsOf(state.runs(stage)), runs: state.runs(stage) }));
  const runs = stages.flatMap((stage) => stage.runs);
  const counts = countsOf(runs);
  const isEnded = runs.every((run) => isFinal(run.state));
  const open = state.submissions.filter((submission) => submission.state === "submitting");
  const undecided = open.filter(({ at }) => now - at >= graceMs);
  const isStalled = !isEnded && open.length === undecided.length && !isComing(document, state);
  const etaMs = etaOf(state, runs, now);
  const missing = runs.filter(
    ({ state: own, token, isWanted }) => own === "created" && token === undefined && !isWanted,
  );
  return {
    batch: id,
    name: document.name,
    counts,
    stages,
    submissions: state.submissions.map(submissionStatus),
    total: runs.length,
    elementsRunning: elementsRunning(state),
    progress: counts.succeeded / runs.length,
    ...(etaMs !== undefined && { etaMs }),
    isEnded,
    isStalled,
    problems: [
      ...new Set(problems),
      ...undecided.map(undecidedWords),
      ...(isStalled && missing.length > 0
        ? [`${missing.length} task runs have not been submitted. Resume the batch.`]
        : []),
    ],
  };
}

/** Whether any task run goes on by itself: it is in an array, or will be, when what it needs is there. */
function isComing({ stages }: BatchFolder["document"], state: BatchState): boolean {
  const coming = new Map<string, readonly boolean[]>();
  for (const { name, inputs } of stages) {
    const needed = Object.values(inputs).flatMap((input) => ("stage" in input ? [input.stage] : []));
    const comes = ({ state: own, token, isWanted }: TaskRunStanding, run: number): boolean => {
      if (isFinal(own)) return false;
      if (own === "canceling" || state.submission(token)?.state === "submitted") return true;
      return (
        isWanted && needed.every((each) => state.runs(each)[run]?.state === "succeeded" || coming.get(each)?.[run])
      );
    };
    coming.set(name, state.runs(name).map(comes));
  }
  return [...coming.values()].some((runs) => runs.includes(true));
}

function undecidedWords({ token, stage, elements }: KnownSubmission): string {
  return (
    `Whether the array of ${elements.length} elements of stage "${stage}" was submitted (token ${token}) is not known: the ` +
    "executor does not say, and none of its elements has begun. If it is not among your jobs, resume the batch with force: " +
    "it is submitted anew, and what is left of the old array does nothing."
  );
}

function submissionStatus({ token, stage, state, ids, elements }: KnownSubmission): SubmissionStatus {
  const runs = elements.reduce((sum, own) => sum + own.length, 0);
  return { token, stage, state, ids, elements: elements.length, runs };
}

function elementsRunning(state: BatchState): number {
  let count = 0;
  for (const { token, stage, elements } of state.submissions) {
    const runs = state.runs(stage);
    const isRunning = (run: number): boolean => runs[run]?.token === token && runs[run].state === "running";
    count += elements.filter((own) => own.some(isRunning)).length;
  }
  return count;
}

function countsOf(runs: readonly TaskRunStanding[]): TaskRunCounts {
  const counts = Object.fromEntries(TASK_RUN_STATES.map((state) => [state, 0])) as Record<TaskRunState, number>;
  for (const { state } of runs) counts[state]++;
  return counts;
}

function etaOf({ startedAt }: BatchState, runs: readonly TaskRunStanding[], now: number): number | undefined {
  const left = runs.filter(({ state }) => !isFinal(state)).length;
  if (startedAt === undefined || left === 0 || now <= startedAt) return undefined;
  const done = runs.filter(({ state, since }) => state === "succeeded" && since > startedAt).length;
  return done === 0 ? undefined : Math.round((left * (now - startedAt)) / done);
}
