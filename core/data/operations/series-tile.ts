import type { Block } from "../chunk-grid.ts";
import type { Layout } from "../layout.ts";
import { NdArray } from "../nd-array.ts";
import type { LinearMap } from "../units/convert-units.ts";
import type { GridInput, SeriesGrid } from "./series-grid.ts";

/** Values as they are held: singles, or float64. */
export type SeriesValues = Float32Array | Float64Array;

/** Part of the series of a tile: `steps` of each cell from `from` on, cell after cell. */
export interface Segment {
  readonly values: SeriesValues;
  /** Index in `values` of the first value of the first cell. */
  readonly at: number;
  readonly from: number;
  readonly steps: number;
}

/** `[from, to)` along the series, and of cells per axis. */
export interface SeriesBlock {
  readonly from: number;
  readonly to: number;
  readonly cells: Block;
}

/** Number of cells of a block of cells. */
export function cellsOf(block: Block): number {
  return block.reduce((all, { start, stop }) => all * (stop - start), 1);
}

/** Room for so many values of an input. */
export function roomFor({ itemBytes }: GridInput, count: number): SeriesValues {
  return itemBytes === 4 ? new Float32Array(count) : new Float64Array(count);
}

/** Reads a block of one input, as singles or float64; the axes of the result are [along, cells…]. */
export async function readBlock(
  grid: SeriesGrid,
  { variable }: GridInput,
  { from, to, cells }: SeriesBlock,
  signal: AbortSignal | undefined,
): Promise<NdArray> {
  const selection = Object.fromEntries([
    [grid.along, { start: from, stop: to }],
    ...cells.map((range, axis) => [grid.dims[axis] as string, range] as const),
  ]);
  const array = await variable.read(selection, { signal });
  const { shape, dims } = array;
  const isFloat = array.data instanceof Float32Array || array.data instanceof Float64Array;
  const floats = isFloat ? array : new NdArray(array.toFloat64(), { dtype: "float64", shape, dims });
  return floats.transpose([grid.along, ...grid.dims]);
}

/** Where in the target the value of a cell at a step goes: `at + cell * pitch + step`. */
interface Place {
  readonly at: number;
  readonly pitch: number;
}

/** Copies views of axes [along, cells…] so that each cell's values are consecutive. */
export function transposer(source: SeriesValues, target: SeriesValues): (view: Layout, place: Place) => void {
  const copy = copier(source, target);
  return (view, { at, pitch }) => {
    const [steps = 0, ...lengths] = view.shape;
    const [stride = 1, ...strides] = view.strides;
    const axes = merged(lengths, strides);
    const inner = axes.pop() ?? { length: 1, stride: 1 };
    const plane = { steps, stepStride: stride, cells: inner.length, cellStride: inner.stride, pitch };
    const visit = (axis: number, from: number, to: number): void => {
      const each = axes[axis];
      if (!each) {
        copy(plane, from, to);
        return;
      }
      const cellsBehind = axes.slice(axis + 1).reduce((all, { length }) => all * length, inner.length);
      for (let i = 0; i < each.length; i++) visit(axis + 1, from + i * each.stride, to + i * cellsBehind * pitch);
    };
    visit(0, view.offset, at);
  };
}

/** Neighbouring axes as one where their elements lie as those of one would. */
function merged(lengths: readonly number[], strides: readonly number[]): { length: number; stride: number }[] {
  const axes: { length: number; stride: number }[] = [];
  for (const [axis, length] of lengths.entries()) {
    const stride = strides[axis] as number;
    const before = axes.at(-1);
    if (before && before.stride === stride * length) Object.assign(before, { length: before.length * length, stride });
    else axes.push({ length, stride });
  }
  return axes;
}

interface Plane {
  readonly steps: number;
  readonly stepStride: number;
  readonly cells: number;
  readonly cellStride: number;
  readonly pitch: number;
}

/** Cells and steps that are copied together: their lines stay in the processor's cache. */
const CELLS = 16;
const STEPS = 64;

