import { endianness } from "node:os";
import type { DType } from "./dtype.ts";
import { encodeHalves } from "./float16.ts";
import type { NdArray } from "./nd-array.ts";

/**
 * The elements of a numeric or boolean array as bytes: row-major, little-endian, float16 as halves, every NaN the quiet
 * NaN of its type. May share memory with the array.
 */
export function littleEndianBytes(array: NdArray<Exclude<DType, "string">> | NdArray): Uint8Array {
  const values = array.values();
  if (Array.isArray(values)) throw new TypeError("Strings have no bytes of their own.");
  const plain = array.dtype === "float16" ? encodeHalves(values as Float32Array) : canonicalNaNs(values);
  const bytes = Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength);
  return endianness() === "LE" ? bytes : swapped(bytes, plain.BYTES_PER_ELEMENT);
}

type Numbers = Exclude<NdArray["data"], string[]>;

/** The values with one NaN for all. A copy only where there is a NaN; writing NaN gives the quiet one. */
function canonicalNaNs(values: Numbers): Numbers {
  if (!(values instanceof Float32Array || values instanceof Float64Array)) return values;
  let copy: Float32Array | Float64Array | undefined;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i])) continue;
    copy ??= values.slice();
    copy[i] = Number.NaN;
  }
  return copy ?? values;
}

function swapped(bytes: Buffer, size: number): Uint8Array {
  const copy = Buffer.from(bytes);
  if (size === 2) return copy.swap16();
  if (size === 4) return copy.swap32();
  return size === 8 ? copy.swap64() : copy;
}
