import { describe, expect, it } from "vitest";
import { moments, RandomStream } from "../../../core/index.ts";
import {
  Cusum,
  cusumDelay,
  cusumFalseAlarmRate,
  cusumThreshold,
  leastDetectionDelay,
  NormalScores,
  PageHinkley,
  type SequentialDetector,
} from "../../../modules/adaptation/index.ts";
import { poissonInterval } from "./poisson.ts";
import { exactRunLength } from "./run-length.ts";

const IS_LONG = process.env["TWINLOOM_LONG"] === "1";
const VALUES = IS_LONG ? 2e7 : 2e6;
const normals = (id: bigint) => new RandomStream({ seed: 20_261_122n, id });
const code = expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" });

function alarmsOf(detector: SequentialDetector, values: number, next: () => number): number {
  let alarms = 0;
  for (let i = 0; i < values; i++) if (detector.update(next())) alarms++;
  return alarms;
}

describe("the threshold of a cumulative sum", () => {
  it.each([
    [0.1, 1e4, 2e-4],
    [0.2, 1e6, 2e-4],
    [0.5, 1e3, 3e-4],
    [1, 1e8, 5e-4],
    [2, 1e4, 3e-3],
    [3, 1e3, 0.04],
    [4.5, 1e5, 0.04],
  ])("for a shift of %d and a run length of %d is that of Page's integral equation", (shift, runLength, tolerance) => {
    const threshold = cusumThreshold({ shift }, runLength);
    expect(exactRunLength(shift / 2, threshold) / 2 / runLength).toBeCloseTo(1, -Math.log10(2 * tolerance));
    expect(cusumFalseAlarmRate(threshold, { shift }) * runLength).toBeCloseTo(1, 12);
  });

  it("is larger for a reference sample, the more the smaller it is", () => {
    const of = (referenceSize: number) => cusumThreshold({ shift: 0.2, referenceSize }, 1e5);
    expect(of(1e3)).toBeGreaterThan(of(1e4) * 1.1);
    expect(of(1e4)).toBeGreaterThan(of(1e6) * 1.01);
    expect(of(1e9)).toBeCloseTo(cusumThreshold({ shift: 0.2 }, 1e5), 3);
  });

  it("refuses shifts, run lengths and references that there are not", () => {
    for (const shift of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => cusumThreshold({ shift }, 1e4)).toThrow(code);
    }
    expect(() => cusumThreshold({ shift: 1 }, 2)).toThrow(code);
    expect(() => cusumThreshold({ shift: 1 }, Number.POSITIVE_INFINITY)).toThrow(code);
    expect(() => cusumThreshold({ shift: 1, referenceSize: 1 }, 1e4)).toThrow(code);
  });
});

describe("without a change", () => {
  it.each([0.1, 0.5, 1])("a cumulative sum for a shift of %d raises as many alarms as it states", (shift) => {
    const stream = normals(1n);
    const alarms = alarmsOf(new Cusum({ shift, averageRunLength: 1e4 }), VALUES, () => stream.normal());
    const [low, high] = poissonInterval(VALUES / 1e4);
    expect(alarms).toBeGreaterThanOrEqual(low);
    expect(alarms).toBeLessThanOrEqual(high);
  });

  it.each([0.1, 0.5])("Page and Hinkley's test for a shift of %d does, whatever the mean", (shift) => {
    const stream = normals(2n);
    const detector = new PageHinkley({ shift, averageRunLength: 1e4, standardDeviation: 3 });
    const alarms = alarmsOf(detector, VALUES, () => 1000 + 3 * stream.normal());
    const [low, high] = poissonInterval(VALUES / 1e4);
    expect(alarms).toBeGreaterThanOrEqual(low);
    expect(alarms).toBeLessThanOrEqual(high);
  });

  it("the stated rate holds on average over reference samples, of a feature that is far from normal", () => {
    const stream = normals(3n);
    const next = () => Math.exp(2 * stream.normal());
    const [references, size, values, averageRunLength] = [IS_LONG ? 3000 : 400, 1000, 5000, 1000];
    const known = moments([]);
    const ignored = moments([]);
    const honest = new Cusum({ shift: 0.3, averageRunLength, referenceSize: size });
    const naive = new Cusum({ shift: 0.3, averageRunLength });
    for (let i = 0; i < references; i++) {
      const scores = NormalScores.fit(Float64Array.from({ length: size }, next), 1);
      honest.reset();
      naive.reset();
      const stretch = Float64Array.from({ length: values }, () => scores.scoreOf(next()));
      known.add(stretch.filter((score) => honest.update(score) !== undefined).length);
      ignored.add(stretch.filter((score) => naive.update(score) !== undefined).length);
    }
    const expected = values / averageRunLength;
    // Errors of a reference are taken as normal, which is right to some 1 % for 1,000 events.
    expect(Math.abs(known.mean - expected)).toBeLessThan(3.5 * known.meanError + 0.02 * expected);
    expect(ignored.mean - expected).toBeGreaterThan(3.5 * ignored.meanError);
  });

  it("a feature that is mostly zero stays below the stated rate", () => {
    const stream = normals(4n);
    const next = () => (stream.uniform() < 0.7 ? 0 : Math.exp(stream.normal()));
    const scores = NormalScores.fit(Float64Array.from({ length: 100_000 }, next), 1);
    const detector = new Cusum({ shift: 0.2, averageRunLength: 1e4, referenceSize: 100_000 });
    const alarms = alarmsOf(detector, VALUES / 2, () => scores.scoreOf(next()));
    expect(alarms).toBeLessThanOrEqual(poissonInterval(VALUES / 2e4)[1]);
  });
});

