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
/** Small reads that go together, and their bytes. */
const BATCH_PARTS = 1024;
const BATCH_BYTES = 4 * 2 ** 20;
const LEAST_ROOM_BYTES = 2 ** 16;

/** What is read of a file. */
export interface SlabsRead {
  readonly file: SourceFile;
  /** Path of the variable, for messages. */
  readonly path: string;
  readonly layout: ClassicLayout;
  readonly dtype: DType;
  readonly slabs: readonly Slab[];
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads slabs: large stretches straight into the results, neighbouring small ones together.
 *
 * @throws {@link ReadFailedError} when the file is shorter than its header promises, before anything is allocated.
 */
export async function readSlabs(read: SlabsRead): Promise<Exclude<DataOf<DType>, string[]>[]> {
  const { file, layout, dtype, slabs } = read;
  const plans = slabs.map((slab) => checkedPlan(read, slab));
  const results = slabs.map((slab) => allocate(file, read.path, slabSize(slab) * layout.elementBytes));
  const small: Generator<Part>[] = [];
  for (const [i, plan] of plans.entries()) {
    const result = results[i] as ArrayBuffer;
    if (result.byteLength === 0) continue;
    const parts = partsOf(plan, result);
    if (largestRead(plan) <= SMALL_BYTES && file.readEachInto !== undefined) small.push(parts);
    else await readOneByOne(read, plan, parts);
  }
  await readTogether(read, small);
  return results.map((result) => arrayOf(result, dtype));
}

function checkedPlan({ file, path, layout }: SlabsRead, slab: Slab): ReadPlan {
  const plan = planReads(layout, slab);
  if (plan.end <= file.bytes) return plan;
  throw new ReadFailedError(
    file.location,
    `"${path}" has values up to byte ${plan.end}, and the file ends at ${file.bytes}: it is cut short or damaged.`,
  );
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
  readonly plan: ReadPlan;
  readonly position: number;
  /** Bytes that it spans in the file. */
  readonly length: number;
  /** Positions of {@link ReadPlan.blocks} among them. */
  readonly blocks: number;
  readonly target: Uint8Array<ArrayBuffer>;
}

/** Reads parts beside each other; while one comes in, another is swapped. */
async function readOneByOne(read: SlabsRead, plan: ReadPlan, parts: Generator<Part>): Promise<void> {
  const { file, signal } = read;
  const work = async (): Promise<void> => {
    // One for all that this one reads: new memory costs as much as reading.
    const stretch = isPicked(plan) ? Buffer.allocUnsafeSlow(largestRead(plan)) : undefined;
    for (let next = parts.next(); !next.done; next = parts.next()) {
      signal?.throwIfAborted();
      const part = next.value;
      const into = stretch?.subarray(0, part.length) ?? part.target;
      await file.readInto(into, part.position, { signal });
      take(read, part, into);
    }
  };
  await Promise.all(Array.from({ length: largestRead(plan) <= SMALL_BYTES ? SMALL_READS : LARGE_READS }, work));
}

/** Reads many small parts of many slabs in one go, where the source can. */
async function readTogether(read: SlabsRead, slabs: readonly Generator<Part>[]): Promise<void> {
  const { file, signal } = read;
  let batch: BatchedPart[] = [];
  // Room for what is picked from; what is wanted as it is goes straight into the result.
  let room: Uint8Array<ArrayBuffer> | undefined;
  // Of a thousand small files, each would otherwise take and drop megabytes.
  const roomBytes = Math.min(BATCH_BYTES, Math.max(LEAST_ROOM_BYTES, file.bytes));
  let used = 0;
  const flush = async (): Promise<void> => {
    signal?.throwIfAborted();
    await file.readEachInto?.(batch, { signal });
    for (const { part, target } of batch) take(read, part, target);
    batch = [];
    used = 0;
  };
  for (const parts of slabs) {
    for (const part of parts) {
      if (batch.length >= BATCH_PARTS || used + part.length > roomBytes) await flush();
      const { position } = part;
      if (isPicked(part.plan)) {
        room ??= Buffer.allocUnsafeSlow(roomBytes);
        batch.push({ part, target: room.subarray(used, used + part.length), position });
      } else batch.push({ part, target: part.target, position });
      // Aligned as elements are, so that they are copied as such.
      used += Math.ceil(part.length / 8) * 8;
    }
  }
  if (batch.length > 0) await flush();
}

interface BatchedPart {
  readonly part: Part;
  readonly target: Uint8Array<ArrayBuffer>;
  readonly position: number;
}

/** Brings what was read into the result. */
function take({ layout }: SlabsRead, { plan, blocks, target }: Part, from: Uint8Array<ArrayBuffer>): void {
  if (from !== target) {
    pick(from, [{ stride: plan.blocks.stride, count: blocks }, ...plan.picked], plan.run, target);
  }
  swapInPlace(target, layout.elementBytes);
}

function isPicked({ picked, blocks }: ReadPlan): boolean {
  return picked.length > 0 || blocks.perRead > 1;
}

/** Most bytes that one read spans. */
function largestRead({ blocks, span }: ReadPlan): number {
  return (blocks.perRead - 1) * blocks.stride + span;
}

function* partsOf(plan: ReadPlan, result: ArrayBuffer): Generator<Part> {
  const { begin, outer, blocks, picked, run, span } = plan;
  const perBlock = picked.reduce((bytes, { count }) => bytes * count, run);
  const isPlain = !isPicked(plan);
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
          yield {
            plan,
            position: position + done,
            length,
            blocks: 1,
            target: new Uint8Array(result, at + done, length),
          };
        }
      } else {
        const length = (together - 1) * blocks.stride + span;
        yield { plan, position, length, blocks: together, target: new Uint8Array(result, at, together * perBlock) };
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
