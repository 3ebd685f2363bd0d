import { ModelFailedError, type TwinError } from "../../../core/index.ts";
import {
  ModelNotServedError,
  QueueFullError,
  ServerDrainingError,
  ServerRefusedError,
  ServerUnreachableError,
} from "../errors.ts";

/** The statuses of gRPC, by name. */
export const STATUS = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type StatusName = keyof typeof STATUS;

/** The entry of a call's trailer that carries the code of the server's error. */
export const ERROR_CODE_ENTRY = "twinloom-error-code";

/** How a call ends that failed. */
export interface FailedStatus {
  readonly code: number;
  readonly details: string;
  /** For the trailer. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What a client's call failed with; grpc-js calls it a service error. */
export interface ReceivedStatus {
  readonly code: number;
  readonly details: string;
  readonly metadata?: { get(key: string): readonly (string | Uint8Array)[] };
}

/** The status of each error that a request may meet; any other is INTERNAL. */
const STATUS_OF_CODE: Readonly<Record<string, StatusName>> = {
  TWIN_WIRE_INVALID: "INVALID_ARGUMENT",
  TWIN_MODEL_INPUT: "INVALID_ARGUMENT",
  TWIN_INVALID_ARGUMENT: "INVALID_ARGUMENT",
  TWIN_OUT_OF_DOMAIN: "OUT_OF_RANGE",
  TWIN_MODEL_NOT_SERVED: "NOT_FOUND",
  TWIN_QUEUE_FULL: "RESOURCE_EXHAUSTED",
  TWIN_SERVER_DRAINING: "UNAVAILABLE",
  // A server whose own model is remote.
  TWIN_SERVER_UNREACHABLE: "UNAVAILABLE",
};

/** Details travel in a header, whose size the other side limits, and percent-encoded. */
const LONGEST_DETAILS = 2000;

/**
 * The status that a call ends with when it failed with an error. What is no error of Twinloom's stays inside: its message
 * may tell of the server what is nobody's business.
 */
export function statusOf(error: unknown): FailedStatus {
  if (!(error instanceof Error)) return internal();
  if (error.name === "AbortError") return failed("CANCELLED", "The request was cancelled.");
  if (error.name === "TimeoutError") return failed("DEADLINE_EXCEEDED", "The time for the request was up.");
  if (!hasTwinCode(error)) return internal();
  const status = error instanceof ServerRefusedError ? refusalOf(error) : STATUS_OF_CODE[error.code];
  return failed(status ?? "INTERNAL", error.message, { [ERROR_CODE_ENTRY]: error.code });
}

/**
 * The error that a client throws for the status that its call ended with: the way back from {@link statusOf}, which other
 * servers' statuses go, too.
 *
 * @param error - Of grpc-js; becomes the `cause`.
 * @param what - Who was asked (`"node7:8001"`), and for which model.
 */
export function errorOf(error: ReceivedStatus, what: { readonly endpoint: string; readonly model: string }): TwinError {
  const status = nameOf(error.code);
  const remoteCode = remoteCodeOf(error);
  const message = `Server ${what.endpoint}, model "${what.model}": ${sentence(error.details)} (${status})`;
  const options = { cause: error };
  switch (status) {
    case "NOT_FOUND":
      return new ModelNotServedError(message, options);
    case "RESOURCE_EXHAUSTED":
      return remoteCode === "TWIN_QUEUE_FULL"
        ? new QueueFullError(message, options)
        : new ServerRefusedError(message, { status, remoteCode }, options);
    case "UNAVAILABLE":
      return remoteCode === "TWIN_SERVER_DRAINING"
        ? new ServerDrainingError(message, options)
        : new ServerUnreachableError(message, options);
    case "DEADLINE_EXCEEDED":
      return new ServerUnreachableError(message, options);
    case "INTERNAL":
    case "UNKNOWN":
    case "DATA_LOSS":
      return new ModelFailedError(
        what.model,
        `server ${what.endpoint}: ${sentence(error.details)} (${status})`,
        options,
      );
    default:
      return new ServerRefusedError(message, { status, remoteCode }, options);
  }
}

/** The code that a server of Twinloom gave its error; `undefined` from other servers, and where there is none. */
export function remoteCodeOf(error: ReceivedStatus): string | undefined {
  const [code] = error.metadata?.get(ERROR_CODE_ENTRY) ?? [];
  return typeof code === "string" ? code : undefined;
}

function refusalOf({ status }: ServerRefusedError): StatusName | undefined {
  return Object.hasOwn(STATUS, status) ? (status as StatusName) : undefined;
}

function failed(status: StatusName, details: string, metadata: Readonly<Record<string, string>> = {}): FailedStatus {
  // grpc-js throws where a surrogate stands alone.
  return { code: STATUS[status], details: details.slice(0, LONGEST_DETAILS).toWellFormed(), metadata };
}

function internal(): FailedStatus {
  return failed("INTERNAL", "The server failed; its log has the cause.");
}

function nameOf(code: number): string {
  return Object.entries(STATUS).find(([, number]) => number === code)?.[0] ?? `status ${code}`;
}

function sentence(details: string): string {
  return oneLine(details) || "It gave no reason.";
}

/** What a server said, as one line: others in a message would look like what is said here. */
export function oneLine(details: string): string {
  return details.trim().replaceAll(/\s*[\r\n\u2028\u2029]+\s*/g, " ");
}

/** Not by `instanceof TwinError`: two copies of the SDK may be loaded. */
function hasTwinCode(error: Error): error is TwinError {
  return "code" in error && typeof error.code === "string" && error.code.startsWith("TWIN_");
}
