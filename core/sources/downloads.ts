import { createHash } from "node:crypto";
import { readFile, rename, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DownloadOptions, SourceOptions } from "../contracts/source.ts";
import { ReadFailedError, WriteFailedError } from "../files/errors.ts";
import { makeFolders } from "../files/make-folders.ts";
import { system } from "../files/write-atomically.ts";
import type { CacheFolder } from "./cache-folder.ts";
import { DownloadTooLargeError } from "./errors.ts";
import { PartialDownload } from "./partial-download.ts";
import { redactLocation } from "./redact.ts";
import type { FirstLook, ObjectIdentity, Requests } from "./requests.ts";
import { TransientFailure } from "./retries.ts";
import { SharedTask } from "./shared-task.ts";
import type { RangeReply } from "./transport.ts";

/** An object to be downloaded. */
export interface Wanted {
  readonly location: string;
  /** {@link Transport.resolve} of the location. */
  readonly address: string;
  readonly look: FirstLook;
}

/** A complete copy. */
export interface Download {
  readonly path: string;
  readonly bytes: number;
  readonly version: string;
}

type Listener = NonNullable<DownloadOptions["onProgress"]>;

/** Copies of remote objects in a cache folder: resumed where they were left, and reused while the version is the same. */
export class Downloads {
  readonly #folder: CacheFolder;
  readonly #requests: Requests;
  readonly #maxBytes: number;
  readonly #running = new Map<string, { readonly task: SharedTask<Download>; readonly listeners: Set<Listener> }>();

  constructor(folder: CacheFolder, requests: Requests, maxBytes: number) {
    this.#folder = folder;
    this.#requests = requests;
    this.#maxBytes = maxBytes;
  }

  /**
   * @throws {@link DownloadTooLargeError}; {@link WriteFailedError} (disk full); {@link ReadFailedError} (changed); as
   *   {@link Requests.range}.
   */
  async get(wanted: Wanted, options: SourceOptions & DownloadOptions & Fetched = {}): Promise<Download> {
    const { look, location, address } = wanted;
    this.#checkSize(location, look.bytes ?? 0);
    const name = `${address}\n${look.version ?? ""}`;
    let running = this.#running.get(name);
    if (!running || running.task.isAbandoned) {
      const listeners = new Set<Listener>();
      // What a download that was called off leaves behind is taken up, once it lies there.
      const before = running?.task.settled ?? Promise.resolve();
      const task = new SharedTask(async (signal) => {
        await before;
        return await this.#download(wanted, listeners, options, signal);
      });
      running = { task, listeners };
      this.#running.set(name, running);
      void task.settled.then(() => {
        if (this.#running.get(name)?.task === task) this.#running.delete(name);
      });
    }
    const { onProgress } = options;
    if (onProgress) running.listeners.add(onProgress);
    try {
      return await running.task.join(options.signal);
    } finally {
      if (onProgress) running.listeners.delete(onProgress);
    }
  }

  /** Makes a copy of what came already, because it has no version by which to ask for it again. */
  async keep({ location, address }: Wanted, bytes: Uint8Array): Promise<Download> {
    const partial = await this.#begin(location, folderName(address, "unversioned"));
    try {
      await partial.restart();
      await partial.write(0, bytes);
      return await this.#finish(partial, { location, address, version: undefined, sha256: undefined });
    } catch (error) {
      await partial.discard();
      throw error;
    }
  }

  async #download(wanted: Wanted, listeners: Set<Listener>, fetched: Fetched, signal: AbortSignal): Promise<Download> {
    const { bytes, version, isRange, sha256 } = wanted.look;
    const { location, address } = wanted;
    if (version === undefined || bytes === undefined) return await this.#fetchWhole(wanted, listeners, fetched, signal);
    const kept = await this.#kept(address, version, bytes);
    if (kept) return kept;
    if (!isRange) return await this.#fetchWhole(wanted, listeners, fetched, signal);
    const object: ObjectIdentity = { location, bytes, version };
    const partial = await this.#begin(location, folderName(address, version));
    try {
      const rest = { start: partial.bytes, length: bytes - partial.bytes };
      for await (const [position, piece] of this.#requests.range(object, rest, signal)) {
        await partial.write(position, piece);
        fetched.onFetched?.(piece.length);
        for (const listener of listeners) listener({ bytes: partial.bytes, of: bytes });
      }
      return await this.#finish(partial, { ...wanted, version, sha256 });
    } catch (error) {
      await abandon(partial, error);
      throw error;
    }
  }

