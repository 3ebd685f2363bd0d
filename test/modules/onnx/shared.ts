import { fileURLToPath } from "node:url";
import { createTwin, type DType, NdArray, type Twin } from "../../../core/index.ts";
import { type OnnxOptions, onnx } from "../../../modules/onnx/index.ts";

/** Our own fixtures, written by scripts/make-onnx-fixtures.py. */
export const FIXTURES: string = fileURLToPath(new URL("../../fixtures/onnx/", import.meta.url));

/** A twin with one model of the fixtures. */
export async function withModel(
  name: string,
  options: Partial<OnnxOptions> = {},
): Promise<Twin<{ model: ReturnType<typeof onnx> }>> {
  return await createTwin({ plugins: { model: onnx({ file: `${FIXTURES}${name}.onnx`, ...options }) } });
}

export function float32(values: ArrayLike<number>, shape: readonly number[]): NdArray<"float32"> {
  return new NdArray(Float32Array.from(values), { dtype: "float32", shape });
}

/** Inputs of dense.onnx; row `i` is the same whatever the number of rows. */
export function denseInputs(rows: number): Readonly<Record<string, NdArray>> {
  return {
    x: float32(
      Array.from({ length: 4 * rows }, (_, i) => Math.sin(i + 1)),
      [rows, 4],
    ),
    scale: float32(
      Array.from({ length: rows }, (_, i) => i + 1),
      [rows, 1],
    ),
  };
}

/** Inputs of slow.onnx: some hundred steps take milliseconds. */
export function slowInputs(steps: number, size = 64): Readonly<Record<string, NdArray>> {
  const matrix = Array.from({ length: size * size }, (_, i) => Math.sin(i) / size);
  return {
    m: float32(matrix, [size, size]),
    steps: new NdArray(BigInt64Array.of(BigInt(steps)), { dtype: "int64", shape: [] }),
  };
}

/** Two values of each dtype. */
export const SAMPLES: { readonly [D in DType]: NdArray<D>["data"] } = {
  float16: Float32Array.of(1.5, -65504),
  float32: Float32Array.of(1.5, -0.1),
  float64: Float64Array.of(Math.PI, -0),
  int8: Int8Array.of(-128, 127),
  int16: Int16Array.of(-32768, 32767),
  int32: Int32Array.of(-(2 ** 31), 2 ** 31 - 1),
  int64: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n),
  uint8: Uint8Array.of(0, 255),
  uint16: Uint16Array.of(0, 65535),
  uint32: Uint32Array.of(0, 2 ** 32 - 1),
  uint64: BigUint64Array.of(0n, 2n ** 64n - 1n),
  bool: Uint8Array.of(1, 0),
  string: ["a", "粒子"],
};
