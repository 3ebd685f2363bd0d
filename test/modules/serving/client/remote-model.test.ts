import { constant, createTwin, Log, Model, NdArray } from "twinloom";
import { fastsim } from "twinloom/modules/fastsim";
import { type RemoteModel, type RemoteModelOptions, remoteModel } from "twinloom/modules/serving";
import { describe, expect, it } from "vitest";
import { freePort } from "../../../servers/free-port.ts";
import { NO_LOG, startServer } from "../../../servers/inference-server.ts";
import { EchoModel, all as eventsOf, graphOf } from "../../fastsim/sample.ts";
import { Gate, until } from "../server/shared.ts";
import { HalfModel } from "./fakes.ts";
import { answerOf, type Script, type ScriptedServer, scriptedServer } from "./scripted-server.ts";

interface Remote extends AsyncDisposable {
  readonly model: RemoteModel;
}

async function remoteOf(
  endpoints: readonly string[],
  options: Partial<RemoteModelOptions> = {},
  fallback?: Model,
): Promise<Remote> {
  const network = remoteModel({ endpoints, model: "half", timeoutMs: 5000, ...options });
  const log = constant(Log, NO_LOG);
  const twin = fallback
    ? await createTwin({
        plugins: { network, log, spare: constant(Model, fallback) },
        wire: { network: { fallback: "spare" } },
      })
    : await createTwin({ plugins: { network, log } });
  return { model: twin.network, [Symbol.asyncDispose]: () => twin[Symbol.asyncDispose]() };
}

function rows(count: number): Readonly<Record<string, NdArray>> {
  return {
    a: new NdArray(
      Float32Array.from({ length: 3 * count }, (_, i) => i),
      { dtype: "float32", shape: [count, 3] },
    ),
    b: new NdArray(
      BigInt64Array.from({ length: count }, (_, i) => BigInt(i)),
      { dtype: "int64", shape: [count] },
    ),
  };
}

const OF_HALF = { model_name: "half", parameters: {} };

/** A server of another make, which serves the half model as Triton would. */
async function standardServer(change: Partial<Script> = {}): Promise<ScriptedServer> {
  return await scriptedServer({
    extensions: ["model_configuration"],
    metadata: {
      name: "half",
      versions: ["1"],
      platform: "onnxruntime_onnx",
      inputs: [
        { name: "a", datatype: "FP32", shape: [-1, 3] },
        { name: "b", datatype: "INT64", shape: [-1] },
      ],
      outputs: [{ name: "half", datatype: "FP32", shape: [-1, 3] }],
    },
    config: { max_batch_size: 4, parameters: { author: { string_value: "somebody" } } },
    ...change,
  });
}

