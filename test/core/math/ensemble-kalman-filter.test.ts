import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ensembleKalmanUpdate, gaspariCohn, localise, RandomStream } from "../../../core/index.ts";
import { kalman, linearCase, normalOf, observationsOf } from "./kalman.ts";

const SEED = 20261122;
const sizes = {
  seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  members: fc.integer({ min: 2, max: 30 }),
  size: fc.integer({ min: 1, max: 8 }),
  count: fc.integer({ min: 0, max: 40 }),
};
const problem = fc.record(sizes);

/** Rounding, in units of what is compared: conditions here are below 1e4. */
function expectNear(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-11): void {
  const scale = Math.max(1, ...Array.from(expected, Math.abs));
  expect(found).toHaveLength(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs((found[i] as number) - (expected[i] as number))).toBeLessThanOrEqual(tolerance * scale);
  }
}

function variancesOf(ensemble: { members: number; states: Float64Array }): number[] {
  const { mean, covariance } = normalOf(ensemble);
  return Array.from(mean, (_, i) => covariance[i * (mean.length + 1)] as number);
}

describe("ensembleKalmanUpdate, linear", () => {
  it("has the mean and covariance of the Kalman filter, in either form", () => {
    fc.assert(
      fc.property(problem, fc.double({ min: 1, max: 1.5, noNaN: true }), (on, inflation) => {
        const { prior, measurements } = linearCase(on);
        const states = ensembleKalmanUpdate(prior, observationsOf(prior, measurements), { inflation });
        const { mean, covariance } = normalOf(prior);
        const factor = measurements.length === 0 ? 1 : inflation ** 2;
        const expected = kalman({ mean, covariance: covariance.map((c) => factor * c) }, measurements);
        const found = normalOf({ members: prior.members, states });
        expectNear(found.mean, expected.mean);
        expectNear(found.covariance, expected.covariance);
      }),
      { numRuns: 300, seed: SEED },
    );
  });

  it("approaches the true posterior with many members", () => {
    const members = 40_000;
    const stream = new RandomStream({ seed: 3n, id: 0n });
    const prior = { mean: Float64Array.of(1, -2), covariance: Float64Array.of(4, 1.2, 1.2, 1) };
    const states = new Float64Array(members * 2);
    for (let k = 0; k < members; k++) {
      const [a, b] = [stream.normal(), stream.normal()];
      states.set([1 + 2 * a, -2 + 0.6 * a + 0.8 * b], 2 * k);
    }
    const measurements = [{ operator: [1, 1], value: 2, variance: 0.5 }];
    const updated = ensembleKalmanUpdate({ members, states }, observationsOf({ members, states }, measurements));
    const expected = kalman(prior, measurements);
    const found = normalOf({ members, states: updated });
    // Five standard errors of the mean and of the variance of an element that varies by 2.
    expectNear(found.mean, expected.mean, (5 * 2) / Math.sqrt(members));
    expectNear(found.covariance, expected.covariance, (5 * 2 ** 2 * Math.SQRT2) / Math.sqrt(members));
  });

  it("does not depend on the order of members or observations", () => {
    fc.assert(
      fc.property(problem, (on) => {
        const { prior, measurements } = linearCase(on);
        const { members, states } = prior;
        const expected = ensembleKalmanUpdate(prior, observationsOf(prior, measurements));
        const backwards = { members, states: Float64Array.from(rowsOf(states, members).reverse().flat()) };
        const found = ensembleKalmanUpdate(backwards, observationsOf(backwards, measurements.toReversed()));
        expectNear(rowsOf(found, members).reverse().flat(), expected);
      }),
      { numRuns: 100, seed: SEED },
    );
  });

  it("treats a missing observation as none, whatever stands beside it", () => {
    fc.assert(
      fc.property(problem, fc.infiniteStream(fc.boolean()), (on, isMissing) => {
        const { prior, measurements } = linearCase(on);
        const { values, variances, predicted } = observationsOf(prior, measurements);
        const there = measurements.map(() => !isMissing.next().value);
        const nan = <T>(list: readonly T[]): (T | number)[] =>
          list.map((x, at) => (there[at % there.length] ? x : Number.NaN));
        const found = ensembleKalmanUpdate(prior, {
          values: nan(values),
          variances: nan(variances),
          predicted: nan(predicted),
        });
        const rest = measurements.filter((_, j) => there[j]);
        expect(found).toEqual(ensembleKalmanUpdate(prior, observationsOf(prior, rest)));
      }),
      { numRuns: 100, seed: SEED },
    );
  });

  it("keeps members that are equal equal, and the given states as they are", () => {
    const { prior, measurements } = linearCase({ seed: 1n, members: 4, size: 3, count: 2 });
    prior.states.copyWithin(9, 0, 3);
    const before = prior.states.slice();
    const found = ensembleKalmanUpdate(prior, observationsOf(prior, measurements));
    expectNear(found.subarray(9, 12), found.subarray(0, 3));
    expect(prior.states).toEqual(before);
  });

  it("takes float32 states", () => {
    const { prior, measurements } = linearCase({ seed: 4n, members: 5, size: 3, count: 2 });
    const states = Float32Array.from(prior.states);
    const observations = observationsOf(prior, measurements);
    expect(ensembleKalmanUpdate({ members: 5, states }, observations)).toEqual(
      ensembleKalmanUpdate({ members: 5, states: Float64Array.from(states) }, observations),
    );
  });

  it("follows observations far more exact than the ensemble", () => {
    const { prior } = linearCase({ seed: 5n, members: 6, size: 2, count: 0 });
    const measurements = [0, 1].map((i) => ({ operator: [1 - i, i], value: 40 + i, variance: 1e-20 }));
    expectNear(
      ensembleKalmanUpdate(prior, observationsOf(prior, measurements)),
      [40, 41, 40, 41, 40, 41, 40, 41, 40, 41, 40, 41],
      1e-9,
    );
  });
});

