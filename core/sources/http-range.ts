import { FileNotFoundError, FileUnreadableError, ReadFailedError } from "../files/errors.ts";
import { SourceUnavailableError } from "./errors.ts";
import type { HttpAnswer } from "./http-get.ts";
import { redactLocation } from "./redact.ts";
import { TransientFailure } from "./retries.ts";
import type { RangeReply, RangeRequest } from "./transport.ts";

/** What {@link httpRange} needs beside the request. */
export interface HttpRangeOptions {
  /** Sends a GET with these headers. @throws What {@link httpGet} does. */
  send(headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer>;
  /** What a refusal means, where the body says more than the status. */
  explain?(response: HttpAnswer): Promise<Explanation | undefined>;
}

/** What the body of a refusal says. */
export interface Explanation {
  readonly says: string;
  /** Instead of what the status means, which services do not agree on. */
  readonly means?: "missing" | "refused" | "passing" | "other" | undefined;
}

/** Answers that may be different the next time. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
const SECOND_MS = 1000;
/** Failures of TLS that trying again does not mend. */
const UNTRUSTED = /^(CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/;

/**
 * One try at a range by HTTP, for {@link Transport.fetchRange}: asks for it uncompressed and in the wanted version, and
 * holds the answer to what it says.
 */
export async function httpRange(
  location: string,
  request: RangeRequest,
  options: HttpRangeOptions,
): Promise<RangeReply> {
  const { start, length, version, signal } = request;
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (length !== Number.POSITIVE_INFINITY) headers["range"] = `bytes=${start}-${start + length - 1}`;
  // Only a strong ETag may stand in If-Range (RFC 9110, 13.1.5); other versions are compared when the answer is there.
  if (version?.startsWith('"')) headers["if-range"] = version;
  const response = await sendHttp(location, () => options.send(headers, signal));
  const shown = redactLocation(location);
  if (response.status === 416) {
    response.discard();
    // An empty object has no range, and not all servers say so: its length comes with the whole.
    if (start === 0 && version === undefined && length !== Number.POSITIVE_INFINITY) {
      return await httpRange(location, { ...request, length: Number.POSITIVE_INFINITY }, options);
    }
    throw new ReadFailedError(shown, `its server has nothing at byte ${start}: it was changed since it was opened.`);
  }
  if (response.status !== 200 && response.status !== 206) throw await httpRefusal(response, shown, options);
  const encoding = response.headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity" && encoding !== "") {
    throw new FileUnreadableError(shown, `its server sends it compressed (${encoding}), although it was asked not to.`);
  }
  const { body } = response;
  if (response.status === 206) {
    const total = rangeOf(response, request);
    return { bytes: total, version: versionOf(response, total), isRange: true, body };
  }
  const bytes = lengthOf(response, shown);
  return { bytes, version: versionOf(response, bytes), isRange: false, body, sha256: digestOf(response) };
}

/** Sends a request, or reads its answer; a connection that fails may pass, unless the server cannot be trusted. */
export async function sendHttp<T>(location: string, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // What has no code of the system is an abort, or a fault of ours.
    if (typeof code !== "string" || code.startsWith("TWIN_")) throw error;
    // Of several addresses each failure is inside.
    const problem = message === "" ? code : message;
    if (code === "ERR_INVALID_CHAR") {
      throw new FileUnreadableError(
        redactLocation(location),
        `${message}: a token or password may end in a line break. Nothing was sent.`,
      );
    }
    if (UNTRUSTED.test(code)) {
      throw new SourceUnavailableError(redactLocation(location), `its server cannot be trusted: ${problem}.`, {
        cause: error,
      });
    }
    throw new TransientFailure(problem, { cause: error });
  }
}

/** The error that an answer other than 200 and 206 means. */
export async function httpRefusal(
  response: HttpAnswer,
  shown: string,
  { explain }: Pick<HttpRangeOptions, "explain"> = {},
): Promise<Error> {
  const { status, statusText } = response;
  const said = `${status} ${statusText}`.trim();
  const more = await explain?.(response).catch(() => undefined);
  if (more === undefined) response.discard();
  const answer = more === undefined ? said : `${said}, ${more.says}`;
  const meaning = more?.means ?? meaningOf(status);
  if (meaning === "missing") return new FileNotFoundError(shown, { cause: new Error(answer) });
  if (meaning === "passing") {
    return new TransientFailure(`the server answered ${answer}`, { retryAfterMs: retryAfterMs(response) });
  }
  if (meaning === "refused") {
    return new FileUnreadableError(shown, `the server refuses it (${answer}). Check the credentials of its source.`);
  }
  return new FileUnreadableError(shown, `the server answered ${answer}.`);
}

function meaningOf(status: number): Explanation["means"] {
  if (status === 404 || status === 410) return "missing";
  if (PASSING.has(status)) return "passing";
  return status === 401 || status === 403 ? "refused" : undefined;
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function retryAfterMs(response: HttpAnswer): number | undefined {
  const value = response.headers.get("retry-after");
  if (value === null) return undefined;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** The total length, of an answer that is the range that was asked for. */
function rangeOf(response: HttpAnswer, { start, length }: RangeRequest): number {
  const value = response.headers.get("content-range") ?? "";
  const [, from = "", to = "", of = ""] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(value) ?? [];
  const total = Number(of);
  const isAsked = value !== "" && of !== "" && Number(from) === start;
  if (!isAsked || Number(to) !== Math.min(start + length, total) - 1) {
    throw new TransientFailure(`bytes from ${start} were asked for, and the server answered "${value}"`);
  }
  return total;
}

/** Of a whole answer; without any length a cut would pass for the end. */
function lengthOf(response: HttpAnswer, shown: string): number | undefined {
  const length = response.headers.get("content-length");
  if (length !== null) return Number(length);
  if ((response.headers.get("transfer-encoding") ?? "").includes("chunked")) return undefined;
  throw new FileUnreadableError(shown, "its server does not say how long it is, so that a cut could not be noticed.");
}

/**
 * A strong ETag alone; what is weaker together with the date and the length. Nothing where all that is known is the second
 * of a change, and that second is not over: the next change could look the same (RFC 9110, 8.8.2.2).
 */
function versionOf(response: HttpAnswer, bytes: number | undefined): string | undefined {
  const etag = response.headers.get("etag");
  const modified = response.headers.get("last-modified");
  const modifiedMs = Date.parse(modified ?? "");
  const isFresh = Math.abs(Date.parse(response.headers.get("date") ?? "") - modifiedMs) < SECOND_MS;
  if (etag?.startsWith('"')) return isFresh && isOfSeconds(etag, modifiedMs) ? undefined : etag;
  if (isFresh) return undefined;
  if (bytes === undefined || (etag === null && modified === null)) return undefined;
  return [etag, modified, `${bytes} bytes`].filter((part) => part !== null).join("; ");
}

/** Whether an ETag that claims to be strong is the time and the length, as nginx makes it: `"66f1c2a0-1f400"`. */
function isOfSeconds(etag: string, modifiedMs: number): boolean {
  const seconds = /^"([0-9a-f]{8,})-[0-9a-f]+"$/.exec(etag)?.[1] ?? "";
  return Number.parseInt(seconds, 16) * SECOND_MS === modifiedMs;
}

/** RFC 9530. */
function digestOf(response: HttpAnswer): string | undefined {
  const digest = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):/.exec(response.headers.get("repr-digest") ?? "")?.[1];
  return digest === undefined ? undefined : Buffer.from(digest, "base64").toString("hex");
}
