import type { IncomingMessage } from "node:http";
import type { LookupFunction } from "node:net";
import { FileUnreadableError } from "../files/errors.ts";

/** No honest listing or error is longer. */
const MAX_TEXT_BYTES = 64 << 20;

/** An answer of an HTTP server. */
export interface HttpAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  /** To be read once, or {@link discard}ed. */
  readonly body: AsyncIterable<Uint8Array>;
  /** @throws `TWIN_FILE_UNREADABLE` when it is longer than any listing or error. */
  text(): Promise<string>;
  /** Ends it without reading. */
  discard(): void;
}

/**
 * One GET; redirects are not followed, and nothing is decompressed.
 *
 * By `node:http` and not by `fetch`: when a server closes its connection while the body is read slowly, the `fetch` of Node
 * 24 ends the process by an assertion that nobody can catch.
 *
 * @throws What `node:http` does; the reason of the signal.
 */
export async function httpGet(
  url: URL,
  options: {
    readonly headers: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
    /** Looks up the address of the host; the system does by default. */
    readonly lookup?: LookupFunction | undefined;
  },
): Promise<HttpAnswer> {
  const { headers, signal, lookup } = options;
  const { request } = url.protocol === "https:" ? await import("node:https") : await import("node:http");
  return await new Promise((resolve, reject) => {
    // By hand: as an option, the signal makes errors that nobody listens for once the answer is complete.
    const sent = request(url, { headers, ...(lookup && { lookup }) }, (message) => {
      message.once("close", () => signal.removeEventListener("abort", onAbort));
      resolve(answerOf(message, url));
    });
    const onAbort = (): void => void sent.destroy();
    sent.on("error", (error) => {
      signal.removeEventListener("abort", onAbort);
      reject(signal.aborted ? signal.reason : error);
    });
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    sent.end();
  });
}

function answerOf(message: IncomingMessage, url: URL): HttpAnswer {
  const headers = new Headers();
  for (let i = 0; i + 1 < message.rawHeaders.length; i += 2) {
    headers.append(message.rawHeaders[i] ?? "", message.rawHeaders[i + 1] ?? "");
  }
  // A connection that breaks before anybody reads must not end the process; reading fails all the same.
  message.on("error", () => undefined);
  return {
    status: message.statusCode ?? 0,
    statusText: message.statusMessage ?? "",
    headers,
    body: message,
    text: async () => {
      const parts: Uint8Array[] = [];
      let bytes = 0;
      for await (const part of message as AsyncIterable<Uint8Array>) {
        bytes += part.length;
        if (bytes > MAX_TEXT_BYTES) {
          throw new FileUnreadableError(
            url.href,
            `its server answers with a text of more than ${MAX_TEXT_BYTES} bytes.`,
          );
        }
        parts.push(part);
      }
      return Buffer.concat(parts).toString("utf8");
    },
    discard: () => void message.destroy(),
  };
}
