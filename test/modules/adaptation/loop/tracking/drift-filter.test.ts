import { describe, expect, it } from "vitest";
import { RandomStream } from "../../../../../core/index.ts";
import { DriftFilter } from "../../../../../modules/adaptation/loop/tracking/drift-filter.ts";
import type { Tracked } from "../../../../../modules/adaptation/loop/tracking/drift-model.ts";

const GAIN: Tracked = {
  ...{ index: 0, name: "gain", min: 0.5, max: 2, worth: 0.01 },
  ...{ walk: 1e-3, rate: 2e-4, slowControl: undefined },
};
const COEFFICIENT: Tracked = {
  ...{ index: 1, name: "coefficient", min: -0.05, max: 0.05, worth: 0.001, walk: 1e-5, rate: 0 },
  slowControl: {
    ...{ feature: 0, reference: 20, multiplies: 0 },
    ...{ usualPerSecond: 0.03, mostPerSecond: 0.1, resolution: 0.05 },
  },
};
const always = (): boolean => true;
const never = (): boolean => false;
const far = Number.POSITIVE_INFINITY;

function filter(values = [1, -0.01], errors = [0.01, 0.005]): DriftFilter {
  return new DriftFilter([GAIN, COEFFICIENT], values, errors);
}

/** A measurement of gain × (1 + coefficient × kelvin) with this variance. */
function evidence(at: Float64Array, { kelvin, value, variance }: { kelvin: number; value: number; variance: number }) {
  const [gain = 1, perKelvin = 0] = at;
  const rows = [1 + perKelvin * kelvin, gain * kelvin];
  const pull = (value - gain * (1 + perKelvin * kelvin)) / variance;
  return {
    at,
    score: Float64Array.from(rows, (row) => row * pull),
    information: Float64Array.from(rows.flatMap((a) => rows.map((b) => (a * b) / variance))),
    held: [false, false],
  };
}

describe("a filter of conditions that drift", () => {
  it("knows the same after a time, in however many parts it passes", () => {
    for (const isMissing of [always, never]) {
      const [whole, parts] = [filter(), filter()];
      for (const each of [whole, parts])
        each.observe(evidence(each.values, { kelvin: 3, value: 0.96, variance: 1e-6 }), far);
      // A rate for both.
      for (const each of [whole, parts]) each.pass(1, never);
      for (const each of [whole, parts])
        each.observe(evidence(each.values, { kelvin: 3, value: 0.961, variance: 1e-6 }), far);
      // What missing slow control may do depends on the gain, which moves.
      whole.pass(12, never);
      for (const seconds of [0.001, 4, 0.5, 7.499]) parts.pass(seconds, never);
      const [expected, found] = [whole.state(), parts.state()];
      for (const [i, value] of expected.mean.entries()) expect(found.mean[i]).toBeCloseTo(value, 12);
      for (const [i, value] of expected.covariance.entries()) expect(found.covariance[i]).toBeCloseTo(value, 12);
      const before = parts.error(0);
      parts.pass(5, isMissing);
      whole.pass(5, never);
      expect(whole.error(0)).toBeGreaterThan(before);
      // What slow control may do unseen comes on top.
      if (isMissing()) expect(parts.error(0)).toBeGreaterThan(whole.error(0) + 1e-5);
      else expect(parts.error(0)).toBe(whole.error(0));
    }
  });

  it("has the covariance of the drift that it is about", () => {
    const random = new RandomStream({ seed: 5n, id: 1n });
    const step = 0.05;
    const [time, runs] = [6, 4000];
    let [squares, products] = [0, 0];
    for (let run = 0; run < runs; run++) {
      let [value, rate] = [0, GAIN.rate * random.normal()];
      for (let at = step / 2; at < time; at += step) {
        // Exact for the rate; the value has its mean over the step.
        const kept = Math.exp(-step / 30);
        const next = rate * kept + GAIN.rate * Math.sqrt(1 - kept ** 2) * random.normal();
        value += (step * (rate + next)) / 2 + GAIN.walk * Math.sqrt(step) * random.normal();
        rate = next;
      }
      squares += value ** 2;
      products += value * rate;
    }
    const one = new DriftFilter([GAIN], [1], [0]);
    one.pass(time, never);
    const { covariance } = one.state();
    // Of a variance, from so many runs: 2.2 %.
    expect(Math.abs(squares / runs / (covariance[0] as number) - 1)).toBeLessThan(0.09);
    expect(Math.abs(products / runs / (covariance[1] as number) - 1)).toBeLessThan(0.25);
  });

  it("takes scores and information as least squares do", () => {
    const found = filter();
    const at = found.values;
    const information = Float64Array.of(5e4, 2e4, 2e4, 3e5);
    const score = Float64Array.of(120, -40);
    found.observe({ at, score, information, held: [false, false] }, far);
    // (P⁻¹ + J)⁻¹, and its product with the score.
    const [a, b, d] = [1e4 + 5e4, 2e4, 4e4 + 3e5];
    const determinant = a * d - b * b;
    expect(found.error(0)).toBeCloseTo(Math.sqrt(d / determinant), 12);
    expect(found.error(1)).toBeCloseTo(Math.sqrt(a / determinant), 12);
    expect(found.values[0]).toBeCloseTo(1 + (d * 120 + b * 40) / determinant, 12);
    expect(found.values[1]).toBeCloseTo(-0.01 + (-b * 120 - a * 40) / determinant, 12);
  });

  it("refuses what is farther away than it may be, and is as before", () => {
    const one = filter();
    const before = JSON.stringify(one.state());
    expect(one.observe(evidence(one.values, { kelvin: 0, value: 1.1, variance: 1e-6 }), 5)).toBe(false);
    expect(JSON.stringify(one.state())).toBe(before);
    expect(one.observe(evidence(one.values, { kelvin: 0, value: 1.04, variance: 1e-6 }), 5)).toBe(true);
    expect(one.values[0]).toBeCloseTo(1.04, 2);
  });

  it("learns nothing of a coefficient that is held", () => {
    const one = filter([1, -0.01], [0.01, 1e-4]);
    const before = [one.values[1], one.error(1)];
    one.observe({ ...evidence(one.values, { kelvin: 4, value: 0.9, variance: 1e-6 }), held: [false, true] }, far);
    expect([one.values[1], one.error(1)]).toEqual(before);
    expect(one.values[0]).toBeLessThan(0.95);
  });

  it("keeps the response when slow control goes elsewhere without the instrument, and how well it is known", () => {
    const one = filter();
    one.observe(evidence(one.values, { kelvin: 2, value: 0.97, variance: 1e-6 }), far);
    const response = (kelvin: number): { value: number; error: number } => {
      const [gain = 1, perKelvin = 0] = one.values;
      return { value: gain * (1 + perKelvin * kelvin), error: one.errorOf([1 + perKelvin * kelvin, gain * kelvin]) };
    };
    const before = response(2);
    one.handOver(1, 22, 27);
    const after = response(7);
    expect(after.value).toBeCloseTo(before.value, 12);
    expect(after.error).toBeCloseTo(before.error, 12);
    expect(response(2).error).toBeGreaterThan(2 * before.error);
  });

  it("stops at bounds", () => {
    const one = new DriftFilter([{ ...GAIN, max: 1.01 }], [1], [0.01]);
    one.observe({ at: one.values, score: Float64Array.of(5e4), information: Float64Array.of(1e6), held: [false] }, far);
    expect(one.values[0]).toBe(1.01);
    one.move(0, 0.1, 0);
    expect(one.values[0]).toBe(1.01);
  });
});
