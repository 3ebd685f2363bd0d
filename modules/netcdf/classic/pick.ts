import type { Steps } from "./plan-reads.ts";

/** Runs of fewer elements are copied one by one, which is faster than a call for each. */
const SHORT_RUN = 16;

/** Copies runs that lie apart into one stretch. @param axes - Outer ones first. */
export function pick(source: Uint8Array<ArrayBuffer>, axes: readonly Steps[], run: number, target: Uint8Array): void {
  const width = wordBytes([run, source.byteOffset, target.byteOffset, ...axes.map(({ stride }) => stride)]);
  const copy = copier(width, source, target);
  const scaled = axes.map(({ stride, count }) => ({ stride: stride / width, count }));
  const length = run / width;
  let at = 0;
  const visit = (depth: number, start: number): void => {
    const { stride, count } = scaled[depth] as Steps;
    if (depth === scaled.length - 1) {
      copy({ start, stride, count, at, length });
      at += count * length;
    } else for (let i = 0; i < count; i++) visit(depth + 1, start + i * stride);
  };
  visit(0, 0);
}

/** Bytes of the widest words in which all of these lengths can be counted. */
function wordBytes(lengths: readonly number[]): 1 | 2 | 4 {
  if (lengths.every((length) => length % 4 === 0)) return 4;
  return lengths.every((length) => length % 2 === 0) ? 2 : 1;
}

interface Line extends Steps {
  readonly start: number;
  readonly at: number;
  readonly length: number;
}

/** One loop per width: a loop that sees arrays of several kinds runs many times slower. */
function copier(width: 1 | 2 | 4, source: Uint8Array<ArrayBuffer>, target: Uint8Array): (line: Line) => void {
  switch (width) {
    case 4: {
      const from = new Int32Array(source.buffer, source.byteOffset, source.length >> 2);
      const to = new Int32Array(target.buffer, target.byteOffset, target.length >> 2);
      return (line) => copy32(from, to, line);
    }
    case 2: {
      const from = new Int16Array(source.buffer, source.byteOffset, source.length >> 1);
      const to = new Int16Array(target.buffer, target.byteOffset, target.length >> 1);
      return (line) => copy16(from, to, line);
    }
    case 1:
      return (line) => copy8(source, target, line);
  }
}

function copy32(from: Int32Array, to: Int32Array, { start, stride, count, at, length }: Line): void {
  for (let i = 0, source = start, target = at; i < count; i++, source += stride, target += length) {
    if (length > SHORT_RUN) to.set(from.subarray(source, source + length), target);
    else for (let k = 0; k < length; k++) to[target + k] = from[source + k] as number;
  }
}

function copy16(from: Int16Array, to: Int16Array, { start, stride, count, at, length }: Line): void {
  for (let i = 0, source = start, target = at; i < count; i++, source += stride, target += length) {
    if (length > SHORT_RUN) to.set(from.subarray(source, source + length), target);
    else for (let k = 0; k < length; k++) to[target + k] = from[source + k] as number;
  }
}

function copy8(from: Uint8Array, to: Uint8Array, { start, stride, count, at, length }: Line): void {
  for (let i = 0, source = start, target = at; i < count; i++, source += stride, target += length) {
    if (length > SHORT_RUN) to.set(from.subarray(source, source + length), target);
    else for (let k = 0; k < length; k++) to[target + k] = from[source + k] as number;
  }
}
