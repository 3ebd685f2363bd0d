import { describe, expect, it } from "vitest";
import {
  frechetDistance,
  type MeanAndCovariance,
  RandomStream,
  RunningCovariance,
  symmetricEigenvalues,
} from "../../../core/index.ts";
import { oracle } from "./oracle.ts";

const { eigenvalues, frechet } = oracle<{
  eigenvalues: { name: string; matrix: number[][]; values: number[] }[];
  frechet: { name: string; a: number[][]; b: number[][]; covariance: number[][]; value: number }[];
}>("matrices");

describe("symmetricEigenvalues, against numpy", () => {
  it.each(eigenvalues)("of a matrix: $name", ({ matrix, values }) => {
    const found = symmetricEigenvalues(matrix.flat(), matrix.length);
    const scale = Math.max(1e-300, ...values.map(Math.abs));
    expect(found).toHaveLength(values.length);
    found.forEach((value, i) => {
      expect(Math.abs(value - (values[i] as number))).toBeLessThanOrEqual(1e-13 * scale);
    });
  });

  it("keeps the trace and the sum of squares of a large one", () => {
    const n = 200;
    const stream = new RandomStream({ seed: 5n, id: 0n });
    const matrix = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        matrix[i * n + j] = stream.normal();
        matrix[j * n + i] = matrix[i * n + j] as number;
      }
    }
    const values = symmetricEigenvalues(matrix, n);
    const trace = Array.from({ length: n }, (_, i) => matrix[i * n + i] as number).reduce((a, b) => a + b);
    expect(values.reduce((a, b) => a + b)).toBeCloseTo(trace, 10);
    expect(values.reduce((a, b) => a + b * b, 0)).toBeCloseTo(
      matrix.reduce((a, b) => a + b * b, 0),
      7,
    );
  });

  it("finds the rank of a singular one, whose rows are of very different sizes", () => {
    const [n, rank] = [120, 30];
    const stream = new RandomStream({ seed: 6n, id: 0n });
    const rows = Array.from({ length: rank }, () =>
      Float64Array.from({ length: n }, (_, i) => stream.normal() * 10 ** -(i / 30)),
    );
    const matrix = Float64Array.from({ length: n * n }, (_, at) =>
      rows.reduce((sum, row) => sum + (row[Math.floor(at / n)] as number) * (row[at % n] as number), 0),
    );
    const values = symmetricEigenvalues(matrix, n);
    const largest = values[n - 1] as number;
    expect(values.filter((value) => value > 1e-13 * largest)).toHaveLength(rank);
    expect(Math.max(...values.slice(0, n - rank).map(Math.abs))).toBeLessThan(1e-14 * largest);
  });

  it.each([1e-200, 1e200])("keeps digits where the elements are near %d", (scale) => {
    const values = symmetricEigenvalues(
      [2, 1, 0, 1, 2, 0, 0, 0, 1e-9].map((element) => element * scale),
      3,
    );
    [1e-9, 1, 3].forEach((value, i) => {
      expect((values[i] as number) / scale).toBeCloseTo(value, 14);
    });
  });

  it.each([
    ["of another size", [1, 2, 3], 2],
    ["without rows", [], 0],
    ["with NaN", [Number.NaN], 1],
  ])("refuses a matrix %s", (_, matrix, size) => {
    expect(() => symmetricEigenvalues(matrix, size)).toThrow(
      expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }),
    );
  });
});

describe("RunningCovariance and frechetDistance, against numpy and scipy", () => {
  const of = (rows: readonly (readonly number[])[], origin?: readonly number[]): MeanAndCovariance => {
    const running = new RunningCovariance(rows[0]?.length ?? 0, origin);
    for (const row of rows) running.add(row);
    return running.result();
  };

  it.each(frechet)("sets $name", ({ a, b, covariance, value }) => {
    const [left, right] = [of(a), of(b)];
    const scale = Math.max(...covariance.flat().map(Math.abs));
    covariance.flat().forEach((expected, i) => {
      expect(Math.abs((left.covariance[i] as number) - expected)).toBeLessThan(1e-13 * scale);
    });
    expect(frechetDistance(left, right) / value).toBeCloseTo(1, 6);
    expect(frechetDistance(right, left) / value).toBeCloseTo(1, 6);
    expect(Math.abs(frechetDistance(left, left))).toBeLessThan(1e-6 * scale);
  });

  it("goes on after a result, and takes an origin far away from zero", () => {
    const rows = frechet[0]?.a ?? [];
    const far = rows.map((row) => row.map((value) => value + 1e7));
    const origin = Array.from({ length: rows[0]?.length ?? 0 }, () => 1e7);
    const expected = of(rows);
    const shifted = of(far, origin);
    const running = new RunningCovariance(origin.length);
    rows.forEach((row, index) => {
      if (index === 7) running.result();
      running.add(row);
    });
    expect(running.count).toBe(rows.length);
    expected.covariance.forEach((value, i) => {
      expect(shifted.covariance[i]).toBeCloseTo(value, 6);
      expect(running.result().covariance[i]).toBeCloseTo(value, 10);
    });
  });

  it("has no covariance of one row, and no distance between sizes", () => {
    const invalid = expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" });
    expect(() => of([[1, 2]])).toThrow(invalid);
    expect(() =>
      frechetDistance(
        of([
          [1, 2],
          [3, 5],
        ]),
        of([[1], [2]]),
      ),
    ).toThrow(invalid);
  });
});
