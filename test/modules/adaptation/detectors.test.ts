import { describe, expect, it } from "vitest";
import { RandomStream } from "../../../core/index.ts";
import {
  Adwin,
  Cusum,
  type DetectorState,
  KsWindow,
  PageHinkley,
  type SequentialDetector,
} from "../../../modules/adaptation/index.ts";

const code = expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" });
const random = () => new RandomStream({ seed: 20_261_122n, id: 40n });
const reference = Float64Array.from({ length: 500 }, (_, i) => Math.tan(((i + 0.5) / 500 - 0.5) * 3));
const averageRunLength = 500;

const detectors: Readonly<Record<string, () => SequentialDetector<DetectorState>>> = {
  cusum: () => new Cusum({ shift: 0.5, averageRunLength }) as SequentialDetector<DetectorState>,
  "page-hinkley": () => new PageHinkley({ shift: 0.5, averageRunLength }) as SequentialDetector<DetectorState>,
  "ks-window": () =>
    new KsWindow({ reference, window: 60, stride: 20, averageRunLength }) as SequentialDetector<DetectorState>,
  adwin: () => new Adwin({ range: [-5, 5], averageRunLength }) as SequentialDetector<DetectorState>,
};

describe.each(Object.entries(detectors))("%s", (statistic, make) => {
  /** A stream that moves now and then, so that there are alarms. */
  const values = () => {
    const stream = random();
    return Array.from({ length: 6000 }, (_, i) => stream.normal() + (i % 1500 < 750 ? 0 : 1.5));
  };

  it("goes on from JSON bit for bit, wherever it is cut", () => {
    const whole = make();
    const expected = values().map((value) => whole.update(value));
    expect(expected.filter(Boolean).length).toBeGreaterThan(3);
    let detector = make();
    const found = values().map((value, i) => {
      if (i % 97 === 0) {
        const next = make();
        next.restore(JSON.parse(JSON.stringify(detector.state())));
        expect(next.state()).toEqual(detector.state());
        detector = next;
      }
      return detector.update(value);
    });
    expect(found).toEqual(expected);
    expect(detector.state()).toEqual(whole.state());
    expect(detector.count).toBe(6000);
  });

  it("names itself in its alarms, and the value that raised them", () => {
    const detector = make();
    values().forEach((value, at) => {
      const alarm = detector.update(value);
      if (!alarm) return;
      expect(alarm).toMatchObject({ statistic, at });
      expect(alarm.changedAt).toBeLessThanOrEqual(at);
      expect(alarm.value).toBeGreaterThanOrEqual(alarm.threshold);
    });
    expect(detector.averageRunLength).toBe(averageRunLength);
  });

  it("after a reset does as a new one does, but goes on counting", () => {
    const [used, fresh] = [make(), make()];
    // A multiple of what ADWIN looks at.
    const first = values().slice(0, 640);
    for (const value of first) used.update(value);
    used.reset();
    for (const value of values()) {
      const [found, expected] = [used.update(value), fresh.update(value)];
      expect(found && { ...found, at: found.at - 640, changedAt: found.changedAt - 640 }).toEqual(expected);
    }
    expect(used.count).toBe(6640);
  });

  it("refuses what is no number, and is as it was before", () => {
    const detector = make();
    for (const value of values().slice(0, 50)) detector.update(value);
    const before = detector.state();
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) expect(() => detector.update(value)).toThrow(code);
    expect(detector.state()).toEqual(before);
  });

  it("has the state that JSON keeps, also after -0", () => {
    const detector = make();
    for (let i = 0; i < 70; i++) detector.update(-0);
    expect(JSON.parse(JSON.stringify(detector.state()))).toEqual(detector.state());
  });

  it("refuses states that are not its own", () => {
    const detector = make();
    const state = detector.state();
    expect(() => detector.restore({ ...state, statistic: "other" })).toThrow(code);
    expect(() => detector.restore({ ...state, count: -1 })).toThrow(code);
    expect(() => detector.restore({ statistic, count: 3 })).toThrow(code);
  });
});

describe("a state that was damaged", () => {
  it.each([
    ["ks-window", { taken: 12.5, values: Array.from({ length: 60 }, (_, i) => i) }],
    ["ks-window", { taken: 3, values: [1, 2] }],
    ["adwin", { rows: [null] }],
    ["adwin", { rows: [{ sums: [1] }] }],
    ["adwin", { rows: [{ sums: [1], squares: [1, 1] }] }],
  ])("of %s is refused, and nothing has changed: %j", (statistic, damage) => {
    const detector = (detectors[statistic] as () => SequentialDetector<DetectorState>)();
    for (let i = 0; i < 100; i++) detector.update(i / 100);
    const before = detector.state();
    expect(() => detector.restore({ ...before, ...damage } as DetectorState)).toThrow(code);
    expect(detector.state()).toEqual(before);
  });
});

describe("options", () => {
  it("out of range are refused", () => {
    expect(() => new PageHinkley({ shift: 1, averageRunLength, standardDeviation: 0 })).toThrow(code);
    expect(() => new Adwin({ range: [1, 1], averageRunLength })).toThrow(code);
    expect(() => new Adwin({ range: [0, 1], averageRunLength: 32 })).toThrow(code);
    expect(() => new KsWindow({ reference, window: 60, stride: 7, averageRunLength })).toThrow(code);
    expect(() => new KsWindow({ reference: [1], window: 60, averageRunLength })).toThrow(code);
    expect(() => new KsWindow({ reference: [1, Number.NaN], window: 60, averageRunLength })).toThrow(code);
    expect(() => new KsWindow({ reference, window: 60, averageRunLength: 60 })).toThrow(code);
    expect(() => new KsWindow({ reference, window: 2, averageRunLength: 1e9 })).toThrow(/too small/);
  });
});
