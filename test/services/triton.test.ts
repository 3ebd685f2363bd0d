import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createTwin,
  digestFile,
  type GenerateRequest,
  type Generator,
  NdArray,
  type Variable,
} from "../../core/index.ts";
import { fastsim } from "../../modules/fastsim/index.ts";
import { hdf5 } from "../../modules/hdf5/index.ts";
import { onnx } from "../../modules/onnx/index.ts";
import { remoteGenerator, remoteModel } from "../../modules/serving/index.ts";
import { runTwinloom } from "../cli/run-command-line.ts";
import { all } from "../modules/fastsim/sample.ts";
import { addPythonModel, writePythonRepository } from "../servers/triton-repository.ts";
import { startTriton, type TritonServer, tritonMissing } from "../servers/triton-server.ts";
import { ServingPeer } from "./serving-peer.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const GAN = here("../../modules/fastsim/models/gan.onnx");
const DENSE = here("../fixtures/onnx/dense.onnx");

/** What a generator on a standard server tells of itself, in the configuration that every client may read. */
const DESCRIPTION = {
  validity: { energy: { unit: "GeV", min: 1, max: 100 } },
  outputs: { values: { dtype: "float32", dims: ["row", "cell"], shape: [2, 3], unit: "MeV" } },
  facts: { reference: "a sum" },
};
const PLAIN = `
name: "plain"
backend: "python"
max_batch_size: 10
input [
  { name: "event_id" data_type: TYPE_INT64 dims: [1] },
  { name: "energy" data_type: TYPE_FP64 dims: [1] },
  { name: "seed" data_type: TYPE_INT64 dims: [1] }
]
output [{ name: "values" data_type: TYPE_FP32 dims: [2, 3] }]
parameters { key: "twinloom.generator" value { string_value: ${JSON.stringify(JSON.stringify(DESCRIPTION))} } }
`;

/** Events over the whole range of the shipped models. */
function requestOf(generator: Generator, count: number): GenerateRequest {
  const conditions = Object.entries(generator.validity).map(([name, { min, max }]) => {
    return [name, Float64Array.from({ length: count }, (_, event) => min + ((max - min) * event) / count)] as const;
  });
  const eventIds = BigInt64Array.from({ length: count }, (_, event) => BigInt(event));
  return { conditions: Object.fromEntries(conditions), eventIds, seed: 2n ** 63n + 7n };
}

/** The bits of all showers. */
async function bitsOf(generator: Generator, request: GenerateRequest): Promise<Buffer> {
  const batches = await all(generator, request);
  return Buffer.concat(
    batches.map(({ arrays }) => {
      const { buffer, byteOffset, byteLength } = (arrays["showers"] as NdArray<"float32">).data;
      return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
    }),
  );
}

const missing = tritonMissing();

