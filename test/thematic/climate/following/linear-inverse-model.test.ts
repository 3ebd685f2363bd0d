import { describe, expect, it } from "vitest";
import { RandomStream } from "../../../../core/index.ts";
import {
  type ComponentSeries,
  fitLinearDynamics,
  propagate,
  propagator,
  tauTest,
} from "../../../../thematic/climate/following/linear-inverse-model.ts";
import {
  congruence,
  exponential,
  inverse,
  logarithm,
  multiply,
  norm,
  stationaryCovariance,
} from "../../../../thematic/climate/following/matrices.ts";

/** Damped rotation: eigenvalues -0.2 ± 0.5 i per day. Its exponential by hand: e^(-0.2 t) times a rotation. */
const L = Float64Array.of(-0.2, -0.5, 0.5, -0.2);
const rotation = (t: number) =>
  [Math.cos(0.5 * t), -Math.sin(0.5 * t), Math.sin(0.5 * t), Math.cos(0.5 * t)].map((x) => x * Math.exp(-0.2 * t));

function expectNear(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-12): void {
  expect(norm(Float64Array.from(expected, (value, i) => value - (found[i] as number)))).toBeLessThan(tolerance);
}

describe("matrices", () => {
  it("have exponentials and logarithms, by hand for a damped rotation", () => {
    for (const t of [0, 0.3, 1, 5])
      expectNear(
        exponential(
          L.map((x) => x * t),
          2,
        ),
        rotation(t),
      );
    for (const t of [0.01, 1, 5])
      expectNear(
        logarithm(Float64Array.from(rotation(t)), 2) as Float64Array,
        L.map((x) => x * t),
        1e-11,
      );
    expect(logarithm(Float64Array.of(-0.5, 0, 0, 0.5), 2)).toBeUndefined();
    expect(logarithm(Float64Array.of(0, 0, 0, 0.5), 2)).toBeUndefined();
  });

  it("have the stationary covariance that solves Lyapunov's equation", () => {
    const q = Float64Array.of(2, 0.3, 0.3, 1);
    const sigma = stationaryCovariance(L, q, 2) as Float64Array;
    const product = multiply(L, sigma, 2);
    expectNear(
      [0, 1, 2, 3].map(
        (at) => (product[at] as number) + (product[(at % 2) * 2 + Math.floor(at / 2)] as number) + (q[at] as number),
      ),
      [0, 0, 0, 0],
    );
    expect(
      stationaryCovariance(
        L.map((x) => -x),
        q,
        2,
      ),
    ).toBeUndefined();
    expectNear(multiply(inverse(q, 2), q, 2), [1, 0, 0, 1]);
    expect(() => inverse(Float64Array.of(1, 2, 2, 4), 2)).toThrow("singular");
  });
});

/** x' = G x + noise with the covariance that makes the stationary one 1; a third mode of its own. */
function simulate(days: number): ComponentSeries {
  const stream = new RandomStream({ seed: 4n, id: 0n });
  const [g, factor] = [rotation(1), Math.sqrt(1 - Math.exp(-0.4))];
  const components = new Float64Array(days * 3);
  let [x, y, z] = [0, 0, 0];
  for (let day = 0; day < days; day++) {
    [x, y] = [
      (g[0] as number) * x + (g[1] as number) * y + factor * stream.normal(),
      (g[2] as number) * x + (g[3] as number) * y + factor * stream.normal(),
    ];
    z = 0.6 * z + 0.8 * stream.normal();
    components.set([x, y, z], 3 * day);
  }
  return { modes: 3, components, steps: Int32Array.from({ length: days }, (_, i) => i), stepDays: 1 };
}

describe("fitLinearDynamics", () => {
  const series = simulate(60_000);

  it.for([1, 2, 3])("finds the operator, the noise and the decay of a known process, at lag %i", (lag) => {
    const dynamics = fitLinearDynamics(series, { coupled: 2, lag });
    // Standard errors of an autoregression of 60,000 days are about √((1 - g²) / n) = 0.003, of L some times as large.
    expectNear(dynamics.operator, L, 0.03);
    expectNear(dynamics.covariance, [1, 0, 0, 1], 0.04);
    expect(dynamics.rates[0]).toBeCloseTo(-Math.log(0.6), 1);
    expect(dynamics.variances[0]).toBeCloseTo(1, 1);
    expect(dynamics.clippedNoise).toBe(0);
    for (const error of tauTest(series, dynamics, 5)) expect(error).toBeLessThan(0.03);
  });

  it("fails the τ-test for a process that has a memory of two days", () => {
    const stream = new RandomStream({ seed: 5n, id: 0n });
    const components = new Float64Array(20_000);
    for (let i = 2; i < components.length; i++) {
      components[i] = 0.2 * (components[i - 1] as number) + 0.6 * (components[i - 2] as number) + stream.normal();
    }
    const odd = { modes: 1, components, steps: Int32Array.from(components.keys()), stepDays: 1 };
    // Correlations by hand: r1 = 0.2 / (1 - 0.6) = 0.5, r2 = 0.2 r1 + 0.6 = 0.7, where a linear model at lag 1 says 0.25.
    expect(tauTest(odd, fitLinearDynamics(odd, { coupled: 1, lag: 1 }), 2)[1]).toBeCloseTo(0.45, 1);
  });

  it("keeps its covariance when it goes on, over any time, and two steps are one of twice the time", () => {
    const dynamics = fitLinearDynamics(series, { coupled: 2, lag: 1 });
    const covariance = Float64Array.from(dynamics.covariance);
    for (const days of [0.25, 1, 7.5]) {
      const { green, noise, decay, spread } = propagator(dynamics, days);
      const later = congruence(green, covariance, 2).map(
        (value, at) => value + (congruence(noise, Float64Array.of(1, 0, 0, 1), 2)[at] as number),
      );
      expectNear(later, covariance);
      expect((decay[0] as number) ** 2 * (dynamics.variances[0] as number) + (spread[0] as number) ** 2).toBeCloseTo(
        dynamics.variances[0] as number,
        12,
      );
    }
    const state = Float64Array.of(1, -2, 0.5);
    const once = propagate(propagator(dynamics, 3), state);
    expectNear(propagate(propagator(dynamics, 1.5), propagate(propagator(dynamics, 1.5), state)), once);
  });

  it("refuses what has no linear model, saying what to do", () => {
    const components = Float64Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? 1 : -1) + 0.1 * Math.sin(i));
    const flips = { modes: 1, components, steps: Int32Array.from(components.keys()), stepDays: 1 };
    expect(() => fitLinearDynamics(flips, { coupled: 1, lag: 1 })).toThrow("Take fewer modes, or a shorter lag");
    expect(() => fitLinearDynamics(flips, { coupled: 2, lag: 1 })).toThrow("cannot be coupled");
    expect(() => fitLinearDynamics({ ...flips, steps: flips.steps.map((i) => 5 * i) }, { coupled: 1, lag: 1 })).toThrow(
      "too few",
    );
  });
});
