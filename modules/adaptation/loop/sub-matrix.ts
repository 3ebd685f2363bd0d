import { solveSymmetric } from "../../../core/index.ts";

/** A row or column that others determine to this part of its variance is taken for determined. */
const SINGULAR = 1e-10;

/** Rows and columns of a symmetric `[size, size]` matrix. */
export function subMatrix(
  matrix: Float64Array,
  rows: readonly number[],
  columns: readonly number[] = rows,
): Float64Array {
  const size = Math.sqrt(matrix.length);
  const picked = new Float64Array(rows.length * columns.length);
  rows.forEach((row, i) => {
    columns.forEach((column, j) => {
      picked[i * columns.length + j] = matrix[row * size + column] as number;
    });
  });
  return picked;
}

/** Of a symmetric matrix; `undefined` where it is not positive definite, or as good as singular. */
export function inverseOf(matrix: Float64Array): Float64Array | undefined {
  const n = Math.sqrt(matrix.length);
  // Units differ: a diagonal of 1 makes "as good as" mean the same for all.
  const scales = Float64Array.from({ length: n }, (_, i) => 1 / Math.sqrt(matrix[i * n + i] as number));
  if (!scales.every(Number.isFinite)) return undefined;
  const scaled = matrix.map((value, at) => value * scaleAt(scales, at));
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const column = solveSymmetric(scaled, new Float64Array(n).fill(1, i, i + 1));
    if (!column || !((column[i] as number) < 1 / SINGULAR)) return undefined;
    inverse.set(column, i * n);
  }
  return inverse.map((value, at) => value * scaleAt(scales, at));
}

/** Product of `[rows, inner]` and `[inner, columns]`. */
export function product(a: Float64Array, b: Float64Array, inner: number): Float64Array {
  if (inner === 0) return new Float64Array(0);
  const [rows, columns] = [a.length / inner, b.length / inner];
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      const factor = a[i * inner + k] as number;
      if (factor === 0) continue;
      for (let j = 0; j < columns; j++) {
        const at = i * columns + j;
        result[at] = (result[at] as number) + factor * (b[k * columns + j] as number);
      }
    }
  }
  return result;
}

function scaleAt(scales: Float64Array, at: number): number {
  return (scales[Math.floor(at / scales.length)] as number) * (scales[at % scales.length] as number);
}
