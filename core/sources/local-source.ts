import { constants } from "node:fs";
import { open, readdir, realpath, stat } from "node:fs/promises";
import { relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { Source, SourceEntry, SourceFile, SourceOptions } from "../contracts/source.ts";
import { FileNotFoundError, FileUnreadableError } from "../files/errors.ts";
import { within } from "../kernel/deadline.ts";
import { LocationRefusedError, SourceUnavailableError } from "./errors.ts";
import { LocalFile, versionOf } from "./local-file.ts";
import { type FolderItem, isPattern, listPattern, splitPattern } from "./patterns.ts";
import { DEFAULT_RETRY, Retries, type RetryPolicy, TransientFailure } from "./retries.ts";
import { SYSTEM_TIMING, type Timing } from "./timing.ts";

/** The calls of the system that a {@link LocalSource} makes. */
export interface LocalFileSystem {
  readonly open: typeof open;
  readonly stat: typeof stat;
  readonly realpath: (path: string) => Promise<string>;
  readonly readdir: typeof readdir;
}

/** How a {@link LocalSource} reads. */
export interface LocalSourceOptions {
  /** Nothing outside this folder is opened or listed, and relative paths start there; links are followed first. */
  readonly root?: string | undefined;
  /** For reads that fail because a network mount is away. */
  readonly retry?: RetryPolicy | undefined;
  /** How long one call of the system may take, ms: on a dead mount it may never return. */
  readonly timeoutMs?: number | undefined;
  /** @internal */
  readonly fileSystem?: LocalFileSystem;
  /** @internal */
  readonly timing?: Timing;
}

/** What a mount answers while its server is away, or the system while it is short of something. */
const PASSING: ReadonlySet<string> = new Set([
  ...["EIO", "ESTALE", "ETIMEDOUT", "ENOTCONN", "EAGAIN", "EINTR", "EBUSY", "EREMOTEIO", "ENODEV", "ENXIO"],
  ...["EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN", "ENETUNREACH", "ECONNRESET", "ECONNABORTED", "ECONNREFUSED", "EPIPE"],
  ...["EMFILE", "ENFILE", "ENOMEM"],
]);

/** How many entries of a folder are looked at together: on a network mount each look is a round trip. */
const LOOKS_AT_ONCE = 32;

/** Files of the local file system and what is mounted there. */
export class LocalSource implements Source {
  readonly prefixes: readonly string[] = ["", "file:"];
  readonly #root: string | undefined;
  readonly #retry: RetryPolicy;
  readonly #timeoutMs: number;
  readonly #system: LocalFileSystem;
  readonly #timing: Timing;

  constructor(options: LocalSourceOptions = {}) {
    this.#root = options.root === undefined ? undefined : resolve(options.root);
    this.#retry = options.retry ?? DEFAULT_RETRY;
    this.#timeoutMs = options.timeoutMs ?? 60_000;
    this.#system = options.fileSystem ?? { open, stat, realpath, readdir };
    this.#timing = options.timing ?? SYSTEM_TIMING;
  }

  async open(location: string, { signal }: SourceOptions = {}): Promise<SourceFile> {
    signal?.throwIfAborted();
    const path = await this.#retrying(location, () => this.#allowed(location, this.#pathOf(location)), signal);
    const openHandle = async () => {
      // Looked at first, because opening a pipe waits for a writer.
      const status = await this.#call(location, this.#system.stat(path));
      if (status.isDirectory()) throw new FileUnreadableError(location, "it is a folder.");
      if (!status.isFile()) throw new FileUnreadableError(location, "it is no regular file.");
      const flags = constants.O_RDONLY | (this.#root === undefined ? 0 : constants.O_NOFOLLOW);
      const opening = this.#system.open(path, flags);
      return await this.#call(location, opening).catch((error: unknown) => {
        // Opened after all, when nobody waits any more.
        void opening.then((late) => late.close()).catch(() => undefined);
        throw error;
      });
    };
    const [handle, status] = await this.#retrying(
      location,
      async () => {
        const opened = await openHandle();
        try {
          return [opened, await this.#call(location, opened.stat({ bigint: true }))] as const;
        } catch (error) {
          // Not waited for: on a dead mount it may never end.
          void opened.close().catch(() => undefined);
          throw error;
        }
      },
      signal,
    );
    return new LocalFile(handle, {
      location,
      path,
      bytes: Number(status.size),
      version: versionOf(status),
      reopen: openHandle,
      call: (work, callSignal) => this.#call(location, work, callSignal),
      retries: () => new Retries(location, this.#retry, this.#timing),
      now: this.#timing.now,
    });
  }

  async *list(pattern: string, { signal }: SourceOptions = {}): AsyncGenerator<SourceEntry> {
    signal?.throwIfAborted();
    const isUrl = pattern.startsWith("file:");
    const text = isUrl ? fileURLToPath(pattern) : sep === "\\" ? pattern.replaceAll("\\", "/") : pattern;
    const parts = splitPattern(text);
    const folder = parts.folder === "" ? "." : parts.folder;
    const start = await this.#retrying(
      pattern,
      async () => {
        const path = await this.#allowed(pattern, this.#resolved(folder));
        return { path, status: await this.#call(pattern, this.#system.stat(path)) };
      },
      signal,
    );
    if (start.status.isFile() && !isPattern(text)) {
      yield { location: text, bytes: start.status.size };
      return;
    }
    if (!start.status.isDirectory()) throw new FileNotFoundError(pattern);
    const shown = parts.folder === "" || parts.folder.endsWith("/") ? parts.folder : `${parts.folder}/`;
    yield* await listPattern(parts, (below) => this.#items({ pattern, folder: start.path, shown, below, signal }));
  }

  /** What a folder holds: files with their sizes, and folders, whatever links say they are. */
  async *#items(of: {
    readonly pattern: string;
    readonly folder: string;
    readonly shown: string;
    readonly below: string;
    readonly signal: AbortSignal | undefined;
  }): AsyncGenerator<FolderItem> {
    const { pattern, folder, shown, below, signal } = of;
    const path = resolve(folder, below);
    const names = await this.#retrying(pattern, () => this.#call(pattern, this.#system.readdir(path)), signal);
    const above = await this.#foldersAbove(pattern, folder, below);
    const look = async (name: string): Promise<FolderItem | undefined> => {
      signal?.throwIfAborted();
      const item = await this.#allowed(pattern, resolve(path, name));
      const status = await this.#call(pattern, this.#system.stat(item));
      if (status.isFile()) return { name, file: { location: `${shown}${below}${name}`, bytes: status.size } };
      if (!status.isDirectory()) return undefined;
      // A link to a folder that is being walked would never end.
      return above.includes(await this.#call(pattern, this.#system.realpath(item))) ? undefined : { name };
    };
    const lookAgain = async (name: string): Promise<FolderItem | undefined> => {
      try {
        return await this.#retrying(pattern, () => look(name), signal);
      } catch (error) {
        // Links that lead nowhere or outside, and what vanished meanwhile, are no part of the folder.
        if (error instanceof FileNotFoundError || error instanceof LocationRefusedError) return undefined;
        throw error;
      }
    };
    for (let at = 0; at < names.length; at += LOOKS_AT_ONCE) {
      for (const item of await Promise.all(names.slice(at, at + LOOKS_AT_ONCE).map(lookAgain))) if (item) yield item;
    }
  }

  /** The real paths of the folders on the way down to one, and its own. */
  async #foldersAbove(pattern: string, folder: string, below: string): Promise<readonly string[]> {
    const names = below.split("/").filter((name) => name !== "");
    const paths = names.map((_, depth) => resolve(folder, ...names.slice(0, depth + 1)));
    return await Promise.all([folder, ...paths].map((path) => this.#call(pattern, this.#system.realpath(path))));
  }

  #pathOf(location: string): string {
    try {
      return this.#resolved(location.startsWith("file:") ? fileURLToPath(location) : location);
    } catch (error) {
      throw new FileUnreadableError(location, `${(error as Error).message}.`, { cause: error });
    }
  }

  #resolved(path: string): string {
    return this.#root === undefined ? path : resolve(this.#root, path);
  }

  /** The path itself; where a root is set, its real path, which lies inside. */
  async #allowed(location: string, path: string): Promise<string> {
    if (this.#root === undefined) return path;
    const refuse = (): never => {
      throw new LocationRefusedError(location, `it lies outside "${this.#root}", the root of this source.`);
    };
    // Outside is refused alike, whether it exists or not.
    const root = await this.#call(location, this.#system.realpath(this.#root));
    if (isOutside(this.#root, path) && isOutside(root, path)) refuse();
    const real = await this.#call(location, this.#system.realpath(path));
    return isOutside(root, real) ? refuse() : real;
  }

  async #retrying<T>(location: string, attempt: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return await new Retries(location, this.#retry, this.#timing).run(attempt, signal);
  }

  /** Waits for a call of the system and gives its failure a code. A call that hangs is not repeated: it holds a thread. */
  async #call<T>(location: string, work: Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await within(work, {
        timeoutMs: this.#timeoutMs,
        signal,
        onTimeout: () =>
          new SourceUnavailableError(
            location,
            `the file system did not answer within ${this.#timeoutMs} ms. Look after the mount, or raise \`timeoutMs\`.`,
          ),
      });
    } catch (error) {
      throw signal?.aborted && error === signal.reason ? error : coded(error, location);
    }
  }
}

function isOutside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === ".." || way.startsWith(`..${sep}`) || resolve(root, way) !== resolve(path);
}

function coded(error: unknown, location: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (typeof code !== "string" || code.startsWith("TWIN_")) return error;
  if (PASSING.has(code)) return new TransientFailure(message, { cause: error });
  if (code === "ENOENT" || code === "ENOTDIR") return new FileNotFoundError(location, { cause: error });
  return new FileUnreadableError(location, `${message}.`, { cause: error });
}
