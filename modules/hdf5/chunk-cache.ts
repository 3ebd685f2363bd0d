import { bytesPerElement, type DataOf, type DType } from "../../core/index.ts";

/** Decoded chunks, the least recently used dropped first. */
export class ChunkCache {
  readonly capacityBytes: number;
  readonly #chunks = new Map<string, { readonly data: DataOf<DType>; readonly bytes: number }>();
  #bytes = 0;

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  get(key: string): DataOf<DType> | undefined {
    const chunk = this.#chunks.get(key);
    if (chunk === undefined) return undefined;
    // A Map iterates in the order of insertion: the first is the least recently used.
    this.#chunks.delete(key);
    this.#chunks.set(key, chunk);
    return chunk.data;
  }

  set(key: string, dtype: DType, data: DataOf<DType>): void {
    this.#drop(key);
    const bytes = data.length * bytesPerElement(dtype);
    if (bytes > this.capacityBytes) return;
    this.#chunks.set(key, { data, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#chunks.keys()) {
      if (this.#bytes <= this.capacityBytes) break;
      this.#drop(oldest);
    }
  }

  /** Drops all chunks whose key starts so. */
  dropAll(prefix: string): void {
    for (const key of [...this.#chunks.keys()]) if (key.startsWith(prefix)) this.#drop(key);
  }

  #drop(key: string): void {
    this.#bytes -= this.#chunks.get(key)?.bytes ?? 0;
    this.#chunks.delete(key);
  }
}
