import { lineCopier } from "../copy-line.ts";
import { rowMajorStrides } from "../layout.ts";
import type { NdArray } from "../nd-array.ts";

/** Copies an array into a box of a row-major one of the same dtype. `corner`: index of its first element there. */
export function placeArray(target: NdArray, corner: readonly number[], source: NdArray): void {
  if (source.size === 0) return;
  const strides = rowMajorStrides(target.shape);
  const copyLine = lineCopier(source.data, target.data);
  const last = source.shape.length - 1;
  // As many last axes as lie in one piece in both arrays are copied as one line.
  let lineAxis = Math.max(last, 0);
  let length = source.shape[last] ?? 1;
  if (source.isContiguous) {
    while (lineAxis > 0 && source.shape[lineAxis] === target.shape[lineAxis]) {
      lineAxis--;
      length *= source.shape[lineAxis] as number;
    }
  }
  const stride = source.isContiguous ? 1 : (source.strides[last] ?? 1);
  const copyAxis = (axis: number, start: number, at: number): void => {
    if (axis >= lineAxis) {
      copyLine({ start, stride, at, length });
      return;
    }
    const count = source.shape[axis] as number;
    for (let i = 0; i < count; i++) {
      copyAxis(axis + 1, start + i * (source.strides[axis] as number), at + i * (strides[axis] as number));
    }
  };
  const first = corner.reduce((sum, index, axis) => sum + index * (strides[axis] as number), target.offset);
  copyAxis(0, source.offset, first);
}
