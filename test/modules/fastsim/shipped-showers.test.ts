import { createTwin, type GenerateRequest, type Generator, RandomStream } from "twinloom";
import { fastsim, SHIPPED_MODELS, shippedModel } from "twinloom/modules/fastsim";
import { onnx } from "twinloom/modules/onnx";
import { describe, expect, it } from "vitest";
import { all } from "./sample.ts";

const COUNT = 100;
/** Events that are computed again and again. */
const SOME = 24;

const stream = new RandomStream({ seed: 4n, id: 0n });
const REQUEST: GenerateRequest = {
  conditions: {
    incident_energy: Float64Array.from({ length: COUNT }, () => 1000 * 100 ** stream.uniform()),
    absorber_thickness: Float64Array.from({ length: COUNT }, (_, index) => [1.2, 1.3, 1.4, 1.6][index % 4] as number),
  },
  eventIds: BigInt64Array.from({ length: COUNT }, (_, index) => BigInt(index)),
  seed: 11n,
};

/** The bits of each event of a request, by event id. */
async function bitsOf(generator: Generator, order: readonly number[], batchSize: number): Promise<Map<bigint, string>> {
  const pick = (values: Float64Array | undefined): Float64Array =>
    Float64Array.from(order, (event) => values?.[event] as number);
  const conditions = Object.fromEntries(
    Object.keys(generator.validity).map((name) => [name, pick(REQUEST.conditions[name])]),
  );
  const eventIds = BigInt64Array.from(order, (event) => BigInt(event));
  const found = new Map<bigint, string>();
  for (const { start, count, arrays } of await all(generator, { ...REQUEST, conditions, eventIds, batchSize })) {
    for (let row = 0; row < count; row++) {
      const values = arrays["showers"]?.slice({ event: row }).values() as Float32Array;
      found.set(
        eventIds[start + row] as bigint,
        Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64"),
      );
    }
  }
  return found;
}

describe("showers of shipped models", () => {
  it.for(SHIPPED_MODELS)("%s: are bit-identical whatever the batch, the order and the threads", async (name) => {
    const every = Array.from({ length: COUNT }, (_, event) => event);
    const inOrder = every.slice(0, SOME);
    const shuffled = inOrder.map((event) => (event * 7 + 3) % SOME);
    const ways: readonly (readonly [number, readonly number[]])[] = [
      ...[SOME, 1, 2, 3, 7].flatMap((size) => [inOrder, shuffled].map((order) => [size, order] as const)),
      [COUNT, every],
    ];
    let expected: Map<bigint, string> | undefined;
    for (const threads of [1, 2]) {
      await using twin = await createTwin({
        plugins: { network: onnx({ file: shippedModel(name), threads }), shower: fastsim({ maxRows: COUNT }) },
      });
      for (const [batchSize, order] of ways) {
        const found = await bitsOf(twin.shower, order, batchSize);
        expected ??= found;
        for (const [id, bits] of expected)
          expect(found.get(id) === bits, `event ${id}, ${threads} threads, batches of ${batchSize}`).toBe(true);
      }
    }
    expect(expected?.size).toBe(SOME);
  });

  it.for(SHIPPED_MODELS)("%s: have about the energy that went in", async (name) => {
    await using twin = await createTwin({
      plugins: { network: onnx({ file: shippedModel(name) }), shower: fastsim() },
    });
    const conditions = Object.fromEntries(
      Object.keys(twin.shower.validity).map((condition) => [condition, REQUEST.conditions[condition] as Float64Array]),
    );
    const sums: number[] = [];
    for (const { count, arrays } of await all(twin.shower, { ...REQUEST, conditions })) {
      for (let event = 0; event < count; event++) {
        sums.push(
          (arrays["showers"]?.slice({ event }).toFloat64() ?? new Float64Array()).reduce(
            (sum, value) => sum + value,
            0,
          ),
        );
      }
    }
    const response =
      sums.reduce(
        (sum, energy, event) => sum + energy / (REQUEST.conditions["incident_energy"]?.[event] as number),
        0,
      ) / COUNT;
    // Energies are over the sampling fraction of 1.4 mm: about 1, and a third to either side is another unit or condition.
    expect(response).toBeGreaterThan(0.7);
    expect(response).toBeLessThan(1.35);
  });
});
