import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Adaptable, Expectation, Features } from "twinloom";
import { describe, expect, it, type TestContext } from "vitest";
import { type Fitted, gaussNewton, indexOf, initialOf, sumOf } from "./gauss-newton.ts";
import { COLUMNS, FOLDER, gained, ganTwin } from "./shower-features.ts";

const IS_LONG = process.env["TWINLOOM_LONG"] === "1";
const SIZES = IS_LONG
  ? { templateShowers: 8000, reference: 10_000, test: 10_000, window: 3000 }
  : { templateShowers: 2000, reference: 3000, test: 3000, window: 1000 };
/** Events of a window. */
const WINDOW = SIZES.window;
/** Twice the logarithm of one false alarm of 45 features in a million events. */
const THRESHOLD = 2 * Math.log(45e6);
const LAYERS = 30;

interface Setup {
  readonly adaptable: Adaptable;
  readonly expectation: Expectation;
  /** Of showers that the GAN was neither trained nor is corrected with. */
  readonly test: Features;
  readonly thicker: Features;
}
let made: Promise<Setup> | undefined;

/** The GAN as the twin, full simulation (EGSnrc) as the instrument. */
function setup({ skip }: TestContext): Promise<Setup> {
  skip(!existsSync(join(FOLDER, "showers-test.h5")), `No showers in ${FOLDER}. Set TWINLOOM_SHOWERS to their folder.`);
  made ??= makeSetup();
  return made;
}

async function makeSetup(): Promise<Setup> {
  await using gan = await ganTwin(SIZES.templateShowers);
  const { adaptable } = gan;
  const reference = await gan.simulated("showers-train.h5", SIZES.reference);
  const expectation = await adaptable.expect(reference, initialOf(adaptable));
  const test = await gan.simulated("showers-test.h5", SIZES.test);
  return { adaptable, expectation, test, thicker: await gan.simulated("showers-drift-w1.5.h5", WINDOW) };
}

function windowOf({ values, timesNs }: Features, from = 0): Features {
  const to = from + WINDOW;
  return { count: WINDOW, values: values.subarray(from * COLUMNS, to * COLUMNS), timesNs: timesNs.subarray(from, to) };
}

/** Each cause of one condition fitted by itself, the best first; for that of many, see {@link allGains}. */
function attribute({ adaptable, expectation }: Setup, features: Features): (Fitted & { readonly name: string })[] {
  return (
    adaptable.causes
      // These showers have no temperature.
      .filter(({ name, conditions }) => conditions.length === 1 && name !== "temperature coefficient")
      .map(({ name, conditions: free }) => {
        const steps = name.startsWith("gain of layer") ? 2 : 4;
        return { name, ...gaussNewton(expectation, features, { adaptable, free, steps }) };
      })
      .sort((a, b) => b.reduction - a.reduction)
  );
}

function allGains({ adaptable, expectation }: Setup, features: Features): Fitted {
  const free = adaptable.causes.find(({ name }) => name === "gains of all layers")?.conditions ?? [];
  expect(free).toHaveLength(LAYERS);
  return gaussNewton(expectation, features, { adaptable, free });
}

describe("the GAN as a twin of full simulation", () => {
  it("sees steps of gain after the events that decision 33 states", { timeout: 600_000 }, async (context) => {
    const { adaptable, expectation, test } = await setup(context);
    const initial = initialOf(adaptable);
    const size = adaptable.conditions.length;
    const column = (features: Features, index: number): Float64Array =>
      expectation.scores(features, initial).filter((_, i) => i % size === index);
    const eventsUntil = (layer: number, step: number): number => {
      const index = indexOf(adaptable, `gain of layer ${layer}`);
      const before = column(test, index);
      const after = column(
        gained(test, 1 + step, (each) => each === layer),
        index,
      );
      const mean = sumOf(before) / test.count;
      const variance = sumOf(before.map((score) => (score - mean) ** 2)) / test.count;
      return (THRESHOLD * variance) / (sumOf(after) / test.count - mean) ** 2;
    };
    const layers = IS_LONG ? [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14] : [3, 8, 9];
    const events = new Map(layers.map((layer) => [layer, eventsUntil(layer, 0.03)]));
    const best = Math.min(...layers.map((layer) => eventsUntil(layer, 0.01)));
    expect(Math.max(...events.values())).toBeLessThan(2500);
    expect(Math.abs((events.get(3) as number) / 1950 - 1)).toBeLessThan(IS_LONG ? 0.05 : 0.15);
    expect(Math.abs((events.get(8) as number) / 615 - 1)).toBeLessThan(IS_LONG ? 0.05 : 0.15);
    expect(Math.abs(best / 5300 - 1)).toBeLessThan(IS_LONG ? 0.05 : 0.15);
  });

  it("finds 1.5 mm of absorber, which it was never trained on, and that it is the thickness", {
    timeout: 600_000,
  }, async (context) => {
    const all = await setup(context);
    const [best, second] = attribute(all, all.thicker);
    expect(best?.name).toBe("absorber thickness");
    expect(Math.abs((best?.conditions.at(-1) as number) - 1.5)).toBeLessThan(0.02);
    expect(second?.name).toBe("common gain");
    expect((best?.reduction as number) - (second?.reduction as number)).toBeGreaterThan(WINDOW / 6);
    const gains = allGains(all, all.thicker);
    expect(best?.reduction as number).toBeGreaterThan(gains.reduction);
  });

  it("finds a gain of layer 8 as that, and a common gain as that", { timeout: 600_000 }, async (context) => {
    const all = await setup(context);
    const step = gained(windowOf(all.test), 1.03, (layer) => layer === 8);
    const [layer] = attribute(all, step);
    expect(layer?.name).toBe("gain of layer 8");
    const moved = layer?.conditions[indexOf(all.adaptable, "gain of layer 8")] as number;
    expect(Math.abs(moved - 1.03)).toBeLessThan(4 * (layer?.errors[0] as number));
    const common = gained(windowOf(all.test), 0.97, () => true);
    const [best, second] = attribute(all, common);
    expect(best?.name).toBe("common gain");
    expect(Math.abs((best?.conditions[0] as number) - 0.97)).toBeLessThan(4 * (best?.errors[0] as number));
    expect((best?.reduction as number) - (second?.reduction as number)).toBeGreaterThan(Math.log(WINDOW));
    const rival = allGains(all, common);
    expect((best?.reduction as number) - rival.reduction).toBeGreaterThan(-(LAYERS - 1) * Math.log(WINDOW));
  });

  it("finds nothing worth its price where nothing has changed", { timeout: 600_000 }, async (context) => {
    const all = await setup(context);
    for (let from = 0; from + WINDOW <= all.test.count; from += IS_LONG ? WINDOW : all.test.count) {
      const [best, ...others] = attribute(all, windowOf(all.test, from));
      // The best of many causes: Chen and Chen, Biometrika 95 (2008) 759.
      const price = Math.log(WINDOW) + 2 * Math.log(others.length + 1);
      expect(best?.reduction, `events from ${from}: ${best?.name}`).toBeLessThan(price);
    }
  });
});
