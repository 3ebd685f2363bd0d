import { TwinError } from "../errors/twin-error.ts";

/** An executor took nothing, and would not the next time: nothing of the array runs or will. */
export class ExecutorRefusedError extends TwinError {
  override readonly name = "ExecutorRefusedError";
  override readonly code = "TWIN_EXECUTOR_REFUSED";
  /** Name of the executor: `"slurm"`. */
  readonly executor: string;
  /** Why, in the executor's own words. */
  readonly reason: string;

  /**
   * @param reason - In the executor's own words, ending with a full stop.
   * @param advice - What to do, a sentence.
   */
  constructor(
    executor: string,
    reason: string,
    advice = "Nothing was submitted. Change what is asked for, and submit again.",
    options?: ErrorOptions,
  ) {
    super(`${executor} refused the array: ${reason} ${advice}`, options);
    this.executor = executor;
    this.reason = reason;
  }
}

/**
 * An executor did not answer, or not in time. Of a submission nobody knows whether it was taken: it is looked for by its
 * token before it is tried again.
 */
export class ExecutorUnreachableError extends TwinError {
  override readonly name = "ExecutorUnreachableError";
  override readonly code = "TWIN_EXECUTOR_UNREACHABLE";
  /** Name of the executor: `"slurm"`. */
  readonly executor: string;
  /** What was asked, and what came instead of an answer. */
  readonly problem: string;

  /**
   * @param problem - What was asked, and what came instead of an answer; a sentence.
   * @param advice - What to do, a sentence.
   */
  constructor(
    executor: string,
    problem: string,
    advice = "Try again when it answers; what was submitted stays submitted.",
    options?: ErrorOptions,
  ) {
    super(`${executor} cannot be reached: ${problem} ${advice}`, options);
    this.executor = executor;
    this.problem = problem;
  }
}
