import { NdArray } from "twinloom";
import { describe, expect, it } from "vitest";
import type { ModelInferRequest, ModelInferResponseInit } from "../../../../modules/serving/protocol/messages.ts";
import { FakeGenerator, VALUES } from "../server/shared.ts";
import { all, eventsAsked, remoteOf, valuesOf } from "./remote.ts";
import { answerOf, answerTo, GENERATOR_TEXT, METADATA, scriptedServer } from "./scripted-server.ts";

const dense = (shape: readonly number[], dtype: "float32" | "float64" = "float32"): NdArray => {
  const size = shape.reduce((product, length) => product * length, 1);
  return new NdArray(dtype === "float32" ? new Float32Array(size) : new Float64Array(size), { dtype, shape });
};
const ints = (dtype: "int32" | "uint16", values: readonly number[]): NdArray =>
  new NdArray(dtype === "int32" ? Int32Array.from(values) : Uint16Array.from(values), {
    dtype,
    shape: [values.length],
  });
const sparse = (offsets: readonly number[], indices: readonly number[], values: number): ModelInferResponseInit =>
  answerOf({
    "showers.offsets": ints("int32", offsets),
    "showers.indices": ints("uint16", indices),
    "showers.values": dense([values]),
  });

/** Metadata of a generator that tells something else of itself. */
const told = (change: object): object => {
  const text = JSON.stringify({ ...(JSON.parse(GENERATOR_TEXT) as object), ...change });
  return { ...METADATA, properties: { "twinloom.generator": text } };
};

/** A request for three events. */
const asked = eventsAsked(3);

describe("a wrong answer is an error that names the endpoint:", () => {
  it.for<[string, (request: ModelInferRequest) => ModelInferResponseInit, RegExp]>([
    ["no outputs", () => answerOf({}), /"showers": It did not come; there are no outputs/],
    ["another output", () => answerOf({ hits: dense([3]) }), /"showers": It did not come; there are hits/],
    ["fewer events", () => answerOf({ showers: dense([2, 4, 6]) }), /shape \[2,4,6\], not \[3,4,6\]/],
    ["events of another shape", () => answerOf({ showers: dense([3, 6, 4]) }), /shape \[3,6,4\], not \[3,4,6\]/],
    ["another datatype", () => answerOf({ showers: dense([3, 4, 6], "float64") }), /is float64, not float32/],
    [
      "halves that nobody asked for",
      () => answerOf({ showers: new NdArray<"float16">(new Float32Array(72), { dtype: "float16", shape: [3, 4, 6] }) }),
      /is float16, not float32/,
    ],
    ["another model", (request) => answerTo(request, { model_name: "other" }), /an answer of model "other"/],
    [
      "bytes that no shape has",
      () => ({ ...answerOf({ showers: dense([3, 4, 6]) }), raw_output_contents: [Buffer.alloc(7)] }),
      /7 bytes/,
    ],
    [
      "an absurd shape",
      () => ({
        model_version: "1",
        outputs: [{ name: "showers", datatype: "FP32", shape: ["9007199254740991", "1024"] }],
        raw_output_contents: [Buffer.alloc(0)],
      }),
      /more elements than can be/,
    ],
    ["places outside an event", () => sparse([0, 1, 1, 1], [VALUES], 1), /indices that do not ascend from 0 to 23/],
    ["places that descend", () => sparse([0, 2, 2, 2], [3, 2], 2), /do not ascend/],
    ["offsets that descend", () => sparse([0, 2, 1, 2], [1, 2], 2), /never descend/],
    ["offsets of fewer events", () => sparse([0, 2], [1, 2], 2), /need 4/],
    [
      "events by a fallback that nobody knows of",
      () =>
        answerOf({
          showers: dense([3, 4, 6]),
          by_fallback: new NdArray(Uint8Array.of(0, 1, 1), { dtype: "uint8", shape: [3] }),
        }),
      /a fallback, which the server's facts do not name/,
    ],
    [
      "flags that are none",
      () =>
        answerOf({
          showers: dense([3, 4, 6]),
          by_fallback: new NdArray(Uint8Array.of(0, 1, 2), { dtype: "uint8", shape: [3] }),
        }),
      /"by_fallback" must be UINT8 \[3\], each 0 or 1/,
    ],
  ])("%s", async ([, infer, message]) => {
    await using server = await scriptedServer({ infer });
    await using remote = await remoteOf([server.endpoint]);
    await expect(all(remote.generator, asked)).rejects.toMatchObject({
      code: "TWIN_MODEL_FAILED",
      message: expect.stringMatching(message),
    });
    await expect(all(remote.generator, asked)).rejects.toThrow(server.endpoint);
  });

  it("a message that is larger than was allowed", async () => {
    await using server = await scriptedServer({ infer: () => answerOf({ showers: dense([3, 4, 6000]) }) });
    await using remote = await remoteOf([server.endpoint], { maxMessageBytes: 32_768 });
    await expect(all(remote.generator, asked)).rejects.toMatchObject({
      code: "TWIN_SERVER_REFUSED",
      message: expect.stringMatching(/larger than max.*RESOURCE_EXHAUSTED/),
    });
  });
});

