import { bytesPerElement, type DataOf, type DType } from "../../core/index.ts";

interface CachedChunk {
  readonly column: ColumnChunks;
  readonly key: string;
  readonly data: DataOf<DType>;
  readonly bytes: number;
}

/** The chunks of one column that are in the cache, by their place in the grid. */
export type ColumnChunks = Map<string, CachedChunk>;

/** Decoded chunks of many columns, the least recently used dropped first. */
export class ChunkCache {
  readonly capacityBytes: number;
  /** The least recently used first: a Set iterates in the order of insertion. */
  readonly #order = new Set<CachedChunk>();
  #bytes = 0;

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  get(column: ColumnChunks, key: string): DataOf<DType> | undefined {
    const chunk = column.get(key);
    if (chunk === undefined) return undefined;
    this.#order.delete(chunk);
    this.#order.add(chunk);
    return chunk.data;
  }

  set(column: ColumnChunks, key: string, { dtype, data }: { dtype: DType; data: DataOf<DType> }): void {
    const old = column.get(key);
    if (old !== undefined) this.#drop(old);
    const bytes = data.length * bytesPerElement(dtype);
    if (bytes > this.capacityBytes) return;
    const chunk = { column, key, data, bytes };
    column.set(key, chunk);
    this.#order.add(chunk);
    this.#bytes += bytes;
    for (const oldest of this.#order) {
      if (this.#bytes <= this.capacityBytes) break;
      this.#drop(oldest);
    }
  }

  /** Drops all chunks of a column. */
  dropAll(column: ColumnChunks): void {
    for (const chunk of [...column.values()]) this.#drop(chunk);
  }

  #drop(chunk: CachedChunk): void {
    chunk.column.delete(chunk.key);
    this.#order.delete(chunk);
    this.#bytes -= chunk.bytes;
  }
}
