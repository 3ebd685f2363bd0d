import type { DecodedBasket, HistogramArrays } from "./worker/protocol.ts";

/** What was decoded lately, so that neighbouring reads decode nothing twice. The least recently used goes first. */
export class DecodedCache<T> {
  readonly #capacityBytes: number;
  readonly #sizeOf: (item: T) => number;
  /** By file and part of it. In order of use: oldest first. */
  readonly #items = new Map<string, { readonly item: T; readonly bytes: number }>();
  #bytes = 0;

  constructor(capacityBytes: number, sizeOf: (item: T) => number) {
    this.#capacityBytes = capacityBytes;
    this.#sizeOf = sizeOf;
  }

  get(key: string): T | undefined {
    const found = this.#items.get(key);
    if (found === undefined) return undefined;
    this.#items.delete(key);
    this.#items.set(key, found);
    return found.item;
  }

  set(key: string, item: T): void {
    const bytes = this.#sizeOf(item);
    if (bytes > this.#capacityBytes) return;
    this.delete(key);
    this.#items.set(key, { item, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#items.keys()) {
      if (this.#bytes <= this.#capacityBytes) break;
      this.delete(oldest);
    }
  }

  /** Drops what belongs to a file: all keys with such a beginning. */
  forget(prefix: string): void {
    for (const key of [...this.#items.keys()]) if (key.startsWith(prefix)) this.delete(key);
  }

  delete(key: string): void {
    const found = this.#items.get(key);
    if (found === undefined) return;
    this.#items.delete(key);
    this.#bytes -= found.bytes;
  }
}

export function decodedBytes(decoded: DecodedBasket | HistogramArrays): number {
  let bytes = 0;
  for (const part of Object.values(decoded)) {
    if (Array.isArray(part)) for (const text of part as string[]) bytes += 32 + 2 * text.length;
    else if (part !== undefined) bytes += (part as Uint8Array).byteLength;
  }
  return bytes;
}
