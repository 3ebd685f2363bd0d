import assert from "node:assert/strict";
import {
  type GeneratedBatch,
  type GenerateRequest,
  type Generator,
  NdArray,
  type ValidityRange,
} from "../../core/index.ts";
import { assertAborted, assertRejects, assertSameArray } from "./compare.ts";
import { type ConformanceCase, type ConformanceOptions, register } from "./register.ts";

/** A generator under test, with something that it can make. */
export interface GeneratorFixture {
  readonly generator: Generator;
  /** Valid conditions of five events or more, not all alike; the suite chooses ids, seeds and batch sizes. */
  readonly conditions: Readonly<Record<string, Float64Array>>;
  /** Stops the generator and removes what the fixture made. */
  dispose?(): Promise<void>;
}

const SEED = 2026n;

/** Every promise of {@link Generator}. */
export const generatorCases: readonly ConformanceCase<GeneratorFixture>[] = [
  {
    name: "makes the arrays that it states, with an event dimension in front",
    async run({ generator, conditions }) {
      for (const { arrays, count } of await all(generator, requestOf(conditions))) {
        assert.deepEqual(new Set(Object.keys(arrays)), new Set(Object.keys(generator.outputs)), "names of the arrays");
        for (const [name, { dtype, dims, shape, unit }] of Object.entries(generator.outputs)) {
          const array = arrays[name] as NdArray;
          assert.equal(array.dtype, dtype, `${name}: dtype`);
          assert.deepEqual([...array.dims], ["event", ...dims], `${name}: dims`);
          assert.deepEqual([...array.shape], [count, ...shape], `${name}: shape`);
          assert.equal(array.unit, unit, `${name}: unit`);
        }
      }
    },
  },
  {
    name: "states a range, with a unit, for each condition that it takes",
    async run({ generator, conditions }) {
      assert.deepEqual(new Set(Object.keys(generator.validity)), new Set(Object.keys(conditions)), "conditions");
      for (const [name, { min, max, unit }] of Object.entries(generator.validity)) {
        assert.ok(min < max, `${name}: from ${min} to ${max} is no range`);
        assert.equal(typeof unit, "string", `${name}: unit`);
      }
    },
  },
  {
    name: "tells facts in plain JSON, the same after generating, and which events of a batch another made",
    async run({ generator, conditions }) {
      const facts = (): string => JSON.stringify(generator.facts ?? {});
      const before = facts();
      assert.deepEqual(JSON.parse(before), { ...generator.facts }, "facts that are plain JSON");
      for (const { count, byFallback } of await all(generator, requestOf(conditions))) {
        if (byFallback === undefined) continue;
        assert.ok(byFallback.length === count && byFallback.every((flag) => flag <= 1), `byFallback ${byFallback}`);
        const told = !byFallback.includes(1) || generator.facts?.fallback !== undefined;
        assert.ok(told, "events by another generator, which the facts do not name");
      }
      assert.equal(facts(), before, "facts after generating");
    },
  },
  {
    name: "delivers every event once, in the order asked, in batches no larger than asked",
    async run({ generator, conditions }) {
      for (const batchSize of [1, 2, 1000, undefined]) {
        const request = requestOf(conditions, batchSize === undefined ? {} : { batchSize });
        let next = 0;
        for (const { start, count } of await all(generator, request)) {
          assert.equal(start, next, `batches of ${batchSize}: start`);
          assert.ok(count >= 1 && count <= (batchSize ?? count), `batches of ${batchSize}: one of ${count}`);
          next += count;
        }
        assert.equal(next, request.eventIds.length, `batches of ${batchSize}: events in all`);
      }
    },
  },
  {
    name: "makes bit-identical events whatever the batch size",
    async run({ generator, conditions }) {
      const expected = await events(generator, requestOf(conditions));
      for (const batchSize of [1, 2, 3]) {
        assertSameEvents(
          await events(generator, requestOf(conditions, { batchSize })),
          expected,
          `batches of ${batchSize}`,
        );
      }
    },
  },
  {
    name: "makes bit-identical events whatever their order, and whatever is asked for beside them",
    async run({ generator, conditions }) {
      const request = requestOf(conditions);
      const expected = await events(generator, request);
      const order = [...expected.keys()].reverse();
      const pick = (indices: readonly number[]): GenerateRequest => ({
        ...request,
        conditions: mapValues(conditions, (values) => Float64Array.from(indices, (index) => values[index] as number)),
        eventIds: BigInt64Array.from(indices, (index) => request.eventIds[index] as bigint),
      });
      assertSameEvents((await events(generator, pick(order))).reverse(), expected, "in reverse");
      const alone = await events(generator, pick([2]));
      assertSameEvents(alone, expected.slice(2, 3), "alone");
      assertSameEvents(await events(generator, pick([2, 2])), [...alone, ...alone], "twice");
    },
  },
  {
    name: "gives memory that is the caller's own",
    async run({ generator, conditions }) {
      const request = requestOf(conditions, { batchSize: 2 });
      const copied = (made: readonly Event[]): Event[] => made.map((event) => mapValues(event, copyOf));
      const expected = copied(await events(generator, request));
      const made: Event[] = [];
      for await (const batch of generator.generate(request)) {
        made.push(...copied(eventsOf(batch)));
        for (const { data } of Object.values(batch.arrays)) if (!Array.isArray(data)) data.fill(77 as never);
      }
      assertSameEvents(made, expected, "when what came before was overwritten");
      assertSameEvents(await events(generator, request), expected, "after all was overwritten");
    },
  },
  {
    name: "makes bit-identical events for two requests at the same time",
    async run({ generator, conditions }) {
      const request = requestOf(conditions, { batchSize: 1 });
      const [first = [], second = []] = await Promise.all([events(generator, request), events(generator, request)]);
      assertSameEvents(first, second, "at the same time");
      assertSameEvents(first, await events(generator, request), "alone");
    },
  },
  {
    name: "makes other events for another seed, and for another id",
    async run({ generator, conditions }) {
      const request = requestOf(conditions);
      const expected = await events(generator, request);
      const otherIds = request.eventIds.map((id) => id + 1_000_000n);
      for (const [what, other] of Object.entries({ seed: { seed: SEED + 1n }, id: { eventIds: otherIds } })) {
        const made = await events(generator, { ...request, ...other });
        made.forEach((event, index) => {
          const same = Object.keys(event).every((name) =>
            isSame(event[name] as NdArray, expected[index]?.[name] as NdArray),
          );
          assert.ok(!same, `event ${index} is the same for another ${what}`);
        });
      }
    },
  },
  {
    name: "makes each event from its own seed, where there is one for each",
    async run({ generator, conditions }) {
      const request = requestOf(conditions);
      const seeds = BigUint64Array.from(request.eventIds, (_, event) => SEED + BigInt(event % 2));
      const [even, odd] = [await events(generator, request), await events(generator, { ...request, seed: SEED + 1n })];
      const expected = even.map((event, index) => (index % 2 === 0 ? event : (odd[index] as Event)));
      assertSameEvents(await events(generator, { ...request, seed: seeds, batchSize: 3 }), expected, "seeds in turn");
      const short = firstBatch(generator, { ...request, seed: seeds.slice(1) });
      await assertRejects(short, "TWIN_INVALID_ARGUMENT", "fewer seeds than events");
    },
  },
  {
    name: "takes any seed and any id of 64 bits",
    async run({ generator, conditions }) {
      const one = mapValues(conditions, (values) => values.slice(0, 2));
      for (const seed of [0n, 2n ** 64n - 1n]) {
        const eventIds = BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n);
        assert.equal((await events(generator, { conditions: one, eventIds, seed })).length, 2);
      }
    },
  },
  {
    name: "makes nothing when no events are asked for",
    async run({ generator, conditions }) {
      const none = mapValues(conditions, () => new Float64Array(0));
      assert.deepEqual(await all(generator, { conditions: none, eventIds: new BigInt64Array(0), seed: SEED }), []);
    },
  },
  {
    name: "takes each condition at both ends of its range",
    async run({ generator, conditions }) {
      for (const [name, { min, max }] of Object.entries(generator.validity)) {
        for (const value of [min, max].filter(Number.isFinite)) {
          const values = Float64Array.from(conditions[name] as Float64Array).fill(value);
          const request = requestOf({ ...conditions, [name]: values });
          assert.equal((await events(generator, request)).length, values.length, `${name} = ${value}: events`);
        }
      }
    },
  },
  {
    name: "refuses a condition outside its range before the first batch, and names it",
    async run({ generator, conditions }) {
      for (const [name, range] of Object.entries(generator.validity)) {
        for (const value of outside(range)) {
          const values = Float64Array.from(conditions[name] as Float64Array);
          values[values.length - 1] = value;
          const request = requestOf({ ...conditions, [name]: values }, { batchSize: 1 });
          await assertRejects(firstBatch(generator, request), "TWIN_OUT_OF_DOMAIN", `${name} = ${value}`, [name]);
        }
      }
    },
  },
  {
    name: "refuses conditions that are missing, unknown, or not one per event",
    async run({ generator, conditions }) {
      const request = requestOf(conditions);
      for (const name of Object.keys(conditions)) {
        const { [name]: left = new Float64Array(0), ...others } = conditions;
        const wrong = { missing: others, "too short": { ...conditions, [name]: left.slice(1) } };
        for (const [what, given] of Object.entries(wrong)) {
          const refused = firstBatch(generator, { ...request, conditions: given });
          await assertRejects(refused, "TWIN_INVALID_ARGUMENT", `${name} ${what}`, [name]);
        }
      }
      const unknown = { ...conditions, noSuchCondition: new Float64Array(request.eventIds.length) };
      const refused = firstBatch(generator, { ...request, conditions: unknown });
      await assertRejects(refused, "TWIN_INVALID_ARGUMENT", "an unknown condition", ["noSuchCondition"]);
    },
  },
  {
    name: "refuses a batch size that is not an integer of 1 or more",
    async run({ generator, conditions }) {
      for (const batchSize of [0, -1, 1.5, Number.NaN]) {
        const refused = firstBatch(generator, requestOf(conditions, { batchSize }));
        await assertRejects(refused, "TWIN_INVALID_ARGUMENT", `batchSize ${batchSize}`);
      }
    },
  },
  {
    name: "does nothing for a signal that is aborted already, and stops between batches",
    async run({ generator, conditions }) {
      const aborted = AbortSignal.abort(new Error("called off"));
      await assertAborted(firstBatch(generator, requestOf(conditions), aborted), aborted, "generating");
      const abort = new AbortController();
      const request = requestOf(conditions, { batchSize: 1 });
      const batches = generator.generate(request, { signal: abort.signal })[Symbol.asyncIterator]();
      await batches.next();
      abort.abort(new Error("called off"));
      await assertAborted(batches.next(), abort.signal, "the next batch");
      assert.equal((await events(generator, request)).length, request.eventIds.length, "generating goes on afterwards");
    },
  },
];

