/**
 * Philox4x32-10: a counter of 128 bits and a key of 64 bits give 128 random bits. There is no state to carry along, so
 * any block of any stream can be had at any time, on any thread.
 *
 * @see J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11,
 *   doi:10.1145/2063384.2063405. Equal to Random123's `philox4x32_R(10, …)` (its known answers are our test).
 */
const ROUNDS = 10;
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

const M0_LOW = MULTIPLIER_0 & 0xffff;
const M0_HIGH = MULTIPLIER_0 >>> 16;
const M1_LOW = MULTIPLIER_1 & 0xffff;
const M1_HIGH = MULTIPLIER_1 >>> 16;

/**
 * Fills `out` with consecutive blocks: counters `(c0, c1, c2, c3)`, `(c0 + 1, c1, c2, c3)`, …, four words each.
 *
 * @param out - Its length is a multiple of 4.
 * @param counter - Four words, least significant first.
 * @param key - Two words, least significant first.
 */
export function philoxBlocks(
  out: Uint32Array,
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): void {
  const [first, start1, start2, start3] = counter;
  const [startKey0, startKey1] = key;
  for (let at = 0, block = 0; at < out.length; at += 4, block++) {
    let c0 = (first + block) | 0;
    let c1 = start1 | 0;
    let c2 = start2 | 0;
    let c3 = start3 | 0;
    let key0 = startKey0 | 0;
    let key1 = startKey1 | 0;
    for (let round = 0; round < ROUNDS; round++) {
      // The upper halves of the two 64-bit products, from 16-bit limbs; no unsigned 32-bit sum below overflows.
      const a0 = c0 & 0xffff;
      const a1 = c0 >>> 16;
      const cross0 = (Math.imul(a1, M0_LOW) + (Math.imul(a0, M0_LOW) >>> 16)) | 0;
      const middle0 = (Math.imul(a0, M0_HIGH) + (cross0 & 0xffff)) | 0;
      const high0 = (Math.imul(a1, M0_HIGH) + (cross0 >>> 16) + (middle0 >>> 16)) | 0;
      const b0 = c2 & 0xffff;
      const b1 = c2 >>> 16;
      const cross1 = (Math.imul(b1, M1_LOW) + (Math.imul(b0, M1_LOW) >>> 16)) | 0;
      const middle1 = (Math.imul(b0, M1_HIGH) + (cross1 & 0xffff)) | 0;
      const high1 = (Math.imul(b1, M1_HIGH) + (cross1 >>> 16) + (middle1 >>> 16)) | 0;
      const low0 = Math.imul(c0, MULTIPLIER_0);
      const low1 = Math.imul(c2, MULTIPLIER_1);
      c0 = high1 ^ c1 ^ key0;
      c1 = low1;
      c2 = high0 ^ c3 ^ key1;
      c3 = low0;
      key0 = (key0 + WEYL_0) | 0;
      key1 = (key1 + WEYL_1) | 0;
    }
    out[at] = c0;
    out[at + 1] = c1;
    out[at + 2] = c2;
    out[at + 3] = c3;
  }
}
