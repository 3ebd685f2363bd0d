import { setImmediate } from "node:timers/promises";
import { createTwin, type Generator, NdArray, RandomStream } from "twinloom";
import { fastsim, shippedModel } from "twinloom/modules/fastsim";
import { onnx } from "twinloom/modules/onnx";
import { type ServedRequest, serveGenerator } from "twinloom/modules/serving";
import { gflash } from "twinloom/thematic/detector";
import { describe, expect, it } from "vitest";

interface Events {
  readonly ids: BigInt64Array;
  readonly conditions: Readonly<Record<string, Float64Array>>;
  readonly seeds: BigUint64Array;
}

/** Up to `most` events with any id, condition and seed. */
function drawEvents(generator: Generator, random: RandomStream, most: number): Events {
  const count = 1 + (random.uint32() % most);
  const word = (): bigint => (BigInt(random.uint32()) << 32n) | BigInt(random.uint32());
  const oneSeed = random.uint32() % 2 ? word() : undefined;
  return {
    ids: BigInt64Array.from({ length: count }, () => BigInt.asIntN(64, word())),
    conditions: Object.fromEntries(
      Object.entries(generator.validity).map(([name, { min, max }]) => [
        name,
        Float64Array.from({ length: count }, () => min + (max - min) * random.uniform()),
      ]),
    ),
    seeds: BigUint64Array.from({ length: count }, () => oneSeed ?? word()),
  };
}

/** One seed goes as a parameter, several as an input. */
function requestOf({ ids, conditions, seeds }: Events): ServedRequest {
  const shape = [ids.length, 1];
  const [first] = seeds;
  const isOneSeed = seeds.every((seed) => seed === first);
  return {
    inputs: {
      event_id: new NdArray(ids, { dtype: "int64", shape }),
      ...Object.fromEntries(
        Object.entries(conditions).map(([name, values]) => [name, new NdArray(values, { dtype: "float64", shape })]),
      ),
      ...(!isOneSeed && { seed: new NdArray(new BigInt64Array(seeds.buffer), { dtype: "int64", shape }) }),
    },
    parameters: isOneSeed ? { seed: first as bigint } : {},
  };
}

/** The bits of each event, made by itself. */
async function alone(generator: Generator, { ids, conditions, seeds }: Events): Promise<Buffer[]> {
  const bits: Buffer[] = [];
  for (const [event, id] of ids.entries()) {
    const request = {
      eventIds: BigInt64Array.of(id),
      conditions: Object.fromEntries(
        Object.entries(conditions).map(([name, values]) => [name, values.slice(event, event + 1)]),
      ),
      seed: seeds[event] as bigint,
    };
    for await (const { arrays } of generator.generate(request)) bits.push(bitsOf(arrays["showers"] as NdArray));
  }
  return bits;
}

function bitsOf(array: NdArray): Buffer {
  const { buffer, byteOffset, byteLength } = array.values() as Float32Array;
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Many clients ask at any time; every answer must be what the generator makes of each event alone. */
async function expectSameBits(
  generator: Generator,
  { seed, clients, batching }: { seed: bigint; clients: number; batching: { maxBatchSize: number } },
): Promise<void> {
  const random = new RandomStream({ seed, id: 0n, purpose: 0 });
  let mostRequests = 0;
  const observer = {
    queue: () => undefined,
    batch: (_: unknown, { requests }: { readonly requests: number }) => {
      mostRequests = Math.max(mostRequests, requests);
    },
    request: () => undefined,
  };
  const served = serveGenerator(generator, { version: "1", batching, observer });
  const asked = Array.from({ length: clients }, () => drawEvents(generator, random, 2 * batching.maxBatchSize));
  const { signal } = new AbortController();
  const answers = await Promise.all(
    asked.map(async (events) => {
      for (let pause = random.uint32() % 8; pause > 0; pause--) await setImmediate();
      return served.infer(requestOf(events), { signal });
    }),
  );
  // Else nothing was put together, or nothing was in pieces.
  expect(mostRequests).toBeGreaterThan(1);
  expect(asked.some(({ ids }) => ids.length > batching.maxBatchSize)).toBe(true);
  for (const [client, events] of asked.entries()) {
    const expected = Buffer.concat(await alone(generator, events));
    expect(bitsOf(answers[client]?.outputs["showers"] as NdArray).equals(expected)).toBe(true);
  }
}

describe("events of a served generator", () => {
  it("are bit by bit those of GFLASH, whatever shares their batch", async () => {
    await using twin = await createTwin({ plugins: { shower: gflash() } });
    for (const [index, maxBatchSize] of [3, 7, 20].entries()) {
      await expectSameBits(twin.shower, { seed: BigInt(index), clients: 20, batching: { maxBatchSize } });
    }
  });

  it("are bit by bit those of the shipped GAN, whatever shares their batch", async () => {
    await using twin = await createTwin({
      plugins: { network: onnx({ file: shippedModel("gan") }), shower: fastsim() },
    });
    await expectSameBits(twin.shower, { seed: 1n, clients: 16, batching: { maxBatchSize: 8 } });
  });
});
