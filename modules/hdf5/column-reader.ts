import {
  allocate,
  bytesPerElement,
  type DataOf,
  type DType,
  type HdfDataset,
  ReadFailedError,
} from "../../core/index.ts";
import { copyFromChunk, countTouched, type TouchedChunk, touchedChunks } from "./assemble.ts";
import type { ChunkCache, ColumnChunks } from "./chunk-cache.ts";
import type { TypeColumn } from "./columns.ts";
import { decodeColumn, dtypeOf } from "./decode.ts";
import type { RawSlab, RawValues } from "./worker/protocol.ts";

/** Asks the worker for slabs of a column. */
export type FetchSlabs = (
  dataset: HdfDataset,
  column: TypeColumn,
  slabs: readonly RawSlab[],
  signal: AbortSignal | undefined,
) => Promise<readonly RawValues[]>;

/** Selected part of the chunks touched from which reading past the cache is cheaper. */
const DENSE = 0.75;

/** Bytes that one request may bring, unless a single slab is larger. */
const REQUEST_BYTES = 64 * 2 ** 20;

/** Reads slabs of columns: small parts of chunks through the cache, all else directly. */
export class ColumnReader {
  readonly #location: string;
  readonly #fetch: FetchSlabs;
  readonly #cache: ChunkCache;
  /** What the cache holds of this file, by path and members. */
  readonly #columns = new Map<string, ColumnChunks>();

  constructor(location: string, fetch: FetchSlabs, cache: ChunkCache) {
    this.#location = location;
    this.#fetch = fetch;
    this.#cache = cache;
  }

