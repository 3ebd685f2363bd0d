import { describe, expect, it } from "vitest";
import { regularizedGammaP } from "../../../../core/index.ts";
import {
  type CounterChange,
  logRatio,
  silenceDelay,
} from "../../../../modules/adaptation/counters/likelihood-ratio.ts";
import { meanBounds } from "../../../../modules/adaptation/counters/mean-bounds.ts";

const CHANGES: readonly CounterChange[] = [
  { from: "sound", to: "silent", times: 1, rate: 0 },
  { from: "sound", to: "noisy", times: 2, rate: 0 },
  { from: "sound", to: "noisy", times: 8, rate: 0 },
];

/** The mean of the likelihood ratio of an event that counts with this probability. */
function meanRatio(mean: number, change: CounterChange, { lower = mean, upper = mean } = {}): number {
  const [no, yes] = [0, 1].map((counted) => Math.exp(logRatio({ events: 1, counted, lower, upper }, change)));
  return (1 - mean) * (no as number) + mean * (yes as number);
}

describe("a likelihood ratio of a counter", () => {
  it("has a mean of at most 1 where nothing has changed, however often the counter counts", () => {
    for (const change of CHANGES) {
      for (const mean of [1e-6, 1e-3, 0.03, 0.3, 0.7, 0.99, 1]) {
        expect(meanRatio(mean, change)).toBeLessThanOrEqual(1 + 1e-12);
        expect(meanRatio(mean, change, { lower: 0.7 * mean, upper: 1.4 * mean })).toBeLessThanOrEqual(1 + 1e-12);
      }
    }
  });

  it("has one above 1 where the bounds are wrong: that is what they are for", () => {
    expect(meanRatio(0.1, CHANGES[0] as CounterChange, { lower: 0.2 })).toBeGreaterThan(1);
    expect(meanRatio(0.1, CHANGES[1] as CounterChange, { upper: 0.05 })).toBeGreaterThan(1);
  });

  it("of a silent counter that is sound again has a mean of at most 1 while it counts a tenth, or less, of what it should", () => {
    const change: CounterChange = { from: "silent", to: "sound", times: 1, rate: 0 };
    for (const expected of [0.01, 0.5, 1]) {
      for (const share of [0, 0.05, 0.1]) {
        const bounds = { lower: expected, upper: expected };
        expect(meanRatio(share * expected, change, bounds)).toBeLessThanOrEqual(1 + 1e-12);
      }
      expect(meanRatio(expected, change, { lower: expected, upper: expected })).toBeGreaterThan(1);
    }
  });

  it("of a noisy counter that is sound again has a mean of at most 1 while half of its noise is there", () => {
    const change: CounterChange = { from: "noisy", to: "sound", times: 1, rate: 0.2 };
    const bounds = { lower: 0.05, upper: 0.06 };
    expect(meanRatio(0.15, change, bounds)).toBeLessThanOrEqual(1);
    expect(meanRatio(0.055, change, bounds)).toBeGreaterThan(1);
    // Noise below what the reference leaves open cannot be told to be gone.
    expect(logRatio({ events: 1, counted: 0, lower: 0.05, upper: 0.2 }, change)).toBe(0);
  });

  it("grows by 0.9 for each count that a silent counter lacks", () => {
    expect(silenceDelay(0.01, 18)).toBeCloseTo(2000, 9);
  });
});

describe("bounds on the mean of a count", () => {
  it("are beyond what a Poisson count allows at this level, and not far", () => {
    for (const count of [1, 3, 20, 400]) {
      for (const level of [1e-2, 1e-6]) {
        const { lower, upper } = meanBounds(count, level);
        const [atLeast, atMost] = [regularizedGammaP(count, lower), 1 - regularizedGammaP(count + 1, upper)];
        expect(atLeast).toBeLessThanOrEqual(level);
        expect(atMost).toBeLessThanOrEqual(level);
        // Chernoff's bound is exponentially tight: 30 times at most here.
        expect(Math.min(atLeast, atMost)).toBeGreaterThan(level / 60);
      }
    }
  });

  it("of a count of 0 are 0 and -ln(level), which is exact", () => {
    expect(meanBounds(0, 1e-3)).toEqual({ lower: 0, upper: -Math.log(1e-3) });
  });
});
