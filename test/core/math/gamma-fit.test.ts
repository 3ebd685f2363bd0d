import { describe, expect, it } from "vitest";
import { fitGamma, gammaProbability, standardNormalQuantile } from "../../../core/index.ts";

describe("standardNormalQuantile", () => {
  // scipy 1.17.1: scipy.stats.norm.ppf(p)
  it.each([
    [1e-300, -37.0470962993612],
    [1e-20, -9.262340089798409],
    [1e-8, -5.612001244174789],
    [0.001, -3.090232306167813],
    [0.074, -1.4466320671589785],
    [0.0751, -1.4388253927525403],
    [0.3, -0.5244005127080409],
    [0.93, 1.475791028179171],
    [0.99, 2.3263478740408408],
    [0.9999999, 5.199337582290661],
  ])("at %d is scipy's", (probability, expected) => {
    expect(Math.abs(standardNormalQuantile(probability) / expected - 1)).toBeLessThan(2e-15);
  });

  it("has the ends of the line at 0 and 1, and nothing outside", () => {
    expect([0, 0.5, 1].map(standardNormalQuantile)).toEqual([Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY]);
    expect([-1e-9, 1.000001, Number.NaN].map(standardNormalQuantile)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });
});

describe("gammaProbability", () => {
  // scipy 1.17.1: scipy.stats.gamma.cdf(x, a)
  it.each([
    [0.05, 1e-8, 0.40894239958340545],
    [0.3, 1e-4, 0.0703023270770118],
    [2, 20, 0.9999999567157739],
    [2, 1e-6, 4.999996666667916e-13],
    [50, 20, 1.2458926079719434e-8],
    [50, 90, 0.9999983505014983],
    [1000, 800, 5.501419776179194e-12],
    [1000, 1150, 0.9999971262239397],
  ])("of shape %d at %d is scipy's, in its tails too", (shape, x, expected) => {
    expect(Math.abs(gammaProbability(x, { shape, scale: 1 }) / expected - 1)).toBeLessThan(2e-13);
    expect(gammaProbability(3 * x, { shape, scale: 3 })).toBeCloseTo(expected, 12);
  });

  it("is 0 for what cannot be", () => {
    expect(gammaProbability(0, { shape: 0.3, scale: 1 })).toBe(0);
    expect(gammaProbability(-1, { shape: 0.3, scale: 1 })).toBe(0);
  });
});

describe("fitGamma", () => {
  it("is Thom's formula, worked by hand", () => {
    // Mean 2.5, mean of logarithms ln(24) / 4.
    const excess = Math.log(2.5) - Math.log(24) / 4;
    const shape = (1 + Math.sqrt(1 + (4 * excess) / 3)) / (4 * excess);
    const fit = fitGamma([1, 2, 3, 4]);
    expect(fit?.shape).toBeCloseTo(shape, 12);
    expect(fit?.scale).toBeCloseTo(2.5 / shape, 12);
  });

  it("finds the greatest likelihood that scipy finds", () => {
    // scipy 1.17.1: scipy.stats.gamma.fit(x, floc=0)
    expect(fitGamma([1, 2, 3.5, 0.2, 7, 11, 0.01], "maximum-likelihood")?.shape).toBeCloseTo(0.506845751937025, 11);
    const fit = fitGamma([3, 4, 5, 6, 7, 9, 14], "maximum-likelihood");
    expect(fit?.shape).toBeCloseTo(4.487666287141857, 10);
    expect(fit?.scale).toBeCloseTo(1.5279974976726918, 10);
  });

  it("looks at numbers above 0 alone, and has nothing to say about fewer than two, or equal ones", () => {
    expect(fitGamma([0, 1, -3, 2, Number.NaN, 3, 4])).toEqual(fitGamma([1, 2, 3, 4]));
    expect(fitGamma([5])).toBeUndefined();
    expect(fitGamma([0, 0, 0])).toBeUndefined();
    expect(fitGamma(new Float64Array(30).fill(0.1))).toBeUndefined();
    expect(fitGamma(new Float64Array(30).fill(1e-9))).toBeUndefined();
  });
});