describe("after a change", () => {
  it.each([
    [0.2, 0.2],
    [0.2, 0.4],
    [0.5, 0.5],
    [0.5, 0.3],
  ])("a cumulative sum for a shift of %d sees one of %d after the stated delay", (design, shift) => {
    const stream = normals(5n);
    const detector = new Cusum({ shift: design, averageRunLength: 1e5 });
    const delays = moments([]);
    for (let trial = 0; trial < (IS_LONG ? 20_000 : 2000); trial++) {
      for (let delay = 1; ; delay++) {
        const alarm = detector.update(stream.normal() - shift);
        if (!alarm) continue;
        expect(alarm.direction).toBe("down");
        delays.add(delay);
        break;
      }
    }
    const stated = cusumDelay(detector.threshold, { shift: design }, shift);
    expect(Math.abs(delays.mean - stated)).toBeLessThan(3.5 * delays.meanError + 0.003 * stated);
  });

  it.each([
    [0.05, 1e5],
    [0.1, 1e6],
    [0.5, 1e9],
  ])(
    "a cumulative sum for a shift of %d and a run length of %d is near what no detector can beat",
    (shift, runLength) => {
      const delay = cusumDelay(cusumThreshold({ shift }, runLength), { shift });
      const least = leastDetectionDelay(shift, runLength);
      expect(delay).toBeGreaterThan(least);
      // That it does not know which way the mean will go costs ln 2 / (shift² / 2).
      expect(delay).toBeLessThan(least + (2 * Math.log(2)) / shift ** 2);
    },
  );

  it.each([
    [0.5, 1e4, 0.001],
    [1, 1e4, 0.004],
    [2, 1e4, 0.03],
  ])(
    "the least delay for a shift of %d and a run length of %d is that of the best sum, by its integral equation",
    (shift, runLength, tolerance) => {
      let [low, high] = [0, 20 / shift];
      while (high - low > 1e-9) {
        const threshold = (low + high) / 2;
        if (exactRunLength(shift / 2, threshold) < runLength) low = threshold;
        else high = threshold;
      }
      // After the change each value adds half of the shift on average.
      const ratio = leastDetectionDelay(shift, runLength) / exactRunLength(-shift / 2, high);
      expect(ratio).toBeGreaterThan(1 - tolerance);
      expect(ratio).toBeLessThan(1);
    },
  );

  it("the least delay is one value at least, and refuses what is no shift and no run length", () => {
    expect(leastDetectionDelay(10, 1e3)).toBe(1);
    for (const shift of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => leastDetectionDelay(shift, 1e3)).toThrow(code);
    }
    for (const runLength of [1, -5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => leastDetectionDelay(1, runLength)).toThrow(code);
    }
  });

  it("the least delay comes to Lorden's limit for very long run lengths, and is well below it for others", () => {
    expect(leastDetectionDelay(0.1, 1e300) / ((2 * Math.log(1e300)) / 0.01)).toBeCloseTo(0.99, 2);
    expect(leastDetectionDelay(0.1, 1e6) / ((2 * Math.log(1e6)) / 0.01)).toBeCloseTo(0.544, 2);
  });

  it("a cumulative sum tells the change about where it was, and which way", () => {
    const stream = normals(6n);
    const detector = new Cusum({ shift: 0.5, averageRunLength: 1e6 });
    for (let i = 0; i < 5000; i++) expect(detector.update(stream.normal())).toBeUndefined();
    let alarm: ReturnType<typeof detector.update>;
    while (!alarm) alarm = detector.update(stream.normal() + 0.5);
    expect(alarm).toMatchObject({ statistic: "cusum", direction: "up", threshold: detector.threshold });
    expect(Math.abs(alarm.changedAt - 5000)).toBeLessThan(40);
    expect(alarm.at).toBe(detector.count - 1);
    expect(alarm.value).toBeGreaterThanOrEqual(detector.threshold);
  });

  it("Page and Hinkley's test learns the new mean and is quiet again", () => {
    const stream = normals(7n);
    const detector = new PageHinkley({ shift: 0.5, averageRunLength: 1e6 });
    for (let i = 0; i < 5000; i++) expect(detector.update(stream.normal())).toBeUndefined();
    const alarms = [];
    for (let i = 0; i < 5000; i++) alarms.push(detector.update(stream.normal() + 1) ?? []);
    expect(alarms.flat()).toMatchObject([{ direction: "up" }]);
  });
});
