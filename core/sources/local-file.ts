import { type BigIntStats, read } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import type { SourceFile, SourceOptions, SourceRange } from "../contracts/source.ts";
import { FileClosedError, FileNotFoundError, ReadFailedError } from "../files/errors.ts";
import { type Retries, TransientFailure } from "./retries.ts";

/** Node reads no more at once than 2 GiB, and the time limit is for one call. */
const MAX_READ_BYTES = 64 << 20;
/** How often reading looks whether the file is still the same; each look costs as much as a small read. */
const CHECK_MS = 100;
/** Reads of a batch that are under way at a time; the system's queue for them is never empty then. */
const BATCH_READS = 32;
const BATCH_RANGES = 4096;

/** What a {@link LocalFile} needs from its source. */
export interface LocalFileParts {
  readonly location: string;
  readonly path: string;
  readonly bytes: number;
  readonly version: string;
  reopen(): Promise<FileHandle>;
  call<T>(work: Promise<T>, signal?: AbortSignal): Promise<T>;
  retries(): Retries;
  now(): number;
}

/** Size and time of change, to the nanosecond where the file system knows it. */
export function versionOf(status: BigIntStats): string {
  return `${status.size}-${status.mtimeNs}`;
}

/** An open local file, opened anew when its mount came back. */
export class LocalFile implements SourceFile {
  readonly location: string;
  readonly bytes: number;
  readonly version: string;
  readonly #parts: LocalFileParts;
  #handle: FileHandle;
  #reopening: Promise<void> | undefined;
  #checkedAt: number;
  #state: "open" | "closed" = "open";
  /** Batches under way. They use the descriptor itself, which a handle does not know of. */
  readonly #batches = new Set<Promise<unknown>>();

  constructor(handle: FileHandle, parts: LocalFileParts) {
    this.#handle = handle;
    this.#parts = parts;
    this.#checkedAt = parts.now();
    this.location = parts.location;
    this.bytes = parts.bytes;
    this.version = parts.version;
  }

  async readInto(target: Uint8Array, position: number, { signal }: SourceOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    this.#checkOpen();
    checkRange(this, target.length, position);
    let retries: Retries | undefined;
    let done = 0;
    while (done < target.length) {
      const handle = this.#handle;
      try {
        done += await this.#readSome(handle, target.subarray(done), position + done, signal);
        retries?.progressed();
      } catch (error) {
        this.#checkOpen();
        retries ??= this.#parts.retries();
        await retries.pause(replaced(error, handle !== this.#handle), signal);
        this.#checkOpen();
        // What fails here fails again with the next read, and is counted there.
        if (handle === this.#handle) await this.#reopen().catch(onlyPassing);
      }
    }
    // The bytes are there; whether the mount still is shows the next read.
    if (this.#parts.now() - this.#checkedAt >= CHECK_MS) await this.#checkSame(this.#handle, signal).catch(onlyPassing);
  }

  async readEachInto(ranges: readonly SourceRange[], options: SourceOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.#checkOpen();
    for (const { target, position } of ranges) checkRange(this, target.length, position);
    // The time limit is for one batch.
    for (let at = 0; at < ranges.length; at += BATCH_RANGES) {
      await this.#readBatch(ranges.slice(at, at + BATCH_RANGES), options);
    }
  }

  async localPath({ signal }: SourceOptions = {}): Promise<string> {
    signal?.throwIfAborted();
    this.#checkOpen();
    return this.#parts.path;
  }

  async close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    await this.#reopening?.catch(() => undefined);
    // Nothing was written that closing could lose, and a dead mount is no reason to fail.
    await this.#parts.call(this.#closeHandle(this.#handle)).catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #readBatch(ranges: readonly SourceRange[], options: SourceOptions): Promise<void> {
    this.#checkOpen();
    const batch = readRanges(this.#handle.fd, ranges);
    this.#batches.add(batch);
    // Not before it has ended, even if nobody waits any more: closing lets others have the descriptor's number.
    void batch.finally(() => this.#batches.delete(batch));
    const left = await this.#parts.call(batch, options.signal);
    // What did not come at once is read as anything else is, with all its tries.
    for (const { target, position } of left) await this.readInto(target, position, options);
    if (left.length === 0 && this.#parts.now() - this.#checkedAt >= CHECK_MS) {
      await this.#checkSame(this.#handle, options.signal).catch(onlyPassing);
    }
  }

  async #readSome(handle: FileHandle, target: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    const length = Math.min(target.length, MAX_READ_BYTES);
    const { bytesRead } = await this.#parts.call(handle.read(target, 0, length, position), signal);
    if (bytesRead > 0) return bytesRead;
    await this.#checkSame(handle, signal);
    throw new TransientFailure(`it ended at byte ${position}, although it has ${this.bytes}`);
  }

  /** @throws {@link ReadFailedError} when the file is not the one that was opened. */
  async #checkSame(handle: FileHandle, signal?: AbortSignal): Promise<void> {
    const status = await this.#parts.call(handle.stat({ bigint: true }), signal);
    this.#checkedAt = this.#parts.now();
    if (versionOf(status) !== this.version) {
      throw new ReadFailedError(
        this.location,
        `it was changed since it was opened (${this.bytes} bytes then, ${status.size} now). Open it again.`,
      );
    }
  }

  #reopen(): Promise<void> {
    this.#reopening ??= this.#replaceHandle().finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  async #replaceHandle(): Promise<void> {
    const fresh = await this.#parts.reopen();
    try {
      await this.#checkSame(fresh);
    } catch (error) {
      void fresh.close().catch(() => undefined);
      throw error;
    }
    const old = this.#handle;
    this.#handle = fresh;
    // Waits for reads that still use it; on a dead mount it may never end.
    void this.#closeHandle(old).catch(() => undefined);
  }

  /** Closes a handle once no batch uses its descriptor. */
  async #closeHandle(handle: FileHandle): Promise<void> {
    await Promise.all(this.#batches);
    await handle.close();
  }

  #checkOpen(): void {
    if (this.#state === "closed") throw new FileClosedError(this.location);
  }
}

/** Reads ranges, many at a time, by plain callbacks: a promise for each would cost more than the read. Never rejects. */
function readRanges(descriptor: number, ranges: readonly SourceRange[]): Promise<readonly SourceRange[]> {
  const left: SourceRange[] = [];
  let next = 0;
  let done = 0;
  return new Promise((resolve) => {
    if (ranges.length === 0) resolve(left);
    const start = (): void => {
      const range = ranges[next++];
      if (range === undefined) return;
      const { target, position } = range;
      read(descriptor, target, 0, target.length, position, (error, bytes) => {
        if (error || bytes !== target.length) left.push(range);
        done++;
        if (done === ranges.length) resolve(left);
        else start();
      });
    };
    for (let i = 0; i < BATCH_READS; i++) start();
  });
}

/** @throws {@link ReadFailedError} when a file does not have the range. */
export function checkRange(file: SourceFile, length: number, position: number): void {
  if (Number.isSafeInteger(position) && position >= 0 && position + length <= file.bytes) return;
  throw new ReadFailedError(
    file.location,
    `bytes ${position} to ${position + length} were asked for, and it has ${file.bytes}.`,
  );
}

/** A read that failed only because another one had the file opened anew is repeated. */
function replaced(error: unknown, isReplaced: boolean): unknown {
  return isReplaced ? new TransientFailure("it was opened anew", { cause: error }) : error;
}

/** An empty mount point looks like a file that is gone. */
function onlyPassing(error: unknown): void {
  if (!(error instanceof TransientFailure || error instanceof FileNotFoundError)) throw error;
}
