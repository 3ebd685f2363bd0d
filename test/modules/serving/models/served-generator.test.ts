import { setImmediate } from "node:timers/promises";
import { NdArray } from "twinloom";
import { type Served, type ServedAnswer, type ServedRequest, serveGenerator } from "twinloom/modules/serving";
import { describe, expect, it } from "vitest";
import { fromSparse } from "../../../../modules/serving/protocol/sparse.ts";
import { CELLS, eventsRequest, NoiseGenerator } from "./fakes.ts";

const { signal } = new AbortController();
const events = [
  { id: 1n, energy: 10, seed: 5n },
  { id: 2n, energy: 20, seed: 6n },
  { id: 3n, energy: 30, seed: 2n ** 64n - 1n },
];

function ask(served: Served, request: ServedRequest): Promise<ServedAnswer> {
  return served.infer(request, { signal });
}

/** The message of the error that a request is refused with. */
async function refusal(request: ServedRequest, served = serveGenerator(new NoiseGenerator(), { version: "1" })) {
  const error = await ask(served, request).then(
    () => new Error("It was answered."),
    (reason: Error & { readonly code: string }) => reason,
  );
  return `${"code" in error ? error.code : ""} ${error.message}`;
}

/** What the generator makes by itself. */
async function alone(generator: NoiseGenerator, event: (typeof events)[number]): Promise<readonly number[]> {
  const request = {
    eventIds: BigInt64Array.of(event.id),
    conditions: { energy: Float64Array.of(event.energy) },
    seed: event.seed,
  };
  for await (const { arrays } of generator.generate(request)) return numbers(arrays["cells"]);
  return [];
}

function numbers(array: NdArray | undefined): readonly number[] {
  return [...(array as NdArray).toFloat64()];
}

function input<T extends "int64" | "float64" | "float32">(
  dtype: T,
  data: NdArray<T>["data"],
  shape: readonly number[] = [data.length, 1],
): NdArray {
  return new NdArray<T>(data, { dtype, shape });
}

