/** Long enough for some dozens of small arrays, short enough to be kept for one of them. */
const SLAB_BYTES = 1 << 16;

let slab: ArrayBuffer = new ArrayBuffer(0);
let used = 0;

/**
 * Memory for a small array, beside that of others: one of its own costs more than what is written into it. Who keeps one of them
 * keeps 64 KiB at most. A long one has memory of its own.
 *
 * @returns Zeros, at a multiple of 8 bytes.
 */
export function takeMemory(bytes: number): Uint8Array<ArrayBuffer> {
  if (bytes > SLAB_BYTES / 4) return new Uint8Array(bytes);
  if (used + bytes > slab.byteLength) {
    slab = new ArrayBuffer(SLAB_BYTES);
    used = 0;
  }
  const memory = new Uint8Array(slab, used, bytes);
  used += Math.ceil(bytes / 8) * 8;
  return memory;
}
