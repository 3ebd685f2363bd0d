import { TaskStoppedError, TwinError } from "../core/index.ts";
import { InternalError, InterruptedError, RestartWantedError, SystemError, UsageError } from "./errors.ts";
import { harmless } from "./harmless.ts";
import { exitCodeOf } from "./interrupt.ts";
import { typedMessage } from "./typed-message.ts";

/** A failure as the command line tells it. */
export interface Failure {
  readonly error: TwinError;
  readonly exitCode: number;
}

/** Exit code of what is to be started again. @see sysexits.h */
const EX_TEMPFAIL = 75;

/**
 * Makes a coded error of whatever a command threw.
 *
 * @param thrown - A `TwinError`, commander's error about the usage, an error of the operating system, or a defect.
 * @param received - The signal that asked the command to stop, if one did: then this is why it failed.
 */
export function toFailure(thrown: unknown, received: NodeJS.Signals | undefined): Failure {
  if (received && isAbort(thrown)) return { error: new InterruptedError(received), exitCode: exitCodeOf(received) };
  if (thrown instanceof UsageError) return { error: thrown, exitCode: 2 };
  if (thrown instanceof RestartWantedError || thrown instanceof TaskStoppedError)
    return { error: thrown, exitCode: EX_TEMPFAIL };
  if (thrown instanceof TwinError) return { error: thrown, exitCode: 1 };
  if (isSystemError(thrown)) return { error: new SystemError(thrown), exitCode: 1 };
  return { error: new InternalError(thrown), exitCode: 1 };
}

function isAbort(thrown: unknown): boolean {
  return (
    thrown instanceof Error && (thrown.name === "AbortError" || (thrown.cause !== undefined && isAbort(thrown.cause)))
  );
}

function isSystemError(thrown: unknown): thrown is NodeJS.ErrnoException {
  return thrown instanceof Error && "syscall" in thrown && "code" in thrown;
}

/** The failure for programs: code, message and the typed fields of the error. @param options - That the command has. */
export function failureJson(error: TwinError, options: readonly string[]): unknown {
  return { error: { code: error.code, message: typedMessage(error.message, options), ...fieldsOf(error) } };
}

/** The failure for people. The stack is shown for defects, and for everything with TWINLOOM_DEBUG=1. */
export function failureText(error: TwinError, options: readonly string[], debug: boolean): string {
  const lines = [`twinloom: ${typedMessage(error.message, options)}`];
  if (!(error instanceof UsageError)) lines.push(`  ${error.code}, see docs/errors.md#${error.code.toLowerCase()}`);
  if (debug || error instanceof InternalError)
    lines.push(stackOf(error instanceof InternalError ? error.cause : error));
  // Files and servers have their say in it.
  return harmless(lines.join("\n"));
}

/** Own fields that JSON can hold; a cause as its code and message. */
function fieldsOf(error: Error): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(error)) {
    if (["name", "code", "message", "stack", "cause"].includes(key)) continue;
    fields[key] = value instanceof Error ? summary(value) : Array.isArray(value) ? value.map(itemOf) : value;
  }
  if (error.cause instanceof Error) fields["cause"] = summary(error.cause);
  return fields;
}

function itemOf(value: unknown): unknown {
  return value instanceof Error ? summary(value) : value;
}

function summary(error: Error): Record<string, unknown> {
  const { code } = error as { code?: unknown };
  return { ...(typeof code === "string" && { code }), message: error.message };
}

function stackOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const own = thrown.stack ?? thrown.message;
  return thrown.cause === undefined ? own : `${own}\nCaused by: ${stackOf(thrown.cause)}`;
}
