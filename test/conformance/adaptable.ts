import assert from "node:assert/strict";
import {
  type Adaptable,
  digestJson,
  type Expectation,
  type Features,
  type JsonValue,
  type StreamEvent,
  symmetricEigenvalues,
} from "../../core/index.ts";
import { assertAborted, assertRejects } from "./compare.ts";
import { counterCases } from "./counters.ts";
import { type ConformanceCase, type ConformanceOptions, register } from "./register.ts";

/** An adaptable twin under test, with events of what it is a twin of. */
export interface AdaptableFixture {
  readonly adaptable: Adaptable;
  /** Events under the initial conditions, as many as a reference needs. */
  readonly reference: readonly StreamEvent[];
  /** Other events under the initial conditions, 200 or more, which all conditions have a bearing on. */
  readonly events: readonly StreamEvent[];
  /** Events that it has to refuse, each with words that the message holds. */
  readonly invalid: readonly { readonly event: StreamEvent; readonly words: readonly string[] }[];
  /** Stops the twin and removes what the fixture made. */
  dispose?(): Promise<void>;
}

/** A mean farther from what it should be than this many standard errors is wrong. */
const MOST_SIGMAS = 5;
/** Events whose derivatives are formed one by one. */
const FEW = 40;

/** Every promise of {@link Adaptable}. */
export const adaptableCases: readonly ConformanceCase<AdaptableFixture>[] = [
  {
    name: "states conditions with bounds around where they begin, each under a name of its own",
    async run({ adaptable: { conditions } }) {
      assert.ok(conditions.length > 0, "there is nothing to adapt");
      assert.equal(new Set(conditions.map(({ name }) => name)).size, conditions.length, "names are not unique");
      for (const { name, unit, min, max, initial, worth } of conditions) {
        assert.equal(typeof unit, "string", `${name}: unit`);
        assert.ok(min < max && min <= initial && initial <= max, `${name}: ${initial} is not from ${min} to ${max}`);
        assert.ok(worth > 0 && worth < max - min, `${name}: a move is worth it from ${worth}`);
      }
    },
  },
  {
    name: "states causes of those conditions, the gentlest first",
    async run({ adaptable: { causes, conditions } }) {
      assert.equal(new Set(causes.map(({ name }) => name)).size, causes.length, "names are not unique");
      causes.forEach(({ name, rung, conditions: moved }, index) => {
        assert.ok(Number.isInteger(rung) && rung >= 1, `${name}: rung ${rung}`);
        assert.ok(rung >= (causes[index - 1]?.rung ?? 1), `${name}: rung ${rung} after a higher one`);
        assert.ok(moved.length > 0, `${name} moves nothing`);
        moved.forEach((condition, place) => {
          assert.ok(condition in conditions, `${name}: there is no condition ${condition}`);
          assert.ok(condition > (moved[place - 1] ?? -1), `${name}: conditions ${moved} do not ascend`);
        });
      });
      const moved = new Set(causes.flatMap((cause) => cause.conditions));
      assert.equal(moved.size, conditions.length, "some condition is moved by no cause");
    },
  },
  {
    name: "gives a row of features for each event, in order, the same in batches of whatever size",
    async run({ adaptable, events }) {
      const all = adaptable.features(events);
      assert.equal(all.count, events.length, "number of rows");
      assert.deepEqual(
        all.timesNs,
        BigInt64Array.from(events, ({ timeNs }) => timeNs),
        "times",
      );
      assert.ok(columnsOf(all) > 0 && Number.isInteger(columnsOf(all)), "columns");
      for (const size of [1, 7]) {
        const parts = inBatches(events, size).map((part) => adaptable.features(part).values);
        assertSameNumbers(
          parts.flatMap((part) => [...part]),
          all.values,
          `batches of ${size}`,
        );
      }
      assert.equal(adaptable.features([]).count, 0, "features of no events");
    },
  },
  {
    name: "refuses events that have no such features, in words, wherever they stand",
    async run({ adaptable, events, invalid }) {
      assert.ok(invalid.length > 0, "the fixture needs events that are refused");
      for (const { event, words } of invalid) {
        const some = [...events.slice(0, 3), event, ...events.slice(3, 5)];
        assertThrows(() => adaptable.features(some), "TWIN_EVENT_INVALID", words.join(" "), words);
      }
    },
  },
  {
    name: "scores are the derivative of -1/2 of the deviance by each condition",
    async run(fixture) {
      const { adaptable, expectation } = await expected(fixture);
      assertDerivatives(expectation, fixture);
      const other = expectation.around?.(moved(adaptable, 2));
      if (other) assertDerivatives(other, fixture);
    },
  },
  {
    name: "around the conditions of its reference an expectation is itself, and around others it is kept as JSON as well",
    async run(fixture) {
      const { adaptable, expectation } = await expected(fixture);
      const features = adaptable.features(fixture.events);
      const at = moved(adaptable, 1);
      const same = expectation.around?.(initialOf(adaptable));
      const other = expectation.around?.(moved(adaptable, 3));
      if (!same || !other) return;
      assertSameNumbers(same.deviance(features, at), expectation.deviance(features, at), "deviance around the same");
      const kept = adaptable.restore(JSON.parse(JSON.stringify(other.toJSON())) as JsonValue);
      assertSameNumbers(kept.deviance(features, at), other.deviance(features, at), "deviance of what was kept");
      for (const [index, { name, max, worth }] of adaptable.conditions.entries()) {
        const refused = attempt(() => expectation.around?.(initialOf(adaptable).with(index, max + worth)));
        await assertRejects(refused, "TWIN_OUT_OF_DOMAIN", `around ${name} = ${max + worth}`, [name]);
      }
    },
  },
  {
    name: "scores are 0 on average where the conditions are right",
    async run(fixture) {
      const { adaptable, expectation, reference } = await expected(fixture);
      const at = initialOf(adaptable);
      const events = adaptable.features(fixture.events);
      adaptable.conditions.forEach(({ name }, index) => {
        const known = meanOf(expectation.scores(reference, at), index, reference.count);
        assert.ok(Math.abs(known.mean) < MOST_SIGMAS * known.error, `${name}, in the reference: ${inSigmas(known)}`);
        const other = meanOf(expectation.scores(events, at), index, events.count);
        // What is known of the reference has an error, too.
        const error = Math.hypot(other.error, known.error);
        assert.ok(Math.abs(other.mean) < MOST_SIGMAS * error, `${name}, in other events: ${inSigmas(other)}`);
      });
    },
  },
  {
    name: "information is the covariance that scores have, within a factor of two",
    async run(fixture) {
      const { adaptable, expectation, reference } = await expected(fixture);
      const at = initialOf(adaptable);
      const scores = expectation.scores(reference, at);
      const information = expectation.information(reference, at);
      adaptable.conditions.forEach(({ name }, index) => {
        const { error } = meanOf(scores, index, reference.count);
        const ratio = diagonal(information, index) / (error * reference.count) ** 2;
        assert.ok(ratio > 0.5 && ratio < 2, `${name}: information is ${ratio} of the variance of the scores`);
      });
    },
  },
  {
    name: "information is symmetric, has no negative eigenvalue, and adds up over events",
    async run(fixture) {
      const { adaptable, expectation } = await expected(fixture);
      const size = adaptable.conditions.length;
      for (const at of [initialOf(adaptable), moved(adaptable, -2)]) {
        const features = adaptable.features(fixture.events);
        const information = expectation.information(features, at);
        assert.equal(information.length, size * size, "size of the information");
        const scales = Float64Array.from(
          { length: size },
          (_, i) => 1 / Math.sqrt(information[i * size + i] as number),
        );
        const relative = information.map(
          (value, i) => value * elementOf(scales, Math.floor(i / size)) * elementOf(scales, i % size),
        );
        for (let i = 0; i < size * size; i++) {
          const mirrored = information[(i % size) * size + Math.floor(i / size)];
          assert.equal(information[i], mirrored, `element ${i} differs from its mirror`);
        }
        const [least = 0] = symmetricEigenvalues(relative, size);
        assert.ok(least > -1e-9, `an eigenvalue of the information, scaled to a diagonal of 1, is ${least}`);
        const sum = new Float64Array(size * size);
        for (const part of inBatches(fixture.events, 60)) {
          expectation.information(adaptable.features(part), at).forEach((value, i) => {
            sum[i] = (sum[i] as number) + value;
          });
        }
        sum.forEach((value, i) => {
          const scale = 1 / (elementOf(scales, Math.floor(i / size)) * elementOf(scales, i % size));
          const difference = Math.abs(value - (information[i] as number));
          assert.ok(difference <= 1e-9 * scale, `element ${i}: batches add up to ${value}, not ${information[i]}`);
        });
      }
    },
  },
  {
    name: "scores and deviances of an event do not depend on the events beside it",
    async run(fixture) {
      const { adaptable, expectation } = await expected(fixture);
      const at = moved(adaptable, 1);
      const features = adaptable.features(fixture.events);
      for (const size of [1, 7]) {
        const parts = inBatches(fixture.events, size).map((part) => adaptable.features(part));
        const scores = parts.flatMap((part) => [...expectation.scores(part, at)]);
        assertSameNumbers(scores, expectation.scores(features, at), `scores in batches of ${size}`);
        const deviance = parts.flatMap((part) => [...expectation.deviance(part, at)]);
        assertSameNumbers(deviance, expectation.deviance(features, at), `deviance in batches of ${size}`);
      }
    },
  },
  {
    name: "features that are NaN add nothing",
    async run(fixture) {
      const { adaptable, expectation } = await expected(fixture);
      const at = moved(adaptable, 1);
      const features = adaptable.features(fixture.events.slice(0, FEW));
      const columns = columnsOf(features);
      for (let column = 0; column < columns; column++) {
        const values = features.values.map((value, i) => (i % columns === column ? Number.NaN : value));
        assertFinite(expectation, { ...features, values }, { at, what: `feature ${column} NaN` });
      }
      const nothing = { ...features, values: new Float64Array(features.values.length).fill(Number.NaN) };
      assertFinite(expectation, nothing, { at, what: "all NaN" });
      const numbers = [expectation.scores(nothing, at), expectation.information(nothing, at)];
      assert.ok(
        numbers.every((each) => each.every((value) => value === 0)),
        "events of nothing but NaN add something",
      );
    },
  },
  {
    name: "the same reference gives the same numbers, and so does what was kept as JSON, bit for bit",
    async run(fixture) {
      const { adaptable, expectation, reference } = await expected(fixture);
      const kept = adaptable.restore(JSON.parse(JSON.stringify(expectation.toJSON())) as JsonValue);
      const again = await adaptable.expect(reference, initialOf(adaptable));
      const features = adaptable.features(fixture.events);
      const at = moved(adaptable, 2);
      for (const [what, other] of Object.entries({ kept, again })) {
        assertSameNumbers(other.scores(features, at), expectation.scores(features, at), `${what}: scores`);
        assertSameNumbers(
          other.information(features, at),
          expectation.information(features, at),
          `${what}: information`,
        );
        assertSameNumbers(other.deviance(features, at), expectation.deviance(features, at), `${what}: deviance`);
        assert.equal(digestJson(other.toJSON()), digestJson(expectation.toJSON()), `${what}: digest of the JSON`);
      }
    },
  },
  {
    name: "refuses to restore what is no expectation",
    async run({ adaptable }) {
      for (const value of [null, 7, "expectation", [], {}, { schemaVersion: 1 }] as const) {
        assertThrows(() => adaptable.restore(value), "TWIN_INVALID_ARGUMENT", `restoring ${JSON.stringify(value)}`);
      }
    },
  },
  {
    name: "refuses a reference that is too small",
    async run({ adaptable, reference }) {
      for (const count of [0, 1]) {
        const refused = attempt(() =>
          adaptable.expect(adaptable.features(reference.slice(0, count)), initialOf(adaptable)),
        );
        await assertRejects(refused, "TWIN_INVALID_ARGUMENT", `a reference of ${count}`);
      }
    },
  },
  {
    name: "refuses vectors that are none of its conditions, and features of another width",
    async run(fixture) {
      const { adaptable, expectation, reference } = await expected(fixture);
      const good = initialOf(adaptable);
      const { count, values, timesNs } = adaptable.features(fixture.events.slice(0, FEW));
      const features = { count, values, timesNs };
      const wrong = {
        "too short": good.slice(1),
        "too long": Float64Array.of(...good, 0),
        NaN: good.with(0, Number.NaN),
      };
      for (const [what, at] of Object.entries(wrong)) {
        const asked = {
          scores: () => expectation.scores(features, at),
          information: () => expectation.information(features, at),
          deviance: () => expectation.deviance(features, at),
          expect: () => adaptable.expect(reference, at),
          apply: () => adaptable.apply(at),
          calibration: () => adaptable.calibration(at),
        };
        for (const [name, ask] of Object.entries(asked)) {
          await assertRejects(attempt(ask), "TWIN_INVALID_ARGUMENT", `${name} of a vector that is ${what}`);
        }
      }
      const narrow = { ...features, values: values.slice(count) };
      assertThrows(() => expectation.scores(narrow, good), "TWIN_INVALID_ARGUMENT", "features of another width");
    },
  },
  {
    name: "is under the conditions that were applied, and keeps them when others are refused",
    async run({ adaptable }) {
      assertSameNumbers(adaptable.current, initialOf(adaptable), "at the beginning");
      const applied = moved(adaptable, 2);
      const expectedCurrent = applied.slice();
      await adaptable.apply(applied);
      applied.fill(Number.NaN);
      adaptable.current.fill(Number.NaN);
      assertSameNumbers(adaptable.current, expectedCurrent, "after apply");
      for (const [index, { name, min, max, worth }] of adaptable.conditions.entries()) {
        for (const value of [min - worth, max + worth]) {
          const refused = attempt(() => adaptable.apply(initialOf(adaptable).with(index, value)));
          await assertRejects(refused, "TWIN_OUT_OF_DOMAIN", `${name} = ${value}`, [name]);
          assertSameNumbers(adaptable.current, expectedCurrent, `after ${name} = ${value} was refused`);
        }
        for (const value of [min, max]) await adaptable.apply(initialOf(adaptable).with(index, value));
        await adaptable.apply(expectedCurrent);
      }
    },
  },
  {
    name: "tells every condition in its calibration, as plain JSON",
    async run({ adaptable }) {
      const text = (at: Float64Array): string => JSON.stringify(adaptable.calibration(at));
      const initial = initialOf(adaptable);
      assert.deepEqual(JSON.parse(text(initial)), adaptable.calibration(initial), "a calibration of plain JSON");
      assert.equal(text(initial), text(initialOf(adaptable)), "equal conditions, equal calibrations");
      adaptable.conditions.forEach(({ name, worth }, index) => {
        const other = initial.with(index, (initial[index] as number) + worth / 7);
        assert.notEqual(text(other), text(initial), `the calibration does not tell of ${name}`);
      });
    },
  },
  {
    name: "makes no expectation for a signal that is aborted, and one afterwards",
    async run(fixture) {
      const { adaptable } = fixture;
      const reference = adaptable.features(fixture.reference);
      const aborted = AbortSignal.abort(new Error("called off"));
      const at = initialOf(adaptable);
      await assertAborted(
        attempt(() => adaptable.expect(reference, at, { signal: aborted })),
        aborted,
        "expecting",
      );
      const expectation = await adaptable.expect(reference, at);
      assert.equal(expectation.deviance(reference, at).length, reference.count, "deviances afterwards");
    },
  },
  ...counterCases,
];

