import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeNames, nearestNames } from "../../../core/index.ts";

describe("nearestNames", () => {
  it("puts the likest first, whatever the case, and keeps the order of equals", () => {
    expect(nearestNames("ENRGY", ["layer", "energy", "entry"])).toEqual(["energy", "entry", "layer"]);
    expect(nearestNames("x", ["b", "a", "c"])).toEqual(["b", "a", "c"]);
    expect(nearestNames("x", ["b", "a", "c"], { limit: 1 })).toEqual(["b"]);
  });

  it("finds a name that is there, first of all", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1 }), fc.nat(), (names, n) => {
        const name = names[n % names.length] as string;
        expect(nearestNames(name, names)[0]).toBe(name);
      }),
    );
  });
});

describe("describeNames", () => {
  it("guesses what was meant only where that is likely", () => {
    expect(describeNames("enrgy", ["layer", "energy"])).toBe('Did you mean "energy"? There are: energy, layer.');
    expect(describeNames("temperature", ["x", "y"])).toBe("There are: x, y.");
    expect(describeNames("a", ["b"])).toBe("There is: b.");
    expect(describeNames("lat", ["lot"])).toBe('Did you mean "lot"? There is: lot.');
    expect(describeNames("a", [])).toBe("There are none.");
  });

  it("does not list hundreds", () => {
    const names = Array.from({ length: 300 }, (_, i) => `layer${i}`);
    expect(describeNames("layer7", names)).toMatch(
      /^Did you mean "layer7"\? There are: layer7, (layer\d+, ){7}… \(300 in all\)\.$/,
    );
  });
});
