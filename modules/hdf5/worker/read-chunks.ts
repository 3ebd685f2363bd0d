import { promisify } from "node:util";
import { inflate, inflateSync, type ZlibOptions } from "node:zlib";
import { type ChunkGrid, copyFromChunk, type TouchedChunk, touchedChunks } from "../assemble.ts";
import { type IndexedChunk, readInto } from "./chunk-index.ts";
import { LibraryError } from "./library.ts";
import type { RawSlab, RawValues } from "./protocol.ts";
import { words, wordsIn } from "./words.ts";

/** A chunked dataset of plain little-endian values: as they are, or after shuffle and gzip, or gzip. */
export interface ChunkSource extends ChunkGrid {
  readonly descriptor: number;
  readonly chunks: ReadonlyMap<number, IndexedChunk>;
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

/** zlib takes no smaller pieces. */
const MIN_ROOM = 64;

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
  const results: Uint8Array<ArrayBuffer>[] = [];
  const chunkBytes = product(chunkShape) * elementBytes;
  const jobs = chunkJobs(slabs, source);
  const readNext = async (): Promise<void> => {
    const rooms: ChunkRooms = { stored: new Room(), plain: new Room() };
    for (const { slab, at, touched } of jobs) {
      if (isCancelled()) throw new LibraryError("cancelled", "the caller has cancelled it");
      const bytes = await decodedChunk(source, touched.number, chunkBytes, rooms);
      if (isWholeChunk(slab, touched, chunkShape)) {
        results[at] = ownBuffer(bytes);
        // Handed over with the result.
        rooms.stored.leave(bytes);
        rooms.plain.leave(bytes);
        continue;
      }
      results[at] ??= new Uint8Array(product(slab.count) * elementBytes);
      const target = words(results[at], elementBytes);
      const chunk = { ...touched, shape: chunkShape, data: words(bytes, elementBytes) };
      // Chunks at the ends are stored whole; the slab ends where the dataset does.
      copyFromChunk(target, slab, chunk, wordsIn(elementBytes));
    }
  };
  const together = Math.max(1, Math.min(CONCURRENCY, Math.floor(IN_FLIGHT_BYTES / chunkBytes)));
  const isWorthIt = source.isCompressed && chunkBytes >= PARALLEL_BYTES && shape.length > 0;
  await Promise.all(Array.from({ length: isWorthIt ? together : 1 }, readNext));
  return slabs.map((_, at) => ({ kind: "bytes", bytes: results[at] ?? new Uint8Array(0) }));
}

function isWholeChunk(
  { start, count, step }: RawSlab,
  { origin }: TouchedChunk,
  chunkShape: readonly number[],
): boolean {
  return chunkShape.every(
    (length, axis) => count[axis] === length && start[axis] === origin[axis] && (step[axis] === 1 || length === 1),
  );
}

interface ChunkJob {
  readonly slab: RawSlab;
  /** Which slab it is. */
  readonly at: number;
  readonly touched: TouchedChunk;
}

/** The chunks of all slabs; several readers may share it, each takes the next. It ends for all when one of them fails. */
function* chunkJobs(slabs: readonly RawSlab[], source: ChunkSource): Generator<ChunkJob> {
  for (const [at, slab] of slabs.entries()) {
    for (const touched of touchedChunks(slab, source)) yield { slab, at, touched };
  }
}

/**
 * Memory for one chunk after another. What is thrown away stays with the process for a while, and that of thousands of chunks would
 * be more than all else.
 */
class Room {
  #bytes = new Uint8Array(0);

