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
  /** Whether the error says more than the details do: it is for the server's log. */
  readonly isWithheld: boolean;
}

/** What a client's call failed with; grpc-js calls it a service error. */
export interface ReceivedStatus {
  readonly code: number;
  readonly details: string;
  readonly metadata?: { get(key: string): readonly (string | Uint8Array)[] };
}

/** The status of each error that a request may meet; any other is INTERNAL, and told only to the log. */
const STATUS_OF_CODE: Readonly<Record<string, StatusName>> = {
  TWIN_WIRE_INVALID: "INVALID_ARGUMENT",
  TWIN_MODEL_INPUT: "INVALID_ARGUMENT",
  TWIN_INVALID_ARGUMENT: "INVALID_ARGUMENT",
  TWIN_OUT_OF_DOMAIN: "OUT_OF_RANGE",
  TWIN_MODEL_NOT_SERVED: "NOT_FOUND",
  TWIN_QUEUE_FULL: "RESOURCE_EXHAUSTED",
  TWIN_SERVER_DRAINING: "UNAVAILABLE",
  TWIN_MODEL_FAILED: "INTERNAL",
};

/** What the server behind a remote model may say that another attempt may mend. */
const PASSING: ReadonlySet<string> = new Set(["TWIN_SERVER_UNREACHABLE", "TWIN_QUEUE_FULL", "TWIN_SERVER_DRAINING"]);

/** Details travel in a header, percent-encoded, beside others; peers take 8 to 16 KiB of headers. */
const LONGEST_DETAILS = 4096;

/**
 * The status that a call ends with when it failed with an error. What is no error of Twinloom's stays inside: its message
 * may tell of the server what is nobody's business. So does what another server said to a remote model that is served: it
 * refused this server, not the client.
 */
export function statusOf(error: unknown): FailedStatus {
  if (!(error instanceof Error)) return internal();
  if (error.name === "AbortError") return failed("CANCELLED", "The request was cancelled.");
  if (error.name === "TimeoutError") return failed("DEADLINE_EXCEEDED", "The time for the request was up.");
  if (!hasTwinCode(error)) return internal();
  if (isOfAnotherServer(error)) return PASSING.has(error.code) ? remoteUnreachable() : internal();
  const status = error.code === "TWIN_SERVER_REFUSED" ? refusalOf(error) : STATUS_OF_CODE[error.code];
  return status === undefined ? internal() : failed(status, error.message, { [ERROR_CODE_ENTRY]: error.code });
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

/** Whether it is what a client of ours throws; see {@link errorOf}. A server's own errors have no status as their cause. */
function isOfAnotherServer({ code, cause }: TwinError): boolean {
  return code === "TWIN_SERVER_UNREACHABLE" || (cause instanceof Error && "code" in cause && "details" in cause);
}

function refusalOf(error: TwinError & { readonly status?: unknown }): StatusName | undefined {
  return Object.keys(STATUS).find((name): name is StatusName => name === error.status);
}

function failed(status: StatusName, details: string, metadata: Readonly<Record<string, string>> = {}): FailedStatus {
  return { code: STATUS[status], details: fitting(details), metadata, isWithheld: false };
}

function internal(): FailedStatus {
  return { ...failed("INTERNAL", "The server failed; its log has the cause."), isWithheld: true };
}

function remoteUnreachable(): FailedStatus {
  const details = "The model is remote itself, and its server did not answer; the log of this one has the cause.";
  return { ...failed("UNAVAILABLE", details, { [ERROR_CODE_ENTRY]: "TWIN_SERVER_UNREACHABLE" }), isWithheld: true };
}

/** As much of a text as a header takes. */
function fitting(text: string): string {
  // grpc-js throws where a surrogate stands alone.
  const whole = text.slice(0, LONGEST_DETAILS).toWellFormed();
  if (encodeURI(whole).length <= LONGEST_DETAILS) return whole;
  let fits = "";
  let length = 0;
  for (const character of whole) {
    length += encodeURI(character).length;
    if (length > LONGEST_DETAILS) break;
    fits += character;
  }
  return fits;
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
