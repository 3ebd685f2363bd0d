import { type DataOf, type DType, ReadFailedError, type SourceFile } from "../../../core/index.ts";
import { type Slab, slabSize } from "../slab.ts";
import type { ClassicLayout } from "./layout.ts";
import { pick } from "./pick.ts";
import { planReads, type ReadPlan } from "./plan-reads.ts";
import { arrayOf, swapInPlace } from "./values.ts";

/** Bytes that are read straight into the result in one call: few enough to be in the processor's cache when swapped. */
const PIECE_BYTES = 512 * 1024;
/** Reads under way at a time: small ones wait for the system, large ones for memory. */
const SMALL_READS = 32;
const LARGE_READS = 4;
const SMALL_BYTES = 64 * 1024;

/** What is read of a file. */
export interface SlabRead {
  readonly file: SourceFile;
  /** Path of the variable, for messages. */
  readonly path: string;
  readonly layout: ClassicLayout;
  readonly dtype: DType;
  readonly slab: Slab;
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads a slab: large stretches straight into the result, neighbouring small ones together.
 *
 * @throws {@link ReadFailedError} when the file is shorter than its header promises, before anything is allocated.
 */
export async function readSlab(read: SlabRead): Promise<Exclude<DataOf<DType>, string[]>> {
  const { file, path, layout, dtype, slab, signal } = read;
  const plan = planReads(layout, slab);
  const size = slabSize(slab);
  if (!(plan.end <= file.bytes)) {
    throw new ReadFailedError(
      file.location,
      `"${path}" has values up to byte ${plan.end}, and the file ends at ${file.bytes}: it is cut short or damaged.`,
    );
  }
  const result = allocate(file, path, size * layout.elementBytes);
  if (size > 0) {
    const parts = partsOf(plan, result);
    const largest = (plan.blocks.perRead - 1) * plan.blocks.stride + plan.span;
    const isSmall = largest <= SMALL_BYTES;
    const isPicked = plan.picked.length > 0 || plan.blocks.perRead > 1;
    const work = async (): Promise<void> => {
      // One for all that this one reads: new memory costs as much as reading.
      const stretch = isPicked ? Buffer.allocUnsafeSlow(largest) : undefined;
      for (let part = parts.next(); !part.done; part = parts.next()) {
        signal?.throwIfAborted();
        await readPart(read, plan, part.value, stretch);
      }
    };
    await Promise.all(Array.from({ length: isSmall ? SMALL_READS : LARGE_READS }, work));
  }
  return arrayOf(result, dtype);
}

/** Memory that is not zeroed first: every byte of it is read, or the slab is an error. */
function allocate(file: SourceFile, path: string, bytes: number): ArrayBuffer {
  try {
    return Buffer.allocUnsafeSlow(bytes).buffer;
  } catch (error) {
    throw new ReadFailedError(file.location, `${bytes} bytes of "${path}" do not fit in memory. Read it in parts.`, {
      cause: error,
    });
  }
}

/** One read: where, and the part of the result that it gives. */
interface Part {
  readonly position: number;
  /** Positions of {@link ReadPlan.blocks} that it spans. */
  readonly blocks: number;
  readonly target: Uint8Array<ArrayBuffer>;
}

async function readPart(
  { file, layout, signal }: SlabRead,
  plan: ReadPlan,
  { position, blocks, target }: Part,
  stretch: Uint8Array<ArrayBuffer> | undefined,
): Promise<void> {
  if (stretch === undefined) {
    await file.readInto(target, position, { signal });
  } else {
    const { stride } = plan.blocks;
    await file.readInto(stretch.subarray(0, (blocks - 1) * stride + plan.span), position, { signal });
    pick(stretch, [{ stride, count: blocks }, ...plan.picked], plan.run, target);
  }
  swapInPlace(target, layout.elementBytes);
}

function* partsOf({ begin, outer, blocks, picked, run, span }: ReadPlan, result: ArrayBuffer): Generator<Part> {
  const perBlock = picked.reduce((bytes, { count }) => bytes * count, run);
  const isPlain = picked.length === 0 && blocks.perRead === 1;
  let at = 0;
  const index = outer.map(() => 0);
  for (;;) {
    const origin = outer.reduce((sum, { stride }, axis) => sum + stride * (index[axis] as number), begin);
    for (let block = 0; block < blocks.count; block += blocks.perRead) {
      const position = origin + block * blocks.stride;
      const together = Math.min(blocks.perRead, blocks.count - block);
      if (isPlain) {
        // All of the span is wanted: in pieces, into the result.
        for (let done = 0; done < span; done += PIECE_BYTES) {
          const length = Math.min(PIECE_BYTES, span - done);
          yield { position: position + done, blocks: 1, target: new Uint8Array(result, at + done, length) };
        }
      } else {
        yield { position, blocks: together, target: new Uint8Array(result, at, together * perBlock) };
      }
      at += together * perBlock;
    }
    let axis = outer.length - 1;
    for (; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (outer[axis] as { count: number }).count) break;
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}