  /** With anything in it; good until the next call. */
  take(length: number): Uint8Array<ArrayBuffer> {
    if (this.#bytes.length < length) this.#bytes = new Uint8Array(length);
    return this.#bytes.subarray(0, length);
  }

  /** Lets the memory go, if these are in it: somebody keeps them. */
  leave({ buffer }: Uint8Array): void {
    if (this.#bytes.buffer === buffer) this.#bytes = new Uint8Array(0);
  }
}

/** For a chunk as it is in the file, and for its values. */
interface ChunkRooms {
  readonly stored: Room;
  readonly plain: Room;
}

/** Values of a chunk; good until the next one is decoded in the same memory. */
async function decodedChunk(
  source: ChunkSource,
  number: number,
  size: number,
  rooms: ChunkRooms,
): Promise<Uint8Array<ArrayBuffer>> {
  const { descriptor, chunks, elementBytes, isCompressed, isShuffled } = source;
  const chunk = chunks.get(number);
  if (chunk === undefined) throw new Error("a chunk that was never written");
  const stored = readInto(rooms.stored.take(chunk.bytes), descriptor, chunk.position);
  // Room for one byte more than expected, so that what is too long is noticed, and no damage fills the memory.
  const room = Math.max(MIN_ROOM, size + 1);
  const limits = { chunkSize: room, maxOutputLength: room };
  const inflated = size < PARALLEL_BYTES ? inflateSync : inflateAsync;
  const plain = isCompressed ? await inflated(stored, limits) : stored;
  if (plain.length !== size) throw new Error("a chunk of another size");
  if (!isShuffled || elementBytes === 1) return aligned(plain);
  const values = unshuffle(plain, elementBytes, rooms.plain.take(size));
  if (plain !== stored) letGo(plain);
  return values;
}

/** Gives memory back at once, where Node can (since 21). */
function letGo({ buffer, byteLength }: Uint8Array<ArrayBuffer>): void {
  // Small buffers of Node share theirs.
  if (buffer.byteLength <= byteLength + MIN_ROOM) buffer.transfer?.(0);
}

const inflateAsync = promisify<Uint8Array, ZlibOptions, Buffer<ArrayBuffer>>(inflate);

/** Bytes that can be handed to another thread: small buffers of Node are parts of a pool, which cannot. */
function ownBuffer(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.buffer.byteLength <= bytes.length + MIN_ROOM ? bytes : new Uint8Array(bytes);
}

/** Undoes the shuffle filter: the first bytes of all elements, then the second ones, … become elements again. */
function unshuffle(bytes: Uint8Array, size: number, plain: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const count = bytes.length / size;
  // Four elements at a time where the planes of bytes can be read as words.
  const isAligned = bytes.byteOffset % 4 === 0 && count % 4 === 0;
  if (size % 4 === 0 && isAligned) {
    const planes = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const elements = new Uint32Array(plain.buffer, 0, plain.length / 4);
    for (let word = 0; word < size / 4; word++) unshuffleWords(planes, elements, { word, stride: size / 4 });
    return plain;
  }
  for (let byte = 0, from = 0; byte < size; byte++) {
    for (let i = 0, to = byte; i < count; i++, to += size) plain[to] = bytes[from++] as number;
  }
  return plain;
}

/** Fills one 32-bit word of every element from its four planes of bytes. */
function unshuffleWords(planes: Uint32Array, elements: Uint32Array, at: { word: number; stride: number }): void {
  const { word, stride } = at;
  const quarter = elements.length / stride / 4;
  const first = 4 * word * quarter;
  for (let i = 0, to = word; i < quarter; i++) {
    const a = planes[first + i] as number;
    const b = planes[first + quarter + i] as number;
    const c = planes[first + 2 * quarter + i] as number;
    const d = planes[first + 3 * quarter + i] as number;
    elements[to] = (a & 0xff) | ((b & 0xff) << 8) | ((c & 0xff) << 16) | (d << 24);
    to += stride;
    elements[to] = ((a >>> 8) & 0xff) | (b & 0xff00) | ((c & 0xff00) << 8) | ((d & 0xff00) << 16);
    to += stride;
    elements[to] = ((a >>> 16) & 0xff) | ((b >>> 8) & 0xff00) | (c & 0xff0000) | ((d & 0xff0000) << 8);
    to += stride;
    elements[to] = (a >>> 24) | ((b >>> 16) & 0xff00) | ((c >>> 8) & 0xff0000) | (d & 0xff000000);
    to += stride;
  }
}

/** Buffers of Node may begin anywhere in a larger one; words must not. */
function aligned(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.byteOffset % 8 === 0
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    : new Uint8Array(bytes);
}

function product(lengths: readonly number[]): number {
  return lengths.reduce((product, length) => product * length, 1);
}
