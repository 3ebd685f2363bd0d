import type { DataOf, DType } from "../../core/index.ts";
import type { RawSlab } from "./worker/protocol.ts";

/** The grid of chunks that a dataset is stored in. */
export interface ChunkGrid {
  /** Lengths of the dataset. */
  readonly shape: readonly number[];
  readonly chunkShape: readonly number[];
}

/** A chunk that a slab touches: its place in the grid, and its part of the dataset. */
export interface TouchedChunk {
  /** Its number in the grid, counted row-major. */
  readonly number: number;
  /** Index of its first element, per axis. */
  readonly origin: readonly number[];
  /** Lengths, cut at the end of the dataset. */
  readonly shape: readonly number[];
}

/** Number of chunks along an axis of a grid. */
export function gridLength({ shape, chunkShape }: ChunkGrid, axis: number): number {
  return Math.ceil((shape[axis] as number) / (chunkShape[axis] as number));
}

/** Number of chunks that a slab touches. */
export function countTouched({ start, count, step }: RawSlab, chunkShape: readonly number[]): number {
  let touched = 1;
  for (let axis = 0; axis < chunkShape.length; axis++) {
    const length = chunkShape[axis] as number;
    const stride = step[axis] as number;
    const first = start[axis] as number;
    const selected = count[axis] as number;
    const last = first + (selected - 1) * stride;
    // With steps no longer than a chunk none between is left out; with longer ones each element has its own.
    touched *= stride <= length && selected > 0 ? Math.floor(last / length) - Math.floor(first / length) + 1 : selected;
  }
  return touched;
}

/** The chunks that a slab touches, in row-major order. */
export function* touchedChunks(slab: RawSlab, grid: ChunkGrid): Generator<TouchedChunk> {
  const { chunkShape, shape } = grid;
  const axes = chunkShape.map((length, axis) => gridIndices(slab, axis, length));
  const at = axes.map(() => 0);
  if (axes.some((indices) => indices.length === 0)) return;
  for (;;) {
    const index = at.map((position, axis) => axes[axis]?.[position] as number);
    const origin = index.map((position, axis) => position * (chunkShape[axis] as number));
    yield {
      number: chunkNumber(index, grid),
      origin,
      shape: origin.map((from, axis) => Math.min(chunkShape[axis] as number, (shape[axis] as number) - from)),
    };
    let axis = axes.length - 1;
    for (; axis >= 0; axis--) {
      at[axis] = (at[axis] as number) + 1;
      if ((at[axis] as number) < (axes[axis]?.length ?? 0)) break;
      at[axis] = 0;
    }
    if (axis < 0) return;
  }
}

/** Number of the chunk at an index per axis. */
export function chunkNumber(index: readonly number[], grid: ChunkGrid): number {
  return index.reduce((number, position, axis) => number * gridLength(grid, axis) + position, 0);
}

function gridIndices({ start, count, step }: RawSlab, axis: number, length: number): number[] {
  const indices: number[] = [];
  const stride = step[axis] as number;
  const first = start[axis] as number;
  for (let i = 0; i < (count[axis] as number); ) {
    const index = Math.floor((first + i * stride) / length);
    indices.push(index);
    // The first selected element of a later chunk.
    i = Math.ceil(((index + 1) * length - first) / stride);
  }
  return indices;
}

/** A slab to be put together from chunks. */
export interface Assembly extends ChunkGrid {
  readonly target: DataOf<DType>;
  readonly slab: RawSlab;
  /** Elements that belong together at each position of the dataset: axes of array members. */
  readonly inner: number;
  /** Values of a chunk, {@link TouchedChunk.shape} of them. */
  chunkAt(number: number): DataOf<DType> | undefined;
}

/**
 * Puts a slab together, row by row.
 *
 * @returns Whether all chunks were there.
 */
export function assemble(assembly: Assembly): boolean {
  return assembleAxis(assembly, 0, 0, 0, 0);
}

/**
 * One axis of {@link assemble}.
 *
 * @param to - Row of the target so far.
 * @param chunk - Number of the chunk so far.
 * @param from - Row in the chunk so far.
 */
function assembleAxis(assembly: Assembly, axis: number, to: number, chunk: number, from: number): boolean {
  const { slab, chunkShape, shape, target, inner } = assembly;
  const start = slab.start[axis] as number;
  const step = slab.step[axis] as number;
  const count = slab.count[axis] as number;
  const length = chunkShape[axis] as number;
  const total = shape[axis] as number;
  const isLast = axis === chunkShape.length - 1;
  for (let i = 0; i < count; ) {
    const index = start + i * step;
    const place = Math.floor(index / length);
    const origin = place * length;
    const stored = Math.min(length, total - origin);
    const number = chunk * Math.ceil(total / length) + place;
    const row = to * count + i;
    const fromRow = from * stored + index - origin;
    if (!isLast) {
      if (!assembleAxis(assembly, axis + 1, row, number, fromRow)) return false;
      i++;
      continue;
    }
    const data = assembly.chunkAt(number);
    if (data === undefined) return false;
    const run = Math.min(count - i, Math.ceil((origin + stored - index) / step));
    if (step === 1) copyRun(target, row * inner, data, fromRow * inner, run * inner);
    else for (let k = 0; k < run; k++) copyRun(target, (row + k) * inner, data, (fromRow + k * step) * inner, inner);
    i += run;
  }
  return true;
}

/** Copies the part of a chunk that belongs to a slab; parameters as in {@link Assembly}. */
export function copyFromChunk(
  target: DataOf<DType>,
  slab: RawSlab,
  chunk: TouchedChunk & { readonly data: DataOf<DType> },
  inner: number,
): void {
  const axes = slab.count.map((count, axis) => {
    const start = slab.start[axis] as number;
    const step = slab.step[axis] as number;
    const origin = chunk.origin[axis] as number;
    const first = Math.max(0, Math.ceil((origin - start) / step));
    const end = Math.min(count, Math.ceil((origin + (chunk.shape[axis] as number) - start) / step));
    return { first, count: end - first, from: start + first * step - origin, step };
  });
  const last = axes.length - 1;
  const visit = (axis: number, to: number, from: number): void => {
    const range = axes[axis];
    if (range === undefined) {
      copyRun(target, to * inner, chunk.data, from * inner, inner);
      return;
    }
    const toLength = slab.count[axis] as number;
    const fromLength = chunk.shape[axis] as number;
    if (axis === last && range.step === 1) {
      const run = range.count * inner;
      copyRun(target, (to * toLength + range.first) * inner, chunk.data, (from * fromLength + range.from) * inner, run);
      return;
    }
    for (let i = 0; i < range.count; i++) {
      visit(axis + 1, to * toLength + range.first + i, from * fromLength + range.from + i * range.step);
    }
  };
  visit(0, 0, 0);
}

/** Shorter runs are copied faster one by one than by `set`. */
const SHORT = 32;

function copyRun(target: DataOf<DType>, to: number, source: DataOf<DType>, from: number, length: number): void {
  if (length <= SHORT || Array.isArray(source)) {
    const into = target as (typeof source)[number][];
    for (let i = 0; i < length; i++) into[to + i] = source[from + i] as (typeof source)[number];
    return;
  }
  // Both are of one dtype.
  (target as Float64Array).set((source as Float64Array).subarray(from, from + length), to);
}
