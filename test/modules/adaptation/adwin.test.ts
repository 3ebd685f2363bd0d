import { describe, expect, it } from "vitest";
import { RandomStream } from "../../../core/index.ts";
import { Adwin } from "../../../modules/adaptation/index.ts";
import { poissonInterval } from "./poisson.ts";

const IS_LONG = process.env["TWINLOOM_LONG"] === "1";
const stream = (id: bigint) => new RandomStream({ seed: 20_261_122n, id });

describe("ADWIN", () => {
  it.each([
    ["uniform", (random: RandomStream) => random.uniform()],
    ["rare ones among zeros", (random: RandomStream) => (random.uniform() < 0.03 ? 1 : 0)],
    ["skewed", (random: RandomStream) => Math.min(1, random.exponential() / 10)],
  ])("is at or under the stated rate: %s", (_, next) => {
    const random = stream(60n);
    const values = IS_LONG ? 2e7 : 1e6;
    const detector = new Adwin({ range: [0, 1], averageRunLength: 1e4 });
    let alarms = 0;
    for (let i = 0; i < values; i++) if (detector.update(next(random))) alarms++;
    expect(alarms).toBeLessThanOrEqual(poissonInterval(values / 1e4)[1]);
  });

  it("cuts its window where the mean changed, and knows the mean of now", () => {
    const random = stream(61n);
    const detector = new Adwin({ range: [0, 100], averageRunLength: 1e6 });
    for (let i = 0; i < 20_000; i++) expect(detector.update(40 + 20 * random.uniform())).toBeUndefined();
    expect(detector.windowLength).toBe(20_000);
    expect(detector.mean).toBeCloseTo(50, 0.5);
    const alarms = [];
    for (let i = 0; i < 20_000; i++) alarms.push(detector.update(30 + 20 * random.uniform()) ?? []);
    expect(alarms.flat().length).toBeGreaterThan(0);
    const [first] = alarms.flat();
    expect(first).toMatchObject({ direction: "down", statistic: "adwin" });
    expect(first?.at).toBeLessThan(20_000 + 500);
    expect(Math.abs((first?.changedAt ?? 0) - 20_000)).toBeLessThan(1024);
    expect(detector.mean).toBeCloseTo(40, 0.5);
  });

  it("has the mean of all values of a window that was never cut, and little memory", () => {
    const random = stream(62n);
    const detector = new Adwin({ range: [-1, 3], averageRunLength: 1e9 });
    const values = Array.from({ length: 100_001 }, () => random.uniform());
    for (const value of values) detector.update(value);
    expect(detector.windowLength).toBe(100_001);
    expect(detector.mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / 100_001, 10);
    const { rows } = detector.state();
    expect(rows.length).toBeLessThanOrEqual(17);
    for (const { sums } of rows) expect(sums.length).toBeLessThanOrEqual(5);
  });

  it("takes what is beyond the range for its end", () => {
    const detector = new Adwin({ range: [0, 1], averageRunLength: 1e4 });
    for (const value of [-5, 7, 0.5]) detector.update(value);
    expect(detector.mean).toBeCloseTo(0.5, 12);
  });
});