describe("serveGenerator", () => {
  it("states inputs, outputs and identity", () => {
    const served = serveGenerator(new NoiseGenerator(), { version: "3", name: "showers" });
    expect(served).toMatchObject({
      name: "showers",
      version: "3",
      kind: "generator",
      platform: "twinloom_generator",
      identity: "showers/3",
    });
    expect(served.inputs).toEqual([
      { name: "event_id", datatype: "INT64", shape: [-1, 1] },
      { name: "energy", datatype: "FP64", shape: [-1, 1] },
      { name: "seed", datatype: "INT64", shape: [-1, 1] },
    ]);
    expect(served.outputs).toEqual([{ name: "cells", datatype: "FP32", shape: [-1, CELLS] }]);
  });

  it("makes the events that the generator makes, each with its own seed", async () => {
    const generator = new NoiseGenerator();
    const { outputs, parameters } = await ask(serveGenerator(generator, { version: "1" }), eventsRequest(events));
    expect(parameters).toEqual({ identity: "noise/1" });
    const cells = outputs["cells"]?.values() as Float32Array;
    for (const [row, event] of events.entries()) {
      expect([...cells.subarray(row * CELLS, (row + 1) * CELLS)]).toEqual(await alone(generator, event));
    }
  });

  it("takes one seed for all as a parameter, as an integer or in digits", async () => {
    const served = serveGenerator(new NoiseGenerator(), { version: "1" });
    const seedless = [{ id: 1n, energy: 10 }];
    const answers = await Promise.all([
      ask(served, eventsRequest([{ id: 1n, energy: 10, seed: 2n ** 64n - 1n }])),
      ask(served, eventsRequest(seedless, { seed: 2n ** 64n - 1n })),
      ask(served, eventsRequest(seedless, { seed: "18446744073709551615" })),
    ]);
    const [first, ...others] = answers.map(({ outputs }) => outputs["cells"]?.values());
    for (const other of others) expect(other).toEqual(first);
  });

  it("takes inputs of one axis, and widens float32", async () => {
    const generator = new NoiseGenerator();
    const served = serveGenerator(generator, { version: "1" });
    await ask(served, {
      inputs: {
        event_id: input("int64", BigInt64Array.of(7n), [1]),
        energy: input("float32", Float32Array.of(1.1), [1]),
      },
      parameters: { seed: 1n },
    });
    expect(generator.asked[0]?.conditions["energy"]).toEqual(Float64Array.of(Math.fround(1.1)));
  });

  it("puts requests of several clients into one batch, and gives each its own events", async () => {
    const generator = new NoiseGenerator();
    const served = serveGenerator(generator, { version: "1" });
    const answers = await Promise.all(events.map((event) => ask(served, eventsRequest([event]))));
    expect(generator.asked.map(({ eventIds }) => [...eventIds])).toEqual([[1n], [2n, 3n]]);
    expect(generator.asked[1]?.seed).toEqual(BigUint64Array.of(6n, 2n ** 64n - 1n));
    for (const [index, event] of events.entries()) {
      const cells = answers[index]?.outputs["cells"];
      expect(cells?.shape).toEqual([1, CELLS]);
      expect(numbers(cells)).toEqual(await alone(generator, event));
    }
  });

  it("keeps one seed one, and joins it with many", async () => {
    const generator = new NoiseGenerator();
    const served = serveGenerator(generator, { version: "1" });
    const one = (id: bigint, seed: bigint): Promise<ServedAnswer> =>
      ask(served, eventsRequest([{ id, energy: 1 }], { seed }));
    await Promise.all([one(1n, 4n), one(2n, 4n), one(3n, 4n)]);
    expect(generator.asked[1]?.seed).toBe(4n);
    const own = ask(served, eventsRequest([{ id: 3n, energy: 1, seed: 9n }]));
    await Promise.all([own, one(1n, 4n), ask(served, eventsRequest([{ id: 3n, energy: 1, seed: 9n }])), one(2n, 5n)]);
    expect(generator.asked[3]?.seed).toEqual(BigUint64Array.of(4n, 9n, 5n));
  });

  it("asks for large requests in pieces and joins them", async () => {
    const generator = new NoiseGenerator({ most: 3 });
    const served = serveGenerator(generator, { version: "1", batching: { maxBatchSize: 4 } });
    const many = Array.from({ length: 10 }, (_, index) => ({ id: BigInt(index), energy: index + 1, seed: 3n }));
    const { outputs } = await ask(served, eventsRequest(many));
    expect(generator.asked.map(({ eventIds }) => eventIds.length)).toEqual([4, 4, 2]);
    expect(outputs["cells"]?.shape).toEqual([10, CELLS]);
    const expected = await Promise.all(many.map((event) => alone(generator, event)));
    expect(numbers(outputs["cells"])).toEqual(expected.flat());
  });

  it("hands on what the generator made where a batch is one request", async () => {
    const arrays: NdArray[] = [];
    const generator = new NoiseGenerator();
    const generate = generator.generate.bind(generator);
    generator.generate = async function* (request, options) {
      for await (const batch of generate(request, options)) {
        arrays.push(batch.arrays["cells"] as NdArray);
        yield batch;
      }
    };
    const { outputs } = await ask(serveGenerator(generator, { version: "1" }), eventsRequest(events));
    expect(outputs["cells"]).toBe(arrays[0]);
  });

  it("gives empty outputs for no events", async () => {
    const generator = new NoiseGenerator({ facts: { fallback: { model: "gflash" } } });
    const served = serveGenerator(generator, { version: "1" });
    const { outputs } = await ask(served, eventsRequest([], { seed: 1n }));
    expect(outputs["cells"]).toMatchObject({ dtype: "float32", shape: [0, CELLS] });
    expect(outputs["by_fallback"]).toMatchObject({ dtype: "uint8", shape: [0] });
    expect(generator.asked).toEqual([]);
    const sparse = await ask(served, eventsRequest([], { seed: 1n, sparse: true }));
    expect(sparse.outputs["cells.offsets"]?.values()).toEqual(Int32Array.of(0));
  });

  it("says which events a fallback made", async () => {
    const generator = new NoiseGenerator({ facts: { fallback: { model: "gflash" } }, fallbackFrom: 20 });
    const served = serveGenerator(generator, { version: "1" });
    expect(served.outputs.at(-1)).toEqual({ name: "by_fallback", datatype: "UINT8", shape: [-1] });
    const answers = await Promise.all(events.map((event) => ask(served, eventsRequest([event]))));
    expect(answers.map(({ outputs }) => numbers(outputs["by_fallback"]))).toEqual([[0], [1], [1]]);
  });

  it("fails only the request that cannot be computed", async () => {
    const served = serveGenerator(new NoiseGenerator({ failsAt: 20 }), { version: "1" });
    const answers = await Promise.allSettled(
      [...events, { id: 4n, energy: 40, seed: 1n }].map((event) => ask(served, eventsRequest([event]))),
    );
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    expect(served.statistics).toMatchObject({ success: { count: 3 }, fail: { count: 1 } });
  });

  it("refuses a generator that made fewer events", async () => {
    const generator = new NoiseGenerator();
    const generate = generator.generate.bind(generator);
    generator.generate = ({ eventIds, conditions, seed }, options) =>
      generate(
        {
          eventIds: eventIds.subarray(0, 2),
          conditions: { energy: (conditions["energy"] as Float64Array).subarray(0, 2) },
          seed: (seed as BigUint64Array).subarray(0, 2),
        },
        options,
      );
    expect(await refusal(eventsRequest(events), serveGenerator(generator, { version: "1" }))).toMatchInlineSnapshot(
      `"TWIN_MODEL_FAILED Model "noise" failed: it made 2 of 3 events."`,
    );
  });

  it("refuses names that the protocol keeps for itself", () => {
    const generator = new NoiseGenerator();
    const validity = { seed: { unit: "1", min: 0, max: 1 } };
    expect(() =>
      serveGenerator({ ...generator, validity } as never, { version: "1" }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[InvalidArgumentError: noise: a condition is called "seed", which the protocol of served generators keeps for itself. Give it another name.]`,
    );
  });

  it("refuses batching that cannot be", () => {
    for (const batching of [
      { maxBatchSize: 0 },
      { maxQueueSize: 1.5 },
      { maxQueueDelayMs: -1 },
      { preferredBatchSizes: [101] },
    ]) {
      expect(() => serveGenerator(new NoiseGenerator(), { version: "1", batching })).toThrow(
        expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }),
      );
    }
  });
});

describe("serveGenerator, forms of outputs", () => {
  it("gives sparse outputs that are the dense ones", async () => {
    const served = serveGenerator(new NoiseGenerator(), { version: "1" });
    const dense = await ask(served, eventsRequest(events));
    const { outputs } = await ask(served, eventsRequest(events, { sparse: true }));
    expect(Object.keys(outputs)).toEqual(["cells.offsets", "cells.indices", "cells.values"]);
    const parts = {
      offsets: outputs["cells.offsets"] as NdArray,
      indices: outputs["cells.indices"] as NdArray,
      values: outputs["cells.values"] as NdArray,
    };
    expect(fromSparse(parts, [3, CELLS]).values()).toEqual(dense.outputs["cells"]?.values());
  });

  it("gives halves, dense and sparse", async () => {
    const served = serveGenerator(new NoiseGenerator(), { version: "1" });
    const dense = await ask(served, eventsRequest(events, { output_datatype: "FP16" }));
    expect(dense.outputs["cells"]).toMatchObject({ dtype: "float16", shape: [3, CELLS] });
    const sparse = await ask(served, eventsRequest(events, { output_datatype: "FP16", sparse: true }));
    expect(sparse.outputs["cells.values"]?.dtype).toBe("float16");
  });

  it("refuses a value that is no half, and leaves the others of the batch alone", async () => {
    const served = serveGenerator(new NoiseGenerator(), { version: "1" });
    const high = { id: 1n, energy: 100_000, seed: 1n };
    const answers = await Promise.allSettled([
      ask(served, eventsRequest(events)),
      ask(served, eventsRequest([high], { output_datatype: "FP16" })),
      ask(served, eventsRequest([high])),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(answers[1]).toMatchObject({ reason: { code: "TWIN_OUT_OF_DOMAIN", max: 65504 } });
  });

  it("gives only the outputs that are wanted", async () => {
    const generator = new NoiseGenerator({ facts: { fallback: { model: "gflash" } } });
    const served = serveGenerator(generator, { version: "1" });
    const { outputs } = await ask(served, { ...eventsRequest(events), outputs: ["by_fallback"] });
    expect(Object.keys(outputs)).toEqual(["by_fallback"]);
  });
});

describe("serveGenerator, what it refuses", () => {
  const one = eventsRequest([{ id: 1n, energy: 10 }]);

  it("says what was expected of inputs", async () => {
    const withInputs = (inputs: ServedRequest["inputs"]): ServedRequest => ({ inputs, parameters: { seed: 1n } });
    const ids = input("int64", BigInt64Array.of(1n, 2n));
    const energy = input("float64", Float64Array.of(1, 2));
    const refusals = await Promise.all(
      [
        withInputs({ energy }),
        withInputs({ event_id: ids }),
        withInputs({ event_id: ids, energy, enrgy: energy }),
        withInputs({ event_id: energy, energy }),
        withInputs({ event_id: ids, energy: ids }),
        withInputs({ event_id: ids, energy: input("float64", Float64Array.of(1, 2), [1, 2]) }),
        withInputs({ event_id: ids, energy: input("float64", Float64Array.of(1)) }),
        { inputs: { event_id: ids, energy, seed: input("int64", BigInt64Array.of(1n)) }, parameters: {} },
      ].map((request) => refusal(request)),
    );
    expect(refusals.join("\n")).toMatchInlineSnapshot(`
      "TWIN_MODEL_INPUT Model "noise", input "event_id": it is missing; give INT64 [events, 1].
      TWIN_MODEL_INPUT Model "noise", input "energy": it is missing; give FP64 or FP32 [events, 1], in GeV.
      TWIN_MODEL_INPUT Model "noise", input "enrgy": there is no such input. Did you mean "energy"? There are: energy, seed, event_id.
      TWIN_MODEL_INPUT Model "noise", input "event_id": it must be INT64 [events, 1], and its datatype is FP64.
      TWIN_MODEL_INPUT Model "noise", input "energy": it must be FP64 or FP32 [events, 1], in GeV, and its datatype is INT64.
      TWIN_MODEL_INPUT Model "noise", input "energy": it must be FP64 or FP32 [events, 1], in GeV, and its shape is [1, 2].
      TWIN_MODEL_INPUT Model "noise", input "energy": it must be FP64 or FP32 [events, 1], in GeV, with one value per event; it has 1, and event_id has 2.
      TWIN_MODEL_INPUT Model "noise", input "seed": it must be INT64 [events, 1], with one value per event; it has 1, and event_id has 2."
    `);
  });

  it("says what was expected of parameters and outputs", async () => {
    const refusals = await Promise.all(
      [
        one,
        { ...one, parameters: { seed: 1.5 } },
        { ...one, parameters: { seed: -1n } },
        { ...one, parameters: { seed: "0x1" } },
        { ...one, parameters: { seed: "18446744073709551616" } },
        eventsRequest([{ id: 1n, energy: 10, seed: 1n }], { seed: 1n }),
        { ...one, parameters: { seed: 1n, sparse: "yes" } },
        { ...one, parameters: { seed: 1n, output_datatype: "BF16" } },
        { ...one, parameters: { seed: 1n }, outputs: ["cell"] },
      ].map((request) => refusal(request)),
    );
    expect(refusals.join("\n")).toMatchInlineSnapshot(`
      "TWIN_INVALID_ARGUMENT noise needs a seed: the parameter "seed", an integer for all events, or the input "seed", INT64 [events, 1].
      TWIN_INVALID_ARGUMENT The parameter "seed" is the double 1.5; it must be an integer from 0 to 2^64 - 1, or a string of its digits.
      TWIN_INVALID_ARGUMENT The parameter "seed" is -1; it must be an integer from 0 to 2^64 - 1, or a string of its digits.
      TWIN_INVALID_ARGUMENT The parameter "seed" is "0x1"; it must be an integer from 0 to 2^64 - 1, or a string of its digits.
      TWIN_INVALID_ARGUMENT The parameter "seed" is "18446744073709551616"; it must be an integer from 0 to 2^64 - 1, or a string of its digits.
      TWIN_INVALID_ARGUMENT noise got the seed twice, as input and as parameter; give one of them.
      TWIN_INVALID_ARGUMENT The parameter "sparse" is "yes"; it must be false or true.
      TWIN_INVALID_ARGUMENT The parameter "output_datatype" is "BF16"; it must be "FP32" or "FP16".
      TWIN_INVALID_ARGUMENT noise has no output "cell". Did you mean "cells"? There is: cells."
    `);
  });

  it("says at once which event is outside the range", async () => {
    const generator = new NoiseGenerator();
    const request = eventsRequest([events[0] as (typeof events)[number], { id: 2n, energy: -1, seed: 1n }]);
    expect(await refusal(request, serveGenerator(generator, { version: "1" }))).toMatchInlineSnapshot(
      `"TWIN_OUT_OF_DOMAIN noise: energy of event 1 is -1 GeV, outside its valid range of 0 to 100000 GeV. Ask for values inside the range, or use a model that covers it."`,
    );
    expect(generator.asked).toEqual([]);
  });

  it("leaves parameters alone that it does not know", async () => {
    const served = serveGenerator(new NoiseGenerator(), { version: "1" });
    await expect(ask(served, eventsRequest(events, { priority: 3n }))).resolves.toBeDefined();
  });

  it("refuses requests once closed, when it has answered those before", async () => {
    const served = serveGenerator(new NoiseGenerator(), { version: "1" });
    const before = ask(served, eventsRequest(events));
    const closed = served.close();
    expect(await refusal(eventsRequest(events), served)).toMatchInlineSnapshot(
      `"TWIN_SERVER_DRAINING noise is no longer served here."`,
    );
    await closed;
    await expect(before).resolves.toBeDefined();
  });
});

describe("serveGenerator, what it counts", () => {
  it("adds up: requests, events, batches, and times", async () => {
    const told: string[] = [];
    const served = serveGenerator(new NoiseGenerator({ failsAt: 20 }), {
      version: "1",
      batching: { maxQueueSize: 4 },
      observer: {
        queue: (_, rows) => told.push(`queue ${rows}`),
        batch: ({ name }, { rows, requests, failed }) =>
          told.push(`batch ${name} ${rows} of ${requests}${failed ? " failed" : ""}`),
        request: (_, { rows, outcome }) => told.push(`request ${rows} ${outcome}`),
      },
    });
    const client = new AbortController();
    const asked = [
      ask(served, eventsRequest(events.slice(0, 1))),
      ask(served, eventsRequest([{ id: 5n, energy: 5, seed: 1n }])),
      served.infer(eventsRequest(events), { signal: client.signal }),
      ask(served, eventsRequest(events)),
      ask(served, eventsRequest([{ id: 1n, energy: -1, seed: 1n }])),
    ];
    client.abort(new Error("gone"));
    const answers = await Promise.allSettled(asked);
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "rejected", "rejected"]);
    expect(told).toMatchInlineSnapshot(`
      [
        "queue 1",
        "queue 0",
        "queue 1",
        "queue 4",
        "request 0 refused",
        "queue 1",
        "request 3 refused",
        "request 3 cancelled",
        "batch noise 1 of 1",
        "queue 0",
        "request 1 success",
        "batch noise 1 of 1",
        "request 1 success",
      ]
    `);
    const { success, fail, queue, computeInput, computeInfer, computeOutput, ...rest } = served.statistics;
    expect([success, fail, queue, computeInput, computeInfer, computeOutput].map(({ count }) => count)).toEqual([
      2, 3, 2, 2, 2, 2,
    ]);
    expect(rest).toMatchObject({ inferenceCount: 2, executionCount: 2, batches: [{ batchSize: 1 }] });
    expect(rest.batches[0]?.computeInfer.count).toBe(2);
    const parts = [queue, computeInput, computeInfer, computeOutput].reduce((sum, { ns }) => sum + ns, 0n);
    expect(parts).toBeLessThanOrEqual(success.ns);
    expect(parts).toBeGreaterThan(0n);
  });

  it("sorts batches by their size", async () => {
    const served = serveGenerator(new NoiseGenerator(), { version: "1" });
    for (const count of [3, 1, 2, 1]) await ask(served, eventsRequest(events.slice(0, count)));
    await setImmediate();
    const { batches, inferenceCount, lastInferenceMs } = served.statistics;
    expect(batches.map(({ batchSize, computeInput }) => [batchSize, computeInput.count])).toEqual([
      [1, 2],
      [2, 1],
      [3, 1],
    ]);
    expect(inferenceCount).toBe(7);
    expect(lastInferenceMs).toBeGreaterThan(0);
  });
});
