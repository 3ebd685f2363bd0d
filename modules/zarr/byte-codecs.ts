import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { decodeBlosc } from "./blosc.ts";
import { CodecProblem, type CodecSpec } from "./codec-plan.ts";
import { decodeLz4 } from "./lz.ts";
import { unshuffled } from "./shuffle.ts";

const gunzip = promisify<Uint8Array, zlib.ZlibOptions, Uint8Array>(zlib.gunzip);
const inflate = promisify<Uint8Array, zlib.ZlibOptions, Uint8Array>(zlib.inflate);

/** zstd came to Node with 22.15; before, zarrita's is used. */
type NativeZstd = (bytes: Uint8Array, options: zlib.ZlibOptions) => Promise<Uint8Array>;
const nativeUnzstd: NativeZstd | undefined =
  typeof zlib.zstdDecompress === "function" ? (promisify(zlib.zstdDecompress) as NativeZstd) : undefined;

/**
 * Undoes one codec from bytes to bytes. What it gives is at most `limit` bytes: sizes that a header claims are compared
 * before anything is allocated, and checksums are compared, which zarrita does not.
 *
 * @throws CodecProblem, or what the codec throws.
 */
export async function decodeBytes(
  codec: CodecSpec,
  bytes: Uint8Array,
  limit: number,
  elementBytes: number,
): Promise<Uint8Array> {
  switch (codec.name) {
    case "gzip":
      return await gunzip(bytes, { maxOutputLength: limit });
    case "zlib":
      return await inflate(bytes, { maxOutputLength: limit });
    case "zstd":
      if (nativeUnzstd) return await nativeUnzstd(bytes, { maxOutputLength: limit });
      checkSize(codec, zstdSize(bytes), limit);
      break;
    case "lz4": {
      const size = bytes.length >= 4 ? view(bytes).getUint32(0, true) : undefined;
      checkSize(codec, size, limit);
      return decodeLz4(bytes.subarray(4), size as number);
    }
    case "blosc":
      return await decodeBlosc(bytes, limit, (name, part, size) =>
        decodeBytes({ name, configuration: {} }, part, size, elementBytes),
      );
    case "crc32c":
      return withoutChecksum(bytes);
    case "shuffle":
      return unshuffled(bytes, shuffleSize(codec, elementBytes));
  }
  return await (await zarritaCodec(codec)).decode(bytes);
}

function checkSize({ name }: CodecSpec, size: number | undefined, limit: number): void {
  if (size === undefined) throw new CodecProblem(`the codec "${name}" does not say how long its values are`);
  if (size > limit)
    throw new CodecProblem(`the codec "${name}" says that its values have ${size} bytes; ${limit} are expected`);
}

/** Undoes and does a codec by zarrita, which has zstd as WebAssembly. */
export async function zarritaCodec({ name, configuration }: CodecSpec): Promise<{
  decode(bytes: Uint8Array): Promise<Uint8Array>;
  encode(bytes: Uint8Array): Promise<Uint8Array>;
}> {
  const { registry } = await import("zarrita");
  const entry = await registry.get(name)?.();
  if (entry === undefined) throw new CodecProblem(`zarrita has no codec "${name}"`);
  return entry.fromConfig(
    { id: name, ...configuration },
    { dataType: "uint8", shape: [], codecs: [], fillValue: null },
  );
}

/** The size that a zstd frame claims. @see Source: RFC 8878, 3.1.1.1. */
function zstdSize(bytes: Uint8Array): number | undefined {
  if (bytes.length < 6) return undefined;
  const data = view(bytes);
  if (data.getUint32(0, true) !== 0xfd2fb528) return undefined;
  const descriptor = data.getUint8(4);
  const isSingle = (descriptor & 0x20) !== 0;
  const at = 5 + (isSingle ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] as number);
  const width = [isSingle ? 1 : 0, 2, 4, 8][descriptor >>> 6] as number;
  if (width === 0 || at + width > bytes.length) return undefined;
  if (width === 1) return data.getUint8(at);
  if (width === 2) return data.getUint16(at, true) + 256;
  return width === 4 ? data.getUint32(at, true) : Number(data.getBigUint64(at, true));
}

function withoutChecksum(bytes: Uint8Array): Uint8Array {
  const end = bytes.length - 4;
  if (end < 0 || crc32c(bytes.subarray(0, end)) !== view(bytes).getUint32(end, true)) {
    throw new CodecProblem("its checksum (crc32c) is another");
  }
  return bytes.subarray(0, end);
}

function shuffleSize({ configuration }: CodecSpec, elementBytes: number): number {
  const size = Number(configuration["elementsize"] ?? elementBytes);
  if (!Number.isInteger(size) || size < 1) throw new CodecProblem('the codec "shuffle" has no size of elements');
  return size;
}

let crcTable: Uint32Array | undefined;

/** CRC-32C (Castagnoli). @see Source: RFC 3720, appendix B.4. */
export function crc32c(bytes: Uint8Array): number {
  crcTable ??= Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
    return value;
  });
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ (crcTable[(crc ^ (bytes[i] as number)) & 0xff] as number);
  return (crc ^ 0xffffffff) >>> 0;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
