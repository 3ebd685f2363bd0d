import { bytesPerElement, type DataOf, type DType } from "../../core/index.ts";

interface CachedChunk {
  readonly column: ColumnChunks;
  readonly number: number;
  readonly data: DataOf<DType>;
  readonly bytes: number;
  /** Whether it was read since it was last looked at for dropping. */
  wasRead: boolean;
}

/** The chunks of one column that are in the cache, by their number in the grid. */
export type ColumnChunks = Map<number, CachedChunk>;

/** Decoded chunks of many columns. Of the oldest, the first that was not read lately is dropped. */
export class ChunkCache {
  readonly capacityBytes: number;
  /** The oldest first: a Set iterates in the order of insertion. */
  readonly #order = new Set<CachedChunk>();
  #bytes = 0;

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  get(column: ColumnChunks, number: number): DataOf<DType> | undefined {
    const chunk = column.get(number);
    if (chunk === undefined) return undefined;
    chunk.wasRead = true;
    return chunk.data;
  }

  set(column: ColumnChunks, number: number, { dtype, data }: { dtype: DType; data: DataOf<DType> }): void {
    const old = column.get(number);
    if (old !== undefined) this.#drop(old);
    const bytes = data.length * bytesPerElement(dtype);
    if (bytes > this.capacityBytes) return;
    const chunk = { column, number, data, bytes, wasRead: false };
    column.set(number, chunk);
    this.#order.add(chunk);
    this.#bytes += bytes;
    for (const oldest of this.#order) {
      if (this.#bytes <= this.capacityBytes) break;
      this.#dropOrSpare(oldest);
    }
  }

  /** Drops all chunks of a column. */
  dropAll(column: ColumnChunks): void {
    for (const chunk of [...column.values()]) this.#drop(chunk);
  }

  #dropOrSpare(chunk: CachedChunk): void {
    if (!chunk.wasRead) {
      this.#drop(chunk);
      return;
    }
    chunk.wasRead = false;
    // To the end; the iteration comes to it again when all others were read, too.
    this.#order.delete(chunk);
    this.#order.add(chunk);
  }

  #drop(chunk: CachedChunk): void {
    chunk.column.delete(chunk.number);
    this.#order.delete(chunk);
    this.#bytes -= chunk.bytes;
  }
}
