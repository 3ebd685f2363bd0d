import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestBytes } from "../../../../core/index.ts";
import { describeOnnx } from "../../../../modules/onnx/index.ts";
import { modelConfig, type OnnxFacts } from "../../../../modules/serving/triton/model-config.ts";
import { type RepositoryModel, writeModelRepository } from "../../../../modules/serving/triton/model-repository.ts";

const DENSE = fileURLToPath(new URL("../../../fixtures/onnx/dense.onnx", import.meta.url));
const digest = `sha256:${"0".repeat(64)}`;
let folder: string;
let out: string;
let dense: RepositoryModel;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-repository-"));
  out = join(folder, "models");
  dense = { name: "dense", file: DENSE, ...(await describeOnnx(DENSE)) };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Files with their paths from the repository. */
async function filesIn(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(path.length + 1))
    .sort();
}

describe("a model's configuration", () => {
  it("is Triton's: rows without the batch axis, one thread, what the file tells of itself", async () => {
    expect(modelConfig("dense", { ...dense, digest })).toBe(`name: "dense"
platform: "onnxruntime_onnx"
max_batch_size: 1000
input {
  name: "x"
  data_type: TYPE_FP32
  dims: 4
}
input {
  name: "scale"
  data_type: TYPE_FP32
  dims: 1
}
output {
  name: "y"
  data_type: TYPE_FP32
  dims: 3
}
output {
  name: "total"
  data_type: TYPE_FP32
  dims: 1
  reshape {}
}
dynamic_batching {}
instance_group {
  kind: KIND_AUTO
  count: 1
}
optimization {
  graph {
    level: 1
  }
}
${Object.entries({
  "twinloom.generator": dense.metadata["twinloom.generator"],
  identity: digest,
  intra_op_thread_count: "1",
  inter_op_thread_count: "1",
})
  .map(
    ([key, value]) => `parameters {\n  key: "${key}"\n  value {\n    string_value: ${JSON.stringify(value)}\n  }\n}\n`,
  )
  .join("")}`);
  });

  it("takes the options", () => {
    const text = modelConfig("dense", dense, { maxBatchSize: 8, maxQueueDelayMs: 1.5, instances: 2, threads: 4 });
    expect(text).toContain("max_batch_size: 8\n");
    expect(text).toContain("dynamic_batching {\n  max_queue_delay_microseconds: 1500\n}\n");
    expect(text).toContain("count: 2\n");
    expect(text).toContain('key: "intra_op_thread_count"\n  value {\n    string_value: "4"');
  });

  // `max_batch_size` and `count` are int32, the delay is an uint64 in microseconds.
  it.for([0, 1.5, Number.NaN, 2 ** 31, Number.POSITIVE_INFINITY])("refuses a count of %d", (count) => {
    for (const option of ["maxBatchSize", "instances", "threads"] as const) {
      const refused = `\`${option}\` must be a whole number from 1 to 2147483647, and is ${count}.`;
      expect(() => modelConfig("dense", dense, { [option]: count })).toThrow(refused);
    }
  });

  it("writes the longest delay as digits, and refuses what is none", () => {
    const longest = modelConfig("dense", dense, { maxQueueDelayMs: Number.MAX_SAFE_INTEGER / 1_000 });
    expect(longest).toMatch(/max_queue_delay_microseconds: \d{16}\n/);
    expect(modelConfig("dense", dense, { maxBatchSize: 2 ** 31 - 1 })).toContain("max_batch_size: 2147483647\n");
    for (const delay of [-1, Number.NaN, 1e19, Number.POSITIVE_INFINITY]) {
      expect(() => modelConfig("dense", dense, { maxQueueDelayMs: delay })).toThrow(
        `\`maxQueueDelayMs\` must be from 0 to 9007199254740.99, and is ${delay}.`,
      );
    }
  });

  it("leaves a model without a common first axis unbatched, with free axes as -1", () => {
    const facts = (inputs: OnnxFacts["inputs"], outputs: OnnxFacts["outputs"]): OnnxFacts => {
      return { inputs, outputs, metadata: {}, digest };
    };
    const scalar = facts(
      { m: { dtype: "float64", shape: ["n", "n"] }, steps: { dtype: "int64", shape: [] } },
      { names: { dtype: "string", shape: ["n", 2] } },
    );
    const text = modelConfig("slow", scalar);
    expect(text).toContain("max_batch_size: 0\n");
    expect(text).not.toContain("dynamic_batching");
    expect(text).toContain('name: "m"\n  data_type: TYPE_FP64\n  dims: -1\n  dims: -1\n');
    expect(text).toContain('name: "steps"\n  data_type: TYPE_INT64\n  dims: 1\n  reshape {}\n');
    expect(text).toContain('name: "names"\n  data_type: TYPE_STRING\n  dims: -1\n  dims: 2\n');
    const square = { dtype: "float32", shape: ["n", "n"] } as const;
    expect(modelConfig("square", facts({ a: square }, { b: square }))).toContain("max_batch_size: 0\n");
    const empty = { dtype: "float32", shape: ["n", 0] } as const;
    expect(() => modelConfig("none", facts({ a: empty }, { b: square }))).toThrow(/"a" has an axis of length 0/);
  });

  it("writes any text so that it stays one, and takes no orders from the file", () => {
    const metadata = {
      "twinloom.path": 'C:\\data "new"\nline\ttab\r',
      "twinloom.Einheit, ✓": "\u0000\u0007 µm 𝛾 \ud83d",
      share_session_between_instances: "true",
      "session.a_key_of_tomorrow": "1",
      intra_op_thread_count: "64",
      identity: "something else",
    };
    const text = modelConfig('na"me', { ...dense, metadata, digest });
    expect(text).toContain('name: "na\\"me"');
    expect(text).toContain('string_value: "C:\\\\data \\"new\\"\\nline\\ttab\\r"');
    expect(text).toContain('key: "twinloom.Einheit, ✓"\n  value {\n    string_value: "\\000\\007 µm 𝛾 �"');
    expect([...text.matchAll(/key: "(.*)"/g)].map(([, key]) => key)).toEqual([
      ...["twinloom.path", "twinloom.Einheit, ✓", "identity", "intra_op_thread_count", "inter_op_thread_count"],
    ]);
    expect(text).not.toContain('64"');
    expect(text).toContain(`key: "identity"\n  value {\n    string_value: "${digest}"`);
  });
});

