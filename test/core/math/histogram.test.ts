import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findBin, histogram, linearEdges, logEdges } from "../../../core/index.ts";
import { oracle } from "./oracle.ts";

const expected = oracle<{
  values: number[];
  weights: number[];
  linear: { edges: number[]; counts: number[] };
  uneven: { edges: number[]; counts: number[] };
  log: { edges: number[] };
  linspace: [number, number, number, number[]][];
}>("histogram");

describe("histogram", () => {
  it("counts as numpy does, the last bin closed on the right", () => {
    expect([...histogram(expected.values, expected.linear.edges).counts]).toEqual(expected.linear.counts);
  });

  it("sums weights as numpy does, on uneven edges", () => {
    const { counts } = histogram(expected.values, expected.uneven.edges, { weights: expected.weights });
    counts.forEach((count, bin) => {
      expect(count).toBeCloseTo(expected.uneven.counts[bin] as number, 10);
    });
  });

  it("has numpy's linear edges to the bit, and its logarithmic ones to 1e-15", () => {
    for (const [start, stop, count, edges] of expected.linspace) {
      expect([...linearEdges(start, stop, count)]).toEqual(edges);
    }
    logEdges(0.015, 19.7, 40).forEach((edge, i) => {
      expect(Math.abs(edge / (expected.log.edges[i] as number) - 1)).toBeLessThan(1e-15);
    });
  });

  it("has logarithmic edges whose ends are exact, so that the largest of a sample is within", () => {
    for (let i = 1; i <= 1000; i++) {
      const [start, stop] = [0.5e-3 / 0.033, 1 + i / 7];
      const edges = logEdges(start, stop, 50);
      expect([edges[0], edges[49]]).toEqual([start, stop]);
      expect(histogram([start, stop], edges)).toMatchObject({ underflow: 0, overflow: 0 });
    }
  });

  it("puts every value in the bin that a linear search finds, and loses none", () => {
    const edges = fc.uniqueArray(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(edges, fc.array(fc.double(), { maxLength: 50 }), (unsorted, values) => {
        const sorted = Float64Array.from(new Set(unsorted.map((edge) => edge + 0))).sort();
        if (sorted.length < 2) return;
        const result = histogram([...values, ...sorted], sorted);
        const inside = result.counts.reduce((sum, count) => sum + count, 0);
        expect(inside + result.underflow + result.overflow + result.invalid).toBe(values.length + sorted.length);
        for (const value of values.filter((one) => one >= (sorted[0] as number) && one < (sorted.at(-1) as number))) {
          const bin = findBin(sorted, value);
          expect(value >= (sorted[bin] as number) && value < (sorted[bin + 1] as number)).toBe(true);
        }
      }),
    );
  });

  it("counts what lies outside, and NaN, apart", () => {
    const { counts, underflow, overflow, invalid } = histogram([-1, 0, 1, 2, 3, Number.NaN], [0, 1, 2]);
    expect({ counts: [...counts], underflow, overflow, invalid }).toEqual({
      counts: [1, 2],
      underflow: 1,
      overflow: 1,
      invalid: 1,
    });
  });

  it.each([[[1]], [[1, 1]], [[2, 1]], [[0, Number.NaN]], [[0, Number.POSITIVE_INFINITY]]])(
    "refuses the edges %j",
    (edges) => {
      expect(() => histogram([], edges)).toThrow(expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }));
    },
  );
});
