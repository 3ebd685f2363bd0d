import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  artifact,
  constant,
  createTwin,
  LocalSource,
  Log,
  type LogFields,
  NdArray,
  Source,
} from "../../../core/index.ts";
import { describeOnnx, type OnnxOptions, onnx } from "../../../modules/onnx/index.ts";
import { denseInputs, FIXTURES, float32, withModel } from "./shared.ts";

const DENSE = join(FIXTURES, "dense.onnx");
const { digest: DIGEST } = await describeOnnx(DENSE);
const OTHER = `sha256:${"0".repeat(64)}`;

describe("a model", () => {
  it("states what its file does", async () => {
    await using twin = await withModel("dense");
    const { name, inputs, outputs, metadata, digest, provider, file } = twin.model;
    expect({ name, inputs, outputs, digest, provider }).toEqual({
      name: "dense",
      inputs: {
        x: { dtype: "float32", shape: ["batch", 4] },
        scale: { dtype: "float32", shape: ["batch", 1] },
      },
      outputs: { y: { dtype: "float32", shape: ["batch", 3] }, total: { dtype: "float32", shape: ["batch"] } },
      digest: DIGEST,
      provider: { name: "cpu" },
    });
    expect(Object.keys(metadata)).toEqual(["author", "twinloom.generator"]);
    expect(file).toMatchObject({
      irVersion: 8,
      opsets: { "ai.onnx": 17 },
      producer: { name: "make-onnx-fixtures", version: "1" },
      operators: { Gemm: 1, Mul: 1, ReduceSum: 1 },
      parameters: 4 * 3 + 3 + 1,
    });
  });

  it("may have another name", async () => {
    await using twin = await withModel("dense", { name: "gan" });
    expect(twin.model.name).toBe("gan");
  });

  it("may be an artifact, and is refused when it has changed", async () => {
    const file = (digest: string): OnnxOptions => ({ file: artifact(DENSE, { digest }) });
    await using twin = await createTwin({ plugins: { model: onnx(file(DIGEST)) } });
    expect(twin.model.digest).toBe(DIGEST);
    await expect(createTwin({ plugins: { model: onnx(file(OTHER)) } })).rejects.toMatchObject({
      code: "TWIN_ARTIFACT_CHANGED",
    });
  });

  it("of an artifact's digest is what is computed, also where the file becomes another one in between", async () => {
    const folder = await mkdtemp(join(tmpdir(), "twinloom-onnx-"));
    const path = join(folder, "dense.onnx");
    await copyFile(DENSE, path);
    const file = artifact(path, { digest: DIGEST });
    const verified = file.verified.bind(file);
    // Whoever checks the file first and reads it then reads another one.
    file.verified = async (options) => {
      const location = await verified(options);
      await copyFile(join(FIXTURES, "reshape.onnx"), path);
      return location;
    };
    try {
      await using twin = await createTwin({ plugins: { model: onnx({ file }) } });
      expect(twin.model.digest).toBe(DIGEST);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("may lie wherever a source of the twin reads", async () => {
    const store = new LocalSource({ root: FIXTURES });
    const shelf = constant(Source, {
      prefixes: ["shelf://"],
      open: (location, options) => store.open(location.slice("shelf://".length), options),
      list: (pattern, options) => store.list(pattern, options),
    });
    const model = onnx({ file: "shelf://dense.onnx" });
    await using twin = await createTwin({ plugins: { shelf, model } });
    expect(twin.model).toMatchObject({ name: "dense", digest: DIGEST });
    expect((await twin.model.infer(denseInputs(2)))["y"]?.shape).toEqual([2, 3]);
  });

  it("is not computed before its twin has started, nor afterwards", async () => {
    const twin = await withModel("dense");
    const { model } = twin;
    await twin.stop();
    await expect(model.infer(denseInputs(1))).rejects.toMatchObject({
      code: "TWIN_MODEL_FAILED",
      message: 'Model "dense" failed: it has stopped, with its twin.',
    });
  });
});

describe("a file that is no model to be computed", () => {
  const CODE = "TWIN_MODEL_UNREADABLE";
  it.each([
    ["future", /opset 26|[Oo]pset 999/],
    ["foreign-operator", /com\.example:Sparkle/],
    ["bfloat16", /input "x": its values are of type bfloat16/],
    ["unranked", /input "x": it states no shape/],
    ["sequence", /output "y": it is a sequence/],
    ["external", /keeps weights \("w"\) in another file/],
    ["external-branch", /keeps weights \("v"\) in another file/],
  ])("%s: is refused, with the reason", async (name, message) => {
    await expect(withModel(name)).rejects.toMatchObject({ code: CODE, message: expect.stringMatching(message) });
  });

  it("is refused when it is text, or a table", async () => {
    for (const file of [join(FIXTURES, "expected.json"), join(FIXTURES, "../csv/conformance.csv")]) {
      await expect(createTwin({ plugins: { model: onnx({ file }) } })).rejects.toMatchObject({ code: CODE });
    }
  });

  it("is refused when it is too large, unread", async () => {
    await expect(withModel("dense", { maxBytes: 100 })).rejects.toMatchObject({
      code: CODE,
      message: expect.stringContaining("at most 100 are read. Raise `maxBytes`"),
    });
  });

  it("is not found where there is none", async () => {
    await expect(withModel("no-such-model")).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
    await expect(createTwin({ plugins: { model: onnx({ file: FIXTURES }) } })).rejects.toMatchObject({
      code: "TWIN_FILE_UNREADABLE",
    });
  });
});

describe("what is allowed and expected", () => {
  it("is the file itself, by its digest", async () => {
    await using twin = await withModel("dense", { digests: [OTHER, DIGEST] });
    expect(twin.model.digest).toBe(DIGEST);
    for (const digests of [[OTHER], []]) {
      await expect(withModel("dense", { digests })).rejects.toMatchObject({
        code: "TWIN_MODEL_NOT_ALLOWED",
        digest: DIGEST,
        message: expect.stringContaining(digests[0] ?? "allows none"),
      });
    }
  });

  it("comes before everything else: a file that is not allowed is not looked into", async () => {
    await expect(withModel("future", { digests: [OTHER] })).rejects.toMatchObject({ code: "TWIN_MODEL_NOT_ALLOWED" });
  });

  it("is no digest without its kind", async () => {
    await expect(withModel("dense", { digests: ["0".repeat(64)] })).rejects.toMatchObject({
      code: "TWIN_INVALID_COMPOSITION",
    });
  });

  it("is a set of inputs and outputs, where free axes may have other names", async () => {
    const x = { dtype: "float32", shape: ["n", 4] } as const;
    const scale = { dtype: "float32", shape: ["n", 1] } as const;
    const y = { dtype: "float32", shape: ["n", 3] } as const;
    const total = { dtype: "float32", shape: ["n"] } as const;
    await using twin = await withModel("dense", { expect: { inputs: { x, scale }, outputs: { y, total } } });
    expect(twin.model.name).toBe("dense");
    const wrong: readonly (readonly [OnnxOptions["expect"], string])[] = [
      [{ inputs: { x } }, 'input "scale": none is expected, and the file has float32 [batch, 1].'],
      [{ inputs: { x, scale, z: x } }, 'input "z": float32 [n, 4] is expected, and the file has none.'],
      [{ outputs: { y, total: { ...total, dtype: "float64" } } }, "float64 [n] is expected, and the file has float32"],
      [
        { outputs: { y: { ...y, shape: [5, 3] }, total } },
        "float32 [5, 3] is expected, and the file has float32 [batch, 3]",
      ],
      [
        { outputs: { y: { ...y, shape: ["n"] }, total } },
        "float32 [n] is expected, and the file has float32 [batch, 3]",
      ],
    ];
    for (const [expected, message] of wrong) {
      await expect(withModel("dense", { expect: expected })).rejects.toMatchObject({
        code: "TWIN_MODEL_MISMATCH",
        message: expect.stringContaining(message),
        problems: expect.arrayContaining([expect.stringContaining(message)]),
      });
    }
  });

  it("may be that two free axes are one: that they have one name in the file", async () => {
    const square = {
      inputs: { m: { dtype: "float32", shape: ["a", "b"] }, steps: { dtype: "int64", shape: [] } },
    } as const;
    await using twin = await withModel("slow", { expect: square });
    expect(twin.model.name).toBe("slow");
    const expected = { inputs: { x: { dtype: "float32", shape: ["batch", 4] } } } as const;
    await expect(withModel("slow", { expect: expected })).rejects.toMatchObject({ code: "TWIN_MODEL_MISMATCH" });
  });
});

describe("a provider that is not to be had", () => {
  /** Whether CUDA can be used here: then there is nothing to fall back from. */
  const hasCuda = process.env["TWINLOOM_HAS_CUDA"] === "1";

  it.skipIf(hasCuda)("is the CPU, seen on the model and in the log", async () => {
    const warnings: [LogFields, string][] = [];
    const none = (): void => undefined;
    const log = constant(Log, { debug: none, info: none, error: none, warn: (...told) => void warnings.push(told) });
    const plugins = { log, model: onnx({ file: DENSE, provider: "cuda" }) };
    await using twin = await createTwin({ plugins });
    expect(twin.model.provider).toEqual({ name: "cpu", fallbackReason: expect.stringMatching(/cuda/i) });
    expect(warnings).toEqual([
      [
        expect.objectContaining({ part: "model", model: "dense", wanted: "cuda", provider: "cpu" }),
        expect.stringContaining("computed by the cpu"),
      ],
    ]);
    expect((await twin.model.infer(denseInputs(2)))["y"]?.shape).toEqual([2, 3]);
  });

  it.skipIf(hasCuda)("is an error where that is wanted", async () => {
    await expect(withModel("dense", { provider: "cuda", fallback: "refuse" })).rejects.toMatchObject({
      code: "TWIN_MODEL_FAILED",
      message: expect.stringContaining('the provider "cuda" is not to be had here'),
    });
  });
});

describe("what ONNX Runtime gives", () => {
  it("is what Python's onnxruntime gave when the fixtures were made", async () => {
    const text = await readFile(join(FIXTURES, "expected.json"), "utf8");
    const { dense } = JSON.parse(text) as { dense: Record<string, { shape: number[]; values: number[] }> };
    const array = (name: string) => dense[name] as { shape: number[]; values: number[] };
    await using twin = await withModel("dense");
    const inputs = Object.fromEntries(["x", "scale"].map((n) => [n, float32(array(n).values, array(n).shape)]));
    const outputs = await twin.model.infer(inputs);
    for (const name of ["y", "total"]) {
      expect(outputs[name]?.shape, name).toEqual(array(name).shape);
      // Other processors sum in another order: a few units in the last place of a float32, 6e-8 relative each.
      const found = [...(outputs[name] as NdArray<"float32">).values()];
      found.forEach((value, i) => {
        expect(Math.abs(value - (array(name).values[i] as number)), `${name}[${i}]`).toBeLessThan(1e-4);
      });
    }
  });

  it("is refused where it is not what the file states, and a failure has its reason", async () => {
    await using twin = await withModel("reshape");
    const to = (...shape: bigint[]) => new NdArray(BigInt64Array.from(shape), { dtype: "int64", shape: [2] });
    const x = float32([1, 2, 3, 4, 5, 6], [2, 3]);
    expect((await twin.model.infer({ x, to: to(2n, 3n) }))["y"]?.shape).toEqual([2, 3]);
    await expect(twin.model.infer({ x, to: to(3n, 2n) })).rejects.toMatchObject({
      code: "TWIN_MODEL_FAILED",
      message: expect.stringContaining('output "y" is not what it states'),
    });
    await expect(twin.model.infer({ x, to: to(5n, 5n) })).rejects.toMatchObject({
      code: "TWIN_MODEL_FAILED",
      message: expect.stringContaining("Reshape"),
    });
  });
});
