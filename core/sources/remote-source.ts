import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { z } from "zod";
import type { Log } from "../contracts/log.ts";
import type { Source, SourceEntry, SourceFile, SourceOptions } from "../contracts/source.ts";
import { FileNotFoundError, FileUnreadableError } from "../files/errors.ts";
import { BlockCache } from "./block-cache.ts";
import { BlockReader } from "./block-reader.ts";
import { CacheFolder, defaultCacheFolder } from "./cache-folder.ts";
import { type Download, Downloads, folderName } from "./downloads.ts";
import { LocalSource } from "./local-source.ts";
import { type FolderItem, listPattern, splitPattern } from "./patterns.ts";
import { redactLocation } from "./redact.ts";
import { RemoteFile } from "./remote-file.ts";
import { changedError, type FirstLook, Requests } from "./requests.ts";
import { type RetryChoice, RetryOptions, type RetryPolicy } from "./retries.ts";
import { SYSTEM_TIMING, type Timing } from "./timing.ts";
import type { Transport } from "./transport.ts";

/** Options that every remote source has, for plugins; see {@link remoteOptions}. */
export interface RemoteOptions {
  readonly cache?: CacheOptions | undefined;
  /** The largest file that is downloaded as a whole: for HDF5, and from servers without ranges. */
  readonly maxDownloadBytes?: number | undefined;
  /** For requests that fail in a way that may pass. */
  readonly retry?: RetryChoice | undefined;
  /** How long a server may say nothing, ms. */
  readonly idleMs?: number | undefined;
  /** How many requests run at once. */
  readonly concurrency?: number | undefined;
}

/** What a remote source keeps. */
export interface CacheOptions {
  /** `$XDG_CACHE_HOME/twinloom` or `~/.cache/twinloom` by default; several programs may share it. */
  readonly folder?: string | undefined;
  /** How large that folder may grow; what was used longest ago goes first. */
  readonly maxBytes?: number | undefined;
  /** How much is kept in memory beside it. */
  readonly memoryBytes?: number | undefined;
  /** Size of the pieces in which files are read and kept. */
  readonly blockBytes?: number | undefined;
}

/** {@link RemoteOptions} with nothing left open. */
export interface RemotePolicy {
  readonly cache: {
    readonly folder?: string | undefined;
    readonly maxBytes: number;
    readonly memoryBytes: number;
    readonly blockBytes: number;
  };
  readonly maxDownloadBytes: number;
  readonly retry: RetryPolicy;
  readonly idleMs: number;
  readonly concurrency: number;
}

const bytes = (text: string, usual: number): z.ZodDefault<z.ZodNumber> =>
  z.number().int().min(0).default(usual).describe(text);

const Cache = z.object({
  folder: z.string().min(1).optional().describe("Where copies are kept; ~/.cache/twinloom by default."),
  maxBytes: bytes("How large that folder may grow; what was used longest ago goes first.", 10e9),
  memoryBytes: bytes("How much is kept in memory beside it.", 32e6),
  blockBytes: z
    .number()
    .int()
    .min(512)
    .max(64 << 20)
    .default(256 << 10)
    .describe("Size of the pieces in which files are read and kept."),
});

/** The schemas of {@link RemoteOptions}, to be spread into the options of a plugin. */
export const remoteOptions = {
  cache: Cache.prefault({}).describe("Copies that are kept."),
  maxDownloadBytes: bytes("The largest file that is downloaded as a whole.", 8e9),
  retry: RetryOptions.prefault({}).describe("For requests that fail in a way that may pass."),
  idleMs: z.number().int().min(1).default(30_000).describe("How long a server may say nothing, ms."),
  concurrency: z.number().int().min(1).max(256).default(8).describe("How many requests run at once."),
} as const;

/** What a {@link RemoteSource} is made of. */
export interface RemoteSourceParts extends Omit<RemoteSourceInternals, "timing"> {
  readonly prefixes: readonly string[];
  readonly transport: Transport;
  readonly policy: RemotePolicy;
  readonly log?: Log | undefined;
}

interface RemoteSourceInternals {
  /** @internal Time and chance, for tests. */
  readonly timing?: Timing;
}

/**
 * A `Source` made of a {@link Transport}: retries with back-off, a block cache in memory and on disk, few and large
 * requests, downloads that go on where they broke off, patterns. The same for every protocol.
 *
 * @example
 * create: ({ log }, options) =>
 *   new RemoteSource({ prefixes: ["root://"], transport: new XrootdTransport(options), policy: options, log }),
 */
export class RemoteSource implements Source {
  readonly prefixes: readonly string[];
  readonly #transport: Transport;
  readonly #policy: RemotePolicy;
  readonly #requests: Requests;
  readonly #blocks: BlockCache;
  readonly #downloads: Downloads;
  readonly #log: Log | undefined;
  readonly #copies = new LocalSource();