describe("an answer may be", () => {
  it("of values that are no numbers: they are values", async () => {
    const values = new Float32Array(72).fill(Number.NaN, 3, 5);
    await using server = await scriptedServer({
      infer: () => answerOf({ showers: new NdArray(values, { dtype: "float32", shape: [3, 4, 6] }) }),
    });
    await using remote = await remoteOf([server.endpoint]);
    expect(valuesOf(await all(remote.generator, asked))).toEqual(values);
  });

  it("flat, from servers of other makes", async () => {
    await using server = await scriptedServer({ infer: () => answerOf({ showers: dense([3, 24]) }) });
    await using remote = await remoteOf([server.endpoint]);
    expect((await all(remote.generator, asked))[0]?.arrays["showers"]?.shape).toEqual([3, 4, 6]);
  });

  it("of events by a fallback at the server, which are told", async () => {
    const told = JSON.parse(GENERATOR_TEXT) as { facts: object };
    const text = JSON.stringify({ ...told, facts: { ...told.facts, fallback: { model: "theirs" } } });
    const metadata = { ...METADATA, properties: { ...METADATA.properties, "twinloom.generator": text } };
    const flags = new NdArray(Uint8Array.of(0, 1, 0), { dtype: "uint8", shape: [3] });
    await using server = await scriptedServer({
      metadata,
      infer: () => answerOf({ showers: dense([3, 4, 6]), by_fallback: flags }),
    });
    for (const [options, spare, model] of [
      [{}, undefined, "theirs"],
      [{ follow: true }, undefined, "theirs"],
      [{}, new FakeGenerator("ours"), "theirs or ours"],
    ] as const) {
      await using remote = await remoteOf([server.endpoint], options, spare);
      expect((await all(remote.generator, asked))[0]?.byFallback).toEqual(Uint8Array.of(0, 1, 0));
      expect(remote.generator.facts.fallback).toEqual({ model });
    }
  });
});

describe("a request", () => {
  it("carries seeds, ids, conditions, and how the answer is wanted", async () => {
    await using server = await scriptedServer();
    await using remote = await remoteOf([server.endpoint], { version: "1" });
    await all(remote.generator, eventsAsked(2, { seed: 2n ** 64n - 1n }));
    expect(server.requests[0]).toMatchObject({
      model_name: "fake",
      model_version: "1",
      parameters: { sparse: { bool_param: true }, seed: { uint64_param: String(2n ** 64n - 1n) } },
      inputs: [
        { name: "event_id", datatype: "INT64", shape: ["2", "1"] },
        { name: "incident_energy", datatype: "FP64", shape: ["2", "1"] },
      ],
    });
    const seed = BigUint64Array.of(7n, 2n ** 63n);
    await all(remote.generator, eventsAsked(2, { seed }));
    const [request] = server.requests.slice(1);
    expect(request?.inputs[2]).toMatchObject({ name: "seed", datatype: "INT64", shape: ["2", "1"] });
    expect(Buffer.compare(request?.raw_input_contents[2] as Buffer, Buffer.from(seed.buffer))).toBe(0);
  });

  it("outside the range is refused before anything is sent", async () => {
    await using server = await scriptedServer();
    await using remote = await remoteOf([server.endpoint]);
    const conditions = { incident_energy: Float64Array.of(1, 2, 5000) };
    await expect(all(remote.generator, { ...asked, conditions })).rejects.toMatchObject({ code: "TWIN_OUT_OF_DOMAIN" });
    expect(server.requests.length).toBe(0);
  });

  it("is no larger than the server takes rows, nor than a message holds, and batches are as asked for", async () => {
    await using server = await scriptedServer({ config: { max_batch_size: 4 } });
    await using remote = await remoteOf([server.endpoint]);
    const batches = await all(remote.generator, eventsAsked(25));
    expect(batches.map(({ count }) => count)).toEqual([10, 10, 5]);
    expect(server.requests.map(({ inputs }) => Number(inputs[0]?.shape[0])).toSorted()).toEqual([
      1, 2, 2, 4, 4, 4, 4, 4,
    ]);
    expect([...valuesOf(batches)].filter((_, k) => k % VALUES === 0)).toEqual([...Array(25).keys()]);
  });
});