/**
 * Registers the conformance suite for adaptable twins.
 *
 * @param setup - Makes a fixture; called for every case.
 *
 * @example
 * testAdaptable(async () => ({ adaptable: await createThermometer(), reference, events, invalid }));
 */
export function testAdaptable(setup: () => Promise<AdaptableFixture>, options?: ConformanceOptions): void {
  register("Adaptable", adaptableCases, setup, options);
}

async function expected({ adaptable, reference: events }: AdaptableFixture): Promise<{
  readonly adaptable: Adaptable;
  readonly expectation: Expectation;
  readonly reference: Features;
}> {
  const reference = adaptable.features(events);
  return { adaptable, reference, expectation: await adaptable.expect(reference, initialOf(adaptable)) };
}

function initialOf({ conditions }: Adaptable): Float64Array {
  return Float64Array.from(conditions, ({ initial }) => initial);
}

/** Every condition moved by so many times what is worth a version, away from the bound that is nearer. */
function moved({ conditions }: Adaptable, times: number): Float64Array {
  return Float64Array.from(conditions, ({ initial, min, max, worth }) => {
    const there = initial + times * worth;
    return there >= min && there <= max ? there : initial - times * worth;
  });
}

function columnsOf({ count, values }: Features): number {
  return values.length / count;
}

