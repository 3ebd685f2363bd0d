import { inflateSync } from "node:zlib";
import { copyFromChunk, touchedChunks } from "../assemble.ts";
import { type IndexedChunk, readExactly } from "./chunk-index.ts";
import { LibraryError } from "./library.ts";
import type { RawSlab, RawValues } from "./protocol.ts";
import { words, wordsIn } from "./words.ts";

/** A chunked dataset of plain little-endian values: as they are, or after shuffle and gzip, or gzip. */
export interface ChunkSource {
  readonly descriptor: number;
  readonly chunks: ReadonlyMap<string, IndexedChunk>;
  readonly shape: readonly number[];
  readonly chunkShape: readonly number[];
  readonly elementBytes: number;
  readonly isCompressed: boolean;
  readonly isShuffled: boolean;
}

/**
 * Reads a slab from its chunks directly. Node's own zlib is two to three times as fast as HDF5's in WebAssembly, and
 * checks the same checksums.
 *
 * @throws on a chunk that was never written, is damaged, or is anything but expected; HDF5 then reads instead.
 */
export function readChunks(source: ChunkSource, slab: RawSlab, isCancelled: () => boolean): RawValues {
  const { chunkShape, shape, elementBytes } = source;
  const total = slab.count.reduce((product, count) => product * count, 1);
  const bytes = new Uint8Array(total * elementBytes);
  const target = words(bytes, elementBytes);
  for (const { key, origin } of touchedChunks(slab, chunkShape, shape)) {
    if (isCancelled()) throw new LibraryError("cancelled", "the caller has cancelled it");
    const data = words(decodedChunk(source, key), elementBytes);
    // Chunks at the ends are stored whole; the slab ends where the dataset does.
    copyFromChunk(target, slab, { key, origin, shape: chunkShape, data }, wordsIn(elementBytes));
  }
  return { kind: "bytes", bytes };
}

function decodedChunk(source: ChunkSource, key: string): Uint8Array<ArrayBuffer> {
  const { descriptor, chunks, chunkShape, elementBytes, isCompressed, isShuffled } = source;
  const chunk = chunks.get(key);
  if (chunk === undefined) throw new Error("a chunk that was never written");
  const size = chunkShape.reduce((product, length) => product * length, elementBytes);
  const stored = readExactly(descriptor, chunk.position, chunk.bytes);
  // Room for one byte more than expected, so that what is too long is noticed, and no damage fills the memory.
  const room = Math.max(64, size + 1);
  const plain = isCompressed ? inflateSync(stored, { chunkSize: room, maxOutputLength: room }) : stored;
  if (plain.length !== size) throw new Error("a chunk of another size");
  return isShuffled && elementBytes > 1 ? unshuffled(plain, elementBytes) : aligned(plain);
}

function unshuffled(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const count = bytes.length / size;
  const plain = new Uint8Array(bytes.length);
  if (size === 4) {
    const whole = new Uint32Array(plain.buffer);
    for (let i = 0; i < count; i++) {
      whole[i] =
        (bytes[i] as number) |
        ((bytes[count + i] as number) << 8) |
        ((bytes[2 * count + i] as number) << 16) |
        ((bytes[3 * count + i] as number) << 24);
    }
    return plain;
  }
  for (let byte = 0, from = 0; byte < size; byte++) {
    for (let i = 0, to = byte; i < count; i++, to += size) plain[to] = bytes[from++] as number;
  }
  return plain;
}

/** Buffers of Node may begin anywhere in a larger one; words must not. */
function aligned(bytes: Buffer): Uint8Array<ArrayBuffer> {
  const isAligned = bytes.byteOffset % 8 === 0 && bytes.buffer instanceof ArrayBuffer;
  return isAligned
    ? new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length)
    : new Uint8Array(bytes);
}