describe("a server that knows the standard only", () => {
  const standard = {
    extensions: ["model_configuration"],
    metadata: { ...METADATA, properties: undefined },
    infer: (request: ModelInferRequest) => answerTo(request, { parameters: {} }),
  };
  const describes = {
    validity: { incident_energy: { unit: "MeV", min: 1, max: 1000 } },
    outputs: { showers: { dtype: "float32", dims: ["layer", "cell"], shape: [4, VALUES / 4], unit: "MeV" } },
  } as const;

  it("is asked for dense values with seeds as an input, and described here", async () => {
    await using server = await scriptedServer(standard);
    await using remote = await remoteOf([server.endpoint], { describes });
    const batches = await all(remote.generator, eventsAsked(20));
    expect(batches[0]?.arrays["showers"]).toMatchObject({ dims: ["event", "layer", "cell"], unit: "MeV" });
    expect(server.requests[0]?.parameters).toBeUndefined();
    expect(server.requests[0]?.inputs.map(({ name }) => name)).toEqual(["event_id", "incident_energy", "seed"]);
    expect(remote.generator.facts).toEqual({ served_by: "scripted 3" });
  });

  it("may tell in its configuration what it generates", async () => {
    const parameters = { "twinloom.generator": { string_value: METADATA.properties["twinloom.generator"] } };
    await using server = await scriptedServer({ ...standard, config: { max_batch_size: 8, parameters } });
    await using remote = await remoteOf([server.endpoint]);
    expect(remote.generator.facts).toMatchObject({ geometry: { name: "box" } });
    expect((await all(remote.generator, eventsAsked(20))).length).toBe(2);
  });

  it("is pinned by the version that answers", async () => {
    await using server = await scriptedServer({
      ...standard,
      infer: (request, index) => answerTo(request, { parameters: {}, model_version: index === 0 ? "1" : "2" }),
    });
    await using remote = await remoteOf([server.endpoint], { describes, inFlight: 1 });
    await expect(all(remote.generator, eventsAsked(20))).rejects.toMatchObject({
      code: "TWIN_REMOTE_MODEL_CHANGED",
      message: expect.stringContaining("serves fake/2"),
    });
  });

  it.for<[string, object, object, string, RegExp]>([
    ["tells nothing", {}, {}, "TWIN_INVALID_ARGUMENT", /`describes`.*remoteModel\(\) with fastsim\(\)/],
    [
      "serves the network itself",
      { config: { parameters: { "twinloom.generator": { string_value: '{"conditions":{}}' } } } },
      {},
      "TWIN_INVALID_ARGUMENT",
      /is a network that takes noise/,
    ],
    [
      "takes other inputs",
      { metadata: { ...METADATA, inputs: [...METADATA.inputs, { name: "angle", datatype: "FP32", shape: [-1, 1] }] } },
      { describes },
      "TWIN_INVALID_ARGUMENT",
      /takes event_id, incident_energy, seed, angle/,
    ],
    ["cannot be asked for halves", {}, { describes, precision: "float16" }, "TWIN_INVALID_ARGUMENT", /halves/],
    [
      "tells something that is no JSON",
      { metadata: { ...METADATA, properties: { "twinloom.generator": "{" } } },
      {},
      "TWIN_MODEL_FAILED",
      /tells something else as "twinloom.generator"/,
    ],
    [
      "tells something of another form",
      {
        metadata: {
          ...METADATA,
          properties: { "twinloom.generator": '{"validity":{},"outputs":{"a":{"dtype":"real"}}}' },
        },
      },
      {},
      "TWIN_MODEL_FAILED",
      /outputs.a.dtype/,
    ],
    [
      "states an event that is too large",
      { metadata: told({ outputs: { a: { dtype: "float32", dims: ["x"], shape: [2 ** 31 - 1] } } }) },
      {},
      "TWIN_MODEL_FAILED",
      /8589934588 bytes; at most 67108864/,
    ],
    [
      "states a range that is none",
      { metadata: told({ validity: { incident_energy: { unit: "MeV", min: 2, max: 1 } } }) },
      {},
      "TWIN_MODEL_FAILED",
      /incident_energy: Its min is above its max/,
    ],
    [
      "names a fallback that is none",
      { metadata: told({ facts: { fallback: { model: { a: 1 }, outside: "x" } } }) },
      {},
      "TWIN_MODEL_FAILED",
      /facts.fallback.model/,
    ],
    [
      "takes a negative number of rows",
      { metadata: METADATA, config: { max_batch_size: -5 } },
      {},
      "TWIN_MODEL_FAILED",
      /max_batch_size of -5/,
    ],
  ])("is refused when it %s", async ([, script, options, code, message]) => {
    await using server = await scriptedServer({ ...standard, ...script });
    await expect(remoteOf([server.endpoint], options)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});
