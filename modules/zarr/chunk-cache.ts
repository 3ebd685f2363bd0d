import { bytesPerElement, type DataOf, type DType } from "../../core/index.ts";

/** Decoded chunks of many arrays, the least recently used dropped first. */
export class ChunkCache {
  readonly capacityBytes: number;
  /** The least recently used first: a Map iterates in the order of insertion. */
  readonly #chunks = new Map<string, { readonly data: DataOf<DType>; readonly bytes: number }>();
  #bytes = 0;

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  get(key: string): DataOf<DType> | undefined {
    const chunk = this.#chunks.get(key);
    if (chunk === undefined) return undefined;
    this.#chunks.delete(key);
    this.#chunks.set(key, chunk);
    return chunk.data;
  }

  set(key: string, dtype: DType, data: DataOf<DType>): void {
    this.#drop(key);
    const bytes = sizeOf(dtype, data);
    if (bytes > this.capacityBytes) return;
    this.#chunks.set(key, { data, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#chunks.keys()) {
      if (this.#bytes <= this.capacityBytes) break;
      this.#drop(oldest);
    }
  }

  /** Drops all chunks whose keys begin so. */
  dropAll(prefix: string): void {
    for (const key of [...this.#chunks.keys()]) if (key.startsWith(prefix)) this.#drop(key);
  }

  #drop(key: string): void {
    const chunk = this.#chunks.get(key);
    if (chunk === undefined) return;
    this.#chunks.delete(key);
    this.#bytes -= chunk.bytes;
  }
}

function sizeOf(dtype: DType, data: DataOf<DType>): number {
  if (!Array.isArray(data)) return data.length * bytesPerElement(dtype);
  let bytes = 0;
  for (const text of data) bytes += 24 + 2 * text.length;
  return bytes;
}
