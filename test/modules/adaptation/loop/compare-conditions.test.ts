import { describe, expect, it } from "vitest";
import { type Expectation, type Features, InvalidArgumentError } from "../../../../core/index.ts";
import { compareConditions } from "../../../../modules/adaptation/index.ts";

/** Deviances are (value - condition)². */
const parabola = {
  deviance: ({ values }: Features, [condition = 0]: Float64Array) => values.map((value) => (value - condition) ** 2),
} as Partial<Expectation> as Expectation;

const events = (values: readonly number[]): Features => ({
  count: values.length,
  values: Float64Array.from(values),
  timesNs: new BigInt64Array(values.length),
});

describe("a comparison of conditions", () => {
  // Differences are 2x - 1 for 0 against 1: mean 1, variance 4 · that of x.
  const features = events([0.9, 1.1, 0.8, 1.2, 0.9, 1.1, 0.8, 1.2]);

  it("has the mean of paired differences and its standard error", () => {
    const comparison = compareConditions(parabola, features, { before: Float64Array.of(0), after: Float64Array.of(1) });
    expect(comparison).toEqual({
      events: 8,
      meanDifference: expect.closeTo(1, 12),
      error: expect.closeTo(Math.sqrt((4 * 0.2) / 7 / 8), 12),
      sigmas: 3,
      verdict: "better",
    });
  });

  it("exchanged is the same with the other sign", () => {
    const comparison = compareConditions(parabola, features, { before: Float64Array.of(1), after: Float64Array.of(0) });
    expect(comparison).toMatchObject({ meanDifference: expect.closeTo(-1, 12), verdict: "worse" });
  });

  it("is undecided within as many standard errors as were asked for", () => {
    const options = { before: Float64Array.of(0), after: Float64Array.of(1) };
    const { meanDifference, error } = compareConditions(parabola, features, options);
    const sigmas = meanDifference / error;
    expect(compareConditions(parabola, features, { ...options, sigmas: sigmas * 0.99 }).verdict).toBe("better");
    expect(compareConditions(parabola, features, { ...options, sigmas: sigmas * 1.01 }).verdict).toBe("undecided");
    const same = { before: Float64Array.of(1), after: Float64Array.of(1) };
    expect(compareConditions(parabola, features, same)).toMatchObject({ meanDifference: 0, verdict: "undecided" });
  });

  it("needs two events", () => {
    const options = { before: Float64Array.of(0), after: Float64Array.of(1) };
    expect(() => compareConditions(parabola, events([1]), options)).toThrow(InvalidArgumentError);
  });
});
