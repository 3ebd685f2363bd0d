import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createTwin, NdArray } from "../../core/index.ts";
import { onnx } from "../../modules/onnx/index.ts";

const python = fileURLToPath(new URL("../../.venv-training/bin/python", import.meta.url));
const FIXTURES = fileURLToPath(new URL("../fixtures/onnx/", import.meta.url));

/** Reads a model's path and inputs from standard input, and prints what onnxruntime computes on one thread. */
const SCRIPT = `
import json, sys
import numpy as np, onnxruntime
asked = json.load(sys.stdin)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
session = onnxruntime.InferenceSession(asked["file"], options, providers=["CPUExecutionProvider"])
feeds = {name: np.array(each["values"], each["dtype"]).reshape(each["shape"]) for name, each in asked["inputs"].items()}
names = [output.name for output in session.get_outputs()]
results = dict(zip(names, session.run(names, feeds)))
print(json.dumps({name: {"shape": list(a.shape), "dtype": str(a.dtype), "values": [float(v) for v in a.ravel()]} for name, a in results.items()}))
`;

type Plain = Readonly<Record<string, { readonly shape: number[]; readonly dtype: string; readonly values: number[] }>>;

function theirs(file: string, inputs: Readonly<Record<string, NdArray>>): Plain {
  const plain = Object.entries(inputs).map(([name, array]) => {
    return [name, { dtype: array.dtype, shape: array.shape, values: Array.from(array.toFloat64()) }] as const;
  });
  const input = JSON.stringify({ file, inputs: Object.fromEntries(plain) });
  return JSON.parse(execFileSync(python, ["-c", SCRIPT], { input, encoding: "utf8", maxBuffer: 64e6 })) as Plain;
}

async function compare(name: string, inputs: Readonly<Record<string, NdArray>>, tolerance: number): Promise<void> {
  const file = `${FIXTURES}${name}.onnx`;
  await using twin = await createTwin({ plugins: { model: onnx({ file }) } });
  const ours = await twin.model.infer(inputs);
  const expected = theirs(file, inputs);
  expect(Object.keys(ours)).toEqual(Object.keys(expected));
  for (const [output, { shape, dtype, values }] of Object.entries(expected)) {
    const array = ours[output] as NdArray;
    expect({ dtype: array.dtype, shape: [...array.shape] }, output).toEqual({ dtype, shape });
    const largest = Math.max(...values.map(Math.abs), Number.MIN_VALUE);
    const found = array.toFloat64();
    const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - (found[i] as number))), 0);
    expect(worst / largest, output).toBeLessThanOrEqual(tolerance);
  }
}

function noise(shape: readonly number[]): NdArray<"float32"> {
  const size = shape.reduce((product, length) => product * length, 1);
  const values = Float32Array.from({ length: size }, (_, i) => Math.sin(12.9898 * (i + 1)));
  return new NdArray(values, { dtype: "float32", shape });
}

// The environment of the training recipe (modules/fastsim/training/README.md) has onnxruntime; without it this is skipped.
describe.skipIf(!existsSync(python))("models and Python's onnxruntime (needs .venv-training)", () => {
  // Their version may be another one, and sum in another order: some units in the last place, 6e-8 each.
  it("compute the same, within the last digits of float32", async () => {
    await compare("dense", { x: noise([1000, 4]), scale: noise([1000, 1]) }, 5e-7);
    const steps = new NdArray(BigInt64Array.of(5n), { dtype: "int64", shape: [] });
    await compare("slow", { m: noise([33, 33]), steps }, 5e-6);
  });
});
