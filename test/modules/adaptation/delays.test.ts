import { describe, expect, it } from "vitest";
import { moments, RandomStream } from "../../../core/index.ts";
import { Adwin, Cusum, cusumDelay, KsWindow, PageHinkley } from "../../../modules/adaptation/index.ts";

const isLong = process.env["TWINLOOM_LONG"] === "1";
const SHIFT = 0.3;
const averageRunLength = 1e6;
const random = new RandomStream({ seed: 77n, id: 1n });
const reference = Float64Array.from({ length: 10_000 }, () => random.normal());

/** What docs/explanation/drift-detection.md says of a shift of 0.3: mean delay, and its standard error there. */
const page = {
  cusum: { make: () => new Cusum({ shift: SHIFT, averageRunLength }), quiet: 3000, delay: 215, error: 4.4 },
  "page-hinkley": {
    make: () => new PageHinkley({ shift: SHIFT, averageRunLength }),
    quiet: 3000,
    delay: 262,
    error: 13,
  },
  "ks-window": {
    make: () => new KsWindow({ reference, window: 1000, stride: 100, averageRunLength }),
    quiet: 3000,
    delay: 590,
    error: 21,
  },
  adwin: { make: () => new Adwin({ range: [-8, 8], averageRunLength }), quiet: 3000, delay: 1930, error: 64 },
};

describe("the delays that the page states", () => {
  it.each(Object.entries(page))("are those of %s", (_, { make, quiet, delay: stated, error }) => {
    const detector = make();
    const delays = moments([]);
    for (let trial = 0; trial < (isLong ? 400 : 20); trial++) {
      detector.reset();
      for (let i = 0; i < quiet; i++) detector.update(random.normal());
      let delay = 1;
      while (!detector.update(random.normal() + SHIFT)) delay++;
      delays.add(delay);
    }
    expect(Math.abs(delays.mean - stated)).toBeLessThan(3.5 * Math.hypot(error, delays.meanError));
  });

  it("are longest for a cumulative sum from 0", () => {
    const { threshold } = new Cusum({ shift: SHIFT, averageRunLength });
    expect(cusumDelay(threshold, { shift: SHIFT })).toBeCloseTo(231, -0.3);
  });
});
