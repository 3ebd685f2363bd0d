import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SHIPPED_MODELS, shippedModel } from "../../modules/fastsim/index.ts";
import { describeOnnx } from "../../modules/onnx/index.ts";
import { type RepositoryModel, writeModelRepository } from "../../modules/serving/index.ts";

const python = fileURLToPath(new URL("../../.venv/bin/python", import.meta.url));
const DENSE = fileURLToPath(new URL("../fixtures/onnx/dense.onnx", import.meta.url));

/** Reads configurations with Triton's own definitions, and prints them as JSON with the names of their fields. */
const SCRIPT = `
import json, sys
from google.protobuf import json_format, text_format
from tritonclient.grpc import model_config_pb2
print(json.dumps([
    json_format.MessageToDict(
        text_format.Parse(open(path, encoding="utf-8").read(), model_config_pb2.ModelConfig()),
        preserving_proto_field_name=True,
    )
    for path in sys.argv[1:]
]))
`;

interface Config {
  readonly parameters: Readonly<Record<string, { readonly string_value: string }>>;
}

function readConfigs(paths: readonly string[]): readonly Config[] {
  return JSON.parse(execFileSync(python, ["-c", SCRIPT, ...paths], { encoding: "utf8" })) as readonly Config[];
}

function hasTriton(): boolean {
  try {
    execFileSync(python, ["-c", "import tritonclient.grpc"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!hasTriton())("config.pbtxt and Triton's own definitions (needs .venv with tritonclient)", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-triton-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("the models that come with Twinloom are read as they were meant, metadata to the letter", async () => {
    const models = await Promise.all(
      SHIPPED_MODELS.map(async (name): Promise<RepositoryModel> => {
        const { file } = shippedModel(name);
        return { name, file, ...(await describeOnnx(file)) };
      }),
    );
    const written = await writeModelRepository(folder, models, { maxBatchSize: 256, maxQueueDelayMs: 2, instances: 2 });
    const configs = readConfigs(written.map(({ config }) => config));
    for (const [index, config] of configs.entries()) {
      const { name, metadata, digest } = models[index] as RepositoryModel;
      const texts = { ...metadata, identity: digest, intra_op_thread_count: "1", inter_op_thread_count: "1" };
      const parameters = Object.entries(texts).map(([key, value]) => [key, { string_value: value }] as const);
      expect(config).toMatchObject({
        ...{ name, platform: "onnxruntime_onnx", max_batch_size: 256 },
        output: [{ name: "showers", data_type: "TYPE_FP32", dims: ["45", "16", "9"] }],
        dynamic_batching: { max_queue_delay_microseconds: "2000" },
        // KIND_AUTO is 0, which JSON leaves out.
        instance_group: [{ count: 2 }],
        optimization: { graph: { level: 1 } },
      });
      expect(config.parameters).toEqual(Object.fromEntries(parameters));
      expect(JSON.parse(config.parameters["twinloom.generator"]?.string_value ?? "")).toMatchObject({ name });
    }
  });

  it("texts of every kind come back, and so do scalars", async () => {
    const facts = await describeOnnx(DENSE);
    const metadata = {
      'twinloom.key "quoted" \\ and µ': "C:\\new\\table\t'single'\r\n\"double\"",
      "twinloom.control": Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).join(""),
      "twinloom.unicode": "∫ 𝛾 \u0080\u2028 中",
      "twinloom.digits": "\u00011\u00007",
    };
    const [written] = await writeModelRepository(folder, [{ ...facts, name: "dense", file: DENSE, metadata }]);
    const [config] = readConfigs([written?.config ?? ""]);
    const texts = Object.entries(config?.parameters ?? {}).map(([key, value]) => [key, value.string_value] as const);
    expect(Object.fromEntries(texts)).toMatchObject(metadata);
    expect(config).toMatchObject({ output: [{ name: "y" }, { name: "total", dims: ["1"], reshape: {} }] });
  });
});
