/** What is kept at most, bytes. */
const KEPT = 32 * 2 ** 20;

/**
 * Memory that is used again. Fresh memory costs a page fault per 4 KiB, and its end a garbage collection per some tens of
 * megabytes: for a small network as much as the copying itself.
 *
 * @example
 * const values = new Float32Array(pool.take(4 * 100), 0, 100);
 * // …
 * pool.give([values.buffer]);
 */
export class BufferPool {
  /** Oldest first. */
  #spare: ArrayBuffer[] = [];
  #bytes = 0;

  /**
   * Memory with anything in it, fresh where none is spare. Its length is the next power of two, so that requests of all
   * sizes share what is spare.
   */
  take(atLeast: number): ArrayBuffer {
    const byteLength = atLeast === 0 ? 0 : 2 ** Math.ceil(Math.log2(atLeast));
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
