import type { DType } from "./dtype.ts";

/** `[start, stop)` per dimension, in the order of the dimensions. */
export type Block = readonly { readonly start: number; readonly stop: number }[];

/** Bytes of one element in memory; a string counts as 64. */
export function bytesPerElement(dtype: DType): number {
  switch (dtype) {
    case "float64":
    case "int64":
    case "uint64":
      return 8;
    case "float16": // held widened
    case "float32":
    case "int32":
    case "uint32":
      return 4;
    case "int16":
    case "uint16":
      return 2;
    case "string":
      return 64;
    default:
      return 1;
  }
}

/** The blocks of a regular grid over a shape, in row-major order; those at the ends are cut. None where a length is 0. */
export function* gridBlocks(shape: readonly number[], blockShape: readonly number[]): Generator<Block> {
  if (shape.some((length) => length === 0)) return;
  const start = shape.map(() => 0);
  for (;;) {
    yield start.map((from, axis) => ({
      start: from,
      stop: Math.min(from + (blockShape[axis] as number), shape[axis] as number),
    }));
    let axis = shape.length - 1;
    for (; axis >= 0; axis--) {
      start[axis] = (start[axis] as number) + (blockShape[axis] as number);
      if ((start[axis] as number) < (shape[axis] as number)) break;
      start[axis] = 0;
    }
    if (axis < 0) return;
  }
}

/**
 * Shape of the largest block of at most `maxBytes` whose elements are consecutive in row-major order: whole in its last
 * axes, part of one axis, one index in the axes before. At least one element.
 *
 * @param layout - `chunkShape`: storage chunks; the cut axis is cut at chunk ends where a chunk fits.
 */
export function rowMajorBlockShape(
  layout: {
    readonly shape: readonly number[];
    readonly dtype: DType;
    readonly chunkShape?: readonly number[] | undefined;
  },
  maxBytes: number,
): readonly number[] {
  const { shape, dtype, chunkShape } = layout;
  const block = shape.map(() => 1);
  let room = Math.max(1, Math.floor(maxBytes / bytesPerElement(dtype)));
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = Math.max(1, shape[axis] as number);
    if (length > room) {
      const chunk = chunkShape?.[axis] ?? 1;
      block[axis] = room > chunk ? room - (room % chunk) : room;
      break;
    }
    block[axis] = length;
    room = Math.floor(room / length);
  }
  return block;
}
