import { describe, expect, it } from "vitest";
import { moments, RandomStream, RunningCovariance } from "../../../core/index.ts";
import { Cusum, leastDetectionDelay, matchedDirection } from "../../../modules/adaptation/index.ts";

const code = expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" });

describe("a matched direction", () => {
  it("of independent features weighs each by its part of the change", () => {
    const { weights, shift } = matchedDirection(Float64Array.of(1, 0, 0, 4), [3, 8]);
    // δᵀΣ⁻¹δ = 9 + 64 / 4.
    expect(shift).toBeCloseTo(5, 12);
    expect(Array.from(weights)).toEqual([expect.closeTo(3 / 5, 12), expect.closeTo(2 / 5, 12)]);
  });

  it("of correlated features uses what does not change to take away what fluctuates", () => {
    // The second feature does not move, but knows most of the noise of the first: 1 / (1 - ρ²) more information.
    const { shift } = matchedDirection(Float64Array.of(1, 0.95, 0.95, 1), [0.1, 0]);
    expect(shift).toBeCloseTo(0.1 / Math.sqrt(1 - 0.95 ** 2), 12);
  });

  it("lets a cumulative sum see a change of one layer nearly as fast as anything can", () => {
    const random = new RandomStream({ seed: 20_261_122n, id: 80n });
    const features = 20;
    const event = new Float64Array(features);
    const draw = (change: number) => {
      const shared = random.normal();
      for (let i = 0; i < features; i++) event[i] = 0.9 * shared + Math.sqrt(1 - 0.81) * random.normal();
      event[7] = (event[7] as number) + change;
      return event;
    };
    const covariance = new RunningCovariance(features);
    for (let i = 0; i < 50_000; i++) covariance.add(draw(0));
    const change = new Float64Array(features);
    change[7] = 0.1;
    const { weights, shift } = matchedDirection(covariance.result().covariance, change);
    // By the inverse of such a matrix: 1 / (1 - ρ) of nearly all the variance is shared.
    expect(shift).toBeCloseTo(0.1 / Math.sqrt(0.19), 1.5);
    const detector = new Cusum({ shift, averageRunLength: 1e6, referenceSize: 50_000 });
    const delays = moments([]);
    for (let trial = 0; trial < 100; trial++) {
      for (let delay = 1; ; delay++) {
        const projection = draw(0.1).reduce((sum, value, i) => sum + value * (weights[i] as number), 0);
        if (!detector.update(projection)) continue;
        delays.add(delay);
        break;
      }
    }
    const least = leastDetectionDelay(shift, 1e6);
    expect(delays.mean).toBeGreaterThan(least - 3.5 * delays.meanError);
    expect(delays.mean).toBeLessThan(1.25 * least + 3.5 * delays.meanError);
    // The feature alone takes about five times as long.
    expect(leastDetectionDelay(0.1, 1e6) / least).toBeGreaterThan(4);
  });

  it("refuses a change of nothing, and features that determine each other", () => {
    expect(() => matchedDirection(Float64Array.of(1, 0, 0, 1), [0, 0])).toThrow(code);
    expect(() => matchedDirection(Float64Array.of(1, 1, 1, 1), [1, 2])).toThrow(code);
    expect(() => matchedDirection(Float64Array.of(1, 0, 0), [1, 2])).toThrow(code);
  });
});