  /** Drops what the cache holds of this file. */
  forget(): void {
    for (const column of this.#columns.values()) this.#cache.dropAll(column);
    this.#columns.clear();
  }

  /** Reads one column in several slabs; the values are in the order asked. */
  async read(
    dataset: HdfDataset,
    column: TypeColumn,
    slabs: readonly RawSlab[],
    signal: AbortSignal | undefined,
  ): Promise<readonly DataOf<DType>[]> {
    if (column.leaf.class === "unknown") {
      throw new ReadFailedError(this.#location, `"${dataset.path}": ${column.leaf.reason}.`);
    }
    const results: DataOf<DType>[] = new Array(slabs.length);
    const direct: number[] = [];
    const cached: number[] = [];
    slabs.forEach((slab, i) => {
      if (!this.#isForCache(dataset, column, slab)) {
        direct.push(i);
        return;
      }
      const values = this.#fromCache(dataset, column, slab);
      if (values === undefined) cached.push(i);
      else results[i] = values;
    });
    if (direct.length > 0) await this.#readDirect(dataset, column, { slabs, which: direct, results, signal });
    if (cached.length > 0) await this.#readCached(dataset, column, { slabs, which: cached, results, signal });
    return results;
  }

  #isForCache(dataset: HdfDataset, column: TypeColumn, slab: RawSlab): boolean {
    const { chunkShape } = dataset;
    if (chunkShape === undefined || chunkShape.length === 0 || product(slab.count) === 0) return false;
    const chunkElements = product(chunkShape);
    const touched = countTouched(slab, chunkShape);
    const bytes = touched * chunkElements * leafBytes(column);
    return bytes <= this.#cache.capacityBytes && product(slab.count) < DENSE * touched * chunkElements;
  }

  /** A slab whose chunks are all in the cache. */
  #fromCache(dataset: HdfDataset, column: TypeColumn, slab: RawSlab): DataOf<DType> | undefined {
    const held = this.#held(dataset, column);
    if (held.size === 0) return undefined;
    const touched = [...touchedChunks(slab, dataset.chunkShape ?? [], dataset.shape ?? [])];
    if (!touched.every(({ key }) => held.has(key))) return undefined;
    return assembled(column, slab, touched, (key) => this.#cache.get(held, key));
  }

  async #readDirect(
    dataset: HdfDataset,
    column: TypeColumn,
    { slabs, which, results, signal }: Reading,
  ): Promise<void> {
    const size = (i: number): number => product((slabs[i] as RawSlab).count) * leafBytes(column);
    for (const batch of batches(which, size, REQUEST_BYTES)) {
      const raw = await this.#fetch(
        dataset,
        column,
        batch.map((i) => slabs[i] as RawSlab),
        signal,
      );
      raw.forEach((values, at) => {
        results[batch[at] as number] = decodeColumn(column, values);
      });
    }
  }

  async #readCached(dataset: HdfDataset, column: TypeColumn, reading: Reading): Promise<void> {
    const { slabs, which, results, signal } = reading;
    const chunkShape = dataset.chunkShape ?? [];
    const touchedBytes = (i: number): number =>
      countTouched(slabs[i] as RawSlab, chunkShape) * product(chunkShape) * leafBytes(column);
    for (const batch of batches(which, touchedBytes, REQUEST_BYTES)) {
      const touched = batch.map((i) => [...touchedChunks(slabs[i] as RawSlab, chunkShape, dataset.shape ?? [])]);
      const chunks = await this.#chunks(dataset, column, touched.flat(), signal);
      batch.forEach((i, at) => {
        results[i] = assembled(column, slabs[i] as RawSlab, touched[at] ?? [], (key) => chunks.get(key));
      });
    }
  }

  /** The chunks by their place in the grid, from the cache or the file. */
  async #chunks(
    dataset: HdfDataset,
    column: TypeColumn,
    wanted: readonly TouchedChunk[],
    signal: AbortSignal | undefined,
  ): Promise<ReadonlyMap<string, DataOf<DType>>> {
    const held = this.#held(dataset, column);
    const chunks = new Map<string, DataOf<DType>>();
    const missing = new Map<string, TouchedChunk>();
    for (const chunk of wanted) {
      if (chunks.has(chunk.key) || missing.has(chunk.key)) continue;
      const data = this.#cache.get(held, chunk.key);
      if (data === undefined) missing.set(chunk.key, chunk);
      else chunks.set(chunk.key, data);
    }
    if (missing.size === 0) return chunks;
    const slabs = [...missing.values()].map(({ origin, shape }) => ({
      start: origin,
      count: shape,
      step: shape.map(() => 1),
    }));
    const raw = await this.#fetch(dataset, column, slabs, signal);
    [...missing.keys()].forEach((key, i) => {
      const data = decodeColumn(column, raw[i] as RawValues);
      this.#cache.set(held, key, { dtype: dtypeOf(column.leaf), data });
      chunks.set(key, data);
    });
    return chunks;
  }

  #held({ path }: HdfDataset, { members }: TypeColumn): ColumnChunks {
    const name = `${path}\0${members.join("\0")}`;
    let held = this.#columns.get(name);
    if (held === undefined) {
      held = new Map();
      this.#columns.set(name, held);
    }
    return held;
  }
}

interface Reading {
  readonly slabs: readonly RawSlab[];
  /** Indices of the slabs to be read. */
  readonly which: readonly number[];
  readonly results: DataOf<DType>[];
  readonly signal: AbortSignal | undefined;
}

function assembled(
  column: TypeColumn,
  slab: RawSlab,
  touched: readonly TouchedChunk[],
  chunkAt: (key: string) => DataOf<DType> | undefined,
): DataOf<DType> {
  const inner = product(column.extraShape);
  const target = allocate(dtypeOf(column.leaf), product(slab.count) * inner);
  for (const { key, origin, shape } of touched) {
    copyFromChunk(target, slab, { key, origin, shape, data: chunkAt(key) as DataOf<DType> }, inner);
  }
  return target;
}

/** Consecutive items whose sizes add up to at most `limit`, or single larger ones. */
function* batches(items: readonly number[], size: (item: number) => number, limit: number): Generator<number[]> {
  let batch: number[] = [];
  let total = 0;
  for (const item of items) {
    const bytes = size(item);
    if (batch.length > 0 && total + bytes > limit) {
      yield batch;
      batch = [];
      total = 0;
    }
    batch.push(item);
    total += bytes;
  }
  if (batch.length > 0) yield batch;
}

function leafBytes(column: TypeColumn): number {
  return product(column.extraShape) * bytesPerElement(dtypeOf(column.leaf));
}

function product(lengths: readonly number[]): number {
  return lengths.reduce((product, length) => product * length, 1);
}