/**
 * Registers the conformance suite for generators.
 *
 * @param setup - Makes a fixture; called for every case.
 *
 * @example
 * testGenerator(async () => ({
 *   generator: await createNoise({ cells: 4 }),
 *   conditions: { temperature: Float64Array.of(-5, 0, 20, 20, 35) },
 * }));
 */
export function testGenerator(setup: () => Promise<GeneratorFixture>, options?: ConformanceOptions): void {
  register("Generator", generatorCases, setup, options);
}

function requestOf(
  conditions: GeneratorFixture["conditions"],
  change: { readonly batchSize?: number } = {},
): GenerateRequest {
  const count = Object.values(conditions)[0]?.length ?? 0;
  assert.ok(count >= 5, "the fixture needs conditions of five events or more");
  return {
    conditions,
    eventIds: BigInt64Array.from({ length: count }, (_, index) => BigInt(7 * index - 3)),
    seed: SEED,
    ...change,
  };
}

async function all(generator: Generator, request: GenerateRequest): Promise<GeneratedBatch[]> {
  const batches: GeneratedBatch[] = [];
  for await (const batch of generator.generate(request)) batches.push(batch);
  return batches;
}

async function firstBatch(generator: Generator, request: GenerateRequest, signal?: AbortSignal): Promise<unknown> {
  return generator
    .generate(request, signal === undefined ? {} : { signal })
    [Symbol.asyncIterator]()
    .next();
}

