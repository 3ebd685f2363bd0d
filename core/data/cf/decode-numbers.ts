import type { DataOf, DType } from "../dtype.ts";
import { allocate } from "../layout.ts";
import type { MissingValues } from "./missing-values.ts";
import { withoutValue } from "./without-value.ts";

/** `stored * scale + offset`, in float64. */
export interface Packing {
  readonly scale: number;
  readonly offset: number;
}

type Numbers = Exclude<DataOf<DType>, string[]>;
type NarrowIntegers = Exclude<Numbers, BigInt64Array | BigUint64Array | Float32Array | Float64Array>;

/** Elements widened at once: 64 KiB, which stays in a processor's cache. */
const BLOCK = 8192;

/**
 * Raw values as float64: missing ones NaN, the others unpacked.
 *
 * Whatever their type, values are first widened by the platform, so that one loop, over one kind of array, serves them
 * all: V8 runs a loop that sees many kinds several times slower.
 */
export function unpackNumbers(raw: Numbers, missing: MissingValues | undefined, packing: Packing): Float64Array {
  const table = tableFor(raw, (every) => unpackNumbers(every, missing, packing));
  if (table) return lookUpFloats(bitsOf(raw), table as Float64Array);
  const unpacked = new Float64Array(raw.length);
  if (raw instanceof BigInt64Array || raw instanceof BigUint64Array) {
    const { scale, offset } = packing;
    const isMissing = wideTest(missing);
    for (let i = 0; i < raw.length; i++) {
      const value = raw[i] as bigint;
      unpacked[i] = isMissing(value) ? Number.NaN : Number(value) * scale + offset;
    }
    return unpacked;
  }
  const mask = maskOf(missing);
  for (let start = 0; start < raw.length; start += BLOCK) {
    const block = unpacked.subarray(start, start + BLOCK);
    block.set(raw.subarray(start, start + BLOCK));
    unpackBlock(block, mask, packing);
  }
  return unpacked;
}

/** Raw values of any type with every missing one replaced by `fill`. The same array where there is nothing to replace. */
export function fillMissing(raw: Numbers, missing: MissingValues, fill: number | bigint): Numbers {
  if (raw instanceof BigInt64Array || raw instanceof BigUint64Array) {
    return fillWide(raw as BigInt64Array, missing, fill as bigint);
  }
  if (raw instanceof Float32Array || raw instanceof Float64Array) return fillFloats(raw, maskOf(missing));
  const table = tableFor(raw, (every) => fillMissing(every, missing, fill));
  if (table) return lookUpIntegers(raw, table);
  return fillIntegers(raw, maskOf(missing), Number(fill));
}

/** From so many times the possible values on, decoding each of them once is quicker. */
const WORTH_A_TABLE = 4;

/** What every value of a type of one or two bytes becomes, by its bits; `undefined` where it is not worth while. */
function tableFor<T extends Numbers>(raw: Numbers, decode: (every: Numbers) => T): T | undefined {
  const size = 256 ** raw.BYTES_PER_ELEMENT;
  if (raw.BYTES_PER_ELEMENT > 2 || raw.length < WORTH_A_TABLE * size) return undefined;
  const every = raw.slice(0, size);
  const bits = bitsOf(every);
  for (let i = 0; i < size; i++) bits[i] = i;
  return decode(every);
}

function bitsOf({ buffer, byteOffset, length, BYTES_PER_ELEMENT }: Numbers): Uint8Array | Uint16Array {
  return BYTES_PER_ELEMENT === 1
    ? new Uint8Array(buffer, byteOffset, length)
    : new Uint16Array(buffer, byteOffset, length);
}

function lookUpFloats(bits: Uint8Array | Uint16Array, table: Float64Array): Float64Array {
  const values = new Float64Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = table[bits[i] as number] as number;
  return values;
}

function lookUpIntegers(raw: NarrowIntegers, table: Numbers): NarrowIntegers {
  const [filled, becomes] = [raw.slice(), bitsOf(table)];
  const bits = bitsOf(filled);
  for (let i = 0; i < bits.length; i++) bits[i] = becomes[bits[i] as number] as number;
  return filled;
}

/** Missing values as loops compare them. */
interface Mask {
  /** The first value within the bounds, as others are missing anyway; NaN, which nothing equals, where there is none. */
  readonly first: number;
  /** Further ones; a set, as hostile files may state a million. */
  readonly others: ReadonlySet<number>;
  readonly low: number;
  readonly high: number;
  readonly isBounded: boolean;
}

