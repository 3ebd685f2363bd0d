import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  andersonDarling,
  bootstrapFit,
  type ExtremeValueDistribution,
  extremeValueCdf,
  extremeValueLevel,
  extremeValueSurvival,
  fitGev,
  fitGpd,
  fitGumbel,
  lMoments,
  lMomentsOfSorted,
  quantilePairs,
  RandomStream,
  returnLevel,
} from "../../../core/index.ts";

interface Fit {
  readonly name: string;
  readonly values: readonly number[];
  readonly threshold: number;
  readonly lMoments: readonly number[];
  /** Location, scale, ξ. */
  readonly gev: readonly number[];
  readonly gpd: readonly number[];
  readonly andersonDarling: number;
  readonly exceedance: readonly number[];
  readonly gevLevels: readonly number[];
  readonly gpdLevels: readonly number[];
}

/** Made by extreme-values-oracle.py: scipy. */
const { fits } = JSON.parse(readFileSync(new URL("extreme-values-oracle.json", import.meta.url), "utf8")) as {
  fits: readonly Fit[];
};

/** Relative to the largest of the numbers: both sides round, and brentq ends at 1e-15 of the shape. */
function expectNear(found: readonly number[], expected: readonly number[], tolerance = 1e-12): void {
  const scale = Math.max(...expected.map(Math.abs));
  expect(found).toHaveLength(expected.length);
  found.forEach((value, i) => {
    expect(Math.abs(value - (expected[i] as number))).toBeLessThanOrEqual(tolerance * scale);
  });
}

const parameters = (of: ExtremeValueDistribution | undefined): number[] =>
  of ? [of.location, of.scale, of.shape] : [];

describe("L-moments", () => {
  it.each(fits)("are scipy's: $name", ({ values, lMoments: expected }) => {
    const { l1, l2, t3, t4 } = lMoments(values);
    expectNear([l1, l2], expected.slice(0, 2), 1e-13);
    // Of values around 300 with an l2 of 1 scipy, which does not take the mean off, loses three digits.
    expectNear([t3, t4], expected.slice(2), 1e-11);
  });

  it("by hand: 1, 2, 4 has l2 = mean difference / 2 and l3 = (x1 - 2 x2 + x3) / 3", () => {
    const { l1, l2, t3, t4 } = lMoments([4, 1, 2]);
    expectNear([l1, l2, t3], [7 / 3, 1, 1 / 3], 1e-15);
    expect(t4).toBeNaN();
  });

  it("have no ratios where all values are equal, and are refused for missing ones", () => {
    expect(lMoments([5, 5, 5, 5])).toEqual({ l1: 5, l2: 0, t3: Number.NaN, t4: Number.NaN });
    expect(() => lMoments([1, Number.NaN, 2])).toThrow(expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }));
    expect(() => lMoments([1])).toThrow(/at least 2/);
  });
});

describe("fits", () => {
  it.each(fits)("have the parameters and levels of scipy's distributions: $name", (oracle) => {
    const l = lMoments(oracle.values);
    const [gev, gpd] = [fitGev(l), fitGpd(l, oracle.threshold)];
    expectNear(parameters(gev), oracle.gev);
    expectNear(parameters(gpd), oracle.gpd);
    for (const [of, levels] of [
      [gev, oracle.gevLevels],
      [gpd, oracle.gpdLevels],
    ] as const) {
      if (!of) throw new Error("no fit");
      oracle.exceedance.forEach((probability, i) => {
        const level = extremeValueLevel(of, probability);
        expectNear([level], [levels[i] as number], 1e-10);
        // A level is rounded; so much does that change its probability (the hazard of a GPD).
        const { location, scale, shape } = of;
        const change = Number.EPSILON * (Math.abs(level) + Math.abs(location));
        const rounding = change / (scale + shape * (level - location)) + Number.EPSILON;
        expectNear([extremeValueSurvival(of, level)], [probability], 8 * rounding);
        expectNear([extremeValueCdf(of, level)], [1 - probability], 8 * rounding);
      });
    }
    const sorted = Float64Array.from(oracle.values).sort();
    if (gev) expectNear([andersonDarling(sorted, gev)], [oracle.andersonDarling], 1e-8);
  });

  // Hosking (1990), table 1: L-skewness ln(9/8) / ln 2 of Gumbel's distribution.
  it("have shape 0 at Gumbel's L-skewness, and go there without a step", () => {
    const t3 = Math.log(9 / 8) / Math.LN2;
    const gumbel = parameters(fitGumbel({ l1: 10, l2: 2, t3, t4: Number.NaN }));
    expectNear(parameters(fitGev({ l1: 10, l2: 2, t3, t4: Number.NaN })), gumbel, 1e-13);
    for (const apart of [1e-12, 1e-9, 1e-6]) {
      expectNear(parameters(fitGev({ l1: 10, l2: 2, t3: t3 + apart, t4: Number.NaN })), gumbel, apart);
    }
  });

  it("invert the L-moments of a GEV over all shapes", () => {
    for (let xi = -5; xi < 0.99; xi += 0.03) {
      const t3 = (2 * Math.expm1(xi * Math.log(3))) / Math.expm1(xi * Math.LN2) - 3;
      expect(Math.abs((fitGev({ l1: 0, l2: 1, t3, t4: 0 })?.shape ?? Number.NaN) - xi)).toBeLessThan(2e-11);
    }
  });

  it("are refused where there is no variation, or a mean below the threshold", () => {
    expect(fitGev(lMoments([2, 2, 2]))).toBeUndefined();
    expect(fitGumbel(lMoments([2, 2, 2]))).toBeUndefined();
    expect(fitGpd(lMoments([1, 2, 3]), 5)).toBeUndefined();
  });
});

