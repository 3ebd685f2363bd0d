import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

/** One thing that a server may do wrong. Bytes are counted in the body of the answer. */
export type Fault =
  /** Answers with this status and nothing else. */
  | { readonly kind: "status"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Breaks the connection, at once or after so many bytes. */
  | { readonly kind: "drop"; readonly afterBytes?: number }
  /** Says nothing more, at once or after so many bytes. */
  | { readonly kind: "stall"; readonly afterBytes?: number }
  /** Sends a byte at a time, with so long between them. */
  | { readonly kind: "drip"; readonly everyMs: number }
  /** Ends the body early, and politely: nothing but the count of bytes betrays it. */
  | { readonly kind: "truncate"; readonly afterBytes: number }
  /** Sends bytes beyond those announced in Content-Range. */
  | { readonly kind: "lengthen"; readonly byBytes: number }
  /** Claims another total length. */
  | { readonly kind: "lie"; readonly total: number }
  /** Answers with another range than was asked for, and says so. */
  | { readonly kind: "shift"; readonly byBytes: number }
  /** Answers a range with the whole file. */
  | { readonly kind: "whole" }
  /** Compresses what was to come as it is. */
  | { readonly kind: "gzip" }
  | { readonly kind: "redirect"; readonly to: string; readonly status?: 301 | 302 | 303 | 307 | 308 };

/** How {@link startHttpServer} behaves when it behaves. */
export interface HttpServerOptions {
  /** Files by path: `{ "/a.nc": bytes }`. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** What requests must carry; without it they get 401. */
  readonly authorization?: string;
  /** Looks at every request first, and may answer it. */
  readonly answers?: (
    request: IncomingMessage,
    sizes: ReadonlyMap<string, number>,
  ) => { readonly status: number; readonly type: string; readonly body: string } | undefined;
  /** Whether it knows ranges; true by default. */
  readonly ranges?: boolean;
  /** What tells one version of a file from another; a strong ETag by default. */
  readonly validator?: "strong" | "weak" | "modified" | "nginx" | "none";
  /** When its files were changed; long ago by default, and one second after another. */
  readonly modified?: () => Date;
}

/** A request as it came. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
}

/** A running server; closing it breaks what is still open. */
export interface HttpServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly requests: readonly SeenRequest[];
  /** Sets or replaces a file; its ETag and date change with it. */
  put(path: string, bytes: Uint8Array): void;
  remove(path: string): void;
  /** Faults for the next requests, one each, in order; `undefined` lets one pass. */
  next(...faults: readonly (Fault | undefined)[]): void;
  /** A fault for every request from now on that {@link next} does not speak for; `undefined` ends it. */
  always(fault: Fault | undefined): void;
  close(): Promise<void>;
}

interface StoredFile {
  readonly bytes: Uint8Array;
  readonly version: number;
}

/**
 * Starts an HTTP server on this machine that serves files by ranges, with `If-Range`, HEAD and folder listings as Apache
 * writes them, and does wrong what it is told to.
 *
 * @example
 * await using server = await startHttpServer({ files: { "/a.nc": bytes }, authorization: "Bearer abc" });
 * server.next({ kind: "drop", afterBytes: 1000 }, { kind: "status", status: 503, headers: { "retry-after": "1" } });
 */
