import { endianness } from "node:os";
import type { DataOf, DType } from "./dtype.ts";
import { encodeHalves } from "./float16.ts";
import { allocate } from "./layout.ts";
import type { NdArray } from "./nd-array.ts";

/**
 * The elements of a numeric or boolean array as bytes: row-major, little-endian, float16 as halves, every NaN the quiet
 * NaN of its type. May share memory with the array.
 */
export function littleEndianBytes(array: NdArray<Exclude<DType, "string">> | NdArray): Uint8Array {
  const values = array.values();
  if (Array.isArray(values)) throw new TypeError("Strings have no bytes of their own.");
  const plain = array.dtype === "float16" ? encodeHalves(values as Float32Array) : canonicalNaNs(values);
  return toLittleEndian(plain);
}

type Numbers = Exclude<DataOf<DType>, string[]>;

/** Values as they lie in memory, little-endian; a view where the machine is. */
export function toLittleEndian(values: Numbers): Uint8Array {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return endianness() === "LE" ? bytes : swapped(bytes, values.BYTES_PER_ELEMENT);
}

/** Values from little-endian bytes, as many as they are; they take over the memory, which must hold nothing else. */
export function fromLittleEndian<D extends Exclude<DType, "string" | "float16">>(
  bytes: Uint8Array,
  dtype: D,
): DataOf<D> {
  const like = allocate(dtype, 0);
  const size = like.BYTES_PER_ELEMENT;
  const { buffer, byteOffset, byteLength } = endianness() === "LE" ? bytes : swapped(Buffer.from(bytes), size);
  const Values = like.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => DataOf<D>;
  return new Values(buffer, byteOffset, byteLength / size);
}

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