function maskOf(missing: MissingValues | undefined): Mask {
  const low = Number(missing?.low ?? Number.NEGATIVE_INFINITY);
  const high = Number(missing?.high ?? Number.POSITIVE_INFINITY);
  const values = (missing?.values ?? []).map(Number).filter((value) => !(value < low || value > high));
  const isBounded = low !== Number.NEGATIVE_INFINITY || high !== Number.POSITIVE_INFINITY;
  return { first: values[0] ?? Number.NaN, others: new Set(values.slice(1)), low, high, isBounded };
}

function unpackBlock(block: Float64Array, mask: Mask, { scale, offset }: Packing): void {
  // Most variables have one fill value and no bounds; a loop of its own halves their time.
  const { first, others, low, high, isBounded } = mask;
  if (others.size > 0) replaceThose(block, others);
  if (isBounded) replaceOutside(block, low, high);
  for (let i = 0; i < block.length; i++) {
    const value = block[i] as number;
    block[i] = value === first ? Number.NaN : value * scale + offset;
  }
}

function fillFloats(raw: Float32Array | Float64Array, mask: Mask): Float32Array | Float64Array {
  const { first, others, low, high, isBounded } = mask;
  // Searching is the platform's, and several times as fast as a loop.
  const hasMissing = others.size > 0 || raw.indexOf(first) >= 0 || (isBounded && isOutside(raw, low, high));
  if (!hasMissing) return raw;
  const filled = Number.isNaN(first) ? raw.slice() : withoutValue(raw, first);
  if (others.size > 0) replaceThose(filled, others);
  if (isBounded) replaceOutside(filled, low, high);
  return filled;
}

function isOutside(values: Float32Array | Float64Array, low: number, high: number): boolean {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value < low || value > high) return true;
  }
  return false;
}

function replaceOutside(values: Float32Array | Float64Array, low: number, high: number): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value < low || value > high) values[i] = Number.NaN;
  }
}

function replaceThose(values: Float32Array | Float64Array, those: ReadonlySet<number>): void {
  for (let i = 0; i < values.length; i++) if (those.has(values[i] as number)) values[i] = Number.NaN;
}

function fillIntegers(raw: NarrowIntegers, mask: Mask, fill: number): NarrowIntegers {
  const wide = new Float64Array(Math.min(BLOCK, raw.length));
  let filled: NarrowIntegers | undefined;
  for (let start = 0; start < raw.length; start += BLOCK) {
    const length = Math.min(BLOCK, raw.length - start);
    const block = wide.subarray(0, length);
    block.set(raw.subarray(start, start + length));
    if (fillBlock(block, mask, fill) === 0) continue;
    filled ??= raw.slice();
    filled.set(block, start);
  }
  return filled ?? raw;
}

/** @returns Number of values that were another. */
function fillBlock(block: Float64Array, { first, others, low, high }: Mask, fill: number): number {
  let count = 0;
  for (let i = 0; i < block.length; i++) {
    const value = block[i] as number;
    if (value === fill) continue;
    const isMissing = value < low || value > high || value === first || (others.size > 0 && others.has(value));
    if (!isMissing) continue;
    block[i] = fill;
    count++;
  }
  return count;
}

function fillWide(raw: BigInt64Array, missing: MissingValues, fill: bigint): BigInt64Array {
  const isMissing = wideTest(missing);
  let filled: BigInt64Array | undefined;
  for (let i = 0; i < raw.length; i++) {
    const value = raw[i] as bigint;
    if (value === fill || !isMissing(value)) continue;
    filled ??= raw.slice();
    filled[i] = fill;
  }
  return filled ?? raw;
}

function wideTest(missing: MissingValues | undefined): (value: bigint) => boolean {
  if (!missing) return () => false;
  const [values, { low, high }] = [new Set(missing.values), missing];
  return (value) => values.has(value) || value < low || value > high;
}

/** The bits of integers, taken as those of another type of the same width. */
export function reinterpretBits(raw: Numbers, dtype: DType): Numbers {
  const Data = allocate(dtype, 0).constructor as new (
    buffer: ArrayBufferLike,
    offset: number,
    length: number,
  ) => Numbers;
  return new Data(raw.buffer, raw.byteOffset, raw.length);
}
