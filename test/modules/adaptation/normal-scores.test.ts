import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { moments, RandomStream } from "../../../core/index.ts";
import { NormalScores, normalScoreTable } from "../../../modules/adaptation/index.ts";

const code = expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" });
const stream = () => new RandomStream({ seed: 20_261_122n, id: 20n });

describe("normal scores", () => {
  it("of other values of a log-normal feature are standard normal", () => {
    const random = stream();
    const next = () => Math.exp(2 * random.normal());
    const scores = NormalScores.fit(Float64Array.from({ length: 100_000 }, next), 1);
    const found = Float64Array.from({ length: 100_000 }, () => scores.scoreOf(next()));
    const { mean, meanError } = moments(found);
    expect(Math.abs(mean)).toBeLessThan(3.5 * Math.SQRT2 * meanError);
    expect(moments(found).standardDeviation()).toBeCloseTo(1, 1.8);
    expect(moments(found.map((score) => score ** 3)).mean).toBeCloseTo(0, 1);
    expect(moments(found.map((score) => score ** 4)).mean).toBeCloseTo(3, 0.8);
  });

  it("of a normal feature are its distance from the mean in standard deviations, also beyond the reference", () => {
    const random = stream();
    const scores = NormalScores.fit(
      Float64Array.from({ length: 100_000 }, () => 50 + 2 * random.normal()),
      1,
    );
    for (const z of [-2, -1, 0, 0.5, 1, 2]) expect(scores.scoreOf(50 + 2 * z)).toBeCloseTo(z, 1.3);
    expect(scores.scoreOf(50 + 2 * 6)).toBeGreaterThan(5);
    expect(scores.scoreOf(50 + 2 * 60)).toBeLessThan(6);
  });

  it("of many equal values are the mean over their ranks, so the variance of a half-zero feature is below 1", () => {
    const random = stream();
    const next = () => (random.uniform() < 0.5 ? 0 : 1 + random.exponential());
    const scores = NormalScores.fit(Float64Array.from({ length: 50_000 }, next), 1);
    // Half of the normal distribution has its mean at -√(2/π).
    expect(scores.scoreOf(0)).toBeCloseTo(-Math.sqrt(2 / Math.PI), 1.5);
    const found = moments(Float64Array.from({ length: 50_000 }, () => scores.scoreOf(next())));
    expect(Math.abs(found.mean)).toBeLessThan(3.5 * Math.SQRT2 * found.meanError);
    // 1 less what the lower half varies by.
    expect(found.variance()).toBeCloseTo(1 - 0.5 * (1 - 2 / Math.PI), 1.5);
  });

  it("never fall where the value grows, and go no further than 1 beyond the reference's", () => {
    const sample = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 2, maxLength: 600 });
    fc.assert(
      fc.property(sample, fc.double({ noNaN: true, min: -1e12, max: 1e12 }), (reference, other) => {
        fc.pre(new Set(reference).size > 1);
        const scores = NormalScores.fit(reference, 1);
        const [first, last] = [scores.tables[0]?.scores.at(0), scores.tables[0]?.scores.at(-1)];
        const found = [...reference, other].sort((a, b) => a - b).map((value) => scores.scoreOf(value));
        found.forEach((score, i) => {
          expect(score).toBeGreaterThanOrEqual((first as number) - 1);
          expect(score).toBeLessThanOrEqual((last as number) + 1);
          if (i > 0) expect(score).toBeGreaterThanOrEqual((found[i - 1] as number) - 1e-12);
        });
      }),
    );
  });

  it("of what is missing are NaN, and what is missing in the reference does not count", () => {
    const rows = [1, Number.NaN, 2, 5, 3, 7, Number.NaN, 9];
    const scores = NormalScores.fit(rows, 2);
    expect(scores.referenceSizes).toEqual([3, 3]);
    expect(Array.from(scores.score([2, Number.NaN]))).toEqual([expect.closeTo(0, 12), Number.NaN]);
    expect(scores.scoreOf(Number.POSITIVE_INFINITY)).toBeNaN();
  });

  it("go on from JSON bit for bit", () => {
    const random = stream();
    const scores = NormalScores.fit(
      Float64Array.from({ length: 3000 }, () => random.exponential()),
      3,
    );
    const again = new NormalScores(JSON.parse(JSON.stringify(scores.tables)));
    for (let i = 0; i < 1000; i++) {
      const event = [random.exponential(), random.normal(), 10 * random.uniform()];
      expect(again.score(event)).toEqual(scores.score(event));
    }
  });

  it("refuse a feature that never differs, with its number, and tables and events that do not fit", () => {
    expect(() => normalScoreTable([3, 3, Number.NaN])).toThrow(code);
    expect(() => normalScoreTable([])).toThrow(code);
    expect(() => NormalScores.fit([1, 0, 2, 0], 2)).toThrow(/Feature 1.*all 0/);
    expect(() => NormalScores.fit([1, 2, 3], 2)).toThrow(code);
    expect(() => new NormalScores([{ size: 9, values: [2, 1], scores: [0, 1] }])).toThrow(code);
    expect(() => NormalScores.fit([1, 2], 1).score([1, 2])).toThrow(code);
  });
});
