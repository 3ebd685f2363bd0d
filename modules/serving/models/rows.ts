import { allocate, type DataOf, type DType, NdArray } from "../../../core/index.ts";
import type { BatchJob, Piece } from "./batcher.ts";

/** Arrays by name whose first axis is the rows. */
export type RowArrays = Readonly<Record<string, NdArray>>;

/** A job whose results are arrays of its rows. */
export interface RowJob extends BatchJob {
  /** Set when it was computed; for a job in pieces, filled by and by. */
  results: RowArrays | undefined;
}

/** Whether a batch is one job and nothing else: nothing is then joined, and nothing taken apart. */
export function isOneJob<J extends BatchJob>(pieces: readonly Piece<J>[]): boolean {
  return pieces.length === 1 && pieces[0]?.count === pieces[0]?.job.rows;
}

/** A view of some rows. */
export function sliceRows<D extends DType>(array: NdArray<D>, start: number, count: number): NdArray<D> {
  if (start === 0 && count === array.shape[0]) return array;
  return array.slice({ [array.dims[0] as string]: { start, stop: start + count } });
}

/** Arrays one after the other along the rows. They agree in all other axes. */
export function joinRows<D extends DType>(parts: readonly NdArray<D>[]): NdArray<D> {
  const [first] = parts as readonly [NdArray<D>, ...NdArray<D>[]];
  if (parts.length === 1) return first;
  const { dtype, dims, unit } = first;
  const rows = parts.reduce((sum, { shape }) => sum + (shape[0] as number), 0);
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  const joined = new NdArray(allocate(dtype, size), { dtype, dims, unit, shape: [rows, ...first.shape.slice(1)] });
  let at = 0;
  for (const part of parts) {
    setValues(joined.data, part, at);
    at += part.size;
  }
  return joined;
}

/** Leaves each job of a batch the rows that are its own: views, unless the job is computed in pieces. */
export function giveRows(pieces: readonly Piece<RowJob>[], arrays: RowArrays): void {
  if (isOneJob(pieces)) {
    (pieces[0] as Piece<RowJob>).job.results = arrays;
    return;
  }
  let from = 0;
  for (const { job, start, count } of pieces) {
    const own = Object.entries(arrays).map(([name, array]) => [name, sliceRows(array, from, count)] as const);
    from += count;
    if (count === job.rows) {
      job.results = Object.fromEntries(own);
      continue;
    }
    job.results ??= Object.fromEntries(own.map(([name, array]) => [name, room(array, job.rows)]));
    for (const [name, array] of own) {
      const target = job.results[name] as NdArray;
      setValues(target.data, array, start * (target.size / job.rows));
    }
  }
}

function room({ dtype, shape, dims, unit }: NdArray, rows: number): NdArray {
  const all = [rows, ...shape.slice(1)];
  const size = all.reduce((product, length) => product * length, 1);
  return new NdArray(allocate(dtype, size), { dtype, shape: all, dims, unit });
}

function setValues<D extends DType>(target: DataOf<D>, array: NdArray<D>, at: number): void {
  const values: DataOf<DType> = array.values();
  if (Array.isArray(values)) {
    for (const [index, value] of values.entries()) (target as string[])[at + index] = value;
  } else {
    // Both are of one dtype.
    (target as Float64Array).set(values as Float64Array, at);
  }
}
