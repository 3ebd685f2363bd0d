import type { SchemaProblem } from "../errors/check-schema.ts";
import { TwinError } from "../errors/twin-error.ts";
import type { SourcePosition } from "../kernel/composition.ts";
import type { RunRecord } from "./run-record.ts";

/** Parameters of a task do not fit its schema: unknown, missing, or of another type. */
export class InvalidParametersError extends TwinError {
  override readonly name = "InvalidParametersError";
  override readonly code = "TWIN_INVALID_PARAMETERS";
  /** Paths are within the parameters. */
  readonly problems: readonly SchemaProblem[];

  constructor(task: string, problems: readonly SchemaProblem[]) {
    super(`Parameters of task "${task}":\n${listed(problems)}`);
    this.problems = problems;
  }
}

/** A plan cannot be run: unknown steps, tasks, inputs, outputs or parameters, missing inputs, cycles. All of them are told. */
export class InvalidPlanError extends TwinError {
  override readonly name = "InvalidPlanError";
  override readonly code = "TWIN_INVALID_PLAN";
  readonly plan: string;
  /** Paths are within the plan: `["simulate", "parameters", "seed"]`. */
  readonly problems: readonly SchemaProblem[];

  /** @param locate - Says where a problem is written, for a plan that was read from a file. */
  constructor(plan: string, problems: readonly SchemaProblem[], locate?: Locate) {
    super(`Plan "${plan}" cannot run:\n${listed(problems, locate)}`);
    this.plan = plan;
    this.problems = problems;
  }
}

/** The output folder is there and not empty. */
export class RunFolderExistsError extends TwinError {
  override readonly name = "RunFolderExistsError";
  override readonly code = "TWIN_RUN_FOLDER_EXISTS";
  readonly folder: string;

  constructor(folder: string, holds: "run" | "original" | "other") {
    const messages = {
      run: 'holds an earlier run, which is not overwritten. Choose another folder, or ask for it with `existing: "replace"`.',
      original: "holds the run that is to be repeated, which stays as it is. Choose another folder.",
      other: "is there, and holds something else than a run. Choose another folder.",
    };
    super(`"${folder}" ${messages[holds]}`);
    this.folder = folder;
  }
}

/** A task or a step of a plan failed. `cause` is what it threw; the record is sealed all the same. */
export class RunFailedError extends TwinError {
  override readonly name = "RunFailedError";
  override readonly code = "TWIN_RUN_FAILED";
  readonly record: RunRecord;

  constructor(record: RunRecord, location: string, cause: unknown) {
    const failed = Object.entries(record.steps).filter(([, step]) => step.state === "failed");
    const skipped = Object.entries(record.steps).filter(([, step]) => step.state === "skipped");
    const causes = failed.map(
      ([name, { error }]) => `Step "${name}" failed: ${error?.message}${error?.code ? ` (${error.code})` : ""}`,
    );
    const notRun = skipped.length > 0 ? `Not run: ${skipped.map(([name]) => name).join(", ")}. ` : "";
    super(`${causes.join("\n")}\n${notRun}The record of the run is ${location}.`, { cause });
    this.record = record;
  }
}

/** A task saved what it had done and stopped, because the run was asked to. The work is not lost, and not finished. */
export class TaskStoppedError extends TwinError {
  override readonly name = "TaskStoppedError";
  override readonly code = "TWIN_TASK_STOPPED";
  readonly task: string;
  /** What it has done so far, such as "3000 of 10000 showers". */
  readonly done: string;

  /** @param task - Name of the task, or of a plan that was stopped between its steps. */
  constructor(task: string, done: string) {
    super(
      `"${task}" was asked to stop, saved its checkpoint (${done}) and stopped. It is not finished: run it again with the same folder of checkpoints, and it continues.`,
    );
    this.task = task;
    this.done = done;
  }
}

/** A file of a checkpoint was removed while its task was running, as by another run of the same work that ended. */
export class CheckpointGoneError extends TwinError {
  override readonly name = "CheckpointGoneError";
  override readonly code = "TWIN_CHECKPOINT_GONE";
  readonly location: string;

  constructor(location: string, options?: ErrorOptions) {
    super(
      `The checkpoint's file ${location} is there no longer. Another run of the same work with the same folder of checkpoints may have ended and removed it: its result is the one to use. Else run again.`,
      options,
    );
    this.location = location;
  }
}

/** A task ended without having written a file that it declares. */
export class OutputMissingError extends TwinError {
  override readonly name = "OutputMissingError";
  override readonly code = "TWIN_OUTPUT_MISSING";

  constructor(task: string, outputs: readonly { readonly name: string; readonly file: string }[]) {
    const missing = outputs.map(({ name, file }) => `"${name}" (${file})`).join(", ");
    super(
      `Task "${task}" ended without writing its output ${missing}. A task must write all it declares, to the paths in \`context.outputs\`.`,
    );
  }
}

/** A file changed between its digest being taken and a task having read it; of a batch, since it was sealed. */
export class InputChangedError extends TwinError {
  override readonly name = "InputChangedError";
  override readonly code = "TWIN_INPUT_CHANGED";
  readonly location: string;

  /** @param what - What became of it, and what to do; by default it changed while the run was using it. */
  constructor(
    input: string,
    location: string,
    what = "changed while the run was using it, so its result is not sealed. Run again when nothing writes to it.",
  ) {
    super(`Input "${input}" (${location}) ${what}`);
    this.location = location;
  }
}

/** A run record is unreadable, of a newer schema, or was changed after it was sealed. */
export class RunRecordDamagedError extends TwinError {
  override readonly name = "RunRecordDamagedError";
  override readonly code = "TWIN_RUN_RECORD_DAMAGED";
  readonly location: string;

  constructor(location: string, problem: string, options?: ErrorOptions) {
    super(`The run record ${location} ${problem}`, options);
    this.location = location;
  }
}

type Locate = (problem: SchemaProblem) => SourcePosition | undefined;

/** Problems as lines: where, and what. */
function listed(problems: readonly SchemaProblem[], locate?: Locate): string {
  const lines = problems.map((problem) => {
    const { path, message } = problem;
    const where = locate?.(problem) ?? "";
    const prefix = typeof where === "string" ? where : `${where.file}:${where.line}:${where.column}: `;
    return `  ${prefix}${path.join(".") || "(all)"}: ${message}`;
  });
  return lines.join("\n");
}
