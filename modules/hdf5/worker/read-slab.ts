import { type HdfLibrary, LibraryError, slabArguments } from "./library.ts";
import type { ElementLayout, RawSlab, RawValues } from "./protocol.ts";
import { gather, type Sink, sinkFor } from "./sink.ts";

/** Bytes that a slab is read in at a time, so that the library's memory, which never shrinks, stays small. */
const BLOCK_BYTES = 16 * 2 ** 20;

/** A dataset to read from. */
export interface SlabSource {
  readonly file: bigint;
  readonly path: string;
  readonly element: ElementLayout;
  /** Shape of a chunk, so that none is decompressed twice. */
  readonly chunkShape: readonly number[] | undefined;
}

/** Reads a slab in blocks of bounded size. */
export function readSlab(
  library: HdfLibrary,
  source: SlabSource,
  slab: RawSlab,
  isCancelled: () => boolean,
): RawValues {
  const total = product(slab.count);
  const sink = sinkFor(source.element, total);
  if (total === 0) return sink.values();
  const axes = blockAxes(source, slab);
  const largest = product(axes.map((blocks) => Math.max(...blocks.map(({ count }) => count))));
  library.withMemory(largest * source.element.size, (pointer) => {
    for (const block of combinations(axes)) {
      if (isCancelled()) throw new LibraryError("cancelled", "the caller has cancelled it");
      readBlock(library, source, { slab, block, pointer, sink });
    }
  });
  return sink.values();
}

/** A stretch of one axis, in positions of the selection. */
interface Stretch {
  readonly from: number;
  readonly count: number;
}

interface BlockRead {
  readonly slab: RawSlab;
  readonly block: readonly Stretch[];
  readonly pointer: number;
  readonly sink: Sink;
}

function readBlock(library: HdfLibrary, source: SlabSource, { slab, block, pointer, sink }: BlockRead): void {
  const { file, path, element } = source;
  const part: RawSlab = {
    start: block.map(({ from }, axis) => (slab.start[axis] as number) + from * (slab.step[axis] as number)),
    count: block.map(({ count }) => count),
    step: slab.step,
  };
  const [count, start, step] = slabArguments(part);
  const address = BigInt(pointer);
  // Elements that were never written, in a dataset without a fill value, HDF5 leaves as the memory was.
  library.module.HEAPU8.fill(0, pointer, pointer + product(part.count) * element.size);
  library.check(`reading ${path}`, (module) => module.get_dataset_data(file, path, count, start, step, address));
  try {
    gather(library, { file, element, pointer, block, shape: slab.count, sink });
  } finally {
    if (element.pointers) {
      library.check(`giving back memory of ${path}`, (module) =>
        count === null
          ? module.reclaim_vlen_memory(file, path, "", address)
          : module.reclaim_vlen_memory_count(file, path, "", address, count),
      );
    }
  }
}

/**
 * Cuts the axes of a selection so that a block has at most {@link BLOCK_BYTES}: at least a whole chunk, whole chunks
 * where more fit, grown along the last axes first.
 */
function blockAxes({ element, chunkShape }: SlabSource, slab: RawSlab): Stretch[][] {
  const extent = slab.count.map((_, axis) => chunkShape?.[axis] ?? 1);
  const inBlock = (axis: number): number =>
    Math.min(
      slab.count[axis] as number,
      Math.max(1, Math.ceil((extent[axis] as number) / (slab.step[axis] as number))),
    );
  for (let axis = extent.length - 1; axis >= 0; axis--) {
    const others = product(extent.map((_, other) => (other === axis ? 1 : inBlock(other))));
    const fits = Math.floor(BLOCK_BYTES / (others * element.size));
    const whole = (slab.count[axis] as number) * (slab.step[axis] as number) + (extent[axis] as number);
    const chunks = Math.max(1, Math.floor((fits * (slab.step[axis] as number)) / (extent[axis] as number)));
    extent[axis] = fits >= (slab.count[axis] as number) ? whole : (extent[axis] as number) * chunks;
  }
  return slab.count.map((count, axis) => stretches(slab, axis, count, extent[axis] as number));
}

function stretches(slab: RawSlab, axis: number, count: number, extent: number): Stretch[] {
  const start = slab.start[axis] as number;
  const step = slab.step[axis] as number;
  const result: Stretch[] = [];
  // An extent that covers the whole selection is not bound to the grid.
  if (extent >= count * step + 1) return [{ from: 0, count }];
  for (let from = 0; from < count; ) {
    const end = (Math.floor((start + from * step) / extent) + 1) * extent;
    const next = Math.min(count, Math.ceil((end - start) / step));
    result.push({ from, count: next - from });
    from = next;
  }
  return result;
}

function* combinations(axes: readonly (readonly Stretch[])[]): Generator<Stretch[]> {
  const at = axes.map(() => 0);
  for (;;) {
    yield at.map((index, axis) => axes[axis]?.[index] as Stretch);
    let axis = axes.length - 1;
    for (; axis >= 0; axis--) {
      at[axis] = (at[axis] as number) + 1;
      if ((at[axis] as number) < (axes[axis]?.length ?? 0)) break;
      at[axis] = 0;
    }
    if (axis < 0) return;
  }
}

function product(lengths: readonly number[]): number {
  return lengths.reduce((product, length) => product * length, 1);
}