describe("a remote model", () => {
  it("is what the server tells: names of axes, texts, digest, what computes it", async () => {
    const half = new HalfModel();
    await using server = await startServer([{ model: half }]);
    await using remote = await remoteOf([server.endpoint]);
    const { name, inputs, outputs, metadata, digest, provider } = remote.model;
    expect({ name, inputs, outputs, metadata, digest, provider }).toEqual({
      name: "half",
      inputs: half.inputs,
      outputs: half.outputs,
      metadata: half.metadata,
      digest: half.digest,
      provider: half.provider,
    });
  });

  it("of a server that knows the standard only has axes of its own, and the texts of the configuration", async () => {
    await using server = await standardServer();
    await using remote = await remoteOf([server.endpoint]);
    const { inputs, outputs, metadata, digest, provider } = remote.model;
    expect({ inputs, outputs, metadata, digest, provider }).toEqual({
      inputs: { a: { dtype: "float32", shape: ["batch", 3] }, b: { dtype: "int64", shape: ["batch"] } },
      outputs: { half: { dtype: "float32", shape: ["batch", 3] } },
      metadata: { author: "somebody" },
      digest: undefined,
      provider: { name: "remote" },
    });
  });

  it("has free axes that need not be of one length where nobody says so", async () => {
    const metadata = {
      inputs: [
        { name: "a", datatype: "FP32", shape: [-1, -1] },
        { name: "b", datatype: "FP32", shape: [2, -1] },
      ],
      outputs: [{ name: "half", datatype: "FP32", shape: [-1] }],
    };
    await using server = await standardServer({ metadata, config: { max_batch_size: 0 } });
    await using remote = await remoteOf([server.endpoint]);
    expect(remote.model.inputs).toEqual({
      a: { dtype: "float32", shape: ["a_0", "a_1"] },
      b: { dtype: "float32", shape: [2, "b_1"] },
    });
    expect(remote.model.outputs).toEqual({ half: { dtype: "float32", shape: ["half_0"] } });
  });

  it.for([
    ["the rows that a server takes", 4, {}],
    ["what a message holds", 3, { maxMessageBytes: 16 * 1024 + 60 }],
  ] as const)("asks for no more at once than %s", async ([, most, options]) => {
    const half = new HalfModel();
    const batching = { maxBatchSize: 4 };
    await using server = await startServer([{ model: half }], { batching });
    await using remote = await remoteOf([server.endpoint], options);
    const { half: values } = await remote.model.infer(rows(11));
    expect(values?.values()).toEqual((await new HalfModel().infer(rows(11)))["half"]?.values());
    expect(Math.max(...half.rows)).toBe(most);
  });

  it("makes with fastsim() what the model makes here, whatever server it is on", async () => {
    const latent = { latent: ["batch", 6] };
    const texts = { "twinloom.generator": JSON.stringify(graphOf()) };
    const request = {
      conditions: { energy: Float64Array.of(10, 20, 50) },
      eventIds: BigInt64Array.of(1n, 2n, 3n),
      seed: 5n,
      batchSize: 2,
    };
    const here = await createTwin({
      plugins: { model: constant(Model, new EchoModel(latent, texts)), shower: fastsim() },
    });
    await using server = await startServer([{ model: new EchoModel(latent, texts) }]);
    await using there = await createTwin({
      plugins: { model: remoteModel({ endpoints: [server.endpoint], model: "echo-model" }), shower: fastsim() },
    });
    const valuesOf = async (twin: typeof here | typeof there): Promise<unknown> =>
      (await eventsOf(twin.shower, request)).map(({ arrays }) => arrays["values"]?.values());
    expect(await valuesOf(there)).toEqual(await valuesOf(here));
    await here.stop();
  });

  it.for<[string, Readonly<Record<string, NdArray>>, RegExp]>([
    ["no output", {}, /its output "half" is not what it states: it did not come/],
    [
      "fewer rows",
      { half: new NdArray(new Float32Array(3), { dtype: "float32", shape: [1, 3] }) },
      /batch is 2 in the inputs/,
    ],
    [
      "another datatype",
      { half: new NdArray(new Float64Array(6), { dtype: "float64", shape: [2, 3] }) },
      /its dtype is float64/,
    ],
  ])("fails for an answer with %s, and names the server", async ([, arrays, message]) => {
    await using server = await standardServer({
      infer: () => answerOf(arrays, { model_name: "half", parameters: {} }),
    });
    await using remote = await remoteOf([server.endpoint]);
    const answer = remote.model.infer(rows(2));
    await expect(answer).rejects.toMatchObject({ code: "TWIN_MODEL_FAILED", message: expect.stringMatching(message) });
    await expect(answer).rejects.toThrow(server.endpoint);
  });

  it.for<[string, object, RegExp]>([
    ["a datatype that nothing here holds", { inputs: [{ name: "a", datatype: "BF16", shape: [-1] }] }, /"a" as BF16/],
    [
      "a description that is none",
      { properties: { "twinloom.model": "[]" } },
      /tells something else as "twinloom.model"/,
    ],
  ])("is refused where the server states %s", async ([, metadata, message]) => {
    await using server = await standardServer({ metadata });
    await expect(remoteOf([server.endpoint])).rejects.toMatchObject({
      code: "TWIN_MODEL_FAILED",
      message: expect.stringMatching(message),
    });
  });
});

