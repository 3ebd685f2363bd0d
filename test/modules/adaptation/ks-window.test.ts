import { describe, expect, it } from "vitest";
import { kolmogorovSmirnov, moments, RandomStream } from "../../../core/index.ts";
import { KsWindow } from "../../../modules/adaptation/index.ts";
import { ksLattice, ksProbability, ksThreshold } from "../../../modules/adaptation/ks-threshold.ts";

const IS_LONG = process.env["TWINLOOM_LONG"] === "1";

/** Of all orders of the two samples, by counting. */
function countedProbability(m: number, n: number, distance: number): number {
  let [all, far] = [0, 0];
  const walk = (i: number, j: number, isFar: boolean): void => {
    const now = isFar || Math.abs(i / m - j / n) >= distance - 1e-12;
    if (i === m && j === n) {
      all++;
      if (now) far++;
    }
    if (i < m) walk(i + 1, j, now);
    if (j < n) walk(i, j + 1, now);
  };
  walk(0, 0, false);
  return far / all;
}

describe("the distribution of the distance", () => {
  it.each([
    [3, 5],
    [6, 6],
    [8, 4],
    [9, 7],
  ])("of samples of %d and %d is what counting all orders gives", (m, n) => {
    const lattice = ksLattice(m, n);
    for (let distance = 1; distance <= lattice.steps; distance++) {
      expect(ksProbability(lattice, distance)).toBeCloseTo(countedProbability(m, n, distance / lattice.steps), 13);
    }
  });

  it("of large samples is near Kolmogorov's limit", () => {
    const lattice = ksLattice(20_000, 1000);
    const distance = Math.round((1.6 * lattice.steps) / Math.sqrt((20_000 * 1000) / 21_000));
    const limit = 2 * Math.exp(-2 * 1.6 ** 2) - 2 * Math.exp(-8 * 1.6 ** 2);
    expect(ksProbability(lattice, distance) / limit).toBeCloseTo(1, 1);
    // Tails keep their digits.
    expect(ksProbability(lattice, lattice.steps)).toBeLessThan(1e-300);
  });

  it.each([
    [500, 60, 0.01],
    [1000, 1000, 1e-6],
    [997, 100, 1e-4],
  ])("of %d and %d gives the least threshold for %d, or nearly", (m, n, probability) => {
    const lattice = ksLattice(m, n);
    const threshold = ksThreshold(lattice, probability);
    expect(ksProbability(lattice, threshold)).toBeLessThanOrEqual(probability);
    // In a lattice as coarse as that of equal sizes, one step less may be all there is.
    const isNear = ksProbability(lattice, threshold) >= 0.98 * probability;
    expect(isNear || ksProbability(lattice, threshold - 1) > probability).toBe(true);
  });
});

describe("a window against a reference", () => {
  it.each([
    [200, 200],
    [200, 50],
  ])("of %d values, compared at each %d, is at or under the stated rate", (window, stride) => {
    const random = new RandomStream({ seed: 20_261_122n, id: 50n });
    const [references, values, averageRunLength] = [IS_LONG ? 1000 : 100, 10_000, 2000];
    const alarms = moments([]);
    for (let i = 0; i < references; i++) {
      // A heavy tail, a step and a hole.
      const next = () => {
        const normal = random.normal();
        return normal < -1 ? -5 : Math.exp(3 * normal);
      };
      const reference = Float64Array.from({ length: 1000 }, next);
      const detector = new KsWindow({ reference, window, stride, averageRunLength });
      let count = 0;
      for (let k = 0; k < values; k++) if (detector.update(next())) count++;
      alarms.add(count);
    }
    const stated = values / averageRunLength;
    expect(alarms.mean).toBeLessThan(stated + 3.5 * alarms.meanError);
    expect(alarms.mean).toBeGreaterThan(stride === window ? 0.5 * stated : 0.1 * stated);
  });

  it("sees a change of width that leaves the mean, and tells the window it is in", () => {
    const random = new RandomStream({ seed: 20_261_122n, id: 51n });
    const reference = Float64Array.from({ length: 5000 }, () => random.normal());
    const detector = new KsWindow({ reference, window: 400, stride: 100, averageRunLength: 1e6 });
    for (let i = 0; i < 2000; i++) expect(detector.update(random.normal())).toBeUndefined();
    let alarm: ReturnType<typeof detector.update>;
    while (!alarm) alarm = detector.update(2 * random.normal());
    expect(alarm).toMatchObject({ statistic: "ks-window", direction: "either", changedAt: alarm.at - 399 });
    expect(alarm.at).toBeLessThan(2000 + 400);
  });

  it("has the distance that the two-sample test has, ties among the values or not", () => {
    const random = new RandomStream({ seed: 20_261_122n, id: 52n });
    const next = () => Math.round(4 * random.normal()) / 4;
    const reference = Float64Array.from({ length: 300 }, next);
    const detector = new KsWindow({ reference, window: 40, averageRunLength: 60 });
    let alarms = 0;
    for (let i = 0; i < 200; i++) {
      const window = Float64Array.from({ length: 40 }, () => next() + 0.25);
      const alarm = Array.from(window, (value) => detector.update(value)).at(-1);
      const { statistic } = kolmogorovSmirnov(reference, window);
      expect(alarm?.value ?? 0).toBeCloseTo(statistic >= detector.threshold - 1e-12 ? statistic : 0, 12);
      if (alarm) alarms++;
    }
    expect(alarms).toBeGreaterThan(50);
  });
});
