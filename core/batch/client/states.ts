import type { FailureCause } from "../../contracts/executor.ts";

/** How a task run is. `created`: what it needs is not there yet, or it was not submitted. The last four are final. */
export type TaskRunState =
  | "created"
  | "queued"
  | "preparing"
  | "running"
  /** Ended before its time, and is started again by the executor. */
  | "preempted"
  /** Nothing is heard of it. */
  | "unknown"
  /** It was asked to end. */
  | "canceling"
  | "succeeded"
  | "failed"
  | "canceled"
  /** What it needs will not be made. */
  | "skipped";

/** Why a task run failed. `executor`: its task failed; `outputs`: its element ended well, and there is no result of it. */
export type TaskRunCause = FailureCause | "outputs";

/** All of them, in the order in which a task run goes through them. */
export const TASK_RUN_STATES: readonly TaskRunState[] = [
  "created",
  "queued",
  "preparing",
  "running",
  "preempted",
  "unknown",
  "canceling",
  "succeeded",
  "failed",
  "canceled",
  "skipped",
];

/** What may follow at once. From `preempted` to `queued` is another attempt of the executor's. */
const NEXT: Readonly<Record<TaskRunState, readonly TaskRunState[]>> = {
  created: ["queued", "skipped", "canceling", "canceled", "failed"],
  queued: ["preparing", "canceling", "failed", "unknown"],
  preparing: ["running", "canceling", "failed", "unknown"],
  running: ["succeeded", "canceling", "failed", "preempted", "unknown"],
  preempted: ["queued", "canceling", "failed"],
  // Where it may go on from depends on how it was before.
  unknown: ["failed"],
  canceling: ["canceled", "succeeded", "failed"],
  succeeded: [],
  failed: [],
  canceled: [],
  skipped: [],
};

/** What may have gone by unseen between two looks; through any other, the history has to say so. */
const UNSEEN: ReadonlySet<TaskRunState> = new Set(["queued", "preparing", "running", "canceling"]);

const AFTER = new Map(TASK_RUN_STATES.map((state) => [state, reachableFrom(state)]));

/** Whether it ended; only another attempt begins after that. */
export function isFinal(state: TaskRunState): boolean {
  return NEXT[state].length === 0;
}

/**
 * Whether a state may follow in the history of an attempt: forwards, also past states that were too short to be seen, and
 * never backwards. What is `unknown` goes on from how it was before.
 *
 * @param before - How it was before it was `unknown`.
 */
export function taskRunCanFollow(from: TaskRunState, to: TaskRunState, before?: TaskRunState): boolean {
  if (from !== "unknown" || before === undefined) return AFTER.get(from)?.has(to) === true;
  return to !== "unknown" && (to === before || AFTER.get(before)?.has(to) === true);
}

/** How a task run is, as far as its next state depends on it. */
export interface Standing {
  readonly state: TaskRunState;
  /** Of one that is `unknown`: how it was before. */
  readonly before?: TaskRunState | undefined;
}

/**
 * What the history of a task run has to add when it is seen in a state. One that ran and waits again was preempted in
 * between.
 *
 * @returns Nothing where that is how it is, or where the news is old: it ended, or is being ended.
 */
export function stepsTo({ state, before }: Standing, seen: TaskRunState): readonly TaskRunState[] {
  if (seen === state) return [];
  if (taskRunCanFollow(state, seen, before)) return [seen];
  const isLive = seen === "queued" || seen === "preparing" || seen === "running";
  return isLive && taskRunCanFollow(state, "preempted", before) ? ["preempted", seen] : [];
}

function reachableFrom(state: TaskRunState): ReadonlySet<TaskRunState> {
  const reached = new Set<TaskRunState>();
  const follow = (from: TaskRunState): void => {
    for (const next of NEXT[from]) {
      if (reached.has(next)) continue;
      reached.add(next);
      if (UNSEEN.has(next)) follow(next);
    }
  };
  follow(state);
  // Twice preempted without having been seen in between is no news.
  reached.delete(state);
  return reached;
}
