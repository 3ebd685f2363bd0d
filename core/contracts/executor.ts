import { type Token, token } from "./token.ts";

/**
 * Where the elements of an array run: processes of this machine, or a batch system. It starts programs and says what became
 * of them; what an element works on, and whether its results count, is not its business (`core/batch`).
 *
 * Each element is started with these variables in its environment:
 * - `TWINLOOM_ELEMENT`: its index, 0 to elements - 1
 * - `TWINLOOM_RESTART`: how often it was started before under the same job, 0 at first
 * - `TWINLOOM_JOB`: the executor's own name of the array, as {@link SubmittedArray.id}
 *
 * It ends with 0: it has done its work; 75 (EX_TEMPFAIL of sysexits.h): start it again, it has saved where it was; anything
 * else: it failed. Before its time limit, and before it is pre-empted where that is announced, it gets SIGUSR1. What it
 * prints is appended to `<logFolder>/<element>.log`.
 */
export interface Executor {
  /** For messages and records: `"local"`, `"slurm"`. */
  readonly name: string;

  /** @throws `TWIN_EXECUTOR_UNREACHABLE` */
  limits(options?: ExecutorCallOptions): Promise<ExecutorLimits>;

  /**
   * Hands over an array. Whoever calls has written down the token before: where it is not known whether the call
   * succeeded, {@link find} tells.
   *
   * @throws `TWIN_EXECUTOR_REFUSED` when nothing was submitted, and would not be the next time (an account that is not
   *   there, an array too large); `TWIN_EXECUTOR_UNREACHABLE` and the signal's reason when nobody knows whether it was.
   */
  submit(array: ArrayJob, options?: ExecutorCallOptions): Promise<SubmittedArray>;

  /**
   * Looks for what was submitted under a token.
   *
   * @returns `"none"` only where that is certain: nothing was submitted, nor is it under way; `"unknown"` where this
   *   executor cannot tell, as a batch system that forgets what has ended.
   * @throws `TWIN_EXECUTOR_UNREACHABLE`
   */
  find(token: string, options?: ExecutorCallOptions): Promise<SubmittedArray | "none" | "unknown">;

  /**
   * What became of the elements of arrays, in one question for all of them.
   *
   * @returns Of each array `[element]`. An element of which nothing is heard is `unknown`, never done or failed.
   * @throws `TWIN_EXECUTOR_UNREACHABLE` when nobody answers; the signal's reason.
   */
  observe(
    arrays: readonly SubmittedArray[],
    options?: ExecutorCallOptions,
  ): Promise<readonly (readonly ElementStatus[])[]>;

  /**
   * Asks for an array to be ended, those that run and those that wait. One that has ended, or is not known, is no error.
   *
   * @throws `TWIN_EXECUTOR_UNREACHABLE`
   */
  cancel(array: SubmittedArray, options?: ExecutorCallOptions): Promise<void>;
}
export const Executor: Token<Executor> = token("executor");

/** Of every call. */
export interface ExecutorCallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Elements that run the same program. */
export interface ArrayJob {
  /** 32 hexadecimal digits, lower case, drawn at random: by it the array is found again. */
  readonly token: string;
  /** For people: letters, digits, `.`, `_` and `-`, at most 64. */
  readonly name: string;
  /** Program and arguments. */
  readonly command: readonly [string, ...string[]];
  /** Beside those of an element; without secrets: they are readable where jobs are. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** An absolute path that exists where elements run. */
  readonly workingFolder: string;
  /** Absolute; made if need be. */
  readonly logFolder: string;
  /** How many there are, 1 or more. */
  readonly elements: number;
  /** Most that run at the same time; as many as there is room for by default. */
  readonly atOnce?: number | undefined;
  readonly resources: ElementResources;
  /** Ids of arrays all of whose elements must have succeeded; where one fails, this array is canceled. */
  readonly after?: readonly string[] | undefined;
}

/** What one element has to itself; what is not said is the executor's own default. */
export interface ElementResources {
  readonly timeLimitS?: number | undefined;
  /** How long before its time limit an element is told, s. */
  readonly warnS?: number | undefined;
  readonly cpus?: number | undefined;
  readonly memoryMiB?: number | undefined;
  readonly gpus?: number | undefined;
}

/** An array that an executor took. Plain JSON, kept by whoever submitted it. */
export interface SubmittedArray {
  readonly token: string;
  /** The executor's own: of Slurm the id of the job. */
  readonly id: string;
  readonly elements: number;
}

/** How an element is. */
export type ElementState =
  | "queued"
  | "preparing"
  | "running"
  /** Ended before its time, and will be started again by the executor itself. */
  | "preempted"
  | "succeeded"
  | "failed"
  | "canceled"
  | "unknown";

/** Why an element failed. `executor`: its program ended with an exit code; `system`: it could not be started. */
export type FailureCause = "executor" | "system" | "timeout" | "oom" | "node" | "lost";

/** What an executor says of one element. */
export interface ElementStatus {
  readonly element: number;
  readonly state: ElementState;
  /** Of `failed`. */
  readonly cause?: FailureCause | undefined;
  /** In the executor's own words: `"NODE_FAIL"`. */
  readonly native?: string | undefined;
  /** Why it waits or ended, in the executor's words: `"Resources"`. */
  readonly reason?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly node?: string | undefined;
}

/** What an executor has to offer. */
export interface ExecutorLimits {
  /** Most elements of one array. */
  readonly arraySize: number;
  /** Most elements that run at the same time, where that is known. */
  readonly atOnce?: number | undefined;
  /** Whether what has ended stays known, so that {@link Executor.find} can say `"none"`. */
  readonly remembers: boolean;
}
