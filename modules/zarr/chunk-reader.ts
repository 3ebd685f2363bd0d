import {
  allocate,
  bytesPerElement,
  type DataOf,
  type DType,
  ReadFailedError,
  readBytes,
  type SourceOptions,
  TwinError,
} from "../../core/index.ts";
import { filled } from "./attributes.ts";
import { crc32c } from "./byte-codecs.ts";
import type { ChunkCache } from "./chunk-cache.ts";
import { decodeChunk } from "./chunk-codec.ts";
import { CodecProblem, type ShardPlan } from "./codec-plan.ts";
import { forEachAtOnce } from "./for-each-at-once.ts";
import type { Hierarchy } from "./hierarchy.ts";
import { copyPart, countTouched, partsOf, type Slab, touchedChunks } from "./slab.ts";
import type { ZarrStore } from "./store.ts";
import type { StoredArray } from "./stored-array.ts";

/** Chunks that are read at once, and the bytes that they may have together. */
const AT_ONCE = 8;
const BYTES_AT_ONCE = 64e6;

/** Chunks of one read from which it would not end within any patience. */
const MAX_CHUNKS = 1e7;

/** In a shard's index, the offset and length of a chunk that is not there. */
const ABSENT = 2n ** 64n - 1n;

/** What the arrays of a store share. */
export interface ReaderContext {
  readonly store: ZarrStore;
  readonly cache: ChunkCache;
  /** Begins the keys of this store in the cache. */
  readonly cachePrefix: string;
  readonly maxChunkBytes: number;
  readonly anchor: Hierarchy["anchor"];
}

/** Reads slabs of one array, chunk by chunk. */
export class ChunkReader {
  readonly #context: ReaderContext;
  readonly #array: StoredArray;

  constructor(context: ReaderContext, array: StoredArray) {
    this.#context = context;
    this.#array = array;
  }

  /** The values of a slab, row-major. Only the chunks that it touches are read. */
  async read(slab: Slab, options: SourceOptions): Promise<DataOf<DType>> {
    const { store, anchor } = this.#context;
    const { chunkShape, type, fill } = this.#array;
    store.checkOpen();
    options.signal?.throwIfAborted();
    const chunkBytes = this.#checkChunk();
    if (countTouched(slab, chunkShape) > MAX_CHUNKS)
      this.#fail(`a read of more than ${MAX_CHUNKS} chunks; read it in parts`);
    const size = slab.reduce((product, { count }) => product * count, 1);
    let target: DataOf<DType>;
    try {
      target = allocate(type.dtype, size);
    } catch (error) {
      return this.#fail(`${size} values do not fit into memory; read it in parts`, error);
    }
    const atOnce = Math.max(1, Math.min(AT_ONCE, Math.floor(BYTES_AT_ONCE / Math.max(1, chunkBytes))));
    let isAnyAbsent = false;
    await forEachAtOnce(touchedChunks(slab, chunkShape), atOnce, async (index) => {
      const parts = partsOf(slab, chunkShape, index);
      const wanted = parts.reduce((product, { count }) => product * count, 1);
      const isWhole = wanted === this.#elementsAt(index);
      let data = await this.#chunk(index, { ...options, isKept: !isWhole });
      isAnyAbsent ||= data === undefined;
      if (data === undefined) {
        if (fill === 0 || fill === 0n || fill === "") {
          if (!Object.is(fill, -0)) return;
        }
        data = filled(type.dtype, elementsIn(chunkShape), fill);
      }
      copyPart(target, slab, { data, shape: chunkShape, parts });
    });
    if (isAnyAbsent) await store.checkUnchanged(anchor.key, anchor.version, options);
    store.checkOpen();
    return target;
  }