export async function startHttpServer(options: HttpServerOptions = {}): Promise<HttpServer> {
  const files = new Map<string, StoredFile>();
  const requests: SeenRequest[] = [];
  const queue: (Fault | undefined)[] = [];
  let version = 0;
  let usual: Fault | undefined;
  const put = (path: string, bytes: Uint8Array): void => {
    files.set(path, { bytes, version: version++ });
  };
  for (const [path, bytes] of Object.entries(options.files ?? {})) put(path, bytes);
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://host").pathname;
    requests.push({ method: request.method ?? "", path: request.url ?? "", headers: request.headers });
    const fault = queue.length > 0 ? queue.shift() : usual;
    answer({ request, response, path, fault, files, options });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    put,
    remove: (path) => void files.delete(path),
    next: (...faults) => void queue.push(...faults),
    always: (fault) => {
      usual = fault;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly fault: Fault | undefined;
  readonly files: ReadonlyMap<string, StoredFile>;
  readonly options: HttpServerOptions;
}

function answer(exchange: Exchange): void {
  const { request, response, path, fault, files, options } = exchange;
  if (options.authorization !== undefined && request.headers.authorization !== options.authorization) {
    response.writeHead(401, { "www-authenticate": "Bearer" }).end();
    return;
  }
  if (fault?.kind === "status") {
    response.writeHead(fault.status, fault.headers ?? {}).end();
    return;
  }
  if (fault?.kind === "redirect") {
    response.writeHead(fault.status ?? 302, { location: fault.to }).end();
    return;
  }
  const special = options.answers?.(request, new Map([...files].map(([name, { bytes }]) => [name, bytes.length])));
  if (special) {
    response.writeHead(special.status, { "content-type": special.type }).end(special.body);
    return;
  }
  const file = files.get(decodeURIComponent(path));
  if (file) sendFile(exchange, file);
  else if (path.endsWith("/")) sendIndex(exchange);
  else response.writeHead(404).end();
}

function sendFile({ request, response, fault, options }: Exchange, { bytes, version }: StoredFile): void {
  const changed = options.modified?.() ?? new Date(Date.UTC(2026, 0, 1, 0, 0, version));
  const validators = validatorsOf({ version, changed, bytes: bytes.length }, options.validator ?? "strong");
  const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const ifRange = request.headers["if-range"];
  const isCurrent =
    ifRange === undefined ||
    (ifRange === validators["etag"] && !ifRange.startsWith("W/")) ||
    ifRange === validators["last-modified"];
  if (!asked || options.ranges === false || !isCurrent || fault?.kind === "whole") {
    const headers = { ...validators, "content-length": bytes.length, "content-type": "application/octet-stream" };
    sendBody({ request, response, fault }, 200, headers, bytes);
    return;
  }
  const shift = fault?.kind === "shift" ? fault.byBytes : 0;
  const start = Number(asked[1]) + shift;
  const end = Math.min(asked[2] ? Number(asked[2]) + shift : bytes.length - 1, bytes.length - 1);
  const total = fault?.kind === "lie" ? fault.total : bytes.length;
  if (start >= bytes.length) {
    response.writeHead(416, { "content-range": `bytes */${total}` }).end();
    return;
  }
  const headers = {
    ...validators,
    "accept-ranges": "bytes",
    "content-range": `bytes ${start}-${end}/${total}`,
    "content-length": end - start + 1,
  };
  sendBody({ request, response, fault }, 206, headers, bytes.subarray(start, end + 1));
}

function sendBody(
  { request, response, fault }: Pick<Exchange, "request" | "response" | "fault">,
  status: number,
  headers: Readonly<Record<string, string | number>>,
  body: Uint8Array,
): void {
  if (request.method === "HEAD") {
    response.writeHead(status, headers).end();
    return;
  }
  // Without its length the answer is sent in chunks, and only the count of bytes can betray a wrong end.
  const { "content-length": _, ...unmeasured } = headers;
  if (fault?.kind === "drop" || fault?.kind === "stall") {
    const after = fault.afterBytes ?? 0;
    if (after > 0 && fault.kind === "drop") {
      response.writeHead(status, headers);
      response.write(body.subarray(0, after), () => response.destroy());
    } else if (after > 0) response.writeHead(status, headers).write(body.subarray(0, after));
    else if (fault.kind === "drop") response.destroy();
  } else if (fault?.kind === "drip") {
    response.writeHead(status, headers);
    let at = 0;
    const timer = setInterval(() => response.write(body.subarray(at, ++at)), fault.everyMs);
    response.on("close", () => clearInterval(timer));
  } else if (fault?.kind === "truncate") {
    response.writeHead(status, unmeasured).end(body.subarray(0, fault.afterBytes));
  } else if (fault?.kind === "lengthen") {
    response.writeHead(status, unmeasured).end(Buffer.concat([body, Buffer.alloc(fault.byBytes)]));
  } else if (fault?.kind === "gzip") {
    const packed = gzipSync(body);
    response.writeHead(status, { ...headers, "content-encoding": "gzip", "content-length": packed.length }).end(packed);
  } else {
    response.writeHead(status, headers).end(body);
  }
}

function validatorsOf(
  of: { readonly version: number; readonly changed: Date; readonly bytes: number },
  kind: NonNullable<HttpServerOptions["validator"]>,
): Record<string, string> {
  const { version, changed, bytes } = of;
  const modified = changed.toUTCString();
  if (kind === "nginx") {
    const seconds = Math.floor(changed.getTime() / 1000);
    return { etag: `"${seconds.toString(16)}-${bytes.toString(16)}"`, "last-modified": modified };
  }
  if (kind === "strong") return { etag: `"v${version}"`, "last-modified": modified };
  if (kind === "weak") return { etag: `W/"v${version}"`, "last-modified": modified };
  return kind === "modified" ? { "last-modified": modified } : {};
}

function sendIndex({ response, path, files }: Exchange): void {
  const folder = decodeURIComponent(path);
  const below = [...files.keys()].filter((each) => each.startsWith(folder)).map((each) => each.slice(folder.length));
  if (below.length === 0) {
    response.writeHead(404).end();
    return;
  }
  const names = [...new Set(below.map((each) => each.replace(/\/.*/, "/")))].toSorted((a, b) => (a < b ? -1 : 1));
  const rows = names.map((name) => `<a href="${encodeURI(name)}">${name}</a>`);
  const head = `<html><head><title>Index of ${folder}</title></head><body><h1>Index of ${folder}</h1><pre>`;
  const body = `${head}<a href="?C=N;O=D">Name</a> <a href="../">Parent Directory</a>\n${rows.join("\n")}</pre></body></html>`;
  response.writeHead(200, { "content-type": "text/html;charset=UTF-8" }).end(body);
}