describe("ensembleKalmanUpdate, beyond linear", () => {
  it("takes any function of the state: regression on its predictions", () => {
    const states = Float64Array.of(0.5, 1, 1.5, 2, 4);
    const predicted = states.map((x) => x ** 3);
    const both = normalOf({ members: 5, states: Array.from(states).flatMap((x) => [x, x ** 3]) });
    const [, cross, , variance] = both.covariance as unknown as [number, number, number, number];
    const [x, y] = both.mean as unknown as [number, number];
    const found = ensembleKalmanUpdate({ members: 5, states }, { values: [30], variances: [2], predicted });
    const { mean, covariance } = normalOf({ members: 5, states: found });
    expect(mean[0]).toBeCloseTo(x + (cross / (variance + 2)) * (30 - y), 12);
    expect(covariance[0]).toBeCloseTo((both.covariance[0] as number) - cross ** 2 / (variance + 2), 12);
  });

  it("moves nothing by what its members predict alike", () => {
    const states = Float64Array.of(1, 2, 4);
    expectNear(
      ensembleKalmanUpdate({ members: 3, states }, { values: [9], variances: [1], predicted: [5, 5, 5] }),
      states,
    );
  });

  it("gives back a share of the spread that the observations took", () => {
    const { prior, measurements } = linearCase({ seed: 6n, members: 8, size: 3, count: 5 });
    const observations = observationsOf(prior, measurements);
    const inflation = 1.1;
    const spread = (states: ArrayLike<number>): number[] =>
      variancesOf({ members: 8, states: Float64Array.from(states) }).map(Math.sqrt);
    const before = spread(prior.states).map((value) => value * inflation);
    const without = ensembleKalmanUpdate(prior, observations, { inflation });
    for (const relaxation of [0.25, 1]) {
      const found = ensembleKalmanUpdate(prior, observations, { inflation, relaxation });
      expectNear(normalOf({ members: 8, states: found }).mean, normalOf({ members: 8, states: without }).mean);
      const after = spread(without);
      expectNear(
        spread(found),
        after.map((value, i) => value + relaxation * ((before[i] as number) - value)),
      );
    }
  });
});

describe("ensembleKalmanUpdate with localisation", () => {
  it("divides the error variance of an observation by its weight, element by element, missing ones left out", () => {
    const few = { ...sizes, count: fc.integer({ min: 1, max: 4 }) };
    const weightsOf = fc.infiniteStream(fc.constantFrom(0, 0.3, 1));
    fc.assert(
      fc.property(fc.oneof(problem, fc.record(few)), weightsOf, fc.infiniteStream(fc.boolean()), (on, stream, coin) => {
        const { prior, measurements } = linearCase(on);
        const { values, ...rest } = observationsOf(prior, measurements);
        const there = values.map(() => coin.next().value);
        const weights = Array.from({ length: on.size }, () => values.map(() => stream.next().value));
        const localisation = localise(
          { elements: on.size, observations: on.count },
          (element, observation) => weights[element]?.[observation] ?? Number.NaN,
        );
        const known = values.map((value, j) => (there[j] ? value : Number.NaN));
        const found = ensembleKalmanUpdate(prior, { values: known, ...rest }, { localisation });
        weights.forEach((row, element) => {
          const weaker = measurements.flatMap((one, j) =>
            there[j] && row[j] ? { ...one, variance: one.variance / row[j] } : [],
          );
          const expected = ensembleKalmanUpdate(prior, observationsOf(prior, weaker));
          const own = (_: number, at: number): boolean => at % on.size === element;
          expectNear(found.filter(own), expected.filter(own));
        });
      }),
      { numRuns: 200, seed: SEED },
    );
  });

  it("is the global update where all weights are 1", () => {
    const { prior, measurements } = linearCase({ seed: 8n, members: 7, size: 4, count: 3 });
    const observations = observationsOf(prior, measurements);
    const localisation = localise({ elements: 4, observations: 3 }, () => 1);
    expect(ensembleKalmanUpdate(prior, observations, { localisation })).toEqual(
      ensembleKalmanUpdate(prior, observations),
    );
  });

  it("leaves what no observation reaches as it is, bit for bit, whatever it holds and however much is inflated", () => {
    const { prior, measurements } = linearCase({ seed: 9n, members: 6, size: 5, count: 2 });
    const observations = observationsOf(prior, measurements);
    const { states } = prior;
    for (let k = 0; k < 6; k++) states[k * 5 + 4] = k === 2 ? Number.POSITIVE_INFINITY : Number.NaN;
    const localisation = localise({ elements: 5, observations: 2 }, (element, observation) =>
      gaspariCohn(Math.abs(element - 2 * observation), 1),
    );
    const found = ensembleKalmanUpdate(prior, observations, { localisation, inflation: 1.3, relaxation: 0.5 });
    const column = (of: Float64Array, element: number): Float64Array => of.filter((_, at) => at % 5 === element);
    expect(column(found, 4)).toEqual(column(states, 4));
    for (const element of [0, 1, 2, 3]) expect(column(found, element)).not.toEqual(column(states, element));

    const silent = { ...observations, values: [observations.values[0] as number, Number.NaN] };
    const fewer = ensembleKalmanUpdate(prior, silent, { localisation, inflation: 1.3, relaxation: 0.5 });
    for (const element of [2, 3, 4]) expect(column(fewer, element)).toEqual(column(states, element));
  });
});

