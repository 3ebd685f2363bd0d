import type { DType } from "../../core/index.ts";

/**
 * Dtypes by their number in an ONNX file. All of these have the names that ONNX Runtime uses in JavaScript.
 *
 * @see Source: onnx.proto, `TensorProto.DataType`. What is missing (bfloat16, complex, 8 bits and fewer of floats, 4 bits
 *   of integers) has no dtype of ours.
 */
export const DTYPES: ReadonlyMap<number, DType> = new Map<number, DType>([
  [1, "float32"],
  [2, "uint8"],
  [3, "int8"],
  [4, "uint16"],
  [5, "int16"],
  [6, "int32"],
  [7, "int64"],
  [8, "string"],
  [9, "bool"],
  [10, "float16"],
  [11, "float64"],
  [12, "uint32"],
  [13, "uint64"],
]);

/** Names of the others, for messages. */
export const OTHER_TYPES: ReadonlyMap<number, string> = new Map([
  [0, "undefined"],
  [14, "complex64"],
  [15, "complex128"],
  [16, "bfloat16"],
  [17, "float8e4m3fn"],
  [18, "float8e4m3fnuz"],
  [19, "float8e5m2"],
  [20, "float8e5m2fnuz"],
  [21, "uint4"],
  [22, "int4"],
  [23, "float4e2m1"],
]);
