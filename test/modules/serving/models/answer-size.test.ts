import { type Model, NdArray } from "twinloom";
import {
  type Served,
  type ServedAnswer,
  type ServedRequest,
  type ServeFacts,
  serveGenerator,
  serveModel,
} from "twinloom/modules/serving";
import { describe, expect, it } from "vitest";
import { answerBytes } from "../../../../modules/serving/models/answer-size.ts";
import { encodeTensors } from "../../../../modules/serving/protocol/tensors.ts";
import { CELLS, eventsRequest, NoiseGenerator, RowModel } from "./fakes.ts";

const { signal } = new AbortController();
const PER_EVENT = 4 * CELLS;

function showers(count: number, parameters: ServedRequest["parameters"] = {}): ServedRequest {
  const events = Array.from({ length: count }, (_, event) => ({ id: BigInt(event), energy: 10, seed: 1n }));
  return eventsRequest(events, parameters);
}

/** A generator whose answers are limited, and what it was asked for. */
function limited(maxAnswerBytes: number, facts: Partial<ServeFacts> = {}) {
  const generator = new NoiseGenerator();
  const served = serveGenerator(generator, { version: "1", batching: { maxBatchSize: 10 }, maxAnswerBytes, ...facts });
  return { generator, served };
}

function ask(served: Served, request: ServedRequest): Promise<ServedAnswer> {
  return served.infer(request, { signal });
}

const tooLarge = { code: "TWIN_SERVER_REFUSED", status: "RESOURCE_EXHAUSTED" };

describe("an answer that is too large is refused before anything is computed", () => {
  it.each<[string, number, number, ServedRequest["parameters"]]>([
    ["dense", 50, 50 * PER_EVENT, {}],
    ["in halves", 50, 25 * PER_EVENT, { output_datatype: "FP16" }],
  ])("%s", async (_, count, bytes, parameters) => {
    await expect(ask(limited(bytes).served, showers(count, parameters))).resolves.toBeDefined();
    const { served, generator } = limited(bytes - 1);
    await expect(ask(served, showers(count, parameters))).rejects.toMatchObject({
      ...tooLarge,
      message: expect.stringContaining(`takes at least ${bytes} bytes, more than the ${bytes - 1} that`),
    });
    expect(generator.asked).toEqual([]);
  });

  it("sparse, where not even the offsets fit", async () => {
    const { served, generator } = limited(50);
    await expect(ask(served, showers(50, { sparse: true }))).rejects.toMatchObject(tooLarge);
    expect(generator.asked).toEqual([]);
  });

  it("but not for an output that nobody wants", async () => {
    const { served } = limited(50, { batching: { maxBatchSize: 100 } });
    const generator = new NoiseGenerator({ facts: { fallback: { model: "other", identity: "other/1" } } as never });
    const both = serveGenerator(generator, { version: "1", maxAnswerBytes: 50 });
    await expect(ask(both, { ...showers(50), outputs: ["by_fallback"] })).resolves.toBeDefined();
    await expect(ask(served, showers(50))).rejects.toMatchObject(tooLarge);
  });

  it("of a model whose rows are as long as those of its inputs", async () => {
    const model = new RowModel();
    const served = serveModel(model, { version: "1", maxAnswerBytes: 1000 });
    const inputs = {
      values: new NdArray(new Float32Array(400), { dtype: "float32", shape: [4, 100] }),
      label: new NdArray(["a", "b", "c", "d"], { dtype: "string", shape: [4] }),
    };
    await expect(ask(served, { inputs, parameters: {} })).rejects.toMatchObject({
      ...tooLarge,
      message: expect.stringContaining("takes at least 1616 bytes"),
    });
    expect(model.asked).toEqual([]);
    await expect(ask(served, { inputs, parameters: {}, outputs: ["label"] })).resolves.toBeDefined();
  });
});