function copier(source: SeriesValues, target: SeriesValues): (plane: Plane, from: number, to: number) => void {
  if (source instanceof Float32Array && target instanceof Float32Array) {
    // As integers, of which there is nothing to canonicalise.
    const [from32, to32] = [words(source), words(target)];
    return (plane, from, to) => copySingles(from32, to32, plane, from, to);
  }
  return (plane, from, to) => copyDoubles(source as Float64Array, target as Float64Array, plane, from, to);
}

function words({ buffer, byteOffset, length }: Float32Array): Int32Array {
  return new Int32Array(buffer, byteOffset, length);
}

function copySingles(source: Int32Array, target: Int32Array, plane: Plane, from: number, to: number): void {
  const { steps, stepStride, cells, cellStride, pitch } = plane;
  for (let cell0 = 0; cell0 < cells; cell0 += CELLS) {
    const cell1 = Math.min(cells, cell0 + CELLS);
    for (let step0 = 0; step0 < steps; step0 += STEPS) {
      const step1 = Math.min(steps, step0 + STEPS);
      for (let cell = cell0; cell < cell1; cell++) {
        let position = from + cell * cellStride + step0 * stepStride;
        const place = to + cell * pitch;
        for (let step = step0; step < step1; step++, position += stepStride) {
          target[place + step] = source[position] as number;
        }
      }
    }
  }
}

function copyDoubles(source: Float64Array, target: Float64Array, plane: Plane, from: number, to: number): void {
  const { steps, stepStride, cells, cellStride, pitch } = plane;
  for (let cell0 = 0; cell0 < cells; cell0 += CELLS) {
    const cell1 = Math.min(cells, cell0 + CELLS);
    for (let step0 = 0; step0 < steps; step0 += STEPS) {
      const step1 = Math.min(steps, step0 + STEPS);
      for (let cell = cell0; cell < cell1; cell++) {
        let position = from + cell * cellStride + step0 * stepStride;
        const place = to + cell * pitch;
        for (let step = step0; step < step1; step++, position += stepStride) {
          target[place + step] = source[position] as number;
        }
      }
    }
  }
}

/** The series of one cell of a tile, in the unit of the kernel. */
export function gatherSeries(
  segments: readonly Segment[],
  cell: number,
  convert: LinearMap | undefined,
  series: Float64Array,
): void {
  // By index: what an iterator gives, cell by cell, would be most of the memory that is thrown away.
  for (let i = 0; i < segments.length; i++) {
    const { values, at, from, steps } = segments[i] as Segment;
    const first = at + cell * steps;
    if (values instanceof Float32Array) widen(values, first, series, from, steps);
    else copyRun(values, first, series, from, steps);
  }
  if (!convert) return;
  const { scale, offset } = convert;
  for (let i = 0; i < series.length; i++) series[i] = (series[i] as number) * scale + offset;
}

// One loop for each kind of array, as in copy-line.ts; for short stretches they are faster than `set`.

function widen(source: Float32Array, first: number, series: Float64Array, from: number, steps: number): void {
  for (let i = 0; i < steps; i++) series[from + i] = source[first + i] as number;
}

function copyRun(source: Float64Array, first: number, series: Float64Array, from: number, steps: number): void {
  for (let i = 0; i < steps; i++) series[from + i] = source[first + i] as number;
}

/** Numbers, in the whole grid, of the cells of a block, both row-major. */
export function cellNumbers(shape: readonly number[], block: Block): Float64Array {
  let numbers = Float64Array.of(0);
  for (const [axis, { start, stop }] of block.entries()) {
    const count = stop - start;
    const wider = new Float64Array(numbers.length * count);
    for (let i = 0; i < wider.length; i++) {
      wider[i] = (numbers[Math.floor(i / count)] as number) * (shape[axis] as number) + start + (i % count);
    }
    numbers = wider;
  }
  return numbers;
}