type Event = Readonly<Record<string, NdArray>>;

/** The arrays of each event. */
async function events(generator: Generator, request: GenerateRequest): Promise<Event[]> {
  return (await all(generator, request)).flatMap(eventsOf);
}

function eventsOf({ arrays, count }: GeneratedBatch): Event[] {
  return Array.from({ length: count }, (_, event) => mapValues(arrays, (array) => array.slice({ event }).contiguous()));
}

function copyOf(array: NdArray): NdArray {
  const { dtype, shape, dims, unit } = array;
  return new NdArray(array.values().slice(), { dtype, shape, dims, unit });
}

function assertSameEvents(actual: readonly Event[], expected: readonly Event[], what: string): void {
  assert.equal(actual.length, expected.length, `${what}: number of events`);
  expected.forEach((event, index) => {
    for (const [name, array] of Object.entries(event)) {
      assertSameArray(actual[index]?.[name] as NdArray, array, `${what}: event ${index}, ${name}`);
    }
  });
}

function isSame(a: NdArray, b: NdArray): boolean {
  const [left, right] = [a.values(), b.values()];
  return left.every((value, index) => Object.is(value, right[index]));
}

/** Just below, just above, and no number. */
function outside({ min, max }: ValidityRange): readonly number[] {
  const margin = (max - min) / 1000;
  return [min - margin, max + margin, Number.NaN, Number.POSITIVE_INFINITY];
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
