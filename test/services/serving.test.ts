import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTwin, type GeneratedBatch, type GenerateRequest, type Model, type NdArray } from "../../core/index.ts";
import { fastsim } from "../../modules/fastsim/index.ts";
import { onnx } from "../../modules/onnx/index.ts";
import { servablesOf } from "../../modules/serving/index.ts";
import { all } from "../modules/fastsim/sample.ts";
import { startServer, type TestServer } from "../servers/inference-server.ts";
import { bytesOf, floats, HAS_PYTHON, type PeerAnswer, type PeerTensor, ServingPeer, tensor } from "./serving-peer.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const EVENTS = 20;
const VALUES = 45 * 16 * 9;
const SEED = 2n ** 63n + 7n;

/** What the shipped GAN is asked for, here and over the wire. */
const conditions = {
  incident_energy: Float64Array.from({ length: EVENTS }, (_, event) => 1000 + 4321.123456789 * event),
  absorber_thickness: Float64Array.from({ length: EVENTS }, (_, event) => 1.2 + 0.4 * (event / EVENTS)),
};
const eventIds = BigInt64Array.from({ length: EVENTS }, (_, event) => BigInt(event) * 1_000_000_007n - 5n);
const column = (datatype: string, data: BigInt64Array | Float64Array | Float32Array): PeerTensor => {
  return tensor(datatype, { data: data, shape: [data.length, 1] });
};
const seeds = (seed: bigint): PeerTensor => column("INT64", new BigInt64Array(EVENTS).fill(BigInt.asIntN(64, seed)));
const inputs = {
  event_id: column("INT64", eventIds),
  incident_energy: column("FP64", conditions.incident_energy),
  absorber_thickness: column("FP64", conditions.absorber_thickness),
  seed: seeds(SEED),
};

/** Gives back what it gets, of every datatype that has typed contents. */
const SPECS: Model["inputs"] = Object.fromEntries(
  Object.entries({
    BOOL: "bool",
    INT8: "int8",
    INT16: "int16",
    INT32: "int32",
    INT64: "int64",
    UINT8: "uint8",
    UINT16: "uint16",
    UINT32: "uint32",
    UINT64: "uint64",
    FP32: "float32",
    FP64: "float64",
    BYTES: "string",
  } as const).map(([name, dtype]) => [name, { dtype, shape: ["n"] }]),
);
const typed: Model = {
  name: "typed",
  inputs: SPECS,
  outputs: SPECS,
  metadata: {},
  provider: { name: "cpu" },
  infer: async (given) => given,
};

/** What a sparse answer stands for, by what docs/reference/serving-protocol.md says of it. */
function dense({ outputs }: PeerAnswer): Float32Array {
  const [offsets, indices, values] = ["offsets", "indices", "values"].map((part) => outputs[`showers.${part}`]) as [
    PeerTensor,
    PeerTensor,
    PeerTensor,
  ];
  expect([offsets.datatype, indices.datatype]).toEqual(["INT32", "UINT16"]);
  const starts = new Int32Array(bytesOf(offsets));
  const at = new Uint16Array(bytesOf(indices));
  const found = floats(values);
  const showers = new Float32Array((starts.length - 1) * VALUES);
  for (let event = 0; event + 1 < starts.length; event++) {
    for (let entry = starts[event] as number; entry < (starts[event + 1] as number); entry++) {
      showers[event * VALUES + (at[entry] as number)] = found[entry] as number;
    }
  }
  return showers;
}

function showersOf({ outputs }: PeerAnswer): Float32Array {
  return floats(outputs["showers"] as PeerTensor);
}

