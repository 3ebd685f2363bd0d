import { beforeAll, describe, expect, it } from "vitest";
import { type Expectation, moments, RandomStream } from "../../../../core/index.ts";
import { fitConditions } from "../../../../modules/adaptation/index.ts";
import {
  COMMON,
  conditionsWith,
  heavyTails,
  initialConditions,
  PER_KELVIN,
  SHAPE,
  SyntheticTwin,
  simulate,
} from "./synthetic-twin.ts";

const twin = new SyntheticTwin();
const { conditions } = twin;
const from = initialConditions(twin);
const REFERENCE = 20_000;

describe.each([
  ["Gaussian", {}],
  ["heavy-tailed", { spread: heavyTails }],
])("a fit of conditions to %s events", (_, noise) => {
  const random = new RandomStream({ seed: 20_261_122n, id: 700n });
  let expectation: Expectation;
  const make = (changes: Readonly<Record<number, number>>, count: number) =>
    simulate({ random, conditions: conditionsWith(changes), count, ...noise });
  const fitted = (moved: readonly number[], features: ReturnType<typeof make>) => {
    const found = fitConditions(expectation, features, { conditions, moved, from, referenceEvents: REFERENCE });
    if (!found) throw new Error("the events say nothing");
    return found;
  };

  beforeAll(async () => {
    expectation = await twin.expect(make({}, REFERENCE), from);
  });

  it("errs by what its standard errors say", () => {
    const moved = [3, 7, SHAPE];
    const truth = [0.96, 1.03, 0.3];
    const pulls = truth.map((): number[] => []);
    for (let trial = 0; trial < 200; trial++) {
      const { values, errors, converged } = fitted(moved, make({ 3: 0.96, 7: 1.03, [SHAPE]: 0.3 }, 500));
      expect(converged).toBe(true);
      moved.forEach((index, i) => {
        pulls[i]?.push(((values[index] as number) - (truth[i] as number)) / (errors[i] as number));
      });
    }
    for (const pull of pulls) {
      const pullMoments = moments(pull);
      // One reference for all: its own error, √(500 / 20,000) = 0.16 standard errors of a fit, is common to the pulls.
      expect(Math.abs(pullMoments.mean)).toBeLessThan(4 * Math.hypot(1 / Math.sqrt(200), Math.sqrt(500 / REFERENCE)));
      expect(Math.abs(pullMoments.standardDeviation() - 1)).toBeLessThan(4 / Math.sqrt(400));
    }
  });

  it("goes a long way, where the information changes on it", () => {
    const { values, errors, iterations } = fitted([SHAPE], make({ [SHAPE]: 1.8 }, 2000));
    expect(iterations).toBeGreaterThan(1);
    expect(Math.abs((values[SHAPE] as number) - 1.8)).toBeLessThan(5 * (errors[0] as number));
    expect(errors[0]).toBeLessThan(0.004);
  });

  it("stops at a bound, tells it, and lets the others go on", () => {
    const { values, errors, atBounds, converged } = fitted([5, COMMON], make({ 5: 1.1, [COMMON]: 1.3 }, 2000));
    expect({ converged, atBounds }).toEqual({ converged: true, atBounds: [COMMON] });
    expect(values[COMMON]).toBe(1.2);
    expect(values[5]).toBeGreaterThan(1.1);
    expect(errors[1]).toBeNaN();
    expect(errors[0]).toBeGreaterThan(0);
  });

  it("reduces the deviance by what it says, and moves nothing else", () => {
    const features = make({ [PER_KELVIN]: -0.02 }, 1000);
    const { values, reduction } = fitted([PER_KELVIN], features);
    const total = (at: Float64Array) => expectation.deviance(features, at).reduce((sum, each) => sum + each, 0);
    expect(reduction).toBeCloseTo(total(from) - total(values), 6);
    expect(reduction).toBeGreaterThan(100);
    expect(values.with(PER_KELVIN, 0)).toEqual(from);
  });
});

describe("a fit of conditions", () => {
  const random = new RandomStream({ seed: 20_261_122n, id: 701n });

  it("is none where events do not tell conditions apart, or say nothing", async () => {
    const expectation = await twin.expect(simulate({ random, conditions: from, count: 1000 }), from);
    const features = simulate({ random, conditions: from, count: 500, temperature: () => Number.NaN });
    const all = [...Array.from({ length: COMMON }, (_, i) => i), COMMON];
    expect(fitConditions(expectation, features, { conditions, moved: all, from })).toBeUndefined();
    expect(fitConditions(expectation, features, { conditions, moved: [PER_KELVIN], from })).toBeUndefined();
    expect(fitConditions(expectation, features, { conditions, moved: [COMMON], from })?.converged).toBe(true);
  });

  it("says that it has not converged when it may not take the steps", async () => {
    const expectation = await twin.expect(simulate({ random, conditions: from, count: 1000 }), from);
    const features = simulate({ random, conditions: conditionsWith({ [SHAPE]: 1.8 }), count: 500 });
    const options = { conditions, moved: [SHAPE], from, maxIterations: 1 };
    expect(fitConditions(expectation, features, options)).toMatchObject({ converged: false, iterations: 1 });
  });

  it("needs two events", async () => {
    const expectation = await twin.expect(simulate({ random, conditions: from, count: 1000 }), from);
    const features = simulate({ random, conditions: from, count: 1 });
    expect(() => fitConditions(expectation, features, { conditions, moved: [0], from })).toThrow(
      expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }),
    );
  });
});