describe("writeModelRepository", () => {
  it("writes the configuration and the very file, and adds models and versions to what is there", async () => {
    const [written] = await writeModelRepository(out, [dense]);
    expect(written).toEqual({
      ...{ name: "dense", version: 1, digest: dense.digest },
      config: join(out, "dense/config.pbtxt"),
      model: join(out, "dense/1/model.onnx"),
    });
    expect(await filesIn(out)).toEqual(["dense/1/model.onnx", "dense/config.pbtxt"]);
    expect(digestBytes(await readFile(join(out, "dense/1/model.onnx")))).toBe(dense.digest);
    await writeModelRepository(out, [dense, { ...dense, name: "other" }], { version: 3, maxBatchSize: 7 });
    expect(await filesIn(out)).toEqual([
      ...["dense/1/model.onnx", "dense/3/model.onnx", "dense/config.pbtxt"],
      ...["other/3/model.onnx", "other/config.pbtxt"],
    ]);
    expect(await readFile(join(out, "dense/config.pbtxt"), "utf8")).toContain("max_batch_size: 7\n");
  });

  it("writes over nothing unasked: other things, a version that is there, one that would never be served", async () => {
    await writeModelRepository(out, [dense], { version: 2 });
    const config = await readFile(join(out, "dense/config.pbtxt"), "utf8");
    await expect(writeModelRepository(out, [{ ...dense, name: "new" }, dense], { version: 2 })).rejects.toMatchObject({
      code: "TWIN_FILE_EXISTS",
      location: join(out, "dense/2/model.onnx"),
    });
    await expect(writeModelRepository(out, [dense])).rejects.toThrow(/has version 2 already.*Give 3\./);
    await expect(writeModelRepository(out, [dense], { version: 1, existing: "replace" })).rejects.toThrow(/version 2/);
    expect(await filesIn(out)).toEqual(["dense/2/model.onnx", "dense/config.pbtxt"]);
    await writeModelRepository(out, [dense], { version: 2, existing: "replace", threads: 2 });
    expect(await readFile(join(out, "dense/config.pbtxt"), "utf8")).not.toBe(config);
    for (const other of ["notes.txt", "data/a.h5"]) {
      await rm(out, { recursive: true });
      await mkdir(join(out, "data"), { recursive: true });
      await writeFile(join(out, other), "");
      const refused = writeModelRepository(out, [dense], { existing: "replace" });
      await expect(refused).rejects.toMatchObject({ code: "TWIN_FILE_EXISTS" });
      await expect(refused).rejects.toThrow(/It holds ".*", which is no model/);
    }
  });

  it("refuses names that are no folders', twice the same, versions that are none, before it writes", async () => {
    for (const name of ["../up", "", ".hidden", "a/b", "a b"]) {
      await expect(writeModelRepository(out, [dense, { ...dense, name }])).rejects.toThrow(/cannot be the name/);
    }
    await expect(writeModelRepository(out, [dense, dense])).rejects.toThrow('Two models are named "dense"');
    await expect(writeModelRepository(out, [dense], { version: 0 })).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it("puts no file in place that is not the one of its digest, or not there", async () => {
    await expect(writeModelRepository(out, [{ ...dense, digest }])).rejects.toMatchObject({
      code: "TWIN_ARTIFACT_CHANGED",
    });
    const missing = join(folder, "none.onnx");
    await expect(writeModelRepository(out, [{ ...dense, file: missing }])).rejects.toMatchObject({
      ...{ code: "TWIN_FILE_NOT_FOUND", location: missing },
    });
    expect(await filesIn(out)).toEqual([]);
    // What was left is no obstacle to trying again.
    await writeModelRepository(out, [dense]);
    expect(await filesIn(out)).toEqual(["dense/1/model.onnx", "dense/config.pbtxt"]);
  });
});
