import {
  type GeneratedBatch,
  type GenerateRequest,
  type Generator,
  InvalidArgumentError,
  NdArray,
  OutOfDomainError,
  RandomStream,
  seedOf,
} from "../../../core/index.ts";

const RANGE = { unit: "K", min: 100, max: 400 };
const CELLS = 3;

/** A generator that keeps every promise: normal noise in three cells, as wide as it is warm. */
export const noise: Generator = {
  model: "noise",
  validity: { temperature: RANGE },
  outputs: { noise: { dtype: "float64", dims: ["cell"], shape: [CELLS], unit: "mV" } },
  async *generate(request, { signal } = {}) {
    const { eventIds, batchSize = 2 } = request;
    const temperatures = checked(request);
    const stream = new RandomStream({ seed: 0n, id: 0n });
    for (let start = 0; start < eventIds.length; start += batchSize) {
      signal?.throwIfAborted();
      const count = Math.min(batchSize, eventIds.length - start);
      const values = Float64Array.from({ length: count * CELLS }, (_, i) => {
        const event = start + Math.floor(i / CELLS);
        if (i % CELLS === 0) stream.restart(eventIds[event] as bigint, seedOf(request, event));
        return stream.normal() * Math.sqrt(temperatures[event] as number);
      });
      yield { start, count, arrays: { noise: array(values, count) } };
    }
  },
};

function array(values: Float64Array, count: number): NdArray {
  return new NdArray(values, { dtype: "float64", shape: [count, CELLS], dims: ["event", "cell"], unit: "mV" });
}

function checked({ conditions, eventIds, seed, batchSize = 1 }: GenerateRequest): Float64Array {
  const unknown = Object.keys(conditions).find((name) => name !== "temperature");
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no condition ${unknown}.`);
  const { temperature = new Float64Array() } = conditions;
  if (temperature.length !== eventIds.length) throw new InvalidArgumentError("Give a temperature per event.");
  if (typeof seed !== "bigint" && seed.length !== eventIds.length)
    throw new InvalidArgumentError("Give a seed per event.");
  if (!(Number.isInteger(batchSize) && batchSize > 0)) throw new InvalidArgumentError(`No batch size: ${batchSize}.`);
  const value = temperature.find((each) => !(each >= RANGE.min && each <= RANGE.max));
  if (value !== undefined) throw new OutOfDomainError({ what: "noise", condition: "temperature", value, ...RANGE });
  return temperature;
}

/** Asks {@link noise} for something else than was asked for. */
function asking(change: (request: GenerateRequest) => GenerateRequest): Generator {
  return { ...noise, generate: (request, options) => noise.generate(change(request), options) };
}

/** What one of {@link brokenGenerators} has made. */
const given = new Map<string, readonly GeneratedBatch[]>();

/** Generators that break one promise each, by what is wrong with them. */
export const brokenGenerators: Readonly<Record<string, Generator>> = {
  "ignores the seed": asking((request) => ({ ...request, seed: 0n })),
  "takes the first seed for all": asking((request) => ({ ...request, seed: seedOf(request, 0) })),
  "ignores the ids": asking((request) => ({ ...request, eventIds: BigInt64Array.from(request.eventIds, () => 0n) })),
  "numbers the events of a request": asking((request) => ({
    ...request,
    eventIds: BigInt64Array.from(request.eventIds, (_, index) => BigInt(index)),
  })),
  "mixes the batch size into the seed": asking((request) => ({
    ...request,
    seed: seedOf(request, 0) ^ BigInt(request.batchSize ?? 0),
  })),
  "knows only 32 bits of an id": {
    ...noise,
    async *generate(request, options) {
      if (request.eventIds.some((id) => BigInt.asIntN(32, id) !== id)) throw new RangeError("id");
      yield* noise.generate(request, options);
    },
  },
  "makes batches as it likes": asking(({ batchSize: _, ...request }) => request),
  "forgets the last batch": {
    ...noise,
    async *generate(request, options) {
      for await (const batch of noise.generate(request, options)) {
        if (batch.start + batch.count < request.eventIds.length) yield batch;
      }
    },
  },
  "states another unit than it delivers": {
    ...noise,
    outputs: { noise: { dtype: "float64", dims: ["cell"], shape: [CELLS], unit: "V" } },
  },
  "states another range than it keeps": { ...noise, validity: { temperature: { ...RANGE, max: 1e4 } } },
  "states no range": { ...noise, validity: {} },
  "clips what is out of range": asking((request) => ({
    ...request,
    conditions: Object.fromEntries(
      Object.entries(request.conditions).map(([name, values]) => [
        name,
        values.map((value) => Math.min(Math.max(value || RANGE.min, RANGE.min), RANGE.max)),
      ]),
    ),
  })),
  "drops conditions that it does not know": asking((request) => ({
    ...request,
    conditions: Object.fromEntries(Object.entries(request.conditions).filter(([name]) => name === "temperature")),
  })),
  "tells facts that no file can hold": { ...noise, facts: { made: new Date(0) as unknown as string } },
  "has a fallback that nobody hears of": {
    ...noise,
    async *generate(request, options) {
      for await (const batch of noise.generate(request, options))
        yield { ...batch, byFallback: new Uint8Array(batch.count).fill(1) };
    },
  },
  "gives what it made before": {
    ...noise,
    async *generate(request, options) {
      const { seed, eventIds, batchSize } = request;
      const key = JSON.stringify([`${seed}`, `${eventIds}`, batchSize, `${request.conditions["temperature"]}`]);
      const known = given.get(key);
      if (known) return yield* known;
      const made: GeneratedBatch[] = [];
      for await (const batch of noise.generate(request, options)) {
        made.push(batch);
        yield batch;
      }
      given.set(key, made);
    },
  },
  "does not hear a signal": { ...noise, generate: (request) => noise.generate(request) },
};
