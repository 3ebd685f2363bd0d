import { describe, expect, it } from "vitest";
import {
  blockBootstrap,
  ensembleCrps,
  normalCrps,
  RandomStream,
  rankFlatness,
  rankHistogram,
  skillScore,
} from "../../../core/index.ts";

/** ∫ (F(x) - 1[x ≥ y])² dx of a step function F, by its definition. */
function crpsByIntegral(members: readonly number[], y: number): number {
  const points = [...members, y].sort((a, b) => a - b);
  let sum = 0;
  for (let i = 1; i < points.length; i++) {
    const [from, to] = [points[i - 1] as number, points[i] as number];
    const inside = (from + to) / 2;
    const cdf = members.filter((member) => member <= inside).length / members.length;
    sum += (cdf - (inside >= y ? 1 : 0)) ** 2 * (to - from);
  }
  return sum;
}

function normals(seed: bigint, count: number): Float64Array {
  const values = new Float64Array(count);
  new RandomStream({ seed, id: 0n }).fillNormal(values);
  return values;
}

describe("ensembleCrps", () => {
  it("is the integral of the squared difference of distribution functions", () => {
    for (const y of [-3, -0.2, 0.4, 0.9, 5]) {
      for (const members of [[0.3], [1, 1, -1], [...normals(1n, 17)]]) {
        expect(ensembleCrps(members, y)).toBeCloseTo(crpsByIntegral(members, y), 13);
      }
    }
  });

  it("by hand: of members 1 and 3 and the value 2, mean error 1, less half the mean distance", () => {
    expect(ensembleCrps([3, 1], 2)).toBe(1 - 0.5 * ((2 + 2) / 4));
    expect(ensembleCrps([3, 1], 2, { fair: true })).toBe(1 - 0.5 * 2);
  });

  it("is fair: on average that of the distribution, with two members as with fifty", () => {
    const cases = 20_000;
    for (const members of [2, 50]) {
      const stream = new RandomStream({ seed: 5n, id: BigInt(members) });
      const drawn = new Float64Array(members);
      let [sum, squares] = [0, 0];
      for (let i = 0; i < cases; i++) {
        stream.fillNormal(drawn);
        const score = ensembleCrps(drawn, 0.7, { fair: true });
        sum += score;
        squares += score * score;
      }
      const mean = sum / cases;
      const error = Math.sqrt((squares / cases - mean * mean) / cases);
      expect(Math.abs(mean - normalCrps({ mean: 0, standardDeviation: 1 }, 0.7))).toBeLessThan(4 * error);
    }
  });

  it("is NaN for a missing observation, and refuses what is no ensemble", () => {
    expect(ensembleCrps([1, 2], Number.NaN)).toBeNaN();
    expect(() => ensembleCrps([], 1)).toThrow(expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }));
    expect(() => ensembleCrps([1], 1, { fair: true })).toThrow("two members");
    expect(() => ensembleCrps([1, Number.NaN], 1)).toThrow("not finite");
  });
});

describe("normalCrps", () => {
  it("is the integral of its definition", () => {
    // By the trapezoid rule from -12 to 12 σ; the kink at y is on a node.
    const [mean, standardDeviation] = [1, 2];
    for (const y of [1, 2.5, -4]) {
      const expected = ensembleLimit(mean, standardDeviation, y);
      expect(normalCrps({ mean, standardDeviation }, y)).toBeCloseTo(expected, 7);
    }
    expect(normalCrps({ mean: 0, standardDeviation: 1 }, 0)).toBeCloseTo((Math.SQRT2 - 1) / Math.sqrt(Math.PI), 14);
    expect(normalCrps({ mean: 3, standardDeviation: 0 }, 1)).toBe(2);
    expect(() => normalCrps({ mean: 3, standardDeviation: -1 }, 1)).toThrow("0 or more");
  });
});

/** From a fine grid; the normal distribution function by Simpson's rule on its density, nothing of ours. */
function ensembleLimit(mean: number, sd: number, y: number): number {
  const steps = 24_000;
  const width = (24 * sd) / steps;
  const density = (x: number): number => Math.exp(-(((x - mean) / sd) ** 2) / 2) / (sd * Math.sqrt(2 * Math.PI));
  let [cdf, sum] = [0, 0];
  for (let i = 0; i < steps; i++) {
    const x = mean - 12 * sd + i * width;
    const middle = cdf + (width / 24) * (5 * density(x) + 8 * density(x + width / 2) - density(x + width));
    const next = cdf + (width / 6) * (density(x) + 4 * density(x + width / 2) + density(x + width));
    const step = x + width / 2 >= y ? 1 : 0;
    sum += (width / 6) * ((cdf - step) ** 2 + 4 * (middle - step) ** 2 + (next - step) ** 2);
    cdf = next;
  }
  return sum;
}

