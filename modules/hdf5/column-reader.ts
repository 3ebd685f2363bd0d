import {
  allocate,
  bytesPerElement,
  type DataOf,
  type DType,
  type HdfDataset,
  ReadFailedError,
} from "../../core/index.ts";
import { assemble, type ChunkGrid, countTouched, gridLength, type TouchedChunk, touchedChunks } from "./assemble.ts";
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
  readonly #columns = new Map<TypeColumn, ReadColumn>();

  constructor(location: string, fetch: FetchSlabs, cache: ChunkCache) {
    this.#location = location;
    this.#fetch = fetch;
    this.#cache = cache;
  }

  /** Drops what the cache holds of this file. */
  forget(): void {
    for (const { held } of this.#columns.values()) this.#cache.dropAll(held);
    this.#columns.clear();
  }

  /** A slab whose chunks are all in the cache; `undefined` for others. */
  readCached(column: TypeColumn, slab: RawSlab): DataOf<DType> | undefined {
    const known = this.#columns.get(column);
    if (known === undefined || known.held.size === 0 || !this.#isForCache(known, slab)) return undefined;
    return assembled(known, slab, (number) => this.#cache.get(known.held, number));
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
    const known = this.#column(dataset, column);
    const direct: number[] = [];
    const cached: number[] = [];
    slabs.forEach((slab, i) => {
      if (!this.#isForCache(known, slab)) {
        direct.push(i);
        return;
      }
      const values = this.readCached(column, slab);
      if (values === undefined) cached.push(i);
      else results[i] = values;
    });
    if (direct.length > 0) await this.#readDirect(known, { slabs, which: direct, results, signal });
    if (cached.length > 0) await this.#readThroughCache(known, { slabs, which: cached, results, signal });
    return results;
  }

  #isForCache({ grid, chunkElements, leafBytes }: ReadColumn, slab: RawSlab): boolean {
    const elements = product(slab.count);
    if (grid === undefined || elements === 0) return false;
    const touched = countTouched(slab, grid.chunkShape) * chunkElements;
    return touched * leafBytes <= this.#cache.capacityBytes && elements < DENSE * touched;
  }

  async #readDirect(
    { dataset, column, leafBytes }: ReadColumn,
    { slabs, which, results, signal }: Reading,
  ): Promise<void> {
    const size = (i: number): number => product((slabs[i] as RawSlab).count) * leafBytes;
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

  async #readThroughCache(known: ReadColumn, { slabs, which, results, signal }: Reading): Promise<void> {
    const grid = known.grid as ChunkGrid;
    const bytes = (i: number): number =>
      countTouched(slabs[i] as RawSlab, grid.chunkShape) * known.chunkElements * known.leafBytes;
    for (const batch of batches(which, bytes, REQUEST_BYTES)) {
      const touched = batch.flatMap((i) => [...touchedChunks(slabs[i] as RawSlab, grid)]);
      const chunks = await this.#chunks(known, touched, signal);
      for (const i of batch) {
        results[i] = assembled(known, slabs[i] as RawSlab, (number) => chunks.get(number)) as DataOf<DType>;
      }
    }
  }

  /** The chunks by their number, from the cache or the file. */
  async #chunks(
    { dataset, column, held }: ReadColumn,
    wanted: readonly TouchedChunk[],
    signal: AbortSignal | undefined,
  ): Promise<ReadonlyMap<number, DataOf<DType>>> {
    const chunks = new Map<number, DataOf<DType>>();
    const missing = new Map<number, TouchedChunk>();
    for (const chunk of wanted) {
      if (chunks.has(chunk.number) || missing.has(chunk.number)) continue;
      const data = this.#cache.get(held, chunk.number);
      if (data === undefined) missing.set(chunk.number, chunk);
      else chunks.set(chunk.number, data);
    }
    if (missing.size === 0) return chunks;
    const slabs = [...missing.values()].map(({ origin, shape }) => ({
      start: origin,
      count: shape,
      step: shape.map(() => 1),
    }));
    const raw = await this.#fetch(dataset, column, slabs, signal);
    [...missing.keys()].forEach((number, i) => {
      const data = decodeColumn(column, raw[i] as RawValues);
      this.#cache.set(held, number, { dtype: dtypeOf(column.leaf), data });
      chunks.set(number, data);
    });
    return chunks;
  }

  #column(dataset: HdfDataset, column: TypeColumn): ReadColumn {
    let known = this.#columns.get(column);
    if (known === undefined) {
      known = readColumn(dataset, column);
      this.#columns.set(column, known);
    }
    return known;
  }
}

/** A column as it is read again and again. */
interface ReadColumn {
  readonly dataset: HdfDataset;
  readonly column: TypeColumn;
  /** `undefined` where it is not chunked, or in more chunks than can be numbered. */
  readonly grid: ChunkGrid | undefined;
  readonly chunkElements: number;
  /** Bytes at a position of the dataset. */
  readonly leafBytes: number;
  /** Its chunks in the cache. */
  readonly held: ColumnChunks;
}

function readColumn(dataset: HdfDataset, column: TypeColumn): ReadColumn {
  const { chunkShape = [], shape = [] } = dataset;
  const grid = { shape, chunkShape };
  const isChunked =
    chunkShape.length > 0 && Number.isSafeInteger(product(chunkShape.map((_, i) => gridLength(grid, i))));
  return {
    dataset,
    column,
    grid: isChunked ? grid : undefined,
    chunkElements: product(chunkShape),
    leafBytes: product(column.extraShape) * bytesPerElement(dtypeOf(column.leaf)),
    held: new Map(),
  };
}

interface Reading {
  readonly slabs: readonly RawSlab[];
  /** Indices of the slabs to be read. */
  readonly which: readonly number[];
  readonly results: DataOf<DType>[];
  readonly signal: AbortSignal | undefined;
}

/** A slab put together; `undefined` where a chunk is missing. */
function assembled(
  { column, grid }: ReadColumn,
  slab: RawSlab,
  chunkAt: (number: number) => DataOf<DType> | undefined,
): DataOf<DType> | undefined {
  const { shape, chunkShape } = grid as ChunkGrid;
  const inner = product(column.extraShape);
  const target = allocate(dtypeOf(column.leaf), product(slab.count) * inner);
  return assemble({ target, slab, shape, chunkShape, inner, chunkAt }) ? target : undefined;
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

function product(lengths: readonly number[]): number {
  let product = 1;
  for (const length of lengths) product *= length;
  return product;
}
