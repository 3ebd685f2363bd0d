import { allocate, type DataOf, type DType, NdArray } from "../../../core/index.ts";
import type { BatchJob, Piece } from "./batch.ts";

/** Arrays by name whose first axis is the rows. */
export type RowArrays = Readonly<Record<string, NdArray>>;

/** A job whose results are arrays of its rows. */
export interface RowJob extends BatchJob {
  /** Set when it was computed in one batch. */
  results: RowArrays | undefined;
  /** Gives up the results, which nobody may read from then on; what they lie in is freed with the last of its batch. */
  dispose?: (() => void) | undefined;
  /** What takes its results where it is larger than a batch. */
  pieces?: { add(start: number, rows: RowArrays): void } | undefined;
}

/** Bytes that arrays keep in memory; those of a text by its length. */
export function bytesHeld(arrays: RowArrays): number {
  let bytes = 0;
  for (const name in arrays) {
    const { data } = arrays[name] as NdArray;
    if (Array.isArray(data)) for (const text of data) bytes += BYTES_OF_STRING + 2 * text.length;
    else bytes += data.byteLength;
  }
  return bytes;
}

/** What a text takes beside its characters, about. */
const BYTES_OF_STRING = 24;

/** Whether a batch is one job and nothing else: nothing is then joined, and nothing taken apart. */
export function isOneJob<J extends BatchJob>(pieces: readonly Piece<J>[]): boolean {
  return pieces.length === 1 && pieces[0]?.count === pieces[0]?.job.rows;
}

/** Whether some of these arrays are views of some of those. */
export function sharesMemory(these: RowArrays, those: RowArrays): boolean {
  const memory = Object.values(those).map(({ data }) => (Array.isArray(data) ? data : data.buffer));
  return Object.values(these).some(({ data }) => memory.includes(Array.isArray(data) ? data : data.buffer));
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

/** Leaves each job of a batch the rows that are its own, as views. */
export function giveRows(pieces: readonly Piece<RowJob>[], arrays: RowArrays): void {
  let users = pieces.length;
  const dispose = (): void => {
    users--;
    if (users === 0) freeMemory(arrays);
  };
  if (isOneJob(pieces)) {
    const [{ job }] = pieces as readonly [Piece<RowJob>];
    job.results = arrays;
    job.dispose = dispose;
    return;
  }
  let from = 0;
  for (const { job, start, count } of pieces) {
    const own = Object.fromEntries(
      Object.entries(arrays).map(([name, array]) => [name, sliceRows(array, from, count)]),
    );
    from += count;
    if (count === job.rows) {
      job.results = own;
      job.dispose = dispose;
    } else job.pieces?.add(start, own);
  }
}

/**
 * Frees the memory of arrays that nobody will read again, at once: left to the garbage collector, what a busy server makes
 * in a second is a hundred megabytes.
 */
function freeMemory(arrays: RowArrays): void {
  for (const { data } of Object.values(arrays)) {
    // A part of something larger is freed with it.
    if (Array.isArray(data) || data.byteLength !== data.buffer.byteLength) continue;
    // Not in Node 20, where it is garbage.
    if (data.buffer instanceof ArrayBuffer && data.buffer.detached === false) data.buffer.transfer(0);
  }
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
