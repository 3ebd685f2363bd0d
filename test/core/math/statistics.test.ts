import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bootstrapError,
  CompensatedSum,
  compensatedSum,
  leastSquares,
  moments,
  quantiles,
  RandomStream,
} from "../../../core/index.ts";
import { oracle } from "./oracle.ts";

const expected = oracle<{
  a: number[];
  probabilities: number[];
  quantiles7: number[];
  quantiles8: number[];
  mean: number;
  variance: number;
}>("samples");
const code = expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" });

describe("quantiles", () => {
  it("agree with numpy's linear (7) and median-unbiased (8)", () => {
    quantiles(expected.a, expected.probabilities).forEach((quantile, i) => {
      expect(quantile).toBeCloseTo(expected.quantiles7[i] as number, 14);
    });
    // numpy rounds the position otherwise: 1e-14 of an index.
    quantiles(expected.a, expected.probabilities, { type: 8 }).forEach((quantile, i) => {
      expect(quantile).toBeCloseTo(expected.quantiles8[i] as number, 12);
    });
  });

  it("grow with the probability and stay within the sample", () => {
    const values = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.constantFrom<7 | 8>(7, 8), (sample, type) => {
        const found = quantiles(sample, [0, 0.2, 0.5, 0.9, 1], { type });
        // Zeros of either sign are one value.
        expect(found[0] === Math.min(...sample)).toBe(true);
        expect(found.at(-1) === Math.max(...sample)).toBe(true);
        found.forEach((value, i) => {
          if (i > 0) expect(value).toBeGreaterThanOrEqual(found[i - 1] as number);
        });
      }),
    );
  });

  it("refuse no values, NaN, and probabilities outside 0 to 1", () => {
    expect(() => quantiles([], [0.5])).toThrow(code);
    expect(() => quantiles([1, Number.NaN], [0.5])).toThrow(code);
    expect(() => quantiles([1], [1.1])).toThrow(code);
  });
});

describe("sums and moments", () => {
  it("a compensated sum keeps what a plain one loses", () => {
    const values = [1e16, 1, -1e16, 1e-3];
    expect(values.reduce((sum, value) => sum + value, 0)).not.toBe(1.001);
    expect(compensatedSum(values)).toBe(1.001);
  });

  it("an infinity stays one", () => {
    const sum = new CompensatedSum();
    for (const value of [1, Number.POSITIVE_INFINITY, 2]) sum.add(value);
    expect(sum.value).toBe(Number.POSITIVE_INFINITY);
  });

  it("moments agree with numpy, also far from zero", () => {
    expect(moments(expected.a).mean).toBeCloseTo(expected.mean, 14);
    expect(moments(expected.a).variance()).toBeCloseTo(expected.variance, 13);
    // A shift by 2^20 loses 20 of 52 bits of each value, not of the variance's digits squared.
    expect(moments(expected.a.map((value) => value + 2 ** 20)).variance()).toBeCloseTo(expected.variance, 8);
    expect(moments([]).mean).toBeNaN();
    expect(moments([1]).variance()).toBeNaN();
    expect(moments([1]).variance(0)).toBe(0);
  });
});

describe("bootstrapError", () => {
  it("gives the standard error of a mean, the same for the same seed", () => {
    const values = expected.a;
    const mean = (indices: Uint32Array): number =>
      indices.reduce((sum, index) => sum + (values[index] as number), 0) / indices.length;
    const error = bootstrapError(values.length, mean, { seed: 3n, resamplings: 1000 });
    // 1,000 resamplings know a standard deviation to 2.2 %.
    expect(error / Math.sqrt(expected.variance / values.length)).toBeCloseTo(1, 1);
    expect(bootstrapError(values.length, mean, { seed: 3n, resamplings: 1000 })).toBe(error);
    expect(bootstrapError(values.length, mean, { seed: 4n, resamplings: 1000 })).not.toBe(error);
  });

  it("refuses an empty sample and a single resampling", () => {
    expect(() => bootstrapError(0, () => 0, { seed: 1n })).toThrow(code);
    expect(() => bootstrapError(5, () => 0, { seed: 1n, resamplings: 1 })).toThrow(code);
  });
});

describe("leastSquares", () => {
  it("finds the parameters of a curve, with errors that the scatter bears out", () => {
    const stream = new RandomStream({ seed: 11n, id: 0n });
    const x = Array.from({ length: 200 }, (_, i) => i / 20);
    const truth = [2, 0.7, 0.5] as const;
    const curve = (p: ArrayLike<number>, at: number): number =>
      (p[0] as number) * Math.exp(-(p[1] as number) * at) + (p[2] as number);
    const y = x.map((at) => curve(truth, at) + 0.05 * stream.normal());
    const fit = leastSquares(
      (p) => Float64Array.from(x, (at, i) => (curve(p, at) - (y[i] as number)) / 0.05),
      [1, 1, 0],
    );
    expect(fit.converged).toBe(true);
    truth.forEach((value, i) => {
      const error = Math.sqrt(fit.covariance[i * 3 + i] as number);
      expect(Math.abs((fit.parameters[i] as number) - value)).toBeLessThan(4 * error);
      expect(error).toBeLessThan(0.05);
    });
    expect(fit.chiSquare / 197).toBeGreaterThan(0.7);
    expect(fit.chiSquare / 197).toBeLessThan(1.3);
  });

  it("refuses a start that is not finite, and too few residuals", () => {
    expect(() => leastSquares(() => Float64Array.of(Number.NaN, 1), [1])).toThrow(code);
    expect(() => leastSquares(() => Float64Array.of(1), [1, 2])).toThrow(code);
  });
});
