import {
  type ElementResult,
  type ReproductionReport,
  type StoreFindings,
  type TaskRunId,
  TwinError,
} from "../core/index.ts";

/** What was typed cannot be right: an unknown command or option, a missing argument, a value that is not allowed. */
export class UsageError extends TwinError {
  override readonly name = "UsageError";
  override readonly code = "TWIN_USAGE";
}

/** What runs was told that its time is nearly up, and has ended in order: whoever started it is to start it again. */
export class RestartWantedError extends TwinError {
  override readonly name = "RestartWantedError";
  override readonly code = "TWIN_RESTART_WANTED";
}

/** Task runs of an element failed or were skipped; each that did not has its result. */
export class RunsFailedError extends TwinError {
  override readonly name = "RunsFailedError";
  override readonly code = "TWIN_TASK_RUNS_FAILED";

  constructor(runs: ElementResult["runs"], folder: string) {
    const bad = runs.filter(({ state }) => state === "failed" || state === "skipped");
    const [first] = bad;
    const why = first?.message === undefined ? "" : ` Run ${first.run}: ${first.message}`;
    super(
      `${bad.length} of ${runs.length} task runs of this element have no result.${why} When the cause is mended, run them again: twinloom jobs resume ${folder}`,
    );
  }
}

/** How many task runs are in each state; `succeeded` is always told. */
export interface RunCounts extends Readonly<Record<string, number>> {
  readonly succeeded: number;
}

/** States of task runs that go on by themselves. */
const GOING: ReadonlySet<string> = new Set(["queued", "preparing", "running", "preempted", "unknown", "canceling"]);

/** Not every task run of a batch has a result that counts. */
export class BatchIncompleteError extends TwinError {
  override readonly name = "BatchIncompleteError";
  override readonly code = "TWIN_BATCH_INCOMPLETE";
  /** How many task runs are in each state. */
  readonly counts: RunCounts;
  /** Results that are not as they were accepted. */
  readonly damaged: readonly TaskRunId[];

  constructor(
    folder: string,
    counts: RunCounts,
    total: number,
    damaged: readonly (TaskRunId & { readonly problem: string })[] = [],
  ) {
    const states = Object.entries(counts).filter(([state, count]) => count > 0 && state !== "succeeded");
    const without = total - counts.succeeded;
    const going = states.filter(([state]) => GOING.has(state));
    const wait =
      going.length === 0 ? "" : ` Some are not at their end: \`twinloom jobs show ${folder} --watch\` waits for them.`;
    const hasOthers = going.length < states.length || damaged.length > 0;
    const remedy = hasOthers
      ? ` What failed is told by \`twinloom jobs show ${folder}\`; \`twinloom jobs resume ${folder}\` runs again what has no result, and nothing else.`
      : "";
    const [first] = damaged;
    const why = first === undefined ? "" : ` ${damaged.length} damaged; ${first.stage}.${first.run}: ${first.problem}`;
    super(
      `${without} of ${total} task runs of "${folder}" have no result (${states.map(([state, count]) => `${count} ${state}`).join(", ")}).${why}${wait}${remedy}`,
    );
    this.counts = counts;
    this.damaged = damaged;
  }
}

/** Batches cannot run on a cluster as it is. */
export class SiteUnfitError extends TwinError {
  override readonly name = "SiteUnfitError";
  override readonly code = "TWIN_SITE_UNFIT";

  constructor(why: string) {
    super(`Batches cannot run here: ${why} What the cluster says is told by \`twinloom sites check\` without --json.`);
  }
}

/** A pattern that no file matches, or a folder without data. */
export class NoFilesError extends TwinError {
  override readonly name = "NoFilesError";
  override readonly code = "TWIN_FILE_NOT_FOUND";
  readonly location: string;

  constructor(location: string, message: string) {
    super(message);
    this.location = location;
  }
}

/** A repeat of a run is not the same, or could not be made. */
export class NotReproducedError extends TwinError {
  override readonly name = "NotReproducedError";
  override readonly code = "TWIN_NOT_REPRODUCED";
  readonly report: ReproductionReport;

  constructor(run: string, report: ReproductionReport) {
    const why = report.causes.slice(0, 3).map(({ layer, message }) => `\n  - ${layer}: ${message}`);
    super(`The repeat of "${run}" is ${report.verdict}.${why.join("")}`);
    this.report = report;
  }
}

/** Something is wrong with a store. */
export class StoreDamagedError extends TwinError {
  override readonly name = "StoreDamagedError";
  override readonly code = "TWIN_STORE_DAMAGED";
  readonly findings: StoreFindings;

  constructor(folder: string, findings: StoreFindings) {
    const errors = findings.problems.filter(({ severity }) => severity === "error");
    const shown = errors.slice(0, 5).map(({ problem }) => `\n  - ${problem}`);
    const more = errors.length > 5 ? `\n  - … (${errors.length} in all)` : "";
    super(
      `The store "${folder}" is damaged:${shown.join("")}${more}\n--json tells which versions need what is lost, and how to repair it.`,
    );
    this.findings = findings;
  }
}

/** The operating system refused: no permission, no space, a broken pipe. */
export class SystemError extends TwinError {
  override readonly name = "SystemError";
  override readonly code = "TWIN_SYSTEM";
  /** The system's name of the failure: `"ENOSPC"`. */
  readonly systemCode: string;
  readonly path?: string;

  constructor(cause: NodeJS.ErrnoException) {
    super(`The system refused: ${cause.message}. Check the path, its permissions and the space left.`, { cause });
    this.systemCode = cause.code ?? "";
    if (cause.path !== undefined) this.path = cause.path;
  }
}

/** The user or the system asked the command to stop before it was done. */
export class InterruptedError extends TwinError {
  override readonly name = "InterruptedError";
  override readonly code = "TWIN_INTERRUPTED";
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`Interrupted by ${signal} before the command was done.`);
    this.signal = signal;
  }
}

/** An error that Twinloom did not expect: a defect of Twinloom, not of its input. */
export class InternalError extends TwinError {
  override readonly name = "InternalError";
  override readonly code = "TWIN_INTERNAL";

  constructor(cause: unknown) {
    const what = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    super(`${what}\nThis is a bug in Twinloom. Please report it with the command you ran and the stack below.`, {
      cause,
    });
  }
}
