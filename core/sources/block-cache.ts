import { createHash, randomBytes } from "node:crypto";
import { open, readFile, rename, rm, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolders } from "../files/make-folders.ts";
import type { CacheFolder } from "./cache-folder.ts";

const DIGEST_BYTES = 32;
/** A disk that does not keep up with the network must not fill the memory. */
const MAX_PENDING_BYTES = 16 << 20;

/** How much a {@link BlockCache} keeps. */
export interface BlockCacheOptions {
  readonly memoryBytes: number;
  /** Where blocks are kept between programs; absent to keep them in memory only. */
  readonly folder?: CacheFolder | undefined;
}

/**
 * Blocks of remote objects, by the object's key (which holds its version) and their number: in memory, and on disk with a
 * checksum each. Several processes may share the folder: a block appears whole under its name, and one that is missing,
 * damaged or just removed is fetched again.
 */
export class BlockCache {
  readonly #options: BlockCacheOptions;
  // In order of use.
  readonly #memory = new Map<string, Uint8Array>();
  #memoryBytes = 0;
  readonly #writes = new Set<Promise<void>>();
  #pendingBytes = 0;

  constructor(options: BlockCacheOptions) {
    this.#options = options;
  }

  /** @param length - How long the block must be. */
  async get(key: string, index: number, length: number): Promise<Uint8Array | undefined> {
    const name = `${key}/${index}`;
    const kept = this.#memory.get(name);
    if (kept) {
      this.#memory.delete(name);
      this.#memory.set(name, kept);
      return kept;
    }
    const { folder } = this.#options;
    if (!folder) return undefined;
    const path = blockPath(folder, key, index);
    const stored = await readFile(path).catch(() => undefined);
    if (!stored) return undefined;
    const block = stored.subarray(DIGEST_BYTES);
    if (block.length !== length || !digest(block).equals(stored.subarray(0, DIGEST_BYTES))) {
      await rm(path, { force: true }).catch(() => undefined);
      return undefined;
    }
    this.#remember(name, block);
    const now = new Date();
    void utimes(path, now, now).catch(() => undefined);
    return block;
  }

  /** Keeps a block; the disk follows when it can. */
  put(key: string, index: number, block: Uint8Array): void {
    this.#remember(`${key}/${index}`, block);
    const { folder } = this.#options;
    if (!folder || (this.#writes.size > 0 && this.#pendingBytes + block.length > MAX_PENDING_BYTES)) return;
    this.#pendingBytes += block.length;
    // A cache that cannot be written is no failure of the read.
    const write = this.#store(folder, blockPath(folder, key, index), block).catch(() => undefined);
    this.#writes.add(write);
    void write.finally(() => {
      this.#writes.delete(write);
      this.#pendingBytes -= block.length;
    });
  }

  /** Waits until the disk has what was put. */
  async settled(): Promise<void> {
    await Promise.all(this.#writes);
  }

  #remember(name: string, block: Uint8Array): void {
    const { memoryBytes } = this.#options;
    if (block.length > memoryBytes) return;
    this.#memoryBytes += block.length - (this.#memory.get(name)?.length ?? 0);
    this.#memory.delete(name);
    this.#memory.set(name, block);
    for (const [oldest, { length }] of this.#memory) {
      if (this.#memoryBytes <= memoryBytes) break;
      this.#memory.delete(oldest);
      this.#memoryBytes -= length;
    }
  }

  async #store(folder: CacheFolder, path: string, block: Uint8Array): Promise<void> {
    await folder.make();
    await makeFolders(dirname(path));
    const temporary = `${path}.${randomBytes(6).toString("hex")}.partial`;
    try {
      const file = await open(temporary, "wx");
      try {
        await file.writev([digest(block), block]);
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await folder.added(block.length + DIGEST_BYTES);
  }
}

function blockPath(folder: CacheFolder, key: string, index: number): string {
  return join(folder.path, "blocks", key.slice(0, 2), key, `${index}`);
}

function digest(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
