import { reasonOf } from "../errors/reason.ts";
import { TwinError } from "../errors/twin-error.ts";
import type { Problem } from "./composition.ts";

/** A composition cannot become a twin. Holds every problem found, each with a code of its own; nothing was created. */
export class CompositionError extends TwinError {
  override readonly name = "CompositionError";
  override readonly code = "TWIN_INVALID_COMPOSITION";
  readonly problems: readonly Problem[];

  constructor(what: string, problems: readonly Problem[]) {
    super(`${what}:\n${problems.map((problem) => `  - ${describeProblem(problem)}`).join("\n")}`);
    this.problems = problems;
  }
}

/** A problem as one line: where, what, code. */
export function describeProblem({ position, message, code }: Problem): string {
  const where = position === undefined ? "" : `${position.file}:${position.line}:${position.column}: `;
  return `${where}${message} [${code}]`;
}

/** What a part was doing when it failed. */
export type StartPhase = "create" | "start";

/** A part threw something without a code while it was created or started. Coded errors of parts pass unchanged. */
export class StartFailedError extends TwinError {
  override readonly name = "StartFailedError";
  override readonly code = "TWIN_START_FAILED";
  readonly part: string;
  readonly plugin: string;
  readonly phase: StartPhase;

  constructor(where: { readonly part: string; readonly plugin: string; readonly phase: StartPhase }, cause: unknown) {
    const doing = where.phase === "create" ? "created" : "started";
    super(`Part "${where.part}" (${where.plugin}) could not be ${doing}: ${reasonOf(cause)}`, { cause });
    this.part = where.part;
    this.plugin = where.plugin;
    this.phase = where.phase;
  }
}

/** A part was not created or did not start within the time it has (`startTimeoutMs`). */
export class StartTimeoutError extends TwinError {
  override readonly name = "StartTimeoutError";
  override readonly code = "TWIN_START_TIMEOUT";
  readonly part: string;
  readonly plugin: string;
  readonly phase: StartPhase;
  readonly timeoutMs: number;

  constructor(
    where: { readonly part: string; readonly plugin: string; readonly phase: StartPhase },
    timeoutMs: number,
  ) {
    const doing = where.phase === "create" ? "was not created" : "did not start";
    super(
      `Part "${where.part}" (${where.plugin}) ${doing} within ${timeoutMs} ms. Give it longer with \`startTimeoutMs\`, or find out what it waits for.`,
    );
    this.part = where.part;
    this.plugin = where.plugin;
    this.phase = where.phase;
    this.timeoutMs = timeoutMs;
  }
}

/** A part did not stop within the time it has (`stopTimeoutMs`); the others were stopped all the same. */
export class StopTimeoutError extends TwinError {
  override readonly name = "StopTimeoutError";
  override readonly code = "TWIN_STOP_TIMEOUT";
  readonly part: string;
  readonly timeoutMs: number;

  constructor(where: { readonly part: string; readonly plugin: string }, timeoutMs: number) {
    super(`Part "${where.part}" (${where.plugin}) did not stop within ${timeoutMs} ms; it may still hold resources.`);
    this.part = where.part;
    this.timeoutMs = timeoutMs;
  }
}

/** One or more parts failed to stop; all of them were asked to. */
export class StopFailedError extends TwinError {
  override readonly name = "StopFailedError";
  override readonly code = "TWIN_STOP_FAILED";
  readonly failures: readonly StopFailure[];

  constructor(twin: string, failures: readonly StopFailure[]) {
    const list = failures.map(({ part, error }) => `"${part}": ${reasonOf(error)}`);
    super(`Twin "${twin}" did not stop cleanly. ${list.join("; ")}`, {
      cause: new AggregateError(
        failures.map(({ error }) => error),
        "Parts failed to stop.",
      ),
    });
    this.failures = failures;
  }
}

/** A part that failed to stop, and why. */
export interface StopFailure {
  readonly part: string;
  readonly error: unknown;
}

/** A twin was used after it had been stopped. */
export class TwinStoppedError extends TwinError {
  override readonly name = "TwinStoppedError";
  override readonly code = "TWIN_STOPPED";

  constructor(twin: string) {
    super(`Twin "${twin}" is stopped. Create it again to use it.`);
  }
}

/** A twin has no task of that name, or several parts have one and the name does not say whose. */
export class TaskNotFoundError extends TwinError {
  override readonly name = "TaskNotFoundError";
  override readonly code = "TWIN_TASK_NOT_FOUND";
  readonly task: string;

  constructor(task: string, problem: string) {
    super(problem);
    this.task = task;
  }
}

/** A package that is not installed with Twinloom is needed. The message holds the exact command that installs it. */
export class PackageMissingError extends TwinError {
  override readonly name = "PackageMissingError";
  override readonly code = "TWIN_PACKAGE_MISSING";
  readonly package: string;
  /** The command that installs it: `npm install h5wasm@0.10.3`. */
  readonly install: string;

  constructor(
    facts: { readonly package: string; readonly install: string; readonly neededBy: string },
    options?: ErrorOptions,
  ) {
    super(
      `${facts.neededBy} needs the package "${facts.package}", which is not installed. Run: ${facts.install}`,
      options,
    );
    this.package = facts.package;
    this.install = facts.install;
  }
}