describe("a call that is aborted", () => {
  it("waits for none before it", async () => {
    const begun = new Gate();
    await using server = await standardServer({
      infer: (_request, index) => {
        if (index === 0) return new Promise(() => {});
        begun.open();
        return answerOf({ half: new NdArray(new Float32Array(6), { dtype: "float32", shape: [2, 3] }) }, OF_HALF);
      },
    });
    await using remote = await remoteOf([server.endpoint]);
    const first = remote.model.infer(rows(2));
    first.catch(() => undefined);
    await until(() => server.requests.length === 1);
    const abort = new AbortController();
    const second = remote.model.infer(rows(2), { signal: abort.signal });
    await begun.opened;
    const reason = new Error("enough");
    abort.abort(reason);
    await expect(second).rejects.toBe(reason);
  });

  it("in pieces ends with the first that fails: the others are not waited for", async () => {
    const cancelled: number[] = [];
    await using server = await standardServer({
      infer: (_request, index) => {
        if (index === 1) return { code: 3, details: "no" };
        return new Promise(() => {});
      },
      onCancel: (index) => cancelled.push(index),
    });
    await using remote = await remoteOf([server.endpoint]);
    await expect(remote.model.infer(rows(8))).rejects.toMatchObject({ code: "TWIN_SERVER_REFUSED" });
    await until(() => cancelled.includes(0));
  });
});

describe("a model that stands in", () => {
  const gone = { code: 14, details: "gone" };

  it("computes what no server does, of inputs as they were when they were given", async () => {
    await using server = await standardServer({ infer: () => gone, ready: () => false });
    await using remote = await remoteOf([server.endpoint], { timeoutMs: 1000 }, new HalfModel());
    const inputs = rows(2);
    const computing = remote.model.infer(inputs);
    inputs["a"]?.data.fill(0 as never);
    expect((await computing)["half"]?.values()).toEqual((await new HalfModel().infer(rows(2)))["half"]?.values());
    expect(remote.model.remote).toMatchObject({ served: 0, byFallback: 1 });
  });

  it("lends its inputs and outputs where no server is there at the beginning", async () => {
    const port = await freePort();
    await using remote = await remoteOf([`127.0.0.1:${port}`], { timeoutMs: 200 }, new HalfModel());
    expect(remote.model.metadata).toEqual({ author: "nobody" });
    await remote.model.infer(rows(2));
    await using _server = await startServer([{ model: new HalfModel() }], { port });
    await until(() => remote.model.remote.endpoints[0]?.isGood === true);
    await remote.model.infer(rows(2));
    expect(remote.model.remote).toMatchObject({ served: 1, byFallback: 1 });
  });

  it("computes while the servers that came up serve another one, or none", async () => {
    const port = await freePort();
    await using remote = await remoteOf([`127.0.0.1:${port}`], { timeoutMs: 300 }, new HalfModel());
    await using _server = await standardServer({
      port,
      metadata: { inputs: [], outputs: [{ name: "half", datatype: "FP32", shape: [-1] }] },
    });
    await until(() => remote.model.remote.endpoints[0]?.isGood === true);
    await remote.model.infer(rows(2));
    expect(remote.model.remote).toMatchObject({
      byFallback: 1,
      endpoints: [{ problem: expect.stringMatching(/cannot be used/) }],
    });
  });

  it("must take and give the same", async () => {
    await using server = await standardServer();
    const other = Object.assign(new HalfModel(), { outputs: { half: { dtype: "float32", shape: ["batch", 4] } } });
    await expect(remoteOf([server.endpoint], {}, other)).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringMatching(/half cannot be the fallback of half: .*\[\?, 4\], not: .*\[\?, 3\]/),
    });
  });
});