function inBatches(events: readonly StreamEvent[], size: number): (readonly StreamEvent[])[] {
  return Array.from({ length: Math.ceil(events.length / size) }, (_, i) => events.slice(i * size, (i + 1) * size));
}

function scoreOf(scores: Float64Array, event: number, { index, of }: { index: number; of: number }): number {
  return scores[event * of + index] as number;
}

function diagonal(matrix: Float64Array, index: number): number {
  return matrix[index * Math.sqrt(matrix.length) + index] as number;
}

function elementOf(values: Float64Array, index: number): number {
  return values[index] as number;
}

function meanOf(scores: Float64Array, index: number, count: number): { readonly mean: number; readonly error: number } {
  const of = scores.length / count;
  let [sum, squares] = [0, 0];
  for (let event = 0; event < count; event++) {
    const score = scoreOf(scores, event, { index, of });
    sum += score;
    squares += score * score;
  }
  const mean = sum / count;
  return { mean, error: Math.sqrt((squares / count - mean * mean) / count) };
}

function inSigmas({ mean, error }: { readonly mean: number; readonly error: number }): string {
  return `the mean score is ${mean}, ${(mean / error).toFixed(1)} standard errors from 0`;
}

function assertFinite(
  expectation: Expectation,
  features: Features,
  { at, what }: { readonly at: Float64Array; readonly what: string },
): void {
  const numbers = {
    scores: expectation.scores(features, at),
    information: expectation.information(features, at),
    deviance: expectation.deviance(features, at),
  };
  for (const [name, values] of Object.entries(numbers)) {
    assert.ok(values.every(Number.isFinite), `${what}: ${name} that are not finite`);
  }
}

