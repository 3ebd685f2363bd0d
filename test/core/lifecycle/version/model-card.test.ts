import { describe, expect, it } from "vitest";
import { namedNumbers } from "../../../../core/lifecycle/index.ts";

describe("namedNumbers", () => {
  it("names numbers by what leads to them, items of lists by their own texts", () => {
    const value = {
      distances: { fpd: 0.06, skipped: null },
      separation: [
        { of: "layer energy", unit: "MeV", value: 0.1 },
        { of: "sparsity", unit: "", value: 0.2 },
      ],
    };
    expect(namedNumbers(value)).toEqual({
      "distances.fpd": 0.06,
      "separation.layer_energy.MeV.value": 0.1,
      "separation.sparsity.value": 0.2,
    });
  });

  it("takes the place of groups without a text, and of items that are called the same", () => {
    const decades = [0.1, 0.2].map((value, k) => ({ minMeV: 10 ** k, separation: [{ of: "energy", value }] }));
    expect(namedNumbers({ decades })).toEqual({
      "decades.0.minMeV": 1,
      "decades.0.separation.value": 0.1,
      "decades.1.minMeV": 10,
      "decades.1.separation.value": 0.2,
    });
    const trees = { name: "trees", auc: 0.5 };
    expect(namedNumbers({ by: [trees, { ...trees, auc: 0.6 }, { name: "network", auc: 0.7 }] })).toEqual({
      "by.0.auc": 0.5,
      "by.1.auc": 0.6,
      "by.network.auc": 0.7,
    });
  });

  it("leaves curves and tables out, and takes the one item of a list", () => {
    expect(
      namedNumbers({
        profile: [
          { x: 1, y: 2 },
          { x: 2, y: 3 },
        ],
        edges: [0, 1],
        n: [{ count: 7 }],
      }),
    ).toEqual({
      "n.count": 7,
    });
    expect(namedNumbers(3)).toEqual({});
  });
});