  constructor(parts: RemoteSourceParts & RemoteSourceInternals) {
    const { transport, policy, timing = SYSTEM_TIMING } = parts;
    const { cache } = policy;
    const folder = new CacheFolder(resolve(cache.folder ?? defaultCacheFolder()), cache.maxBytes);
    this.prefixes = parts.prefixes;
    this.#transport = transport;
    this.#policy = policy;
    this.#log = parts.log;
    this.#requests = new Requests({ ...policy, transport, timing });
    this.#blocks = new BlockCache({
      memoryBytes: cache.memoryBytes,
      folder: cache.maxBytes > 0 ? folder : undefined,
    });
    this.#downloads = new Downloads(folder, this.#requests, policy.maxDownloadBytes);
  }

  async open(location: string, { signal }: SourceOptions = {}): Promise<SourceFile> {
    signal?.throwIfAborted();
    const address = this.#transport.resolve(location);
    const look = await this.#requests.first(location, this.#policy.cache.blockBytes, signal);
    const isWholeInHead = look.head !== undefined && look.head.length === look.bytes;
    const canRange = look.head !== undefined && look.version !== undefined && look.bytes !== undefined;
    return canRange || isWholeInHead
      ? this.#ranged(location, address, look)
      : await this.#copied(location, address, look, signal);
  }

  async *list(pattern: string, { signal }: SourceOptions = {}): AsyncGenerator<SourceEntry> {
    signal?.throwIfAborted();
    const { folder: base, segments } = splitPattern(pattern);
    if (segments.length === 0 && !base.endsWith("/")) {
      // Sure of a name only when the server is asked.
      const file = await this.#single(pattern, signal);
      if (file) yield file;
      else yield* this.list(`${pattern}/`, { signal });
      return;
    }
    this.#transport.resolve(base);
    if (!this.#transport.listFolder) {
      throw new FileUnreadableError(
        redactLocation(pattern),
        "its source cannot list folders. Give the locations of the files one by one.",
      );
    }
    yield* await listPattern({ folder: base, segments }, (below, startsWith) =>
      this.#items(`${base}${below}`, startsWith, signal),
    );
  }

  /** @internal Waits until the disk has what was read, for tests. */
  async settled(): Promise<void> {
    await this.#blocks.settled();
  }

  #ranged(location: string, address: string, look: FirstLook): SourceFile {
    const { bytes = 0, head = new Uint8Array() } = look;
    // Without a version nothing may be kept longer than the file is open; it came whole, or it would be downloaded.
    const held = look.version === undefined ? head : undefined;
    const version = look.version ?? `sha256:${createHash("sha256").update(head).digest("hex")}`;
    const key = folderName(address, version);
    const object = { location, key, bytes, version };
    let fetched = head.length;
    const onFetched = (count: number): void => {
      fetched += count;
    };
    const { blockBytes } = this.#policy.cache;
    const reader = new BlockReader({ object, blockBytes, cache: this.#blocks, requests: this.#requests, onFetched });
    if (!held && head.length > 0) this.#blocks.put(key, 0, head);
    return new RemoteFile({
      location: redactLocation(location),
      bytes,
      version,
      readEachInto: async (ranges, signal) => {
        if (!held) await reader.readEachInto(ranges, signal);
        else for (const { target, position } of ranges) target.set(held.subarray(position, position + target.length));
      },
      localPath: async (options) => {
        const wanted = { location, address, look };
        if (held) return (await this.#downloads.keep(wanted, held)).path;
        const copy = await this.#downloads.get(wanted, { ...options, onFetched });
        if (copy.version !== version || copy.bytes !== bytes) throw changedError(object, copy);
        return copy.path;
      },
      fetchedBytes: () => fetched,
      close: async () => undefined,
    });
  }

  /** For servers that send nothing but the whole: a copy is made when the file is opened, and read. */
  async #copied(location: string, address: string, look: FirstLook, signal?: AbortSignal): Promise<SourceFile> {
    const shown = redactLocation(location);
    const reason = look.head === undefined ? "its server knows no ranges" : "its server names no version of it";
    this.#log?.warn({ location: shown, bytes: look.bytes }, `A file is downloaded as a whole, because ${reason}.`);
    let fetched = 0;
    const onFetched = (count: number): void => {
      fetched += count;
    };
    const copy: Download = await this.#downloads.get({ location, address, look }, { signal, onFetched });
    const file = await this.#copies.open(copy.path, { signal });
    return new RemoteFile({
      location: shown,
      bytes: copy.bytes,
      version: copy.version,
      readEachInto: async (ranges, readSignal) => {
        for (const { target, position } of ranges) await file.readInto(target, position, { signal: readSignal });
      },
      localPath: async () => copy.path,
      fetchedBytes: () => fetched,
      close: () => file.close(),
    });
  }

  async #single(location: string, signal: AbortSignal | undefined): Promise<SourceEntry | undefined> {
    this.#transport.resolve(location);
    try {
      const { bytes = Number.NaN } = await this.#requests.first(location, 1, signal);
      return { location, bytes };
    } catch (error) {
      if (error instanceof FileNotFoundError && this.#transport.listFolder) return undefined;
      throw error;
    }
  }

  async *#items(folder: string, startsWith: string, signal: AbortSignal | undefined): AsyncGenerator<FolderItem> {
    let after: string | undefined;
    do {
      const page = await this.#requests.folder(folder, { startsWith, after }, signal);
      for (const { name, entry } of page.files) yield { name, file: entry };
      for (const name of page.folders) yield { name };
      if (page.next !== undefined && page.next === after) {
        throw new FileUnreadableError(redactLocation(folder), "its server says again and again that its list goes on.");
      }
      after = page.next;
    } while (after !== undefined);
  }
}
