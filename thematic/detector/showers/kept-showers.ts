import { open, writeFile } from "node:fs/promises";
import { z } from "zod";
import {
  type Attributes,
  type Checkpoint,
  CheckpointGoneError,
  type Digest,
  digestJson,
  type JsonValue,
  reasonOf,
  type TaskCheckpoint,
} from "../../../core/index.ts";
import type { ShowerBatch, Showers } from "../contracts.ts";
import { compressVoxels, expandVoxels } from "./shower-chunks.ts";

/** Chunks that are compressed at the same time; libuv has four threads, and each holds its voxels. */
const CONCURRENCY = 8;

const StateSchema = z.strictObject({
  schemaVersion: z.literal(1),
  count: z.int(),
  madeBy: z.string(),
  chunks: z.array(
    z.strictObject({
      file: z.string(),
      offset: z.int().min(0),
      bytes: z.int().min(0),
      showers: z.int().min(1),
      fallback: z.array(z.int().min(0)).optional(),
    }),
  ),
});

/** A storage chunk of showers, compressed: in a file of the checkpoint, or in memory until it is saved. */
export interface KeptChunk {
  readonly start: number;
  /** Showers in it; what is behind them is zeros. */
  readonly count: number;
  readonly byFallback?: Uint8Array;
  /** Name of the file in the checkpoint, and the place in it. */
  readonly at?: { readonly file: string; readonly offset: number; readonly bytes: number };
  readonly compressed?: Buffer;
}

interface NewChunk extends KeptChunk {
  readonly compressed: Buffer;
}

/**
 * The showers of a simulation that were made so far, compressed as the file at the end stores them: those of earlier parts
 * in files of a checkpoint, those since in memory. A chunk that is not full yet is saved, too, and filled up later.
 */
export class KeptShowers {
  /** Storage chunk of the file at the end: showers, voxels. */
  readonly chunkShape: readonly [number, number];
  readonly #checkpoint: TaskCheckpoint;
  readonly #count: number;
  readonly #madeBy: Digest;
  /** Paths by name. */
  readonly #files = new Map<string, string>();
  #saved: KeptChunk[] = [];
  /** Since the last save, in order. */
  #fresh: Promise<NewChunk>[] = [];
  #filling: Float32Array;
  #fallback: Uint8Array;
  #done = 0;
  #bytes = 0;

  constructor(showers: Showers, checkpoint: TaskCheckpoint, chunkShape: readonly [number, number]) {
    this.chunkShape = chunkShape;
    this.#checkpoint = checkpoint;
    this.#count = showers.count;
    this.#madeBy = digestJson(textsOf(showers.attributes));
    this.#filling = new Float32Array(chunkShape[0] * chunkShape[1]);
    this.#fallback = new Uint8Array(chunkShape[0]);
  }

  /** Showers `[0, done)` are kept. */
  get done(): number {
    return this.#done;
  }

  /** Whether anything is in files. */
  get isSaved(): boolean {
    return this.#files.size > 0;
  }

  /** Compressed bytes that are not saved yet. */
  get unsavedBytes(): number {
    return this.#bytes;
  }

