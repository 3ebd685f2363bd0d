import zlib from "node:zlib";
import { damaged, reasonOf } from "./failure.ts";
import { unzipLz4 } from "./lz4.ts";
import { unzipXz } from "./xz.ts";

/** Decompresses what we cannot: `R__unzip` of jsroot. Given a whole block with its header. */
export type UnzipOther = (block: DataView, size: number) => Promise<DataView | null>;

/** A compressed block begins with two letters, a version, and the lengths after and before compression (3 bytes each). */
const HEADER_BYTES = 9;
/** ROOT cuts what it compresses into blocks of at most so many bytes, as the lengths have 3 bytes. */
const MAX_BLOCK_BYTES = 0xffffff;

/**
 * Decompresses an object or a basket: blocks one after another.
 *
 * @param size - Bytes that there must be in the end.
 * @throws When the bytes are damaged.
 */
export async function unzip(bytes: Uint8Array, size: number, unzipOther: UnzipOther): Promise<Uint8Array<ArrayBuffer>> {
  // A block makes 16 MB at most, and has a header; so the size is bounded by the bytes that there are.
  if (size > Math.ceil(bytes.length / (HEADER_BYTES + 1)) * MAX_BLOCK_BYTES) {
    throw damaged(`${bytes.length} bytes cannot hold ${size}`);
  }
  const blocks: Promise<Uint8Array>[] = [];
  let at = 0;
  let made = 0;
  while (made < size) {
    const block = blockAt(bytes, at);
    if (made + block.size > size) throw damaged(`more than ${size} bytes come out of a block`);
    const unzipped = unzipBlock(block, unzipOther);
    unzipped.catch(() => undefined); // awaited below, after others that may fail first
    blocks.push(unzipped);
    at += block.bytes.length;
    made += block.size;
  }
  if (blocks.length === 1) return inOwnMemory(await (blocks[0] as Promise<Uint8Array>));
  const whole = new Uint8Array(size);
  let to = 0;
  for (const block of await Promise.all(blocks)) {
    whole.set(block, to);
    to += block.length;
  }
  return whole;
}

interface ZippedBlock {
  /** Two letters and a version: `"ZL8"`. */
  readonly method: string;
  /** With its header. */
  readonly bytes: Uint8Array;
  /** Bytes when decompressed. */
  readonly size: number;
}

function blockAt(bytes: Uint8Array, at: number): ZippedBlock {
  if (at + HEADER_BYTES >= bytes.length) throw damaged("compressed data ends too early");
  const three = (from: number): number =>
    (bytes[from] as number) | ((bytes[from + 1] as number) << 8) | ((bytes[from + 2] as number) << 16);
  const end = at + HEADER_BYTES + three(at + 3);
  const size = three(at + 6);
  if (end > bytes.length || size === 0) throw damaged("a compressed block says that it is longer than its data");
  const method = String.fromCharCode(bytes[at] as number, bytes[at + 1] as number);
  return { method, bytes: bytes.subarray(at, end), size };
}

async function unzipBlock({ method, bytes, size }: ZippedBlock, unzipOther: UnzipOther): Promise<Uint8Array> {
  const payload = bytes.subarray(HEADER_BYTES);
  const done = await (method === "ZL"
    ? inflate(payload, size)
    : method === "L4"
      ? checkedLz4(payload, size)
      : method === "XZ"
        ? unzipXz(payload, size)
        : method === "ZS" && typeof zlib.zstdDecompress === "function"
          ? unzipZstd(payload, size)
          : unzipByJsroot(method, bytes, size, unzipOther));
  if (done.length !== size) throw damaged(`a block of ${size} bytes has ${done.length}`);
  return done;
}

function inflate(payload: Uint8Array, size: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    // One piece of output, no more than was said.
    zlib.inflate(payload, { chunkSize: Math.max(64, size), maxOutputLength: Math.max(64, size) }, (error, result) => {
      if (error) reject(damaged(`zlib: ${error.message}`));
      else resolve(result);
    });
  });
}

function unzipZstd(payload: Uint8Array, size: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    zlib.zstdDecompress(
      payload,
      { chunkSize: Math.max(64, size), maxOutputLength: Math.max(64, size) },
      (error, result) => {
        if (error) reject(damaged(`ZSTD: ${error.message}`));
        else resolve(result);
      },
    );
  });
}

/** Eight bytes of checksum come first, big-endian. */
function checkedLz4(payload: Uint8Array, size: number): Uint8Array {
  if (payload.length < 9) throw damaged("an LZ4 block is too short for its checksum");
  const checksum = new DataView(payload.buffer, payload.byteOffset, 8).getBigUint64(0);
  return unzipLz4(payload.subarray(8), size, checksum);
}

/** The method of before 2011, and ZSTD where Node has none. */
async function unzipByJsroot(
  method: string,
  bytes: Uint8Array,
  size: number,
  unzipOther: UnzipOther,
): Promise<Uint8Array> {
  if (!["CS", "ZS"].includes(method)) throw damaged(`a block is compressed by "${method}", which nobody knows`);
  let done: DataView | null;
  try {
    done = await unzipOther(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), size);
  } catch (error) {
    throw damaged(`${method}: ${reasonOf(error)}`);
  }
  if (done === null) throw damaged(`${method}: the block is damaged`);
  return new Uint8Array(done.buffer, done.byteOffset, done.byteLength);
}

/** Results of zlib may lie in memory that is shared with others. */
function inOwnMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length
    ? new Uint8Array(buffer)
    : new Uint8Array(bytes);
}
