import { describe, expect, it } from "vitest";
import { gaspariCohn, localise, symmetricEigenvalues } from "../../../core/index.ts";

const invalid = expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" });

describe("gaspariCohn", () => {
  it("is equation 4.10 of its authors, in both branches", () => {
    const inner = (z: number): number => -(z ** 5) / 4 + z ** 4 / 2 + (5 / 8) * z ** 3 - (5 / 3) * z ** 2 + 1;
    const outer = (z: number): number =>
      z ** 5 / 12 - z ** 4 / 2 + (5 / 8) * z ** 3 + (5 / 3) * z ** 2 - 5 * z + 4 - 2 / (3 * z);
    for (let z = 0.01; z < 2; z += 0.01) {
      expect(gaspariCohn(3 * z, 3)).toBeCloseTo(z <= 1 ? inner(z) : outer(z), 13);
    }
  });

  it("falls from 1 over 5/24 at the half-width to 0 at twice that, and is never negative", () => {
    expect(gaspariCohn(0, 7)).toBe(1);
    expect(gaspariCohn(7, 7)).toBeCloseTo(5 / 24, 15);
    expect([14, 15, Number.POSITIVE_INFINITY].map((distance) => gaspariCohn(distance, 7))).toEqual([0, 0, 0]);
    let last = 1;
    for (let z = 0.001; z < 2; z += 0.001) {
      const value = gaspariCohn(z, 1);
      expect(value).toBeLessThan(last);
      expect(value).toBeGreaterThan(0);
      last = value;
    }
  });

  it("is a correlation: no matrix of it has a negative eigenvalue", () => {
    const matrix = Float64Array.from({ length: 60 * 60 }, (_, at) =>
      gaspariCohn(0.7 * Math.abs(Math.floor(at / 60) - (at % 60)), 4),
    );
    expect(Math.min(...symmetricEigenvalues(matrix, 60))).toBeGreaterThan(-1e-12);
  });

  it.each([
    [-1, 1],
    [Number.NaN, 1],
    [1, 0],
    [1, Number.NaN],
  ])("refuses the distance %d with the half-width %d", (distance, halfWidth) => {
    expect(() => gaspariCohn(distance, halfWidth)).toThrow(invalid);
  });
});

describe("localise", () => {
  it("keeps weights above 0, by element", () => {
    const weights = [
      [1, 0, 0.5],
      [0, 0, 0],
      [0, 0.25, 0],
    ];
    const made = localise(
      { elements: 3, observations: 3 },
      (element, observation) => weights[element]?.[observation] ?? -1,
    );
    expect(made).toEqual({
      observationCount: 3,
      starts: Uint32Array.of(0, 2, 2, 3),
      observations: Uint32Array.of(0, 2, 1),
      weights: Float64Array.of(1, 0.5, 0.25),
    });
  });

  it.each([-0.1, 1.1, Number.NaN])("refuses the weight %d and names its place", (weight) => {
    expect(() => localise({ elements: 2, observations: 2 }, (e, o) => (e === 1 && o === 1 ? weight : 0))).toThrow(
      expect.objectContaining({
        code: "TWIN_INVALID_ARGUMENT",
        message: expect.stringContaining("observation 1 for element 1"),
      }),
    );
  });
});