// It has no ONNX Runtime backend, as that exists for its own images only: a few lines of Python compute the same file by the
// same ONNX Runtime (test/servers/triton). Protocol, batching and configuration are Triton's.
describe.skipIf(missing !== undefined)(`a stock Triton${missing === undefined ? "" : ` (${missing})`}`, () => {
  let folder: string;
  let server: TritonServer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-triton-"));
    const models = join(folder, "models");
    await writePythonRepository(models, { gan: GAN, dense: DENSE });
    await addPythonModel(models, { name: "plain", config: PLAIN, script: "generator_model.py" });
    server = await startTriton(models);
  }, 120_000);
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it("takes the repository that we write, and tells what the file tells of itself", async () => {
    const peer = await ServingPeer.connect(server.endpoint);
    interface Config {
      readonly max_batch_size: number;
      readonly parameters: Readonly<Record<string, { readonly string_value: string }>>;
    }
    const { config, metadata, index } = await peer.ask<{ config: Config; metadata: object; index: object[] }>("about", {
      model: "gan",
    });
    peer.stop();
    expect(index).toContainEqual({ name: "gan", version: "1", state: "READY" });
    expect(metadata).toMatchObject({
      inputs: [
        { name: "incident_energy", datatype: "FP32", shape: ["-1", "1"] },
        { name: "absorber_thickness", datatype: "FP32", shape: ["-1", "1"] },
        { name: "normal", datatype: "FP32", shape: ["-1", "315"] },
        { name: "uniform", datatype: "FP32", shape: ["-1", "6480"] },
      ],
      outputs: [{ name: "showers", datatype: "FP32", shape: ["-1", "45", "16", "9"] }],
    });
    expect(config.parameters["identity"]?.string_value).toBe((await digestFile(GAN)).digest);
    expect(JSON.parse(config.parameters["twinloom.generator"]?.string_value ?? "")).toMatchObject({ name: "gan" });
  });

  it("computes the showers that we compute, bit by bit, when it has the network and we the noise", async () => {
    const { endpoint } = server;
    await using remote = await createTwin({
      plugins: { network: remoteModel({ endpoints: [endpoint], model: "gan" }), shower: fastsim() },
    });
    await using local = await createTwin({ plugins: { network: onnx({ file: GAN, threads: 1 }), shower: fastsim() } });
    const request = requestOf(local.shower, 230);
    const theirs = await bitsOf(remote.shower, request);
    expect(theirs.length).toBe(230 * 6480 * 4);
    expect(theirs.equals(await bitsOf(local.shower, request))).toBe(true);
  });

  it("answers a remote model with every output, and says what it is", async () => {
    await using remote = await createTwin({
      plugins: { network: remoteModel({ endpoints: [server.endpoint], model: "dense" }) },
    });
    await using local = await createTwin({ plugins: { network: onnx({ file: DENSE, threads: 1 }) } });
    expect(remote.network.inputs).toMatchObject({ x: { dtype: "float32" }, scale: { dtype: "float32" } });
    const described = remote.network.metadata["twinloom.generator"];
    expect([described, typeof described]).toEqual([local.network.metadata["twinloom.generator"], "string"]);
    expect(remote.network.digest).toBe(local.network.digest);
    const inputs = {
      x: new NdArray(Float32Array.from({ length: 12 }, Math.sin), { dtype: "float32", shape: [3, 4] }),
      scale: new NdArray(Float32Array.of(1, 20, 0.5), { dtype: "float32", shape: [3, 1] }),
    };
    const [theirs, ours] = [await remote.network.infer(inputs), await local.network.infer(inputs)];
    for (const name of ["y", "total"]) expect(theirs[name]?.data, name).toEqual(ours[name]?.data);
  });

  it("makes showers for the command line, the same as without it", async () => {
    const simulate = async (name: string, options: readonly string[]): Promise<NdArray> => {
      const out = join(folder, `${name}.h5`);
      const made = await runTwinloom(["detector", "simulate", "--model", "gan", ...options, "-n", "30", "--out", out]);
      expect(made, made.stderr).toMatchObject({ code: 0 });
      await using twin = await createTwin({ plugins: { files: hdf5() } });
      await using file = await twin.files.open(out);
      return await (file.variables["showers"] as Variable).read();
    };
    const range = ["--energy-range-mev", "2000:90000", "--seed", "11"];
    const theirs = await simulate("triton", ["--endpoint", server.endpoint, ...range]);
    const ours = await simulate("local", range);
    expect(theirs.shape).toEqual([30, 6480]);
    expect(theirs.data).toEqual(ours.data);
  });

  it("serves a remote generator, by the standard protocol alone", async () => {
    await using twin = await createTwin({
      plugins: { shower: remoteGenerator({ endpoints: [server.endpoint], model: "plain" }) },
    });
    expect(twin.shower.validity).toEqual(DESCRIPTION.validity);
    expect(twin.shower.outputs).toEqual(DESCRIPTION.outputs);
    const batches = await all(twin.shower, {
      conditions: { energy: Float64Array.from({ length: 25 }, (_, event) => 1 + event) },
      eventIds: BigInt64Array.from({ length: 25 }, (_, event) => BigInt(event % 5)),
      seed: 3n,
    });
    const values = batches.flatMap(({ arrays }) => [...(arrays["values"] as NdArray<"float32">).data]);
    const wanted = Array.from({ length: 25 }, (_, event) =>
      Array.from({ length: 6 }, (_, cell) => 1 + event + 1000 * (event % 5) + 300_000 + cell),
    );
    expect(values).toEqual(wanted.flat());
  });
});
