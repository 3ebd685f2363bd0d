import type { DataOf, DType } from "../dtype.ts";
import { allocate } from "../layout.ts";
import type { MissingValues } from "./missing-values.ts";

/** `stored * scale + offset`, in float64. */
export interface Packing {
  readonly scale: number;
  readonly offset: number;
}

type Numbers = Exclude<DataOf<DType>, string[]>;
type NarrowNumbers = Exclude<Numbers, BigInt64Array | BigUint64Array>;

/** Elements widened at once: 64 KiB, which stays in a processor's cache. */
const BLOCK = 8192;

/**
 * Raw values as float64: missing ones NaN, the others unpacked.
 *
 * Whatever their type, values are first widened by the platform, so that one loop, over one kind of array, serves them
 * all: V8 runs a loop that sees many kinds several times slower.
 */
export function unpackNumbers(raw: Numbers, missing: MissingValues | undefined, packing: Packing): Float64Array {
  const unpacked = new Float64Array(raw.length);
  if (raw instanceof BigInt64Array || raw instanceof BigUint64Array) {
    for (let i = 0; i < raw.length; i++) {
      const value = raw[i] as bigint;
      unpacked[i] = missing && isMissing(value, missing) ? Number.NaN : Number(value);
    }
    scaleAll(unpacked, packing);
    return unpacked;
  }
  for (let start = 0; start < raw.length; start += BLOCK) {
    const block = unpacked.subarray(start, start + BLOCK);
    block.set(raw.subarray(start, start + BLOCK));
    if (missing) markMissing(block, missing);
    scaleAll(block, packing);
  }
  return unpacked;
}

/** Raw values of any type with every missing one replaced by `fill`. The same array where there is nothing to replace. */
export function fillMissing(raw: Numbers, missing: MissingValues, fill: number | bigint): Numbers {
  if (raw instanceof BigInt64Array || raw instanceof BigUint64Array) {
    return fillWide(raw as BigInt64Array, missing, fill as bigint);
  }
  return fillNarrow(raw, missing, Number(fill));
}

function fillNarrow(raw: NarrowNumbers, missing: MissingValues, fill: number): NarrowNumbers {
  const wide = new Float64Array(Math.min(BLOCK, raw.length));
  let filled: NarrowNumbers | undefined;
  for (let start = 0; start < raw.length; start += BLOCK) {
    const length = Math.min(BLOCK, raw.length - start);
    const block = wide.subarray(0, length);
    block.set(raw.subarray(start, start + length));
    if (markMissing(block, missing) === 0) continue;
    filled ??= raw.slice();
    if (!Number.isNaN(fill)) replaceNaN(block, fill);
    filled.set(block, start);
  }
  return filled ?? raw;
}

function fillWide(raw: BigInt64Array, missing: MissingValues, fill: bigint): BigInt64Array {
  let filled: BigInt64Array | undefined;
  for (let i = 0; i < raw.length; i++) {
    const value = raw[i] as bigint;
    if (value === fill || !isMissing(value, missing)) continue;
    filled ??= raw.slice();
    filled[i] = fill;
  }
  return filled ?? raw;
}

function isMissing(value: number | bigint, { values, low, high }: MissingValues): boolean {
  return values.includes(value) || value < low || value > high;
}

/** Makes missing values NaN, and counts them. */
function markMissing(block: Float64Array, missing: MissingValues): number {
  const [first = Number.NaN, second = first, ...others] = missing.values.map(Number);
  let count = markTwo(block, first, second, Number(missing.low), Number(missing.high));
  for (const other of others) count += markTwo(block, other, other, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  return count;
}

function markTwo(block: Float64Array, first: number, second: number, low: number, high: number): number {
  let count = 0;
  for (let i = 0; i < block.length; i++) {
    const value = block[i] as number;
    if (value === first || value === second || value < low || value > high) {
      block[i] = Number.NaN;
      count++;
    }
  }
  return count;
}

function scaleAll(block: Float64Array, { scale, offset }: Packing): void {
  for (let i = 0; i < block.length; i++) block[i] = (block[i] as number) * scale + offset;
}

function replaceNaN(block: Float64Array, fill: number): void {
  for (let i = 0; i < block.length; i++) if (Number.isNaN(block[i] as number)) block[i] = fill;
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