describe("an answer whose size only the computation tells", () => {
  it("is refused when it is there, and counts as one that failed", async () => {
    const model: Model = {
      name: "loud",
      provider: { name: "cpu" },
      metadata: {},
      inputs: { x: { dtype: "float32", shape: ["row"] } },
      outputs: { text: { dtype: "string", shape: ["row"] }, found: { dtype: "float32", shape: ["hit"] } },
      infer: async () => ({
        text: new NdArray(["é".repeat(40)], { dtype: "string", shape: [1] }),
        found: new NdArray(new Float32Array(5), { dtype: "float32", shape: [5] }),
      }),
    };
    const inputs = { x: new NdArray(new Float32Array(1), { dtype: "float32", shape: [1] }) };
    const exact = serveModel(model, { version: "1", maxAnswerBytes: 104 });
    const { outputs } = await ask(exact, { inputs, parameters: {} });
    expect(encodeTensors(outputs).raw.map(({ length }) => length)).toEqual([84, 20]);
    const served = serveModel(model, { version: "1", maxAnswerBytes: 103 });
    await expect(ask(served, { inputs, parameters: {} })).rejects.toMatchObject(tooLarge);
    expect(served.statistics.success.count).toBe(0);
    expect(served.statistics.fail.count).toBe(1);
  });

  it("is counted as it is sent, whatever its form", async () => {
    const { served } = limited(1e6);
    for (const parameters of [
      {},
      { sparse: true },
      { output_datatype: "FP16" },
      { sparse: true, output_datatype: "FP16" },
    ]) {
      const { outputs } = await ask(served, showers(7, parameters));
      const sent = encodeTensors(outputs).raw.reduce((sum, { length }) => sum + length, 0);
      expect(answerBytes(outputs)).toBe(sent);
    }
  });

  it("is given up on the way where it is sparse and in pieces, and leaves others alone", async () => {
    const { served, generator } = limited(1000);
    const large = ask(served, showers(200, { sparse: true }));
    const small = ask(served, showers(3));
    await expect(large).rejects.toMatchObject(tooLarge);
    await expect(small).resolves.toBeDefined();
    const computed = generator.asked.reduce((sum, { eventIds }) => sum + eventIds.length, 0);
    // About 19 bytes an event: half of 5 values, each with its place, and an offset.
    expect(computed).toBeLessThan(100);
  });
});

describe("an answer in pieces", () => {
  it.each<ServedRequest["parameters"]>([
    {},
    { sparse: true },
    { output_datatype: "FP16" },
    { sparse: true, output_datatype: "FP16" },
  ])("is the same as in one: %o", async (parameters) => {
    const facts = { fallback: { model: "other", identity: "other/1" } } as never;
    const generator = new NoiseGenerator({ facts, fallbackFrom: 10 });
    const whole = serveGenerator(generator, { version: "1" });
    const cut = serveGenerator(generator, { version: "1", batching: { maxBatchSize: 7 } });
    const [expected, answer] = await Promise.all([
      ask(whole, showers(50, parameters)),
      ask(cut, showers(50, parameters)),
    ]);
    expect(Object.keys(answer.outputs)).toEqual(Object.keys(expected.outputs));
    for (const [name, array] of Object.entries(expected.outputs)) {
      const { dtype, shape, dims, unit } = array;
      expect(answer.outputs[name]).toMatchObject({ dtype, shape, dims, unit });
      expect(answer.outputs[name]?.values()).toEqual(array.values());
    }
  });

  it("has each piece once, where one came again because another request of its batch failed", async () => {
    const generator = new NoiseGenerator({ failsAt: 13 });
    const served = serveGenerator(generator, { version: "1", batching: { maxBatchSize: 10 } });
    const large = ask(served, showers(25, { sparse: true }));
    const guilty = ask(served, eventsRequest([{ id: 1n, energy: 13, seed: 1n }]));
    await expect(guilty).rejects.toThrow("It fails at 13 GeV.");
    const { outputs } = await large;
    const { outputs: expected } = await ask(served, showers(25, { sparse: true }));
    expect(outputs["cells.offsets"]?.values()).toEqual(expected["cells.offsets"]?.values());
    expect(outputs["cells.values"]?.values()).toEqual(expected["cells.values"]?.values());
  });

  it("fails at the first value that is no half", async () => {
    const { served, generator } = limited(1e9);
    const events = Array.from({ length: 500 }, (_, id) => ({ id: BigInt(id), energy: 100_000, seed: 1n }));
    await expect(ask(served, eventsRequest(events, { output_datatype: "FP16" }))).rejects.toMatchObject({
      code: "TWIN_OUT_OF_DOMAIN",
    });
    expect(generator.asked.length).toBeLessThan(5);
  });
});
