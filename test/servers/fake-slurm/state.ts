/** Slurm's own words for how a job is; `BOOT_FAIL` and others that the fake has no use for are not here. */
export type NativeState =
  | "PENDING"
  | "RUNNING"
  | "COMPLETING"
  | "COMPLETED"
  | "FAILED"
  | "CANCELLED"
  | "TIMEOUT"
  | "NODE_FAIL"
  | "PREEMPTED"
  | "REQUEUED"
  | "OUT_OF_MEMORY";

/** As `squeue -o %t` writes them. */
export const COMPACT: Readonly<Record<NativeState, string>> = {
  PENDING: "PD",
  RUNNING: "R",
  COMPLETING: "CG",
  COMPLETED: "CD",
  FAILED: "F",
  CANCELLED: "CA",
  TIMEOUT: "TO",
  NODE_FAIL: "NF",
  PREEMPTED: "PR",
  REQUEUED: "RQ",
  OUT_OF_MEMORY: "OOM",
};

/** What sbatch was told. */
export interface JobSpec {
  readonly name: string;
  readonly comment: string | undefined;
  readonly partition: string;
  readonly account: string;
  readonly qos: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Of an array. */
  readonly indices: readonly number[] | undefined;
  readonly atOnce: number | undefined;
  readonly cpus: number;
  readonly timeLimitS: number | undefined;
  readonly signal: { readonly name: NodeJS.Signals; readonly beforeS: number; readonly toScript: boolean } | undefined;
  readonly requeue: boolean;
  readonly after: readonly { readonly kind: string; readonly id: number }[];
  readonly cancelIfNever: boolean;
  readonly output: string | undefined;
  readonly error: string | undefined;
  readonly append: boolean;
  readonly hold: boolean;
}

/** One try at an element, as accounting keeps it. */
export interface Attempt {
  readonly state: NativeState;
  readonly exitCode: number;
  readonly exitSignal: number;
  readonly node: string;
  readonly startMs: number | undefined;
  readonly endMs: number | undefined;
}

/** Element of an array, or the whole of a job that is none. */
export interface FakeElement {
  readonly job: FakeJob;
  readonly index: number | undefined;
  /** Own id of the job; before it first starts that of the array. */
  id: number;
  state: NativeState;
  reason: string;
  restarts: number;
  exitCode: number;
  exitSignal: number;
  node: string;
  startMs: number | undefined;
  endMs: number | undefined;
  /** Does not start before. */
  beginMs: number;
  /** Leader of its process group. */
  pid: number | undefined;
  /** What will become of it when its processes have ended; `undefined`: that is up to its exit code. */
  ending: { readonly state: NativeState; readonly requeued: boolean } | undefined;
  isWarned: boolean;
  /** Canceled before it ever started: neither squeue nor sacct knows it any more. */
  isForgotten: boolean;
  /** Those before the one that is now. */
  readonly attempts: Attempt[];
}

/** A job, or an array of them. */
export interface FakeJob {
  readonly id: number;
  /** 1 for the first that was submitted. */
  readonly ordinal: number;
  readonly spec: JobSpec;
  readonly submitMs: number;
  readonly user: string;
  readonly elements: readonly FakeElement[];
}

/** Whether nothing more happens to it by itself. */
export function hasEnded({ state }: FakeElement): boolean {
  return state !== "PENDING" && state !== "RUNNING" && state !== "COMPLETING";
}

/** `12_3`, or `12` of a job that is no array. */
export function nameOf({ job, index }: FakeElement): string {
  return index === undefined ? `${job.id}` : `${job.id}_${index}`;
}
