import { type FakeElement, type FakeJob, hasEnded } from "./state.ts";

/** How the fake cluster is; times are real ones. */
export interface ClusterOptions {
  readonly folder: string;
  readonly nodes: number;
  readonly cpus: number;
  readonly maxArraySize: number;
  /** How long a minute of a time limit lasts, and of what --signal says before it. */
  readonly minuteMs: number;
  /** How long squeue knows an element that has ended. */
  readonly minJobAgeMs: number;
  readonly killWaitMs: number;
  readonly graceTimeMs: number;
  /** Before what was requeued starts again. */
  readonly requeueDelayMs: number;
  /** How long a node is away that failed. */
  readonly nodeDownMs: number;
  readonly user: string;
}

export const PARTITIONS: readonly string[] = ["normal", "low"];

/** A node of the fake cluster. */
export interface FakeNode {
  readonly name: string;
  downUntilMs: number;
  isDrained: boolean;
}

/** Elements of a job that was just submitted. */
export function newElements(job: FakeJob): readonly FakeElement[] {
  const { spec, id } = job;
  const reason = spec.hold ? "JobHeldUser" : "None";
  return (spec.indices ?? [undefined]).map((index) => ({
    ...{ job, index, id, state: "PENDING" as const, reason, restarts: 0, exitCode: 0, exitSignal: 0, node: "" },
    ...{ startMs: undefined, endMs: undefined, beginMs: 0, pid: undefined, ending: undefined, isWarned: false },
    ...{ isForgotten: false, attempts: [] },
  }));
}

/** Whether what a job comes after has ended as it should. */
export function dependencyState(jobs: readonly FakeJob[], { spec }: FakeJob): "met" | "waiting" | "never" {
  let isWaiting = false;
  for (const { kind, id } of spec.after) {
    const job = jobs.find((each) => each.id === id);
    // Like Slurm: a job that is not known is no reason to wait.
    if (job === undefined) continue;
    const isOver = job.elements.every(hasEnded);
    if (!isOver) isWaiting = true;
    if (kind === "afterok" && isOver && job.elements.some(({ state }) => state !== "COMPLETED")) return "never";
    if (kind === "afternotok" && isOver && job.elements.every(({ state }) => state === "COMPLETED")) return "never";
  }
  return isWaiting ? "waiting" : "met";
}
