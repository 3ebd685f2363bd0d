import { CodecProblem } from "./codec-plan.ts";
import { decodeBlosclz, decodeLz4 } from "./lz.ts";
import { unshuffled } from "./shuffle.ts";

/** Undoes a general codec into at most so many bytes. */
export type Inflate = (name: "zlib" | "zstd", bytes: Uint8Array, size: number) => Promise<Uint8Array>;

/** Bits of the flags. */
const SHUFFLE = 0x01;
const STORED = 0x02;
const BIT_SHUFFLE = 0x04;
const NOT_SPLIT = 0x10;

const HEADER_BYTES = 16;
/** Blocks are split by the bytes of their elements, if these are no more and the parts no shorter. */
const MAX_SPLITS = 16;
const MIN_PART_BYTES = 128;

const CODECS = ["blosclz", "lz4", "snappy", "zlib", "zstd"] as const;

/**
 * Undoes blosc. zarrita's does not look whether it failed, and then gives what was in its memory.
 *
 * @param limit - Most bytes that may come out.
 * @see Source: c-blosc 1.21, README_HEADER.rst and README_CHUNK_FORMAT.rst.
 */
export async function decodeBlosc(bytes: Uint8Array, limit: number, inflate: Inflate): Promise<Uint8Array> {
  if (bytes.length < HEADER_BYTES) throw new CodecProblem('the codec "blosc" has no header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = bytes[2] as number;
  const elementBytes = bytes[3] as number;
  const [size, blockSize, stored] = [view.getUint32(4, true), view.getUint32(8, true), view.getUint32(12, true)];
  if (size > limit) {
    throw new CodecProblem(`the codec "blosc" says that its values have ${size} bytes; ${limit} are expected`);
  }
  if (stored !== bytes.length) throw new CodecProblem('the codec "blosc" says another length');
  if (size === 0) return new Uint8Array(0);
  if (flags & STORED) {
    if (stored !== HEADER_BYTES + size) throw new CodecProblem('the codec "blosc" says another length');
    return bytes.slice(HEADER_BYTES);
  }
  const blocks = Math.ceil(size / blockSize);
  if (blockSize === 0 || elementBytes === 0 || HEADER_BYTES + 4 * blocks > stored) {
    throw new CodecProblem('the codec "blosc" has a wrong header');
  }
  const codec = CODECS[flags >>> 5];
  if (codec === undefined || codec === "snappy") {
    throw new CodecProblem(`the codec "blosc" was used with ${codec ?? "an unknown compressor"}, which is not read`);
  }
  const out = new Uint8Array(size);
  for (let block = 0; block < blocks; block++) {
    const length = Math.min(blockSize, size - block * blockSize);
    const isSplit =
      (flags & NOT_SPLIT) === 0 &&
      length === blockSize &&
      elementBytes <= MAX_SPLITS &&
      blockSize / elementBytes >= MIN_PART_BYTES;
    const parts = isSplit ? elementBytes : 1;
    const partSize = Math.floor(length / parts);
    const shuffled = new Uint8Array(length);
    let at = view.getUint32(HEADER_BYTES + 4 * block, true);
    for (let part = 0; part < parts; part++) {
      if (at + 4 > stored) throw new CodecProblem('the codec "blosc" ends too early');
      const partStored = view.getUint32(at, true);
      at += 4;
      if (at + partStored > stored) throw new CodecProblem('the codec "blosc" ends too early');
      const data = bytes.subarray(at, at + partStored);
      at += partStored;
      shuffled.set(await decodePart(codec, data, partSize, inflate), part * partSize);
    }
    const target = out.subarray(block * blockSize, block * blockSize + length);
    if (flags & SHUFFLE && elementBytes > 1) target.set(unshuffled(shuffled, elementBytes));
    else if (flags & BIT_SHUFFLE) target.set(bitUnshuffled(shuffled, elementBytes));
    else target.set(shuffled);
  }
  return out;
}

async function decodePart(
  codec: Exclude<(typeof CODECS)[number], "snappy">,
  data: Uint8Array,
  size: number,
  inflate: Inflate,
): Promise<Uint8Array> {
  // What did not become shorter is stored as it is.
  if (data.length === size) return data;
  if (codec === "lz4") return decodeLz4(data, size);
  if (codec === "blosclz") return decodeBlosclz(data, size);
  const values = await inflate(codec, data, size);
  if (values.length !== size)
    throw new CodecProblem(`the codec "blosc" has ${values.length} bytes in a part of ${size}`);
  return values;
}

/**
 * Undoes the shuffle of bits: of eight elements at a time, the first bits, the second bits, and so on. Blosc leaves blocks
 * alone whose number of elements is no multiple of eight.
 */
function bitUnshuffled(bytes: Uint8Array, size: number): Uint8Array {
  const count = Math.floor(bytes.length / size);
  if (count % 8 !== 0) return bytes;
  const rows = count / 8;
  const result = new Uint8Array(bytes);
  result.fill(0, 0, rows * 8 * size);
  for (let place = 0; place < size * 8; place++) {
    const [byte, bit] = [place >>> 3, place & 7];
    for (let row = 0; row < rows; row++) {
      const bits = bytes[place * rows + row] as number;
      if (bits === 0) continue;
      for (let element = 0; element < 8; element++) {
        const at = (row * 8 + element) * size + byte;
        result[at] = (result[at] as number) | (((bits >>> element) & 1) << bit);
      }
    }
  }
  return result;
}
