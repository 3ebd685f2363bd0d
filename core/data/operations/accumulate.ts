import { type Block, bytesPerElement, gridBlocks, rowMajorBlockShape } from "../chunk-grid.ts";
import type { Variable } from "../dataset.ts";
import type { Accumulator } from "./statistics.ts";

/** Memory for blocks of values where no other bound is given. */
export const DEFAULT_MAX_BYTES = 256e6;

/** How much a computation may take, and who hears of it. */
export interface ComputeOptions {
  /** Memory for the blocks that are read, beside the results and what is summed up for them. 256 MB by default. */
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of the part that is done, 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** Which cell along a dimension each index belongs to; -1 for none. */
export interface AxisCells {
  readonly count: number;
  readonly of: Int32Array;
}

/** Where values go. */
export interface Sink {
  /** By dimension; of the others, each index is a cell. */
  readonly cells: Readonly<Record<string, AxisCells>>;
  /** By dimension; `[index]`. */
  readonly weights?: Readonly<Record<string, Float64Array>>;
  /** Cells are row-major, in the order of the dimensions of the variable. */
  readonly into: Accumulator;
}

/** Shape of the cells of a variable. */
export function cellShape({ dims, shape }: Variable, cells: Sink["cells"]): readonly number[] {
  return dims.map((dim, axis) => cells[dim]?.count ?? (shape[axis] as number));
}

/**
 * Reads a variable once, in blocks of whole storage chunks, and puts its values into cells. The values of a cell come in
 * the order of each dimension.
 */
export async function accumulate(
  variable: Variable,
  sinks: readonly Sink[],
  { maxBytes = DEFAULT_MAX_BYTES, signal, onProgress }: ComputeOptions,
): Promise<void> {
  signal?.throwIfAborted();
  const plans = sinks.map((sink) => planOf(variable, sink));
  const ranges = variable.shape.map((length, axis) => usedRange(plans, axis, length, variable));
  const shape = ranges.map(({ start, stop }) => stop - start);
  const blockShape = chunkedBlockShape(variable, shape, maxBytes);
  const size = shape.reduce((product, length) => product * length, 1);
  let done = 0;
  for (const local of gridBlocks(shape, blockShape)) {
    const block = local.map(({ start, stop }, axis) => {
      const from = (ranges[axis] as { start: number }).start;
      return { start: from + start, stop: from + stop };
    });
    const selection = Object.fromEntries(block.map((range, axis) => [variable.dims[axis] as string, range]));
    const values = (await variable.read(selection, { signal })).toFloat64();
    signal?.throwIfAborted();
    for (const plan of plans) addBlock(plan, block, values);
    done += values.length;
    onProgress?.(done / size);
  }
}

interface Plan {
  readonly into: Accumulator;
  /** `[axis][index]`: what the index adds to the number of the cell; negative where it belongs to none. */
  readonly offsets: readonly Int32Array[];
  readonly weights: readonly (Float64Array | undefined)[];
}

function planOf(variable: Variable, { cells, weights = {}, into }: Sink): Plan {
  const shape = cellShape(variable, cells);
  let stride = 1;
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] as number;
  }
  return {
    into,
    offsets: variable.dims.map((dim, axis) => {
      const own = cells[dim];
      const each = strides[axis] as number;
      return Int32Array.from({ length: variable.shape[axis] as number }, (_, i) => {
        const cell = own ? (own.of[i] as number) : i;
        return cell < 0 ? -1 : cell * each;
      });
    }),
    weights: variable.dims.map((dim) => weights[dim]),
  };
}

/** The part of an axis with cells, from the start of a storage chunk on. */
function usedRange(
  plans: readonly Plan[],
  axis: number,
  length: number,
  { storage }: Variable,
): { start: number; stop: number } {
  const isUsed = (i: number): boolean => plans.some(({ offsets }) => ((offsets[axis] as Int32Array)[i] as number) >= 0);
  let [start, stop] = [0, length];
  while (start < stop && !isUsed(start)) start++;
  while (stop > start && !isUsed(stop - 1)) stop--;
  const chunk = storage.chunkShape?.[axis] ?? 1;
  return { start: start - (start % chunk), stop };
}

/** The largest block of whole chunks that fits, whole in the last axes; where not one chunk fits, a part of one. */
function chunkedBlockShape(variable: Variable, shape: readonly number[], maxBytes: number): readonly number[] {
  const { dtype, storage } = variable;
  // Values are held as they are read, and as float64.
  const elements = Math.max(1, Math.floor(maxBytes / (bytesPerElement(dtype) + 8)));
  const chunk = shape.map((length, axis) => Math.max(1, Math.min(storage.chunkShape?.[axis] ?? 1, length)));
  let room = Math.floor(elements / chunk.reduce((product, length) => product * length, 1));
  if (room < 1) return rowMajorBlockShape({ shape, dtype: "int8" }, elements);
  const block = [...chunk];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const [length, each] = [shape[axis] as number, chunk[axis] as number];
    const many = Math.max(1, Math.min(Math.ceil(length / each), room));
    block[axis] = Math.max(1, Math.min(length, each * many));
    room = Math.floor(room / many);
  }
  return block;
}

function addBlock({ into, offsets, weights }: Plan, block: Block, values: Float64Array): void {
  const last = block.length - 1;
  if (last < 0) {
    into.row({ values, from: 0, count: 1, base: 0, cells: Int32Array.of(0), weight: 1, weights: undefined });
    return;
  }
  const { start, stop } = block[last] as Block[number];
  const cells = (offsets[last] as Int32Array).subarray(start, stop);
  const rowWeights = weights[last]?.subarray(start, stop);
  const count = stop - start;
  const index = block.map((range) => range.start);
  for (let from = 0; from < values.length; from += count) {
    let [base, weight] = [0, 1];
    for (let axis = 0; axis < last && base >= 0; axis++) {
      const offset = (offsets[axis] as Int32Array)[index[axis] as number] as number;
      base = offset < 0 ? -1 : base + offset;
      const own = weights[axis];
      if (own) weight *= own[index[axis] as number] as number;
    }
    if (base >= 0) into.row({ values, from, count, base, cells, weight, weights: rowWeights });
    for (let axis = last - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (block[axis] as Block[number]).stop) break;
      index[axis] = (block[axis] as Block[number]).start;
    }
  }
}
