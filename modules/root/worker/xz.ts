import { createHash } from "node:crypto";
import { damaged } from "./failure.ts";
import { LzmaDecoder } from "./lzma.ts";

const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const LZMA2 = 0x21;
/** Kinds of checksums by their number in the header, with their bytes. */
const CHECKS: ReadonlyMap<number, { readonly name: "none" | "crc32" | "crc64" | "sha256"; readonly bytes: number }> =
  new Map([
    [0, { name: "none", bytes: 0 }],
    [1, { name: "crc32", bytes: 4 }],
    [4, { name: "crc64", bytes: 8 }],
    [10, { name: "sha256", bytes: 32 }],
  ]);

/**
 * Undoes an xz stream of one block into so many bytes, and compares them with its checksum. jsroot's decoder reads no more
 * than the first piece of LZMA2, takes what is stored for compressed, and compares nothing.
 *
 * @throws When the bytes are damaged.
 * @see Source: The .xz File Format, version 1.2.1.
 */
export function unzipXz(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  if (bytes.length < 24 || MAGIC.some((byte, i) => bytes[i] !== byte))
    throw damaged("xz: it does not begin as xz does");
  const check = CHECKS.get(bytes[7] as number);
  if (check === undefined || bytes[6] !== 0) throw damaged("xz: an unknown checksum");
  const start = 12 + blockHeader(bytes.subarray(12));
  const out = new Uint8Array(size);
  const packed = decodePieces(bytes.subarray(start), out);
  const padded = start + Math.ceil(packed / 4) * 4;
  const stated = bytes.subarray(padded, padded + check.bytes);
  if (!Buffer.from(checksum(out, check.name)).equals(stated)) throw damaged("xz: a block differs from its checksum");
  // What follows would be another block.
  if (bytes[padded + check.bytes] !== 0) throw damaged("xz: more than one block");
  return out;
}

/** Bytes of the header of the block, which has LZMA2 for its only filter. */
function blockHeader(bytes: Uint8Array): number {
  const length = ((bytes[0] as number) + 1) * 4;
  if (bytes[0] === 0 || length + 4 > bytes.length) throw damaged("xz: there is no block");
  const crc = new DataView(bytes.buffer, bytes.byteOffset).getUint32(length - 4, true);
  if (Buffer.from(checksum(bytes.subarray(0, length - 4), "crc32")).readUInt32LE() !== crc) {
    throw damaged("xz: the header of a block differs from its checksum");
  }
  const flags = bytes[1] as number;
  let at = 2;
  // Sizes may come first; the pieces have their own.
  for (const flag of [0x40, 0x80]) if (flags & flag) while ((bytes[at++] as number) & 0x80);
  if ((flags & 0x3f) !== 0 || bytes[at] !== LZMA2) throw damaged("xz: a filter that ROOT does not use");
  return length;
}

/** Undoes the pieces of LZMA2, as many as `out` has bytes for; gives their length. */
function decodePieces(bytes: Uint8Array, out: Uint8Array): number {
  const decoder = new LzmaDecoder(out);
  const two = (at: number): number => (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)) + 1;
  const part = (start: number, length: number): Uint8Array => {
    if (start + length > bytes.length) throw damaged("xz: a piece ends too early");
    return bytes.subarray(start, start + length);
  };
  // What the first piece must bring with it.
  let needs: "dictionary" | "properties" | "nothing" = "dictionary";
  for (let at = 0; ; ) {
    const control = bytes[at];
    if (control === undefined) throw damaged("xz: a piece ends too early");
    if (control === 0) {
      if (decoder.length !== out.length) throw damaged(`xz: ${decoder.length} bytes in a block of ${out.length}`);
      return at + 1;
    }
    if (control === 1 || control >= 0xe0) {
      decoder.resetDictionary();
      if (needs === "dictionary") needs = "properties";
    } else if (needs === "dictionary") throw damaged("xz: the first piece refers to others");
    if (control < 0x80) {
      if (control > 2) throw damaged("xz: an unknown kind of piece");
      const length = two(at + 1);
      decoder.copy(part(at + 3, length));
      at += 3 + length;
      continue;
    }
    const size = ((control & 0x1f) << 16) + two(at + 1);
    const length = two(at + 3);
    at += 5;
    if (control >= 0xc0) {
      decoder.setProperties(bytes[at++] ?? 0xff);
      needs = "nothing";
    } else if (needs !== "nothing") throw damaged("xz: a piece without parameters");
    if (control >= 0xa0) decoder.resetState();
    decoder.decode(part(at, length), size);
    at += length;
  }
}

function checksum(bytes: Uint8Array, name: "none" | "crc32" | "crc64" | "sha256"): Uint8Array {
  if (name === "none") return new Uint8Array();
  if (name === "sha256") return createHash("sha256").update(bytes).digest();
  return name === "crc32" ? crc(bytes, CRC32) : crc(bytes, CRC64);
}

/** A polynomial, as two words, of which CRC-32 has one; and the remainders of all bytes, made when they are needed. */
interface Polynomial {
  readonly words: readonly number[];
  table?: readonly [Uint32Array, Uint32Array];
}

const CRC32: Polynomial = { words: [0xedb88320] };
const CRC64: Polynomial = { words: [0xd7870f42, 0xc96c5795] };

/** The CRC, little-endian. */
function crc(bytes: Uint8Array, polynomial: Polynomial): Uint8Array {
  polynomial.table ??= tableOf(polynomial.words);
  const [lows, highs] = polynomial.table;
  const isWide = polynomial.words.length > 1;
  let low = -1;
  let high = isWide ? -1 : 0;
  for (let i = 0; i < bytes.length; i++) {
    const index = (low ^ (bytes[i] as number)) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ (lows[index] as number);
    high = (high >>> 8) ^ (highs[index] as number);
  }
  const result = new DataView(new ArrayBuffer(isWide ? 8 : 4));
  result.setUint32(0, ~low, true);
  if (isWide) result.setUint32(4, ~high, true);
  return new Uint8Array(result.buffer);
}

function tableOf([lowWord = 0, highWord = 0]: readonly number[]): readonly [Uint32Array, Uint32Array] {
  const [lows, highs] = [new Uint32Array(256), new Uint32Array(256)];
  for (let byte = 0; byte < 256; byte++) {
    let low = byte;
    let high = 0;
    for (let bit = 0; bit < 8; bit++) {
      const isOdd = (low & 1) !== 0;
      low = ((low >>> 1) | (high << 31)) ^ (isOdd ? lowWord : 0);
      high = (high >>> 1) ^ (isOdd ? highWord : 0);
    }
    lows[byte] = low;
    highs[byte] = high;
  }
  return [lows, highs];
}
