import { endianness } from "node:os";
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { allocate, type DataOf, type DType, encodeHalves, type NdArray } from "../../../core/index.ts";
import { zarritaCodec } from "../byte-codecs.ts";
import { copyPart } from "../slab.ts";
import { encodeTexts } from "../texts.ts";
import type { Compression } from "./metadata.ts";

const gzip = promisify<Uint8Array, zlib.ZlibOptions, Uint8Array>(zlib.gzip);

/** zstd came to Node with 22.15; before, zarrita's is used. */
type NativeZstd = (bytes: Uint8Array, options: object) => Promise<Uint8Array>;
const nativeZstd: NativeZstd | undefined =
  typeof zlib.zstdCompress === "function" ? (promisify(zlib.zstdCompress) as NativeZstd) : undefined;

/** A chunk as it is stored: little-endian, row-major, filled up to the shape of a chunk at the end of the array. */
export async function encodeChunk(
  array: NdArray,
  chunkShape: readonly number[],
  { name, level }: Compression,
): Promise<Uint8Array> {
  const bytes = bytesOf(array.dtype, padded(array, chunkShape));
  if (level === 0) return bytes;
  if (name === "gzip") return await gzip(bytes, { level });
  if (nativeZstd) return await nativeZstd(bytes, { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } });
  return await (await zarritaCodec({ name, configuration: { level } })).encode(bytes);
}

function padded(array: NdArray, chunkShape: readonly number[]): DataOf<DType> {
  const data = array.values();
  if (array.shape.every((length, axis) => length === chunkShape[axis])) return data;
  const whole = allocate(
    array.dtype,
    chunkShape.reduce((product, length) => product * length, 1),
  );
  const slab = chunkShape.map((count) => ({ start: 0, step: 1, count }));
  const parts = array.shape.map((count) => ({ to: 0, count, from: 0, step: 1 }));
  copyPart(whole, slab, { data, shape: array.shape, parts });
  return whole;
}

function bytesOf(dtype: DType, data: DataOf<DType>): Uint8Array {
  if (Array.isArray(data)) return encodeTexts(data);
  const stored = dtype === "float16" ? encodeHalves(data as Float32Array) : data;
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  if (endianness() === "LE" || stored.BYTES_PER_ELEMENT === 1) return bytes;
  const swapped = Buffer.from(bytes);
  if (stored.BYTES_PER_ELEMENT === 2) return swapped.swap16();
  return stored.BYTES_PER_ELEMENT === 4 ? swapped.swap32() : swapped.swap64();
}
