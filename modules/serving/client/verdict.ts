import type { ServiceError } from "@grpc/grpc-js";
import { TwinError } from "../../../core/index.ts";
import { ServerRefusedError } from "../errors.ts";
import { errorOf, oneLine, remoteCodeOf, STATUS } from "../protocol/status.ts";

/** What a failure says of whether another try may succeed. */
export type Verdict =
  /** The endpoint is of no use at present; another may be. */
  | "gone"
  /** It said nothing in the time that there was. */
  | "silent"
  /** The endpoint is well, and has too much to do. */
  | "busy"
  /** The endpoint answers, and cannot do it, or does it wrongly; another may, or this one later. */
  | "refused"
  /** Every endpoint would say the same. */
  | "final";

/** What is wrong with a request is wrong everywhere. */
const OF_REQUEST = ["INVALID_ARGUMENT", "OUT_OF_RANGE", "FAILED_PRECONDITION"] as const;

export function verdictOf(error: unknown): Verdict {
  if (error instanceof TwinError) return "refused";
  if (!isServiceError(error)) return "final";
  switch (error.code) {
    case STATUS.UNAVAILABLE:
    // Not by us: whoever cancels on this side is known by the signal.
    case STATUS.CANCELLED:
      return "gone";
    case STATUS.DEADLINE_EXCEEDED:
      return "silent";
    case STATUS.RESOURCE_EXHAUSTED:
      return remoteCodeOf(error) === "TWIN_QUEUE_FULL" ? "busy" : "refused";
    case STATUS.INTERNAL:
    case STATUS.UNKNOWN:
      return isBrokenStream(error) ? "gone" : "refused";
    default:
      return OF_REQUEST.some((status) => STATUS[status] === error.code) ? "final" : "refused";
  }
}

/** Whether servers refused a request for what it asks. */
export function isOfRequest(error: unknown): boolean {
  return error instanceof ServerRefusedError && OF_REQUEST.some((status) => status === error.status);
}

/** What an endpoint's failure is to the caller. */
export function codedError(error: unknown, endpoint: string, model: string): unknown {
  return isServiceError(error) ? errorOf(error, { endpoint, model }) : error;
}

export function saidBy(error: unknown): string {
  if (!isServiceError(error)) return (error as Error).message;
  const details = plain(oneLine(error.details)) || "it gave no reason";
  return error.code === STATUS.DEADLINE_EXCEEDED ? `it did not answer in time (${details})` : details;
}

/** Without what grpc-js leaves empty, and with what it does not say: it connects, and hears nothing that it understands. */
function plain(details: string): string {
  const said = details.replace(/\s*Resolution note:\s*$/, "");
  const isDeaf = /Last error: (Failed to connect|Protocol error)/.test(said);
  return isDeaf ? `${said} Perhaps one side encrypts (TLS) and the other does not, or this is no port of gRPC.` : said;
}

/** A connection that ended in the middle of an answer is INTERNAL to grpc-js in some cases, as is a server's own failure. */
function isBrokenStream({ details }: ServiceError): boolean {
  return /^Received RST_STREAM|Call ended without gRPC status/.test(details);
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && typeof error.code === "number" && "details" in error;
}
