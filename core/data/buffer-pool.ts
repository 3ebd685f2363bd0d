/** What is kept at most, bytes. */
const KEPT = 32 * 2 ** 20;

/**
 * Memory that is used again. Fresh memory costs a page fault per 4 KiB, and its end a garbage collection per some tens of
 * megabytes: for a small network as much as the copying itself.
 *
 * @example
 * const buffer = pool.take(4 * 100);
 * // …
 * pool.give([buffer]);
 */
export class BufferPool {
  /** Oldest first. */
  #spare: ArrayBuffer[] = [];
  #bytes = 0;

  /** Memory of this length, with anything in it; fresh where no such is spare. */
  take(byteLength: number): ArrayBuffer {
    const place = this.#spare.findLastIndex((buffer) => buffer.byteLength === byteLength);
    if (place < 0) return new ArrayBuffer(byteLength);
    this.#bytes -= byteLength;
    return this.#spare.splice(place, 1)[0] as ArrayBuffer;
  }

  /** Takes memory back that nobody uses any more. The oldest is let go where there is too much. */
  give(buffers: Iterable<ArrayBuffer>): void {
    for (const buffer of buffers) {
      this.#spare.push(buffer);
      this.#bytes += buffer.byteLength;
    }
    while (this.#bytes > KEPT) this.#bytes -= this.#spare.shift()?.byteLength ?? 0;
  }
}