  /** In one answer that cannot be continued: the server knows no ranges, or has nothing that names a version. */
  async #fetchWhole(
    { location, address, look }: Wanted,
    listeners: Set<Listener>,
    fetched: Fetched,
    signal: AbortSignal,
  ): Promise<Download> {
    const use = async (reply: RangeReply, body: AsyncIterable<Uint8Array>): Promise<Download> => {
      this.#checkSize(location, reply.bytes ?? 0);
      const partial = await this.#begin(location, folderName(address, reply.version ?? "unversioned"));
      try {
        await partial.restart();
        for await (const piece of body) {
          this.#checkSize(location, partial.bytes + piece.length);
          await partial.write(partial.bytes, piece);
          fetched.onFetched?.(piece.length);
          for (const listener of listeners) listener({ bytes: partial.bytes, of: reply.bytes ?? Number.NaN });
        }
        // An answer without its length could be cut unnoticed; the first look may know it.
        const isSame = reply.version !== undefined && reply.version === look.version;
        if (isSame && look.bytes !== undefined && partial.bytes !== look.bytes) {
          throw new TransientFailure(`the answer ended after ${partial.bytes} of ${look.bytes} bytes`);
        }
        return await this.#finish(partial, { location, address, version: reply.version, sha256: reply.sha256 });
      } catch (error) {
        await partial.discard();
        throw error;
      }
    };
    return await this.#requests.whole(location, use, signal);
  }

  async #begin(location: string, name: string): Promise<PartialDownload> {
    const folder = join(this.#folder.path, "downloads", name);
    try {
      await this.#folder.make();
      await makeFolders(folder);
    } catch (error) {
      const problem = `the cache folder of its source cannot be made: ${(error as Error).message}.`;
      throw new WriteFailedError(redactLocation(location), problem, { cause: error });
    }
    return await PartialDownload.begin(folder);
  }

  async #finish(
    partial: PartialDownload,
    of: {
      readonly location: string;
      readonly address: string;
      readonly version: string | undefined;
      readonly sha256: string | undefined;
    },
  ): Promise<Download> {
    const { bytes } = partial;
    const sha256 = await partial.finish();
    if (of.sha256 !== undefined && of.sha256 !== sha256) {
      await partial.discard();
      throw new ReadFailedError(
        redactLocation(of.location),
        `what came has the SHA-256 ${sha256}, and the server says ${of.sha256}.`,
      );
    }
    const version = of.version ?? `sha256:${sha256}`;
    const folder = join(this.#folder.path, "downloads", folderName(of.address, version));
    const path = join(folder, fileName(of.address));
    await system(path, async () => {
      await makeFolders(folder);
      // To the millisecond, so that every file system gives it back.
      const finished = new Date();
      await utimes(partial.path, finished, finished);
      await rename(partial.path, path);
      await writeFile(`${path}.json`, JSON.stringify({ version, bytes, sha256, finishedMs: finished.getTime() }));
    });
    await this.#folder.added(bytes).catch(() => undefined);
    return { path, bytes, version };
  }

  /** A copy that is as this class left it. */
  async #kept(address: string, version: string, bytes: number): Promise<Download | undefined> {
    const path = join(this.#folder.path, "downloads", folderName(address, version), fileName(address));
    try {
      const record = JSON.parse(await readFile(`${path}.json`, "utf8")) as { bytes: number; finishedMs: number };
      const status = await stat(path);
      const isIntact = status.size === bytes && record.bytes === bytes && status.mtimeMs === record.finishedMs;
      if (!isIntact) return undefined;
      // Used now, changed then: the oldest copies go first.
      await utimes(path, new Date(), new Date(record.finishedMs)).catch(() => undefined);
      return { path, bytes, version };
    } catch {
      return undefined;
    }
  }

  #checkSize(location: string, bytes: number): void {
    if (bytes <= this.#maxBytes) return;
    throw new DownloadTooLargeError(redactLocation(location), { bytes, maxBytes: this.#maxBytes });
  }
}

/** Counts what came over the network. */
export interface Fetched {
  onFetched?(bytes: number): void;
}

/** What came stays for the next try, unless it is of no use or the disk is full. */
async function abandon(partial: PartialDownload, error: unknown): Promise<void> {
  if (error instanceof ReadFailedError || error instanceof WriteFailedError) await partial.discard();
  else await partial.leave();
}

/** The name of a version of an object in the caches. */
export function folderName(address: string, version: string): string {
  return createHash("sha256").update(`${address}\n${version}`).digest("hex");
}

/** The object's own name, for libraries that look at endings; letters that a file system may not like are replaced. */
function fileName(address: string): string {
  const last = address.split(/[?#]/, 1)[0]?.split("/").at(-1) ?? "";
  const name = last.replaceAll(/%[0-9a-f]{2}|[^A-Za-z0-9._-]/gi, "_").slice(-100);
  return /[A-Za-z0-9]/.test(name) ? name : "file";
}
