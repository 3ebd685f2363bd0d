import { padded, UNDEFINED_ADDRESS, u8, u16, u32, u64 } from "./bytes.ts";
import type { HeapOutput } from "./global-heap.ts";

/** A chunk in the file. */
export interface StoredChunk {
  /** Place in the grid of chunks. */
  readonly index: readonly number[];
  readonly address: number;
  readonly bytes: number;
}

/** Children of a node; 2K with HDF5's default K of 32. */
const MAX_CHILDREN = 64;

/** A subtree: its key is that of its first chunk. */
interface Child {
  readonly key: StoredChunk;
  readonly address: number;
}

/**
 * Writes the index of chunks: a version 1 B-tree, built from the leaves up.
 *
 * @returns Address of its root, undefined where there are no chunks.
 * @see Source: HDF5 File Format Specification 3.0, III.A.1.
 */
export async function writeChunkTree(
  output: HeapOutput,
  chunks: readonly StoredChunk[],
  layout: { readonly chunkShape: readonly number[]; readonly elementBytes: number },
): Promise<number | undefined> {
  const sorted = [...chunks].sort((a, b) => compare(a.index, b.index));
  const last = sorted.at(-1);
  if (last === undefined) return undefined;
  const end = { index: last.index.map((position) => position + 1), address: 0, bytes: 0 };
  let level = 0;
  let children: Child[] = sorted.map((key) => ({ key, address: key.address }));
  for (;;) {
    const parents: Child[] = [];
    const nodeBytes = 24 + MAX_CHILDREN * 8 + (MAX_CHILDREN + 1) * keyBytes(layout.chunkShape.length);
    const count = Math.ceil(children.length / MAX_CHILDREN);
    const first = output.allocate(count * nodeBytes);
    for (let node = 0; node < count; node++) {
      const own = children.slice(node * MAX_CHILDREN, (node + 1) * MAX_CHILDREN);
      const next = children[(node + 1) * MAX_CHILDREN]?.key ?? end;
      const sibling = (other: number): number | bigint =>
        other < 0 || other >= count ? UNDEFINED_ADDRESS : first + other * nodeBytes;
      const bytes = Buffer.concat([
        Buffer.from("TREE"),
        u8(1),
        u8(level),
        u16(own.length),
        u64(sibling(node - 1)),
        u64(sibling(node + 1)),
        ...own.flatMap((child) => [key(child.key, layout, 0), u64(child.address)]),
        // The key behind a node is that of what comes next; behind everything, one beyond the last chunk.
        key(next, layout, next === end ? layout.elementBytes : 0),
      ]);
      const address = first + node * nodeBytes;
      await output.write(address, padded(bytes, nodeBytes));
      parents.push({ key: (own[0] as Child).key, address });
    }
    if (parents.length === 1) return parents[0]?.address;
    children = parents;
    level++;
  }
}

function keyBytes(rank: number): number {
  return 8 + 8 * (rank + 1);
}

function key(
  { index, bytes }: StoredChunk,
  { chunkShape }: { readonly chunkShape: readonly number[] },
  elementOffset: number,
): Buffer {
  // The filter mask is 0: no filter was skipped.
  const offsets = index.map((position, axis) => u64(position * (chunkShape[axis] as number)));
  return Buffer.concat([u32(bytes), u32(0), ...offsets, u64(elementOffset)]);
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [axis, position] of a.entries()) {
    const difference = position - (b[axis] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
