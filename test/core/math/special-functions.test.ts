import { describe, expect, it } from "vitest";
import { erf, logGamma, regularizedGammaP } from "../../../core/index.ts";
import { oracle } from "./oracle.ts";

const {
  logGamma: logGammas,
  gammaP,
  erf: erfs,
} = oracle<{
  logGamma: [number, number][];
  gammaP: [number, number, number][];
  erf: [number, number][];
}>("special-functions");

describe("special functions against scipy", () => {
  it.each(logGammas)("logGamma(%d)", (x, expected) => {
    expect(Math.abs(logGamma(x) - expected)).toBeLessThan(4e-15 * Math.max(1, Math.abs(expected)));
  });

  it.each(gammaP)("P(%d, %d)", (a, x, expected) => {
    // a ln x - x - ln Γ(a) loses about a·ε.
    const tolerance = 1e-13 * Math.max(1, a / 100);
    expect(Math.abs(regularizedGammaP(a, x) - expected)).toBeLessThan(tolerance * Math.min(expected, 1) + 1e-300);
  });

  it.each(erfs)("erf(%d)", (x, expected) => {
    expect(Math.abs(erf(x) - expected)).toBeLessThan(1e-14 * Math.abs(expected) + 1e-300);
  });

  it("has the limits that it should", () => {
    expect(regularizedGammaP(2, 0)).toBe(0);
    expect(regularizedGammaP(2, Number.POSITIVE_INFINITY)).toBe(1);
    expect(erf(Number.NaN)).toBeNaN();
    expect(logGamma(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
    for (const bad of [
      () => logGamma(0),
      () => logGamma(Number.NaN),
      () => regularizedGammaP(0, 1),
      () => regularizedGammaP(1, -1),
    ]) {
      expect(bad).toThrow(expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }));
    }
  });
});