it("corrects a field by stations, as its documentation shows", () => {
  const fields = [14, 15, 16].map((offset) => Array.from({ length: 100 }, (_, place) => offset + Math.cos(place / 50)));
  const stations = [20, 70] as const;
  const apart = (a: number, b: number): number => Math.min(Math.abs(a - b), 100 - Math.abs(a - b));
  const localisation = localise({ elements: 100, observations: 2 }, (place, station) =>
    gaspariCohn(apart(place, stations[station as 0 | 1]), 10),
  );
  const analysis = ensembleKalmanUpdate(
    { members: 3, states: fields.flat() },
    {
      values: [17, Number.NaN],
      variances: [0.25, 0.25],
      predicted: fields.flatMap((field) => stations.map((place) => field[place] as number)),
    },
    { localisation },
  );
  // The ensemble's variance is 1: the station has 0.8 of the weight.
  const mean = 15 + Math.cos(0.4);
  expect(analysis[120]).toBeCloseTo(mean + 0.8 * (17 - mean), 12);
  expect(analysis[150]).toBe(15 + Math.cos(1));
});

describe("ensembleKalmanUpdate refuses", () => {
  const prior = { members: 2, states: Float64Array.of(1, 2, 3, 4) };
  const observations = { values: [1], variances: [1], predicted: [1, 3] };
  const elsewhere = localise({ elements: 3, observations: 1 }, () => 1);
  const nan = { members: 2, states: Float64Array.of(1, 2, 3, Number.NaN) };

  it.each([
    ["one member", { ...prior, members: 1 }, observations, {}, "2 or more members; got 1"],
    ["half an element", { ...prior, members: 3 }, observations, {}, "States of 3 members cannot have 4 elements"],
    ["no elements", { ...prior, states: [] }, observations, {}, "cannot have 0 elements"],
    ["predictions of another number", prior, { ...observations, predicted: [1] }, {}, "2 predictions; got 1 and 1"],
    [
      "variances of another number",
      prior,
      { ...observations, variances: [] },
      {},
      "1 variances and 2 predictions; got 0",
    ],
    ["a variance of 0", prior, { ...observations, variances: [0] }, {}, "Observation 0 is 1, its error variance 0"],
    ["a variance of NaN", prior, { ...observations, variances: [Number.NaN] }, {}, "its error variance NaN"],
    ["an infinite variance", prior, { ...observations, variances: [1 / 0] }, {}, "its error variance Infinity"],
    [
      "a variance that vanishes beside the spread",
      prior,
      { ...observations, variances: [1e-320] },
      {},
      "also beside these",
    ],
    ["an infinite value", prior, { ...observations, values: [1 / 0] }, {}, "Observation 0 is Infinity"],
    ["a prediction of NaN", prior, { ...observations, predicted: [1, Number.NaN] }, {}, "its predictions NaN"],
    ["NaN in what is observed", nan, observations, {}, "Element 1 of the state is not finite"],
    ["an inflation below 1", prior, observations, { inflation: 0.9 }, "a factor of 1 or more; got 0.9"],
    ["an inflation without end", prior, observations, { inflation: 1 / 0 }, "a factor of 1 or more; got Infinity"],
    ["a relaxation above 1", prior, observations, { relaxation: 1.1 }, "a share in 0 to 1; got 1.1"],
    [
      "a localisation of another size",
      prior,
      observations,
      { localisation: elsewhere },
      "1 observations and 3 elements",
    ],
  ])("%s", (_, ensemble, of, options, message) => {
    expect(() => ensembleKalmanUpdate(ensemble, of, options)).toThrow(
      expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT", message: expect.stringContaining(message) }),
    );
  });
});

function rowsOf(states: Float64Array, members: number): number[][] {
  const size = states.length / members;
  return Array.from({ length: members }, (_, k) => Array.from(states.subarray(k * size, (k + 1) * size)));
}