// Without the environment this is skipped; scripts/python-venv.sh makes it.
describe.skipIf(!HAS_PYTHON)("Triton's Python client, unchanged (needs scripts/python-venv.sh)", () => {
  let server: TestServer;
  let peer: ServingPeer;
  let showers: Float32Array;
  const stop: (() => PromiseLike<unknown>)[] = [];

  beforeAll(async () => {
    const twin = await createTwin({
      name: "ecal",
      plugins: {
        gan: onnx({ file: here("../../modules/fastsim/models/gan.onnx"), threads: 1 }),
        shower: fastsim(),
        dense: onnx({ file: here("../fixtures/onnx/dense.onnx"), name: "dense" }),
        types: onnx({ file: here("../fixtures/onnx/dtypes.onnx"), name: "types" }),
      },
      wire: { shower: { model: "gan" } },
    });
    stop.push(() => twin.stop());
    server = await startServer([...servablesOf(twin), { model: typed }]);
    stop.unshift(() => server[Symbol.asyncDispose]());
    peer = await ServingPeer.connect(server.endpoint);
    const request: GenerateRequest = { conditions, eventIds, seed: SEED };
    const [{ arrays }] = (await all(twin.shower, request)) as [GeneratedBatch];
    showers = (arrays["showers"] as NdArray<"float32">).data;
  }, 120_000);
  afterAll(async () => {
    peer.stop();
    for (const each of stop) await each();
  });

  const infer = (values: object): Promise<PeerAnswer> => peer.ask("infer", { model: "gan", inputs, ...values });

  it("finds out what is served, and how", async () => {
    const about = await peer.ask<Record<string, object>>("about", { model: "gan" });
    expect(about).toMatchObject({ live: true, ready: true, modelReady: true });
    expect(about["server"]).toMatchObject({ name: "twinloom", extensions: expect.arrayContaining(["twinloom"]) });
    expect(about["index"]).toEqual(
      ["dense", "gan", "gan.model", "typed", "types"].map((name) => ({ name, version: "1", state: "READY" })),
    );
    expect(about["metadata"]).toMatchObject({
      name: "gan",
      versions: ["1"],
      inputs: [
        { name: "event_id", datatype: "INT64", shape: ["-1", "1"] },
        { name: "incident_energy", datatype: "FP64", shape: ["-1", "1"] },
        { name: "absorber_thickness", datatype: "FP64", shape: ["-1", "1"] },
        { name: "seed", datatype: "INT64", shape: ["-1", "1"] },
      ],
      outputs: [{ name: "showers", datatype: "FP32", shape: ["-1", "45", "16", "9"] }],
    });
    expect(about["config"]).toMatchObject({
      name: "gan",
      max_batch_size: 100,
      input: expect.arrayContaining([{ name: "incident_energy", data_type: "TYPE_FP64", dims: ["1"] }]),
      output: [{ name: "showers", data_type: "TYPE_FP32", dims: ["45", "16", "9"] }],
      parameters: { kind: { string_value: "generator" }, twin: { string_value: "ecal" } },
    });
    expect(await peer.ask("is_model_ready", { model: "gan", version: "1" })).toBe(true);
    expect(await peer.ask("is_model_ready", { model: "gan", version: "2" })).toBe(false);
    expect(await peer.ask("is_model_ready", { model: "nobody" })).toBe(false);
  });

  it("gets the showers that a twin makes here, whatever the transfer", async () => {
    const plain = await infer({ request_id: "run-7" });
    expect(plain).toMatchObject({ model: "gan", version: "1", id: "run-7" });
    expect(plain.outputs["showers"]).toMatchObject({ datatype: "FP32", shape: [EVENTS, 45, 16, 9] });
    expect(showersOf(plain)).toEqual(showers);
    for (const how of [
      { compression_algorithm: "gzip" },
      { compression_algorithm: "deflate" },
      { client_timeout: 60 },
    ]) {
      const answer = await infer(how);
      expect(answer.outputs, JSON.stringify(how)).toEqual(plain.outputs);
    }
    const asynchronous = await peer.ask<PeerAnswer>("infer_async", { model: "gan", inputs });
    expect(asynchronous.outputs).toEqual(plain.outputs);
  });

  it("may give one seed as a parameter, and conditions as 32-bit floats", async () => {
    const { seed, ...others } = inputs;
    const small = await infer({ inputs: { ...others, seed: seeds(12n) } });
    for (const parameter of [12, "12"]) {
      const answer = await infer({ inputs: others, parameters: { seed: parameter } });
      expect(answer.outputs, typeof parameter).toEqual(small.outputs);
    }
    const large = await infer({ inputs: others, parameters: { seed: `${SEED}` } });
    expect(showersOf(large)).toEqual(showers);
    const energies = Float32Array.from(conditions.incident_energy);
    const narrow = await infer({ inputs: { ...inputs, incident_energy: column("FP32", energies) } });
    const widened = await infer({
      inputs: { ...inputs, incident_energy: column("FP64", Float64Array.from(energies)) },
    });
    expect(narrow.outputs).toEqual(widened.outputs);
  });

  it("gets sparse showers, halves, and both, when it asks", async () => {
    const sparse = await infer({ parameters: { sparse: true } });
    expect(Object.keys(sparse.outputs)).toEqual(["showers.offsets", "showers.indices", "showers.values"]);
    expect(dense(sparse)).toEqual(showers);
    const halves = await peer.ask<PeerTensor>("as_halves", {
      tensor: tensor("FP32", { data: showers, shape: [EVENTS, 45, 16, 9] }),
    });
    const rounded = await infer({ parameters: { output_datatype: "FP16" } });
    expect(rounded.outputs["showers"]).toEqual(halves);
    const both = await infer({ parameters: { output_datatype: "FP16", sparse: true } });
    expect(both.outputs["showers.values"]).toMatchObject({ datatype: "FP16" });
    expect(both.outputs["showers.indices"]).toEqual(sparse.outputs["showers.indices"]);
  });

  it("moves tensors of every datatype as raw bytes", async () => {
    const arrays: Record<string, PeerTensor> = {
      in_float16: {
        datatype: "FP16",
        shape: [3],
        data: Buffer.from(Uint16Array.of(0x3c00, 0xfbff, 1).buffer).toString("base64"),
      },
      in_float32: tensor("FP32", { data: Float32Array.of(1.5, -0, Number.NaN), shape: [3] }),
      in_float64: tensor("FP64", { data: Float64Array.of(Math.PI, -Infinity, 5e-324), shape: [3] }),
      in_int8: tensor("INT8", { data: Int8Array.of(-128, 0, 127), shape: [3] }),
      in_int16: tensor("INT16", { data: Int16Array.of(-32768, 0, 32767), shape: [3] }),
      in_int32: tensor("INT32", { data: Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1), shape: [3] }),
      in_int64: tensor("INT64", { data: BigInt64Array.of(-(2n ** 63n), 0n, 2n ** 63n - 1n), shape: [3] }),
      in_uint8: tensor("UINT8", { data: Uint8Array.of(0, 1, 255), shape: [3] }),
      in_uint16: tensor("UINT16", { data: Uint16Array.of(0, 1, 65535), shape: [3] }),
      in_uint32: tensor("UINT32", { data: Uint32Array.of(0, 1, 2 ** 32 - 1), shape: [3] }),
      in_uint64: tensor("UINT64", { data: BigUint64Array.of(0n, 1n, 2n ** 64n - 1n), shape: [3] }),
      in_bool: tensor("BOOL", { data: Uint8Array.of(1, 0, 1), shape: [3] }),
      in_string: { datatype: "BYTES", shape: [3], texts: ["W-Si", "", "χ² ≤ 1"] },
    };
    const { outputs } = await infer({ model: "types", inputs: arrays });
    const expected = Object.entries(arrays).map(([name, array]) => [
      name.replace("in_", "out_"),
      { ...array, shape: [3, 1] },
    ]);
    expect(outputs).toEqual(Object.fromEntries(expected));
    const { outputs: two } = await infer({ model: "types", inputs: arrays, outputs: ["out_int64", "out_bool"] });
    expect(Object.keys(two)).toEqual(["out_int64", "out_bool"]);
  });

  it("may send typed contents in place of raw ones", async () => {
    const x = [0.5, -1, 2, 3.25];
    const message = {
      model_name: "dense",
      id: "typed",
      inputs: [
        { name: "x", datatype: "FP32", shape: [1, 4], contents: { fp32_contents: x } },
        { name: "scale", datatype: "FP32", shape: [1, 1], contents: { fp32_contents: [2] } },
      ],
    };
    const raw = await infer({
      model: "dense",
      inputs: {
        x: tensor("FP32", { data: Float32Array.from(x), shape: [1, 4] }),
        scale: tensor("FP32", { data: Float32Array.of(2), shape: [1, 1] }),
      },
    });
    for (const compression of [undefined, "gzip"]) {
      const answer = await peer.ask<Record<string, unknown>>("infer_message", { message, compression });
      expect(answer).toMatchObject({
        id: "typed",
        model_name: "dense",
        outputs: [{ name: "y", datatype: "FP32", shape: ["1", "3"] }, { name: "total" }],
        raw_output_contents: ["y", "total"].map((name) => raw.outputs[name]?.data),
      });
    }
  });

  it("may send typed contents of every datatype but FP16, which has none", async () => {
    const contents: Record<string, object> = {
      BOOL: { bool_contents: [true, false] },
      INT8: { int_contents: [-128, 127] },
      INT16: { int_contents: [-32768, 32767] },
      INT32: { int_contents: [-(2 ** 31), 2 ** 31 - 1] },
      INT64: { int64_contents: [`${-(2n ** 63n)}`, `${2n ** 63n - 1n}`] },
      UINT8: { uint_contents: [0, 255] },
      UINT16: { uint_contents: [0, 65535] },
      UINT32: { uint_contents: [0, 2 ** 32 - 1] },
      UINT64: { uint64_contents: ["0", `${2n ** 64n - 1n}`] },
      FP32: { fp32_contents: [1.5, -0.25] },
      FP64: { fp64_contents: [Math.PI, -1e300] },
      BYTES: { bytes_contents: ["W-Si", "χ²"].map((text) => Buffer.from(text).toString("base64")) },
    };
    const message = {
      model_name: "typed",
      inputs: Object.entries(contents).map(([name, each]) => ({ name, datatype: name, shape: [2], contents: each })),
    };
    const raw: Record<string, PeerTensor> = {
      BOOL: tensor("BOOL", { data: Uint8Array.of(1, 0), shape: [2] }),
      INT8: tensor("INT8", { data: Int8Array.of(-128, 127), shape: [2] }),
      INT16: tensor("INT16", { data: Int16Array.of(-32768, 32767), shape: [2] }),
      INT32: tensor("INT32", { data: Int32Array.of(-(2 ** 31), 2 ** 31 - 1), shape: [2] }),
      INT64: tensor("INT64", { data: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n), shape: [2] }),
      UINT8: tensor("UINT8", { data: Uint8Array.of(0, 255), shape: [2] }),
      UINT16: tensor("UINT16", { data: Uint16Array.of(0, 65535), shape: [2] }),
      UINT32: tensor("UINT32", { data: Uint32Array.of(0, 2 ** 32 - 1), shape: [2] }),
      UINT64: tensor("UINT64", { data: BigUint64Array.of(0n, 2n ** 64n - 1n), shape: [2] }),
      FP32: tensor("FP32", { data: Float32Array.of(1.5, -0.25), shape: [2] }),
      FP64: tensor("FP64", { data: Float64Array.of(Math.PI, -1e300), shape: [2] }),
      BYTES: { datatype: "BYTES", shape: [2], texts: ["W-Si", "χ²"] },
    };
    const answer = await infer({ model: "typed", inputs: raw });
    expect(answer.outputs).toEqual(raw);
    const { outputs, raw_output_contents: bytes } = await peer.ask<{
      readonly outputs: readonly { readonly name: string; readonly datatype: string }[];
      readonly raw_output_contents: readonly string[];
    }>("infer_message", { message });
    expect(outputs.map(({ name, datatype }) => [name, datatype])).toEqual(Object.keys(raw).map((name) => [name, name]));
    for (const [index, { name }] of outputs.entries()) {
      if (name !== "BYTES") expect(bytes[index], name).toBe(raw[name]?.data);
    }
  });

  it("gets a large request in chunks over a stream, beside others", async () => {
    const nobody = { model: "nobody", inputs, request_id: "wrong" };
    const chunked = { model: "gan", inputs, request_id: "chunks", parameters: { chunk: 8 } };
    const whole = { model: "gan", inputs, request_id: "whole", parameters: { sparse: true } };
    const answers = await peer.ask<readonly PeerAnswer[]>("stream", { requests: [chunked, nobody, whole] });
    const chunks = answers.filter(({ id }) => id === "chunks");
    expect(chunks.map(({ parameters }) => parameters)).toMatchObject([
      { start: 0, triton_final_response: false },
      { start: 8, triton_final_response: false },
      { start: 16, triton_final_response: true },
    ]);
    const parts = chunks.flatMap((chunk) => [...showersOf(chunk)]);
    expect(Float32Array.from(parts)).toEqual(showers);
    const [one, ...more] = answers.filter(({ id }) => id === "whole");
    expect(more).toEqual([]);
    expect(one?.parameters).toMatchObject({ triton_final_response: true });
    expect(dense(one as PeerAnswer)).toEqual(showers);
    expect(answers.filter(({ message }) => message !== undefined)).toEqual([
      { status: "", message: expect.stringContaining('"nobody" is not served here') },
    ]);
  });

  it("reads what was computed so far", async () => {
    interface Stats {
      readonly inference_count?: string;
      readonly inference_stats: { readonly success: { readonly count?: string; readonly ns?: string } };
    }
    const read = async (): Promise<Stats> => {
      const { statistics } = await peer.ask<{ statistics: [Stats] }>("about", { model: "gan" });
      return statistics[0];
    };
    const before = await read();
    for (let each = 0; each < 3; each++) await infer({ parameters: { sparse: true } });
    const after = await read();
    const more = (from?: string, to?: string): number => Number(to ?? 0) - Number(from ?? 0);
    expect(more(before.inference_count, after.inference_count)).toBe(3 * EVENTS);
    const [earlier, later] = [before.inference_stats.success, after.inference_stats.success];
    expect(more(earlier.count, later.count)).toBe(3);
    expect(more(earlier.ns, later.ns)).toBeGreaterThan(0);
  });
});
