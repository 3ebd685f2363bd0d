import type { ElementState, FailureCause } from "../../core/index.ts";

/** A state of Slurm in our words. */
export interface MeaningOfState {
  readonly state: ElementState;
  readonly cause?: FailureCause;
}

interface MeaningOfEnd extends MeaningOfState {
  readonly reason?: string;
}

const QUEUED: MeaningOfState = { state: "queued" };
const PREPARING: MeaningOfState = { state: "preparing" };
const RUNNING: MeaningOfState = { state: "running" };
const PREEMPTED: MeaningOfState = { state: "preempted" };
const CANCELED: MeaningOfState = { state: "canceled" };
const UNKNOWN: MeaningOfState = { state: "unknown" };
const failed = (cause: FailureCause): MeaningOfState => ({ state: "failed", cause });

const MEANINGS: ReadonlyMap<string, MeaningOfState> = new Map([
  ["PENDING", QUEUED],
  ["RESV_DEL_HOLD", QUEUED],
  // They were started, and wait to be started again: by themselves, or when somebody releases them.
  ["REQUEUED", PREEMPTED],
  ["REQUEUE_FED", PREEMPTED],
  ["REQUEUE_HOLD", PREEMPTED],
  ["SPECIAL_EXIT", PREEMPTED],
  ["CONFIGURING", PREPARING],
  ["POWER_UP_NODE", PREPARING],
  ["RUNNING", RUNNING],
  // Has ended or is being ended; what it comes to is not said yet.
  ["COMPLETING", RUNNING],
  ["SUSPENDED", RUNNING],
  ["STOPPED", RUNNING],
  ["RESIZING", RUNNING],
  ["SIGNALING", RUNNING],
  ["STAGE_OUT", RUNNING],
  ["COMPLETED", { state: "succeeded" }],
  ["CANCELLED", CANCELED],
  ["FAILED", failed("executor")],
  ["TIMEOUT", failed("timeout")],
  ["DEADLINE", failed("timeout")],
  ["OUT_OF_MEMORY", failed("oom")],
  // Where Slurm requeues what it pre-empts, it is never seen like this: nobody starts it again.
  ["PREEMPTED", failed("node")],
  ["NODE_FAIL", failed("node")],
  ["BOOT_FAIL", failed("node")],
  ["LAUNCH_FAILED", failed("system")],
  ["RECONFIG_FAIL", failed("system")],
]);

/**
 * What a state means.
 *
 * @param native - As squeue or sacct write it; `"CANCELLED by 1000"` included. What is not known here is `unknown`.
 * @param restarts - How often it was started before: whoever waits then has been requeued.
 */
export function meaningOf(native: string, restarts = 0): MeaningOfState {
  const meaning = MEANINGS.get(/^[A-Z_]*/.exec(native)?.[0] ?? "") ?? UNKNOWN;
  return restarts > 0 && meaning === QUEUED ? PREEMPTED : meaning;
}

/** What the script ends with whose program asked to be started again, where `scontrol requeue` was refused again and again. */
const START_AGAIN = 75;

/** What an end means that has an exit code. */
export function meaningOfEnd(meaning: MeaningOfState, exitCode: number | undefined): MeaningOfEnd {
  if (meaning.cause !== "executor" || exitCode !== START_AGAIN) return meaning;
  return { state: "failed", cause: "system", reason: "It asked to be started again, and Slurm did not requeue it" };
}

/** States that an element does not leave by itself. */
export function isFinal(state: ElementState): boolean {
  return state === "succeeded" || state === "failed" || state === "canceled";
}
