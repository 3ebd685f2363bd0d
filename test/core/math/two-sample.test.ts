import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  histogram,
  kolmogorovSmirnov,
  RandomStream,
  separationFloor,
  separationPower,
  wasserstein1,
} from "../../../core/index.ts";
import { oracle } from "./oracle.ts";

const expected = oracle<{
  a: number[];
  b: number[];
  weightsA: number[];
  weightsB: number[];
  wasserstein: number;
  weightedWasserstein: number;
  ks: { statistic: number; pValue: number };
  kolmogorov: [number, number][];
  separation: { edges: number[]; value: number };
}>("samples");
const { a, b } = expected;
const sampleValues = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 30 });

describe("two-sample statistics", () => {
  it("agree with numpy and scipy", () => {
    const edges = expected.separation.edges;
    const separation = separationPower(histogram(a, edges).counts, histogram(b, edges).counts);
    expect(separation).toBeCloseTo(expected.separation.value, 14);
    expect(wasserstein1({ values: a }, { values: b })).toBeCloseTo(expected.wasserstein, 13);
    const weighted = wasserstein1({ values: a, weights: expected.weightsA }, { values: b, weights: expected.weightsB });
    expect(weighted).toBeCloseTo(expected.weightedWasserstein, 13);
    const test = kolmogorovSmirnov(a, b);
    expect(test.statistic).toBeCloseTo(expected.ks.statistic, 14);
    expect(test.pValue / expected.ks.pValue).toBeCloseTo(1, 10);
  });

  it("are 0 for a sample and itself, and symmetric", () => {
    fc.assert(
      fc.property(sampleValues, sampleValues, (x, y) => {
        expect(wasserstein1({ values: x }, { values: x })).toBe(0);
        expect(kolmogorovSmirnov(x, x)).toEqual({ statistic: 0, pValue: 1 });
        expect(wasserstein1({ values: x }, { values: y })).toBeCloseTo(wasserstein1({ values: y }, { values: x }), 9);
        expect(kolmogorovSmirnov(x, y).statistic).toBeCloseTo(kolmogorovSmirnov(y, x).statistic, 12);
      }),
    );
  });

  it("Wasserstein-1 of a sample and its shifted copy is the shift", () => {
    fc.assert(
      fc.property(sampleValues, fc.double({ min: -50, max: 50, noNaN: true }), (x, shift) => {
        const distance = wasserstein1({ values: x }, { values: x.map((value) => value + shift) });
        expect(distance).toBeCloseTo(Math.abs(shift), 9);
      }),
    );
  });

  it("separation power is within 0 and 1: 0 for one shape, 1 for disjoint ones, NaN for an empty histogram", () => {
    const counts = fc.array(fc.nat(1000), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(counts, counts, (x, y) => {
        const value = separationPower(x, y);
        const empty = [x, y].some((one) => one.every((count) => count === 0));
        expect(empty ? Number.isNaN(value) : value >= 0 && value <= 1).toBe(true);
      }),
    );
    expect(separationPower([1, 2, 3], [10, 20, 30])).toBeCloseTo(0, 15);
    expect(separationPower([1, 2, 0], [0, 0, 5])).toBeCloseTo(1, 12);
  });

  it("the floor is the mean separation power of samples of one distribution", () => {
    const edges = Float64Array.from({ length: 21 }, (_, i) => i / 20);
    const stream = new RandomStream({ seed: 5n, id: 0n });
    const draw = (count: number): Float64Array => {
      const values = new Float64Array(count);
      stream.fillUniform(values);
      return histogram(values, edges).counts;
    };
    let sum = 0;
    for (let round = 0; round < 200; round++) sum += separationPower(draw(1000), draw(2000));
    // 200 rounds of a chi-squared with 19 degrees of freedom: 2.3 % standard error.
    expect(sum / 200 / separationFloor(20, 1000, 2000)).toBeCloseTo(1, 1);
    expect(separationFloor(100, 100_000, 100_000)).toBeCloseTo(4.95e-4, 6);
  });

  it("refuse empty samples, NaN, and weights that do not fit", () => {
    const code = expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" });
    expect(() => kolmogorovSmirnov([], [1])).toThrow(code);
    expect(() => kolmogorovSmirnov([Number.NaN], [1])).toThrow(code);
    expect(() => wasserstein1({ values: [1], weights: [1, 2] }, { values: [1] })).toThrow(code);
    expect(() => wasserstein1({ values: [1], weights: [-1] }, { values: [1] })).toThrow(code);
    expect(() => wasserstein1({ values: [1], weights: [0] }, { values: [1] })).toThrow(code);
    expect(() => wasserstein1({ values: [1, 2], weights: [1, Infinity] }, { values: [1] })).toThrow(code);
    expect(() => separationPower([1], [1, 2])).toThrow(code);
  });

  it("Wasserstein-1 refuses infinities, which Kolmogorov and Smirnov may have", () => {
    const code = expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" });
    expect(() => wasserstein1({ values: [1, Infinity] }, { values: [1, 2] })).toThrow(code);
    expect(() => wasserstein1({ values: [1, 2] }, { values: Float32Array.of(-Infinity) })).toThrow(code);
    expect(kolmogorovSmirnov([1, Infinity], [-Infinity, 1]).statistic).toBe(0.5);
  });
});
