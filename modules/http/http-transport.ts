import { globalAgent } from "node:http";
import type { LookupFunction } from "node:net";
import { promisify } from "node:util";
import {
  FileUnreadableError,
  type FolderPage,
  type FolderRequest,
  type HttpAnswer,
  httpGet,
  httpRange,
  httpRefusal,
  LocationRefusedError,
  type RangeReply,
  type RangeRequest,
  redactLocation,
  type SecretReference,
  SourceUnavailableError,
  sendHttp,
  type Transport,
} from "../../core/index.ts";
import { readIndexPage } from "./index-page.ts";
import { isPrivate, publicLookup } from "./public-address.ts";

const MAX_REDIRECTS = 5;

/** What an {@link HttpTransport} may do, and who it is. */
export interface HttpTransportOptions {
  /** With a host they end in a slash. */
  readonly prefixes: readonly string[];
  readonly redirects: readonly string[];
  readonly bearer?: SecretReference | undefined;
  readonly username?: string | undefined;
  readonly password?: SecretReference | undefined;
  readonly headers?: Readonly<Record<string, SecretReference | string>> | undefined;
}

/** Single requests to HTTP servers, within a policy. */
export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  /** Origins that were named: reached even where their address is private. */
  readonly #named: ReadonlySet<string>;
  readonly #redirects: ReadonlySet<string>;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#redirects = new Set(options.redirects.map((each) => new URL(each).origin));
    const hosts = options.prefixes.filter((each) => !/^https?:\/\/$/.test(each));
    this.#named = new Set([...this.#redirects, ...hosts.map((each) => new URL(each).origin)]);
  }

  resolve(location: string): string {
    return this.#urlOf(location).href;
  }

  async fetchRange(location: string, request: RangeRequest): Promise<RangeReply> {
    const url = this.#urlOf(location);
    const send = (headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer> =>
      this.#send(url, { headers, signal, location });
    return await httpRange(location, request, { send });
  }

  async listFolder(folder: string, { signal }: FolderRequest): Promise<FolderPage> {
    const url = this.#urlOf(folder);
    const headers = { accept: "text/html" };
    const response = await sendHttp(folder, () => this.#send(url, { headers, signal, location: folder }));
    const shown = redactLocation(folder);
    if (response.status !== 200) throw await httpRefusal(response, shown);
    const isHtml = (response.headers.get("content-type") ?? "").includes("html");
    const page = isHtml ? readIndexPage(await sendHttp(folder, () => response.text()), url) : undefined;
    if (page) return { files: page.files.map((name) => fileAt(url, name)), folders: page.folders };
    response.discard();
    throw new FileUnreadableError(
      shown,
      "its server shows no listing of the folder that could be read. Give the URLs of the files one by one.",
    );
  }

  /** The URL, when it may be asked for. */
  #urlOf(location: string): URL {
    const refuse = (why: string): never => {
      throw new LocationRefusedError(redactLocation(location), why);
    };
    if (!URL.canParse(location)) return refuse("it is no URL.");
    const url = new URL(location);
    url.hash = "";
    if (url.username !== "" || url.password !== "") {
      refuse("it holds a name or a password. Give them to the source: `username` and `password: env(…)`.");
    }
    if (climbs(url.pathname)) refuse("its path climbs out of its folder.");
    if (!this.#options.prefixes.some((prefix) => url.href.startsWith(prefix))) {
      refuse(`it is ${redactLocation(url.href)}, and this source serves ${this.#options.prefixes.join(", ")}.`);
    }
    return url;
  }

  async #send(
    start: URL,
    request: {
      readonly headers: Readonly<Record<string, string>>;
      readonly signal: AbortSignal;
      readonly location: string;
    },
  ): Promise<HttpAnswer> {
    const shown = redactLocation(request.location);
    let url = start;
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const lookup = this.#named.has(url.origin) ? undefined : await this.#publicLookup(url, shown);
      // Credentials are for the origin that they were given for, and for no other.
      const headers = url.origin === start.origin ? { ...this.#credentials(), ...request.headers } : request.headers;
      const response = await httpGet(url, { headers, signal: request.signal, lookup });
      const target = response.headers.get("location");
      if (response.status < 300 || response.status >= 400 || response.status === 304 || target === null)
        return response;
      response.discard();
      url = this.#redirected(url, { target, start, shown });
    }
    throw new SourceUnavailableError(shown, `its server redirects more than ${MAX_REDIRECTS} times.`);
  }

  /** Where a redirect leads, when it may. */
  #redirected(from: URL, to: { readonly target: string; readonly start: URL; readonly shown: string }): URL {
    const { target, start, shown } = to;
    const refuse = (why: string): never => {
      throw new LocationRefusedError(shown, why);
    };
    if (!URL.canParse(target, from.href)) return refuse("it is redirected to what is no URL.");
    const url = new URL(target, from);
    const where = redactLocation(url.href);
    if (url.protocol !== "https:" && !(url.protocol === "http:" && from.protocol === "http:")) {
      refuse(`it is redirected to ${where}, which is less safe.`);
    }
    if (url.username !== "" || url.password !== "") refuse(`it is redirected to ${where} with a password.`);
    if (url.origin === start.origin) {
      if (this.#options.prefixes.some((prefix) => url.href.startsWith(prefix))) return url;
      refuse(`it is redirected to ${where}, and this source serves ${this.#options.prefixes.join(", ")}.`);
    }
    if (this.#redirects.has(url.origin)) return url;
    return refuse(
      `it is redirected to ${where}. If you trust ${url.origin}, add it to the source's option \`redirects\`.`,
    );
  }

  /** Looks up the address that is connected to, and lets public ones pass only. @throws for an address in the URL. */
  async #publicLookup(url: URL, shown: string): Promise<LookupFunction | undefined> {
    const refused = (address: string): LocationRefusedError =>
      new LocationRefusedError(
        shown,
        `${url.hostname} has the address ${address}, which is not public. If you trust it, name it: \`prefix: "${url.origin}/"\`.`,
      );
    const host = url.hostname.replace(/^\[|\]$/g, "");
    if (isPrivate(host)) throw refused(host);
    const lookup = publicLookup(refused);
    const { options } = globalAgent as { readonly options?: { readonly proxyEnv?: unknown } };
    if (options?.proxyEnv === undefined) return lookup;
    // A proxy looks the name up itself, and may know names that are unknown here.
    await promisify(lookup)(host, {}).catch((error: unknown) => {
      if (error instanceof LocationRefusedError) throw error;
    });
    return undefined;
  }

  /** Revealed where they are used, and kept nowhere. */
  #credentials(): Record<string, string> {
    const { bearer, username, password, headers = {} } = this.#options;
    const found = Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === "string" ? value : value.reveal(),
    ]);
    if (bearer) found.push(["authorization", `Bearer ${bearer.reveal()}`]);
    if (username !== undefined && password) {
      const pair = Buffer.from(`${username}:${password.reveal()}`).toString("base64");
      found.push(["authorization", `Basic ${pair}`]);
    }
    return Object.fromEntries(found) as Record<string, string>;
  }
}

/** `..` that was written so that the URL keeps it, and a server may not: `..%2f`, `%2e%2e%5c`, encoded twice. */
function climbs(pathname: string): boolean {
  let path = pathname;
  for (let round = 0; round < 3; round++) {
    if (path.split(/[/\\]/).includes("..")) return true;
    try {
      path = decodeURIComponent(path);
    } catch {
      return false;
    }
  }
  return false;
}

function fileAt(folder: URL, name: string): FolderPage["files"][number] {
  return { name, entry: { location: new URL(name, folder).href, bytes: Number.NaN } };
}