  /**
   * Takes what an earlier run saved.
   *
   * @returns Why that cannot be used, if it cannot: nothing was taken then.
   */
  async restore({ state, files }: Checkpoint): Promise<string | undefined> {
    try {
      const { chunks, madeBy, count } = StateSchema.parse(state);
      if (madeBy !== this.#madeBy || count !== this.#count) return "its showers are of another generator";
      let start = 0;
      const saved: KeptChunk[] = [];
      for (const { showers, fallback, ...at } of chunks) {
        const fits = start % this.chunkShape[0] === 0 && showers <= Math.min(this.chunkShape[0], count - start);
        if (!fits || files[at.file] === undefined) return "its chunks do not follow each other";
        saved.push({ start, count: showers, at, ...(fallback && { byFallback: flagsAt(fallback, showers) }) });
        start += showers;
      }
      for (const [name, path] of Object.entries(files)) this.#files.set(name, path);
      const last = saved.at(-1);
      if (last !== undefined && last.count < this.chunkShape[0] && start < count) {
        this.#filling = expandVoxels(await this.read(last), this.#filling.length);
        if (last.byFallback) this.#fallback.set(last.byFallback);
      }
      this.#saved = saved;
      this.#done = start;
      return undefined;
    } catch (error) {
      this.#files.clear();
      return reasonOf(error);
    }
  }

  /** Takes the next showers. */
  async add({ start, count, energies, byFallback }: ShowerBatch): Promise<void> {
    const [most, width] = this.chunkShape;
    const values = energies.values() as Float32Array;
    for (let from = 0; from < count; ) {
      const at = (start + from) % most;
      const taken = Math.min(most - at, count - from);
      this.#filling.set(values.subarray(from * width, (from + taken) * width), at * width);
      if (byFallback) this.#fallback.set(byFallback.subarray(from, from + taken), at);
      from += taken;
      this.#done = start + from;
      if (at + taken < most && this.#done < this.#count) continue;
      const full = this.#compress(this.#filling, this.#fallback);
      full.catch(() => undefined); // seen where it is awaited
      this.#fresh.push(full);
      this.#filling = new Float32Array(this.#filling.length);
      this.#fallback = new Uint8Array(most);
      await this.#fresh.at(-CONCURRENCY);
    }
  }

  /** Saves all that was made so far. */
  async save(): Promise<void> {
    const [most] = this.chunkShape;
    const fresh = await Promise.all(this.#fresh);
    const isPartial = this.#done % most !== 0 && this.#done < this.#count;
    if (isPartial) fresh.push(await this.#compress(this.#filling, this.#fallback));
    // What was saved of a chunk that was not full is in the new one.
    const complete = this.#saved.filter(({ start }) => start < (fresh[0]?.start ?? Number.POSITIVE_INFINITY));
    const file = `showers-${fresh[0]?.start ?? 0}-${this.#done}`;
    const path = await this.#checkpoint.newFile(`${file}.bin`);
    await writeFile(
      path,
      fresh.map(({ compressed }) => compressed),
    );
    let offset = 0;
    const stored = fresh.map(({ compressed, ...chunk }): KeptChunk => {
      const at = { file, offset, bytes: compressed.length };
      offset += compressed.length;
      return { ...chunk, at };
    });
    const chunks = [...complete, ...stored];
    const used = new Set(chunks.map(({ at }) => at?.file));
    this.#files.set(file, path);
    for (const name of this.#files.keys()) if (!used.has(name)) this.#files.delete(name);
    await this.#checkpoint.save({ state: this.#state(chunks), files: Object.fromEntries(this.#files) });
    this.#saved = chunks;
    this.#fresh = [];
    this.#bytes = 0;
  }

  /** All chunks, in order, when all showers were made. */
  async chunks(): Promise<readonly KeptChunk[]> {
    return [...this.#saved, ...(await Promise.all(this.#fresh))];
  }

  /** The compressed bytes of a chunk. */
  async read({ at, compressed }: KeptChunk): Promise<Buffer> {
    if (compressed !== undefined) return compressed;
    if (at === undefined) throw new TypeError("A chunk is neither in memory nor in a file.");
    const bytes = Buffer.allocUnsafe(at.bytes);
    const path = this.#files.get(at.file) as string;
    const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
      throw error.code === "ENOENT" ? new CheckpointGoneError(path, { cause: error }) : error;
    });
    try {
      let done = 0;
      while (done < bytes.length) {
        const { bytesRead } = await file.read(bytes, done, bytes.length - done, at.offset + done);
        if (bytesRead === 0) throw new RangeError(`The checkpoint's file ${at.file} ends too early.`);
        done += bytesRead;
      }
      return bytes;
    } finally {
      await file.close();
    }
  }

  /** The chunk that ends with the last shower made. */
  async #compress(voxels: Float32Array, fallback: Uint8Array): Promise<NewChunk> {
    const start = Math.floor((this.#done - 1) / this.chunkShape[0]) * this.chunkShape[0];
    const count = this.#done - start;
    const flags = fallback.slice(0, count);
    const compressed = await compressVoxels(voxels);
    this.#bytes += compressed.length;
    return { start, count, compressed, ...(flags.includes(1) && { byFallback: flags }) };
  }

  #state(chunks: readonly KeptChunk[]): JsonValue {
    return {
      schemaVersion: 1,
      count: this.#count,
      madeBy: this.#madeBy,
      chunks: chunks.map(({ count, byFallback, at }) => ({
        // Each was just given its place.
        ...(at as NonNullable<KeptChunk["at"]>),
        showers: count,
        ...(byFallback && { fallback: [...byFallback.keys()].filter((shower) => byFallback[shower] === 1) }),
      })),
    };
  }
}

function flagsAt(showers: readonly number[], count: number): Uint8Array {
  const flags = new Uint8Array(count);
  for (const shower of showers) flags[shower] = 1;
  return flags;
}

/** What the generator tells of itself: one that is served may have become another since. */
function textsOf(attributes: Attributes): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) =>
      typeof value === "string" || typeof value === "number" ? [[name, value]] : [],
    ),
  );
}
