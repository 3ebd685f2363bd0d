import { describe, expect, it } from "vitest";
import { moments, RandomStream, solveSymmetric } from "../../../core/index.ts";
import { RecursiveLeastSquares } from "../../../modules/adaptation/index.ts";

const code = expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" });

/** Rows 1, x, x² with noise 0.5 about 2 - 3x + x². */
function measurements(id: bigint, count: number): { row: number[]; value: number }[] {
  const random = new RandomStream({ seed: 20_261_122n, id });
  return Array.from({ length: count }, () => {
    const x = 2 * random.uniform() - 1;
    return { row: [1, x, x * x], value: 2 - 3 * x + x * x + 0.5 * random.normal() };
  });
}

describe("recursive least squares", () => {
  it.each([1, 0.98])("with a forgetting factor of %d are what the normal equations give", (forgetting) => {
    const data = measurements(90n, 300);
    // Errors so large that they bound nothing, but are one more measurement.
    const fit = new RecursiveLeastSquares({ start: [0, 0, 0], errors: [100, 100, 100], noise: 0.5, forgetting });
    for (const { row, value } of data) fit.update(row, value);
    const matrix = new Float64Array(9);
    const right = new Float64Array(3);
    for (let i = 0; i < 3; i++) matrix[4 * i] = forgetting ** 300 / 100 ** 2;
    data.forEach(({ row, value }, k) => {
      const weight = forgetting ** (299 - k) / 0.25;
      for (let i = 0; i < 3; i++) {
        right[i] = (right[i] as number) + weight * (row[i] as number) * value;
        for (let j = 0; j < 3; j++) {
          matrix[3 * i + j] = (matrix[3 * i + j] as number) + weight * (row[i] as number) * (row[j] as number);
        }
      }
    });
    const expected = solveSymmetric(matrix, right) as Float64Array;
    fit.parameters.forEach((parameter, i) => {
      // The first values, that hardly say more than the bounds, are within 1e-4 of the same.
      expect(parameter).toBeCloseTo(expected[i] as number, forgetting === 1 ? 9 : 5);
      const unit = Float64Array.from({ length: 3 }, (_, j) => Number(i === j));
      const variance = (solveSymmetric(matrix, unit) as Float64Array)[i] as number;
      expect((fit.errors[i] as number) / Math.sqrt(variance)).toBeCloseTo(1, forgetting === 1 ? 8 : 5);
    });
    expect(fit.count).toBe(300);
  });

  it("state errors that parameters and expectations keep", () => {
    const [pulls, innovations] = [moments([]), moments([])];
    for (let trial = 0; trial < 300; trial++) {
      const fit = new RecursiveLeastSquares({ start: [0, 0, 0], errors: [10, 10, 10], noise: 0.5 });
      for (const { row, value } of measurements(1000n + BigInt(trial), 60)) {
        const { residual, error } = fit.update(row, value);
        if (fit.count > 10) innovations.add(residual / error);
      }
      pulls.add(((fit.parameters[1] as number) + 3) / (fit.errors[1] as number));
    }
    expect(Math.abs(pulls.mean)).toBeLessThan(0.25);
    expect(pulls.standardDeviation()).toBeCloseTo(1, 0.8);
    expect(innovations.standardDeviation()).toBeCloseTo(1, 1.4);
  });

  it("do not wind up while they learn nothing, and follow a change when they do", () => {
    const fit = new RecursiveLeastSquares({ start: [0, 0], errors: [5, 7], noise: 0.1, forgetting: 0.9 });
    for (let i = 0; i < 5000; i++) fit.update([1, 0], 3);
    expect(fit.errors[1]).toBeLessThanOrEqual(7 * (1 + 1e-12));
    expect(fit.errors[0]).toBeLessThan(0.1);
    for (let i = 0; i < 200; i++) fit.update([1, i % 2], 3 + 4 * (i % 2));
    expect(fit.parameters[1]).toBeCloseTo(4, 6);
  });

  it("stay symmetric and positive when measurements are far more exact than what was known", () => {
    const fit = new RecursiveLeastSquares({ start: [0, 0, 0], errors: [1e6, 1e6, 1e6], noise: 1e-6 });
    for (const { row } of measurements(91n, 2000)) {
      const { error } = fit.update(row, (row[0] as number) + 2 * (row[1] as number));
      expect(error).toBeGreaterThanOrEqual(1e-6);
      for (const each of fit.errors) expect(each).toBeGreaterThanOrEqual(0);
    }
    const covariance = fit.covariance;
    for (let i = 0; i < 3; i++) {
      expect(covariance[4 * i]).toBeGreaterThan(0);
      for (let j = 0; j < i; j++) expect(covariance[3 * i + j]).toBe(covariance[3 * j + i]);
    }
    expect(solveSymmetric(covariance, [1, 1, 1])).toBeDefined();
    expect(Array.from(fit.parameters)).toEqual([1, 2, 0].map((parameter) => expect.closeTo(parameter, 6)));
  });

  it("learn at once what is new after the covariance is reset", () => {
    const fit = new RecursiveLeastSquares({ start: [0], errors: [10], noise: 1 });
    for (let i = 0; i < 10_000; i++) fit.update([1], 0);
    fit.resetCovariance();
    expect(Array.from(fit.errors)).toEqual([10]);
    expect(fit.parameters[0]).toBeCloseTo(0, 12);
    fit.update([1], 8);
    expect(fit.parameters[0]).toBeCloseTo((8 * 100) / 101, 12);
  });

  it("refuse numbers whose squares are not finite, or 0, and stay numbers", () => {
    const fit = new RecursiveLeastSquares({ start: [-0, 0], errors: [1, 1], noise: 1e-170 });
    for (const row of [
      [0, 0],
      [1e200, 1],
    ])
      expect(() => fit.update(row, 1)).toThrow(code);
    expect(fit.state()).toEqual({ count: 0, mean: [0, 0], covariance: [1, 0, 0, 1] });
  });

  it("go on from JSON bit for bit, and refuse what does not fit", () => {
    const options = { start: [0, 0, 0], errors: [9, 9, 9], noise: 0.5, forgetting: 0.99 };
    const [fit, again] = [new RecursiveLeastSquares(options), new RecursiveLeastSquares(options)];
    const data = measurements(92n, 200);
    for (const { row, value } of data.slice(0, 100)) fit.update(row, value);
    again.restore(JSON.parse(JSON.stringify(fit.state())));
    for (const { row, value } of data.slice(100)) expect(again.update(row, value)).toEqual(fit.update(row, value));
    expect(again.state()).toEqual(fit.state());
    expect(() => fit.update([1, 2], 3)).toThrow(code);
    expect(() => fit.update([1, 2, Number.NaN], 3)).toThrow(code);
    expect(() => fit.restore({ count: 1, mean: [1], covariance: [1] })).toThrow(code);
    const state = fit.state();
    expect(() => fit.restore({ ...state, count: Number.NaN })).toThrow(code);
    expect(fit.state()).toEqual(state);
    expect(() => new RecursiveLeastSquares({ ...options, forgetting: 0 })).toThrow(code);
    expect(() => new RecursiveLeastSquares({ ...options, errors: [1] })).toThrow(code);
    expect(() => new RecursiveLeastSquares({ ...options, noise: 0 })).toThrow(code);
  });
});
