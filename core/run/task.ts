import type { z } from "zod";
import type { JsonValue } from "../canonical/json-value.ts";
import type { OpenDataset } from "../contracts/connector.ts";
import type { Log } from "../contracts/log.ts";
import type { Needs, Resolved } from "../kernel/plugin.ts";
import type { TaskCheckpoint } from "./checkpoint.ts";

/** A file that a task reads. */
export interface TaskInput {
  readonly description: string;
  readonly optional?: boolean;
}

/** A file that a task writes, under `file` in its output folder. */
export interface TaskOutput {
  readonly description: string;
  readonly file: string;
}

/** What a task may use while it runs. */
export interface TaskContext<P, N extends Needs, I extends string, O extends string> {
  readonly parameters: P;
  readonly needs: Resolved<N>;
  /** Paths of the input files; an optional one that was not given is `undefined`. */
  readonly inputs: Readonly<Record<I, string | undefined>>;
  /** Paths to write the output files to. They are sealed after `run` returns. */
  readonly outputs: Readonly<Record<O, string>>;
  /** Aborted when the run is canceled. The run waits for the task, so a long one must look at it. */
  readonly signal: AbortSignal;
  /**
   * Aborted when the run is to stop soon and be continued later: a time limit is near. A task with a {@link checkpoint}
   * then saves and throws {@link TaskStoppedError}; one without goes on.
   */
  readonly stopping: AbortSignal;
  /** Where the task keeps what it has done so far; only in a run that was given a folder for it. */
  readonly checkpoint?: TaskCheckpoint;
  readonly log: Log;
  /**
   * The same dataset; what is read of it is kept in the run record as the step's `reads`. For data that are no input file:
   * what a server holds, or a federation, whose parts are named.
   */
  recordReads(dataset: OpenDataset): OpenDataset;
  /** Tells how far the task is, 0 to 1, and what it does. */
  progress(fraction: number, doing: string): void;
}

/**
 * A named unit of work of a twin with validated parameters. Local runs, batch runs and reproductions run the same task.
 */
export interface Task<
  S extends z.ZodType = z.ZodType,
  N extends Needs = Needs,
  I extends string = string,
  O extends string = string,
> {
  /** Lower case, dashes: `"simulate"`. */
  readonly name: string;
  readonly description: string;
  readonly parameters: S;
  readonly needs: N;
  readonly inputs: Readonly<Record<I, TaskInput>>;
  readonly outputs: Readonly<Record<O, TaskOutput>>;
  /** Does the work. What it returns is kept in the run record as the task's result. */
  run(context: TaskContext<z.output<S>, N, I, O>): Promise<JsonValue>;
}

/** A task whose types are of no interest, or not known. */
// biome-ignore lint/suspicious/noExplicitAny: a task is invariant in its parameters; the runner validates them first.
export type AnyTask = Task<any, any, any, any>;

/** Declares a task; infers its types. */
export function defineTask<S extends z.ZodType, N extends Needs, I extends string, O extends string>(
  task: Task<S, N, I, O>,
): Task<S, N, I, O> {
  return task;
}
