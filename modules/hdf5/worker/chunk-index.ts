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
  addNode(place, place.address, chunks, MAX_DEPTH);
  return chunks;
}

function addNode(place: ChunkIndexPlace, address: number, chunks: Map<number, IndexedChunk>, depth: number): void {
  const { descriptor, base, chunkShape } = place;
  const keyBytes = 8 + 8 * (chunkShape.length + 1);
  const head = readExactly(descriptor, base + address, 24);
  const level = head[5] as number;
  if (head.toString("latin1", 0, 4) !== "TREE" || head[4] !== 1 || depth === 0 || level >= depth) {
    throw new Error("no node of a chunk index");
  }
  const entries = head.readUInt16LE(6);
  const body = readExactly(descriptor, base + address + 24, entries * (keyBytes + 8));
  for (let at = 0; at < body.length; at += keyBytes + 8) {
    const child = Number(body.readBigUInt64LE(at + keyBytes));
    if (level > 0) {
      addNode(place, child, chunks, level);
      continue;
    }
    if (body.readUInt32LE(at + 4) !== 0 || chunks.size >= MAX_CHUNKS) throw new Error("no plain chunk index");
    const index = chunkShape.map((length, axis) => Number(body.readBigUInt64LE(at + 8 + 8 * axis)) / length);
    const isOnGrid = index.every((at, axis) => Number.isInteger(at) && at < gridLength(place, axis));
    const number = chunkNumber(index, place);
    if (!isOnGrid || !Number.isSafeInteger(number)) throw new Error("a chunk that is not on the grid");
    chunks.set(number, { position: base + child, bytes: body.readUInt32LE(at) });
  }
}

/** Bytes of a file, all of them. */
export function readExactly(descriptor: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const more = readSync(descriptor, bytes, done, length - done, position + done);
    if (more === 0) throw new Error("the file ends too early");
    done += more;
  }
  return bytes;
}
