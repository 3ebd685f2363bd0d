import { describe, expect, it } from "vitest";
import { RandomStream, symmetricEigen, symmetricEigenvalues } from "../../../core/index.ts";

/** Of the largest eigenvalue, for each row of the matrix: rounding of the reflections and rotations. */
const ROUNDING = 4 * Number.EPSILON;

type Matrix = readonly [name: string, size: number, element: (row: number, column: number) => number];

/** Lower and upper triangle from the same numbers. */
function symmetric(element: (row: number, column: number) => number): (row: number, column: number) => number {
  return (row, column) => element(Math.max(row, column), Math.min(row, column));
}

function normals(size: number): (row: number, column: number) => number {
  const stream = new RandomStream({ seed: 11n, id: BigInt(size) });
  const values = Float64Array.from({ length: size * size }, () => stream.normal());
  return symmetric((row, column) => values[row * size + column] as number);
}

/** Products of `rank` vectors, whose elements fall by `decades`. */
function singular(size: number, rank: number, decades = 0): (row: number, column: number) => number {
  const stream = new RandomStream({ seed: 12n, id: BigInt(size) });
  const vectors = Array.from({ length: rank }, () =>
    Float64Array.from({ length: size }, (_, at) => stream.normal() * 10 ** ((-decades * at) / size)),
  );
  return (row, column) => vectors.reduce((sum, v) => sum + (v[row] as number) * (v[column] as number), 0);
}

const matrices: readonly Matrix[] = [
  ...[1, 2, 3, 5, 8, 20, 40, 100].map((size): Matrix => ["of normal numbers", size, normals(size)]),
  ["of zeros", 7, () => 0],
  ["of one zero", 1, () => 0],
  ["of ones", 30, () => 1],
  ["the unit matrix", 12, (row, column) => (row === column ? 1 : 0)],
  ["a diagonal in descending order", 9, (row, column) => (row === column ? 9 - row : 0)],
  ["pairs of equal eigenvalues", 10, (row, column) => (row + column === 9 ? 1 : 0)],
  ["two blocks", 8, (row, column) => (row < 4 === column < 4 ? 1 + ((row * column) % 3) : 0)],
  ["the second difference, eigenvalues close at the ends", 60, (r, c) => [2, -1][Math.abs(r - c)] ?? 0],
  ["Wilkinson's, pairs equal to 15 digits", 21, (r, c) => (r === c ? Math.abs(r - 10) : Math.abs(r - c) === 1 ? 1 : 0)],
  ["of rank 3", 40, singular(40, 3)],
  ["of rank 20 over 12 decades", 60, singular(60, 20, 12)],
  ["a unit matrix and 1e-18 beside it", 6, (row, column) => (row === column ? 1 : 1e-18)],
  ["near the largest number", 5, (row, column) => 1e307 * normals(5)(row, column)],
  ["near the smallest normal number", 5, (row, column) => 1e-300 * normals(5)(row, column)],
];

describe("symmetricEigen", () => {
  it.each(matrices)("solves A v = λ v with orthonormal v: %s, size %i", (_, size, element) => {
    const matrix = Float64Array.from({ length: size * size }, (_, at) => element(Math.floor(at / size), at % size));
    const { values, vectors } = symmetricEigen(matrix, size);
    const largest = Math.max(...values.map(Math.abs));
    const vector = (i: number): Float64Array => vectors.subarray(i * size, (i + 1) * size);
    const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
    let [residual, skew, rebuilt] = [0, 0, 0];
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        const row = matrix.subarray(j * size, (j + 1) * size);
        residual = Math.max(residual, Math.abs(dot(row, vector(i)) - (values[i] as number) * (vector(i)[j] as number)));
        skew = Math.max(skew, Math.abs(dot(vector(i), vector(j)) - (i === j ? 1 : 0)));
        const sum = values.reduce((s, value, k) => s + value * (vector(k)[i] as number) * (vector(k)[j] as number), 0);
        rebuilt = Math.max(rebuilt, Math.abs(sum - element(i, j)));
      }
    }
    const tolerance = ROUNDING * Math.max(8, size);
    expect(skew).toBeLessThan(tolerance);
    expect(residual).toBeLessThanOrEqual(tolerance * largest);
    expect(rebuilt).toBeLessThanOrEqual(tolerance * largest);
    expect(values).toEqual(symmetricEigenvalues(matrix, size));
    expect(values).toEqual(values.toSorted());
  });

  it("reads the lower triangle only, and leaves the matrix as it is", () => {
    const matrix = [2, 99, 1, 2];
    expect(symmetricEigen(matrix, 2).values).toEqual(symmetricEigen([2, 1, 1, 2], 2).values);
    expect(matrix).toEqual([2, 99, 1, 2]);
  });

  it.each([
    ["of another size", [1, 2, 3], 2],
    ["without rows", [], 0],
    ["with NaN", [Number.NaN], 1],
    ["with infinity", [Number.POSITIVE_INFINITY], 1],
  ])("refuses a matrix %s", (_, matrix, size) => {
    expect(() => symmetricEigen(matrix, size)).toThrow(expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }));
  });
});
