import type { DataOf, DType } from "./dtype.ts";

/** Elements that lie `stride` apart from `start` on, and where in the target the first goes. */
export interface Line {
  readonly start: number;
  readonly stride: number;
  readonly at: number;
  readonly length: number;
}

/** From so many consecutive elements on, one call for all is faster than a loop. */
const LONG = 16;

/**
 * A function that copies lines of elements from one array to another of the same kind.
 *
 * Elements are moved as integers of their width, by one loop per width: a loop that sees many kinds of typed array runs
 * twenty times slower in V8, and 64-bit integers as bigints slower still. Bits are kept, NaN payloads included.
 */
export function lineCopier<D extends DType>(source: DataOf<D>, target: DataOf<D>): (line: Line) => void {
  if (Array.isArray(source)) {
    return (line) => copyTexts(source, target as string[], line);
  }
  const width = source.BYTES_PER_ELEMENT;
  const to = target as Exclude<DataOf<DType>, string[]>;
  switch (width) {
    case 1: {
      const [from8, to8] = [bytesOf(source), bytesOf(to)];
      return (line) => (isLongRun(line) ? copyRun(from8, to8, line, 1) : copy8(from8, to8, line));
    }
    case 2: {
      const [from16, to16] = [new Uint16Array(...placeOf(source, 2)), new Uint16Array(...placeOf(to, 2))];
      return (line) => (isLongRun(line) ? copyRun(from16, to16, line, 1) : copy16(from16, to16, line));
    }
    default: {
      const [from32, to32] = [new Int32Array(...placeOf(source, 4)), new Int32Array(...placeOf(to, 4))];
      if (width === 4) return (line) => (isLongRun(line) ? copyRun(from32, to32, line, 1) : copy32(from32, to32, line));
      return (line) => (isLongRun(line) ? copyRun(from32, to32, line, 2) : copy64(from32, to32, line));
    }
  }
}

function bytesOf(data: Exclude<DataOf<DType>, string[]>): Uint8Array {
  return new Uint8Array(...placeOf(data, 1));
}

/** Buffer, byte offset and length in words of a typed array. */
function placeOf(data: Exclude<DataOf<DType>, string[]>, wordBytes: number): [ArrayBufferLike, number, number] {
  return [data.buffer, data.byteOffset, data.byteLength / wordBytes];
}

function isLongRun({ stride, length }: Line): boolean {
  return stride === 1 && length >= LONG;
}

/** @param words - Words per element. */
function copyRun<A extends Uint8Array | Uint16Array | Int32Array>(from: A, to: A, line: Line, words: number): void {
  const start = line.start * words;
  to.set(from.subarray(start, start + line.length * words), line.at * words);
}

function copyTexts(from: readonly string[], to: string[], { start, stride, at, length }: Line): void {
  for (let i = 0, position = start; i < length; i++, position += stride) to[at + i] = from[position] as string;
}

function copy8(from: Uint8Array, to: Uint8Array, { start, stride, at, length }: Line): void {
  for (let i = 0, position = start; i < length; i++, position += stride) to[at + i] = from[position] as number;
}

function copy16(from: Uint16Array, to: Uint16Array, { start, stride, at, length }: Line): void {
  for (let i = 0, position = start; i < length; i++, position += stride) to[at + i] = from[position] as number;
}

function copy32(from: Int32Array, to: Int32Array, { start, stride, at, length }: Line): void {
  for (let i = 0, position = start; i < length; i++, position += stride) to[at + i] = from[position] as number;
}

/** Elements of two words each. */
function copy64(from: Int32Array, to: Int32Array, { start, stride, at, length }: Line): void {
  for (let i = 2 * at, position = 2 * start; i < 2 * (at + length); i += 2, position += 2 * stride) {
    to[i] = from[position] as number;
    to[i + 1] = from[position + 1] as number;
  }
}