function assertSameNumbers(actual: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void {
  assert.equal(actual.length, wanted.length, `${what}: how many`);
  for (let i = 0; i < wanted.length; i++) {
    if (!Object.is(actual[i], wanted[i])) assert.fail(`${what}: number ${i} is ${actual[i]}, not ${wanted[i]}`);
  }
}

/** Scores against differences of deviance. */
function assertDerivatives(expectation: Expectation, { adaptable, events }: AdaptableFixture): void {
  const features = adaptable.features(events.slice(0, FEW));
  for (const [place, at] of [initialOf(adaptable), moved(adaptable, 3)].entries()) {
    const scores = expectation.scores(features, at);
    const information = expectation.information(features, at);
    adaptable.conditions.forEach(({ name, worth }, index) => {
      const step = worth / 1000;
      const above = expectation.deviance(features, at.with(index, (at[index] as number) + step));
      const below = expectation.deviance(features, at.with(index, (at[index] as number) - step));
      const usual = Math.sqrt(diagonal(information, index) / FEW);
      assert.ok(usual > 0, `${name} has no bearing on the events of the fixture`);
      for (let event = 0; event < FEW; event++) {
        const slope = ((below[event] as number) - (above[event] as number)) / (4 * step);
        const score = scoreOf(scores, event, { index, of: adaptable.conditions.length });
        const difference = Math.abs(score - slope);
        assert.ok(
          difference <= 1e-4 * (Math.abs(slope) + usual),
          `place ${place}, event ${event}: by ${name} the score is ${score}, the derivative ${slope}`,
        );
      }
    });
  }
}

/** What is thrown at once, or rejected. */
async function attempt(ask: () => unknown): Promise<unknown> {
  return ask();
}

function assertThrows(ask: () => unknown, code: string, what: string, words: readonly string[] = []): void {
  let error: unknown;
  try {
    ask();
  } catch (thrown) {
    error = thrown;
  }
  const found = error instanceof Error && "code" in error ? error.code : undefined;
  assert.equal(found, code, `${what} must throw ${code}, not ${String(error)}`);
  for (const word of words)
    assert.ok((error as Error).message.includes(word), `${what}: ${String(error)} lacks ${word}`);
}