  /** Elements of a chunk that lie inside the array. */
  #elementsAt(index: readonly number[]): number {
    const { shape, chunkShape } = this.#array;
    return index.reduce((product, place, axis) => {
      const length = chunkShape[axis] as number;
      return product * Math.min(length, (shape[axis] as number) - place * length);
    }, 1);
  }

  /** Refuses chunks that cannot be decoded or are too large. */
  #checkChunk(): number {
    const { plan, chunkShape, type } = this.#array;
    const { maxChunkBytes } = this.#context;
    if (plan instanceof CodecProblem) return this.#fail(plan.message);
    const bytes = elementsIn(chunkShape) * Math.max(type.bytes, bytesPerElement(type.dtype));
    if (bytes > maxChunkBytes) {
      this.#fail(`its chunks have ${bytes} bytes; ${maxChunkBytes} are allowed (option \`maxChunkBytes\`)`);
    }
    return bytes;
  }

  /** A decoded chunk; `undefined` where it was never written. */
  async #chunk(
    index: readonly number[],
    options: SourceOptions & { readonly isKept: boolean },
  ): Promise<DataOf<DType> | undefined> {
    const { cache, cachePrefix, maxChunkBytes } = this.#context;
    const { key, chunkShape, type, plan } = this.#array;
    const cacheKey = `${cachePrefix}${key}\0${index.join(",")}`;
    const held = cache.get(cacheKey);
    if (held !== undefined) return held;
    try {
      const bytes = await this.#bytes(index, options);
      options.signal?.throwIfAborted();
      if (bytes === undefined) return undefined;
      if (plan instanceof CodecProblem) throw plan;
      const data = await decodeChunk(bytes, { type, plan, chunkShape, maxTextBytes: maxChunkBytes });
      if (options.isKept) cache.set(cacheKey, type.dtype, data);
      return data;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof TwinError) throw error;
      const { message = String(error) } = error as { readonly message?: string };
      return this.#fail(`its chunk [${index}] is damaged: ${message}`, error);
    }
  }

  async #bytes(index: readonly number[], options: SourceOptions): Promise<Uint8Array | undefined> {
    const { plan, gridShape, chunkShape } = this.#array;
    const shard = plan instanceof CodecProblem ? undefined : plan.shard;
    const perShard = gridShape.map((length, axis) => length / (chunkShape[axis] as number));
    const place = shard ? index.map((each, axis) => Math.floor(each / (perShard[axis] as number))) : index;
    await using file = await this.#context.store.open(this.#array.chunkKey(place), options);
    if (file === undefined) return undefined;
    const range = shard ? await this.#rangeInShard(file, { shard, perShard, place, index }, options) : [0, file.bytes];
    if (range === undefined) return undefined;
    const [offset = 0, length = 0] = range;
    // Values that do not compress become a little longer.
    const limit = 2 * this.#context.maxChunkBytes + 1e6;
    if (length > limit) throw new CodecProblem(`it has ${length} bytes; ${limit} are allowed`);
    return await readBytes(file, offset, length, options);
  }

  /** Where a chunk lies in its shard; `undefined` where it was never written. */
  async #rangeInShard(
    file: NonNullable<Awaited<ReturnType<ZarrStore["open"]>>>,
    at: {
      readonly shard: ShardPlan;
      readonly perShard: readonly number[];
      readonly place: readonly number[];
      readonly index: readonly number[];
    },
    options: SourceOptions,
  ): Promise<readonly [number, number] | undefined> {
    const { shard, perShard, place, index } = at;
    const entries = await this.#shardIndex(file, { shard, count: elementsIn(perShard), place }, options);
    const entry = index.reduce((flat, each, axis) => {
      const length = perShard[axis] as number;
      return flat * length + (each % length);
    }, 0);
    const [offset, length] = [entries[2 * entry] as bigint, entries[2 * entry + 1] as bigint];
    if (offset === ABSENT && length === ABSENT) return undefined;
    if (offset + length > BigInt(file.bytes)) throw new CodecProblem("its shard ends before it");
    return [Number(offset), Number(length)];
  }

  async #shardIndex(
    file: NonNullable<Awaited<ReturnType<ZarrStore["open"]>>>,
    about: { readonly shard: ShardPlan; readonly count: number; readonly place: readonly number[] },
    options: SourceOptions,
  ): Promise<BigUint64Array> {
    const { cache, cachePrefix, maxChunkBytes } = this.#context;
    const { shard, count, place } = about;
    // With the version: another shard must not be read by this one's index.
    const cacheKey = `${cachePrefix}${this.#array.key}\0shard ${place.join(",")} ${file.version}`;
    const held = cache.get(cacheKey);
    if (held instanceof BigUint64Array) return held;
    const bytes = 16 * count;
    const stored = bytes + (shard.indexIsChecked ? 4 : 0);
    if (stored > file.bytes || stored > maxChunkBytes) throw new CodecProblem("its shard is shorter than its index");
    const data = await readBytes(file, shard.indexAtEnd ? file.bytes - stored : 0, stored, options);
    const view = new DataView(data.buffer);
    if (shard.indexIsChecked && crc32c(data.subarray(0, bytes)) !== view.getUint32(bytes, true)) {
      throw new CodecProblem("the index of its shard has another checksum (crc32c)");
    }
    const entries = BigUint64Array.from({ length: 2 * count }, (_, i) => view.getBigUint64(8 * i, true));
    cache.set(cacheKey, "uint64", entries);
    return entries;
  }

  #fail(problem: string, cause?: unknown): never {
    const { store } = this.#context;
    const options = cause === undefined ? undefined : { cause };
    throw new ReadFailedError(store.location, `"/${this.#array.key}": ${problem}.`, options);
  }
}

function elementsIn(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
