import { readSync } from "node:fs";
import { type ChunkGrid, chunkNumber, gridLength } from "../assemble.ts";

/** A stored chunk. */
export interface IndexedChunk {
  /** Position in the file. */
  readonly position: number;
  readonly bytes: number;
}

/** Where the index of a chunked dataset is. */
export interface ChunkIndexPlace extends ChunkGrid {
  readonly descriptor: number;
  /** Position of the superblock, from which addresses count. */
  readonly base: number;
  /** Address of the root of a version 1 B-tree. */
  readonly address: number;
}

/** An index of more chunks would fill the memory. */
const MAX_CHUNKS = 1_000_000;
const MAX_DEPTH = 20;

/**
 * Reads the index of chunks: a version 1 B-tree with 8-byte addresses.
 *
 * @returns The chunks by their number in the grid.
 * @throws on anything unexpected, a chunk for which a filter was skipped included; HDF5 then reads instead.
 * @see Source: HDF5 File Format Specification 3.0, III.A.1.
 */
export function readChunkIndex(place: ChunkIndexPlace): ReadonlyMap<number, IndexedChunk> {
  const chunks = new Map<number, IndexedChunk>();
  addNode(place, { address: place.address, first: undefined, last: undefined }, chunks, MAX_DEPTH);
  return chunks;
}

/** Position of a chunk, in elements per axis. */
type Key = readonly number[];

/** A node, and the keys between which its own must be; the root has none. */
interface Node {
  readonly address: number;
  readonly first: Key | undefined;
  readonly last: Key | undefined;
}

function addNode(place: ChunkIndexPlace, node: Node, chunks: Map<number, IndexedChunk>, depth: number): void {
  const { descriptor, base, chunkShape } = place;
  const keyBytes = 8 + 8 * (chunkShape.length + 1);
  const head = readExactly(descriptor, base + node.address, 24);
  const level = head[5] as number;
  if (head.toString("latin1", 0, 4) !== "TREE" || head[4] !== 1 || depth === 0 || level >= depth) {
    throw new Error("no node of a chunk index");
  }
  const entries = head.readUInt16LE(6);
  const body = readExactly(descriptor, base + node.address + 24, entries * (keyBytes + 8) + keyBytes);
  const keys = Array.from({ length: entries + 1 }, (_, entry) => {
    const at = entry * (keyBytes + 8) + 8;
    return chunkShape.map((_, axis) => Number(body.readBigUInt64LE(at + 8 * axis)));
  });
  checkOrder(keys, node);
  for (let entry = 0; entry < entries; entry++) {
    const at = entry * (keyBytes + 8);
    const child = Number(body.readBigUInt64LE(at + keyBytes));
    const key = keys[entry] as Key;
    if (level > 0) {
      addNode(place, { address: child, first: key, last: keys[entry + 1] }, chunks, level);
      continue;
    }
    // Behind the axes a key has a place for the bytes of an element, which HDF5 compares, too.
    const isPlain = body.readUInt32LE(at + 4) === 0 && body.readBigUInt64LE(at + keyBytes - 8) === 0n;
    if (!isPlain || chunks.size >= MAX_CHUNKS) throw new Error("no plain chunk index");
    chunks.set(numberOf(key, place), { position: base + child, bytes: body.readUInt32LE(at) });
  }
}

/** HDF5 finds a chunk by its key and the next one, and in an index out of order it may find none where one is listed. */
function checkOrder(keys: readonly Key[], { first, last }: Node): void {
  const isOrdered = keys.every((key, i) => i === 0 || compare(keys[i - 1] as Key, key) < 0);
  const isInside =
    (first === undefined || compare(first, keys[0] as Key) <= 0) &&
    (last === undefined || compare(keys.at(-1) as Key, last) <= 0);
  if (!isOrdered || !isInside) throw new Error("a chunk index out of order");
}

function compare(one: Key, other: Key): number {
  const axis = one.findIndex((position, at) => position !== other[at]);
  return axis < 0 ? 0 : (one[axis] as number) - (other[axis] as number);
}

function numberOf(key: Key, place: ChunkIndexPlace): number {
  const index = key.map((position, axis) => position / (place.chunkShape[axis] as number));
  const isOnGrid = index.every((at, axis) => Number.isInteger(at) && at < gridLength(place, axis));
  const number = chunkNumber(index, place);
  if (!isOnGrid || !Number.isSafeInteger(number)) throw new Error("a chunk that is not on the grid");
  return number;
}

/** Bytes of a file, all of them. */
function readExactly(descriptor: number, position: number, length: number): Buffer {
  return readInto(Buffer.allocUnsafe(length), descriptor, position);
}

/** Fills an array with the bytes of a file from a position on. */
export function readInto<T extends Uint8Array>(bytes: T, descriptor: number, position: number): T {
  let done = 0;
  while (done < bytes.length) {
    const more = readSync(descriptor, bytes, done, bytes.length - done, position + done);
    if (more === 0) throw new Error("the file ends too early");
    done += more;
  }
  return bytes;
}