describe("rankHistogram", () => {
  const cases = 4000;
  const members = 9;

  function histogramOf(spread: number, bias = 0): ReturnType<typeof rankFlatness> {
    const drawn = normals(11n, cases * members).map((value) => spread * value + bias);
    return rankFlatness(rankHistogram(drawn, normals(12n, cases), { seed: 1n }));
  }

  it("is flat for a calibrated ensemble, and tells too little spread, too much, and a bias", () => {
    // Chi-square of one degree of freedom is above 10.8 with a probability of 0.1 %.
    expect(histogramOf(1).pValue).toBeGreaterThan(0.01);
    for (const spread of [0.8, 1.25]) {
      const wrong = histogramOf(spread);
      expect(wrong.pValue).toBeLessThan(1e-6);
      expect(wrong.convexity).toBeGreaterThan(30);
      expect(wrong.slope).toBeLessThan(10.8);
    }
    const biased = histogramOf(1, 0.2);
    expect(biased.slope).toBeGreaterThan(30);
    expect(biased.convexity).toBeLessThan(10.8);
  });

  it("counts by hand, leaves out what is missing, and draws the rank among equals", () => {
    const { counts, cases: found } = rankHistogram([1, 2, 1, 2, 1, 2, 1, 2], [0, 1.5, 3, Number.NaN], { seed: 1n });
    expect([...counts]).toEqual([1, 1, 1]);
    expect(found).toBe(3);
    // Dry days: all members and the observation are 0.
    const ties = rankHistogram(new Float64Array(3000), new Float64Array(1000), { seed: 2n });
    expect(rankFlatness(ties).pValue).toBeGreaterThan(0.001);
    expect(() => rankHistogram([1, 2, 3], [1, 2], { seed: 1n })).toThrow("cannot be those");
    expect(() => rankHistogram([Number.NaN], [1], { seed: 1n })).toThrow("NaN");
  });

  it("has a chi-square that scipy has, too", () => {
    // scipy.stats.chisquare([20, 30, 25, 45]): statistic 11.666666666666668, p 0.008616778497902072.
    const flatness = rankFlatness({ counts: Float64Array.of(20, 30, 25, 45), cases: 120 });
    expect(flatness.chiSquare).toBeCloseTo(11.666666666666666, 12);
    expect(flatness.pValue).toBeCloseTo(0.008616778497902072, 12);
  });
});

describe("blockBootstrap", () => {
  it("covers a mean as often as it says, with blocks whose values depend on each other", () => {
    const [blocks, trials] = [30, 400];
    let covered = 0;
    for (let trial = 0; trial < trials; trial++) {
      const sums = [...normals(BigInt(trial), blocks)].map((mean) => [10 * mean, 10]);
      const { low, high } = blockBootstrap(sums, ([sum = 0, count = 1]) => sum / count, {
        ...{ seed: BigInt(trial), resamplings: 200, level: 0.9 },
      });
      if (low <= 0 && high >= 0) covered++;
    }
    // A percentile interval of 30 blocks is a little narrow (by √(29/30), and not by Student's t): 0.87 rather than 0.90.
    expect(covered / trials).toBeGreaterThan(0.82);
    expect(covered / trials).toBeLessThan(0.93);
  });

  it("is the same for the same seed, and refuses what it cannot draw from", () => {
    const sums = [
      [40, 10],
      [90, 10],
      [10, 10],
    ] as const;
    const rmse = ([squares = 0, count = 1]: Float64Array): number => Math.sqrt(squares / count);
    const once = blockBootstrap(sums, rmse, { seed: 3n });
    expect(once).toEqual(blockBootstrap(sums, rmse, { seed: 3n }));
    expect(once.value).toBe(Math.sqrt(140 / 30));
    // All blocks drawn may be the same one.
    expect(once.low).toBe(1);
    expect(once.high).toBe(3);
    expect(() => blockBootstrap([[1]], rmse, { seed: 1n })).toThrow("two of them");
    expect(() => blockBootstrap([[1], [1, 2]], rmse, { seed: 1n })).toThrow("Block 1");
    expect(() => blockBootstrap(sums, rmse, { seed: 1n, level: 1 })).toThrow("level");
    expect(skillScore(1, 4)).toBe(0.75);
  });
});
