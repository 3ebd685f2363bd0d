import { promisify } from "node:util";
import { inflate, inflateSync, type ZlibOptions } from "node:zlib";
import { copyFromChunk, type TouchedChunk, touchedChunks } from "../assemble.ts";
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

/** Bytes of decompressed chunks in flight at most, unless a single chunk is larger. */
const IN_FLIGHT_BYTES = 32 * 2 ** 20;
/** libuv has as many threads. */
const CONCURRENCY = 4;
/** Smaller chunks take longer to hand to another thread than to decompress. */
const PARALLEL_BYTES = 64 * 1024;

/**
 * Reads slabs from their chunks directly. Node's own zlib is two to three times as fast as HDF5's in WebAssembly, checks
 * the same checksums, and decompresses several chunks beside each other.
 *
 * @throws on a chunk that was never written, is damaged, or is anything but expected; HDF5 then reads instead.
 */
export async function readChunks(
  source: ChunkSource,
  slabs: readonly RawSlab[],
  isCancelled: () => boolean,
): Promise<RawValues[]> {
  const { chunkShape, shape, elementBytes } = source;
  const results = slabs.map((slab) => new Uint8Array(product(slab.count) * elementBytes));
  const chunkBytes = product(chunkShape) * elementBytes;
  const jobs = chunkJobs(slabs, source);
  const readNext = async (): Promise<void> => {
    for (const { slab, at, touched } of jobs) {
      if (isCancelled()) throw new LibraryError("cancelled", "the caller has cancelled it");
      const data = words(await decodedChunk(source, touched.key, chunkBytes), elementBytes);
      const target = words(results[at] as Uint8Array<ArrayBuffer>, elementBytes);
      // Chunks at the ends are stored whole; the slab ends where the dataset does.
      copyFromChunk(target, slab, { ...touched, shape: chunkShape, data }, wordsIn(elementBytes));
    }
  };
  const together = Math.max(1, Math.min(CONCURRENCY, Math.floor(IN_FLIGHT_BYTES / chunkBytes)));
  const isWorthIt = source.isCompressed && chunkBytes >= PARALLEL_BYTES && shape.length > 0;
  await Promise.all(Array.from({ length: isWorthIt ? together : 1 }, readNext));
  return results.map((bytes) => ({ kind: "bytes", bytes }));
}

interface ChunkJob {
  readonly slab: RawSlab;
  /** Which slab it is. */
  readonly at: number;
  readonly touched: TouchedChunk;
}

/** The chunks of all slabs; several readers may share it, each takes the next. It ends for all when one of them fails. */
function* chunkJobs(slabs: readonly RawSlab[], { chunkShape, shape }: ChunkSource): Generator<ChunkJob> {
  for (const [at, slab] of slabs.entries()) {
    for (const touched of touchedChunks(slab, chunkShape, shape)) yield { slab, at, touched };
  }
}

async function decodedChunk(source: ChunkSource, key: string, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const { descriptor, chunks, elementBytes, isCompressed, isShuffled } = source;
  const chunk = chunks.get(key);
  if (chunk === undefined) throw new Error("a chunk that was never written");
  const stored = readExactly(descriptor, chunk.position, chunk.bytes);
  // Room for one byte more than expected, so that what is too long is noticed, and no damage fills the memory.
  const room = Math.max(64, size + 1);
  const limits = { chunkSize: room, maxOutputLength: room };
  const inflated = size < PARALLEL_BYTES ? inflateSync : inflateAsync;
  const plain = isCompressed ? await inflated(stored, limits) : stored;
  if (plain.length !== size) throw new Error("a chunk of another size");
  return isShuffled && elementBytes > 1 ? unshuffled(plain, elementBytes) : aligned(plain);
}

const inflateAsync = promisify<Buffer, ZlibOptions, Buffer>(inflate);

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

function product(lengths: readonly number[]): number {
  return lengths.reduce((product, length) => product * length, 1);
}