describe("return levels", () => {
  it("by hand: Gumbel's -ln(-ln(1 - 1/T)), and an exponential tail's ln(rate T)", () => {
    const gumbel = { family: "gev", location: 0, scale: 1, shape: 0 } as const;
    const exponential = { family: "gpd", location: 5, scale: 2, shape: 0 } as const;
    expect(returnLevel(gumbel, 100)).toBeCloseTo(-Math.log(-Math.log(0.99)), 14);
    expect(returnLevel(exponential, 50, 3)).toBeCloseTo(5 + 2 * Math.log(150), 12);
    expect(returnLevel(gumbel, 1)).toBeNaN();
  });
});

describe("bootstrap", () => {
  const truth = { family: "gev", location: 30, scale: 3, shape: 0.1 } as const;
  const draw = (id: bigint, of: ExtremeValueDistribution, count: number): Float64Array => {
    const stream = new RandomStream({ seed: 48n, id });
    return Float64Array.from({ length: count }, () => extremeValueLevel(of, stream.uniformOpen())).sort();
  };
  const fitted = (sorted: Float64Array) => {
    const gev = (values: Float64Array) => fitGev(lMomentsOfSorted(values));
    const distribution = gev(sorted);
    if (!distribution) throw new Error("no fit");
    return {
      sorted,
      distribution,
      fit: gev,
      statistics: (of: ExtremeValueDistribution) => [returnLevel(of, 50), of.shape],
    };
  };

  it.each(["parametric", "nonparametric"] as const)(
    "%s: intervals of 0.9 cover as often as is documented",
    (method) => {
      const level = returnLevel(truth, 50);
      let [ofLevel, ofShape] = [0, 0];
      const runs = 150;
      for (let run = 0; run < runs; run++) {
        const target = fitted(draw(BigInt(run), truth, 60));
        const { lower, upper } = bootstrapFit(target, { method, seed: BigInt(run), resamplings: 120 });
        if ((lower[0] as number) <= level && level <= (upper[0] as number)) ofLevel++;
        if ((lower[1] as number) <= truth.shape && truth.shape <= (upper[1] as number)) ofShape++;
      }
      // Percentile intervals of 60 values cover some 0.8 to 0.9; three standard errors of 150 runs are 0.09.
      for (const share of [ofLevel / runs, ofShape / runs]) {
        expect(share).toBeGreaterThan(0.74);
        expect(share).toBeLessThan(0.97);
      }
    },
  );

  it("tells a sample of two kinds from a GEV, and has even p-values for one of it", () => {
    const p = Array.from({ length: 60 }, (_, run) => {
      const target = fitted(draw(BigInt(1000 + run), truth, 50));
      return bootstrapFit(target, { method: "parametric", seed: 7n, resamplings: 99 }).pValue;
    });
    const mean = p.reduce((sum, value) => sum + value, 0) / p.length;
    // Of even numbers in 0 to 1: a half, within three times 0.289 / √60.
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.112);
    const mixed = Float64Array.from([...draw(1n, truth, 40), ...draw(2n, { ...truth, location: 90 }, 40)]).sort();
    expect(bootstrapFit(fitted(mixed), { method: "parametric", seed: 7n, resamplings: 199 }).pValue).toBeLessThan(0.01);
  });

  it("gives equal intervals for equal values and seeds, others for other seeds, and no p-value without a model", () => {
    const target = fitted(draw(3n, truth, 40));
    const options = { method: "nonparametric", seed: 1n, resamplings: 50 } as const;
    expect(bootstrapFit(target, options)).toEqual(bootstrapFit(target, options));
    expect(bootstrapFit(target, { ...options, seed: 2n }).lower).not.toEqual(bootstrapFit(target, options).lower);
    expect(bootstrapFit(target, options).pValue).toBeNaN();
    expect(() => bootstrapFit(target, { ...options, resamplings: 5 })).toThrow(/at least 20/);
  });
});

describe("quantile pairs", () => {
  it("by hand: three values at Gringorten's positions", () => {
    const gumbel = { family: "gev", location: 0, scale: 1, shape: 0 } as const;
    const [first, , last] = quantilePairs([2, 1, 3], gumbel);
    expect(first?.probability).toBeCloseTo(0.56 / 3.12, 15);
    expect(first?.observed).toBe(1);
    expect(last?.fitted).toBeCloseTo(-Math.log(-Math.log(2.56 / 3.12)), 13);
  });
});
