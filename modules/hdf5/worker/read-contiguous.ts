import { read, readSync } from "node:fs";
import { promisify } from "node:util";
import { LibraryError } from "./library.ts";
import type { RawSlab, RawValues } from "./protocol.ts";
import { type Words, words, wordsIn } from "./words.ts";

/** Bytes read at a time. */
const PIECE_BYTES = 16 * 2 ** 20;
/** Bytes from which pieces are read beside each other: fresh memory costs more time than the file, in any one thread. */
const PARALLEL_BYTES = 4 * 2 ** 20;
/** libuv has as many threads. */
const CONCURRENCY = 4;
/** Bytes up to which a stretch is read whole, whatever part of it is wanted: cheaper than several reads. */
const SMALL_BYTES = 64 * 1024;
/** Bytes up to which a stretch is read whole when a fair part of it is wanted. */
const COVER_BYTES = 4 * 2 ** 20;
const FAIR_PART = 4;

/** A contiguous dataset of plain little-endian values, to be read from its file directly. */
export interface ContiguousSource {
  readonly descriptor: number;
  /** Position of the first value. */
  readonly position: number;
  readonly shape: readonly number[];
  readonly elementBytes: number;
}

/**
 * Reads a slab of values that lie in the file one after another. HDF5 would open the dataset anew for each slab, and
 * copy large ones twice.
 */
export async function readContiguous(
  source: ContiguousSource,
  slab: RawSlab,
  isCancelled: () => boolean,
): Promise<RawValues> {
  const { shape, elementBytes } = source;
  const total = slab.count.reduce((product, count) => product * count, 1);
  const bytes = new Uint8Array(total * elementBytes);
  if (total === 0) return { kind: "bytes", bytes };
  const strides = rowMajorStrides(shape);
  const axes = slab.count.map((count, axis) => ({
    count,
    /** Elements between two selected ones. */
    stride: (slab.step[axis] as number) * (strides[axis] as number),
  }));
  const first = slab.start.reduce((sum, start, axis) => sum + start * (strides[axis] as number), 0);
  if (reach(axes) === total && bytes.length >= 2 * PARALLEL_BYTES) {
    await readRun(source, bytes, first, isCancelled);
  } else {
    new Gatherer(source, bytes, isCancelled).gather(axes, first, 0);
  }
  return { kind: "bytes", bytes };
}

/** Reads consecutive elements, in pieces beside each other. */
async function readRun(
  { descriptor, position, elementBytes }: ContiguousSource,
  target: Uint8Array<ArrayBuffer>,
  first: number,
  isCancelled: () => boolean,
): Promise<void> {
  const begin = position + first * elementBytes;
  let next = 0;
  const readPieces = async (): Promise<void> => {
    while (next < target.length) {
      let at = next;
      const end = Math.min(target.length, at + PARALLEL_BYTES);
      next = end;
      while (at < end) {
        if (isCancelled()) throw new LibraryError("cancelled", "the caller has cancelled it");
        const { bytesRead } = await readAsync(descriptor, target, at, end - at, begin + at);
        if (bytesRead === 0) throw new LibraryError("operation", "the file ends before the values do");
        at += bytesRead;
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, readPieces));
}

const readAsync = promisify(read);

/** Elements from the first to the last selected one. */
function reach(axes: readonly Axis[]): number {
  return axes.reduce((elements, { count, stride }) => elements + (count - 1) * stride, 1);
}

interface Axis {
  readonly count: number;
  readonly stride: number;
}

class Gatherer {
  readonly #source: ContiguousSource;
  readonly #target: Uint8Array<ArrayBuffer>;
  readonly #isCancelled: () => boolean;

  constructor(source: ContiguousSource, target: Uint8Array<ArrayBuffer>, isCancelled: () => boolean) {
    this.#source = source;
    this.#target = target;
    this.#isCancelled = isCancelled;
  }

  /** Reads the elements of `axes` from element `from` of the file to element `to` of the result. */
  gather(axes: readonly Axis[], from: number, to: number): void {
    const { elementBytes } = this.#source;
    const selected = axes.reduce((product, { count }) => product * count, 1);
    const covered = reach(axes);
    if (covered === selected) {
      this.#read(this.#target, to * elementBytes, from, selected);
      return;
    }
    const coveredBytes = covered * elementBytes;
    if (coveredBytes <= SMALL_BYTES || (coveredBytes <= COVER_BYTES && covered <= FAIR_PART * selected)) {
      const cover = new Uint8Array(coveredBytes);
      this.#read(cover, 0, from, covered);
      pick(words(cover, elementBytes), words(this.#target, elementBytes), axes, { to, width: wordsIn(elementBytes) });
      return;
    }
    const [outer, ...inner] = axes as [Axis, ...Axis[]];
    const inside = selected / outer.count;
    for (let i = 0; i < outer.count; i++) this.gather(inner, from + i * outer.stride, to + i * inside);
  }

  #read(target: Uint8Array, at: number, from: number, count: number): void {
    const { descriptor, position, elementBytes } = this.#source;
    const end = at + count * elementBytes;
    let next = position + from * elementBytes;
    while (at < end) {
      if (this.#isCancelled()) throw new LibraryError("cancelled", "the caller has cancelled it");
      const done = readSync(descriptor, target, at, Math.min(PIECE_BYTES, end - at), next);
      if (done === 0) throw new LibraryError("operation", "the file ends before the values do");
      at += done;
      next += done;
    }
  }
}

function pick(source: Words, target: Words, axes: readonly Axis[], place: { to: number; width: number }): void {
  const { width } = place;
  let to = place.to * width;
  const visit = (axis: number, from: number): void => {
    const { count, stride } = axes[axis] as Axis;
    const isLast = axis === axes.length - 1;
    for (let i = 0, at = from; i < count; i++, at += stride) {
      if (!isLast) visit(axis + 1, at);
      else for (let word = 0; word < width; word++) target[to++] = source[at * width + word] as number;
    }
  };
  visit(0, 0);
}

function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = (strides[axis + 1] as number) * (shape[axis + 1] as number);
  }
  return strides;
}
