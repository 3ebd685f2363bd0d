import { describe, expect, it } from "vitest";
import { moments, RandomStream } from "../../../core/index.ts";
import { type ChangePointOptions, changePoint } from "../../../modules/adaptation/index.ts";

const IS_LONG = process.env["TWINLOOM_LONG"] === "1";
const code = expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" });

function window(random: RandomStream, { length = 300, index = 200, size = 1, mean = 0 } = {}): Float64Array {
  return Float64Array.from({ length }, (_, i) => mean + random.normal() + (i < index ? 0 : size));
}

/** ln likelihood of all values with a mean before an index and another from there on, each the best unless given. */
function logLikelihood(values: Float64Array, index: number, meanBefore?: number): number {
  const parts = [values.subarray(0, index), values.subarray(index)];
  const sums = parts.map((part, i) => {
    const mean = i === 0 && meanBefore !== undefined ? meanBefore : part.reduce((sum, x) => sum + x, 0) / part.length;
    return part.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  });
  return -0.5 * ((sums[0] as number) + (sums[1] as number));
}

describe("the change point of a window", () => {
  it.each<[string, ChangePointOptions]>([
    ["a known mean before", { meanBefore: 0 }],
    ["an unknown mean before", {}],
  ])("with %s is where the likelihood is largest, and the set where it is within 3.68 of that", (_, options) => {
    const random = new RandomStream({ seed: 20_261_122n, id: 70n });
    for (let trial = 0; trial < 20; trial++) {
      const values = window(random);
      const found = changePoint(values, options);
      const first = options.meanBefore === undefined ? 1 : 0;
      const candidates = Array.from({ length: 300 - first }, (_, i) => i + first);
      const likelihoods = candidates.map((index) => logLikelihood(values, index, options.meanBefore));
      const largest = Math.max(...likelihoods);
      expect(found.index).toBe(candidates[likelihoods.indexOf(largest)]);
      // -ln(1 - √0.95)
      expect(found.confidenceSet).toEqual(candidates.filter((_, i) => (likelihoods[i] as number) >= largest - 3.6761));
      const without = options.meanBefore ?? values.reduce((sum, x) => sum + x, 0) / 300;
      expect(found.logLikelihoodRatio).toBeCloseTo(
        largest + 0.5 * values.reduce((sum, x) => sum + (x - without) ** 2, 0),
        8,
      );
    }
  });

  it.each([
    [0.3, 0.9],
    [0.5, 0.95],
    [2, 0.68],
  ])("is in the set as often as stated, for a change of %d and a confidence of %d", (size, confidence) => {
    const random = new RandomStream({ seed: 20_261_122n, id: 71n });
    const trials = IS_LONG ? 20_000 : 1000;
    let [known, unknown] = [0, 0];
    for (let trial = 0; trial < trials; trial++) {
      const index = 150 + (trial % 300);
      const values = window(random, { length: 600, index, size: -size });
      if (changePoint(values, { meanBefore: 0, confidence }).confidenceSet.includes(index)) known++;
      if (changePoint(values, { confidence }).confidenceSet.includes(index)) unknown++;
    }
    const least = confidence - 3.1 * Math.sqrt((confidence * (1 - confidence)) / trials);
    expect(known / trials).toBeGreaterThan(least);
    expect(unknown / trials).toBeGreaterThan(least);
    // A set of everything would hold it always, but a change of 2 is known to a few values.
    if (size === 2) expect(changePoint(window(random, { size }), { confidence }).confidenceSet.length).toBeLessThan(10);
  });

  it("knows the size of the change with its standard error", () => {
    const random = new RandomStream({ seed: 20_261_122n, id: 72n });
    const pulls = moments([]);
    for (let trial = 0; trial < 500; trial++) {
      const values = window(random, { mean: 40, size: 2 }).map((value) => 3 * value);
      const { size, sizeError } = changePoint(values, { standardDeviation: 3 });
      pulls.add((size - 6) / sizeError);
    }
    expect(Math.abs(pulls.mean)).toBeLessThan(0.2);
    expect(pulls.standardDeviation()).toBeCloseTo(1, 0.8);
  });

  it("passes over what is missing, but counts its places", () => {
    const values = [0, 0, Number.NaN, 0, 5, Number.NaN, 5, 5];
    expect(changePoint(values)).toMatchObject({ index: 4, size: 5, confidenceSet: [4] });
  });

  it("refuses windows and options that do not fit", () => {
    expect(() => changePoint([1, Number.NaN])).toThrow(code);
    expect(() => changePoint([1, Number.POSITIVE_INFINITY])).toThrow(code);
    expect(() => changePoint([1, 2], { confidence: 1 })).toThrow(code);
    expect(() => changePoint([1, 2], { standardDeviation: 0 })).toThrow(code);
    expect(() => changePoint([1, 2], { standardDeviation: Number.POSITIVE_INFINITY })).toThrow(code);
    expect(() => changePoint([1, 2], { meanBefore: Number.NaN })).toThrow(code);
  });
});
