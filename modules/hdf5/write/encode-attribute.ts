import { type AttributeValue, type DType, NdArray } from "../../../core/index.ts";
import { encodeType, fixedText } from "./encode-type.ts";
import { encodeValues } from "./encode-values.ts";
import type { GlobalHeap } from "./global-heap.ts";
import { attributeMessage, type Message } from "./object-header.ts";

/** Attributes that must have the dtype of their variable. */
const OF_VARIABLE_TYPE = new Set(["_FillValue", "missing_value", "valid_min", "valid_max", "valid_range"]);

const MAX_INT64 = 2n ** 63n - 1n;

/** An attribute as it is stored. @param of - `dtype`: that of the variable it belongs to. */
export function encodeAttribute(
  name: string,
  value: AttributeValue,
  of: { readonly dtype: DType | undefined; readonly heap: GlobalHeap },
): Message {
  const array = value instanceof NdArray ? value : scalarArray(name, value, of.dtype);
  const data = encodeValues(array.values(), array.dtype, of.heap);
  return attributeMessage(name, encodeType(array.dtype), { shape: array.shape }, data);
}

/** A text of its own length, as the NetCDF library stores texts. */
export function fixedTextAttribute(name: string, text: string): Message {
  const bytes = Buffer.from(text, "utf8");
  // HDF5 has no strings of no bytes.
  const data = bytes.length === 0 ? Buffer.alloc(1) : bytes;
  const charset = bytes.length === text.length ? "ascii" : "utf-8";
  return attributeMessage(name, fixedText(data.length, charset), { shape: [] }, data);
}

/** A scalar with the dtype that {@link AttributeValue} promises. */
export function scalarArray(name: string, value: Exclude<AttributeValue, NdArray>, of: DType | undefined): NdArray {
  const shape: number[] = [];
  switch (typeof value) {
    case "string":
      return new NdArray([value], { dtype: "string", shape });
    case "boolean":
      return new NdArray(Uint8Array.of(value ? 1 : 0), { dtype: "bool", shape });
    case "bigint":
      return value > MAX_INT64
        ? new NdArray(BigUint64Array.of(value), { dtype: "uint64", shape })
        : new NdArray(BigInt64Array.of(value), { dtype: "int64", shape });
    default:
      return numberArray(value, OF_VARIABLE_TYPE.has(name) ? of : undefined);
  }
}

function numberArray(value: number, dtype: DType | undefined): NdArray {
  const shape: number[] = [];
  switch (dtype) {
    case "int8":
      return new NdArray(Int8Array.of(value), { dtype, shape });
    case "uint8":
      return new NdArray(Uint8Array.of(value), { dtype, shape });
    case "int16":
      return new NdArray(Int16Array.of(value), { dtype, shape });
    case "uint16":
      return new NdArray(Uint16Array.of(value), { dtype, shape });
    case "int32":
      return new NdArray(Int32Array.of(value), { dtype, shape });
    case "uint32":
      return new NdArray(Uint32Array.of(value), { dtype, shape });
    case "float16":
    case "float32":
      return new NdArray(Float32Array.of(value), { dtype, shape });
    case "int64":
      return new NdArray(BigInt64Array.of(BigInt(value)), { dtype, shape });
    case "uint64":
      return new NdArray(BigUint64Array.of(BigInt(value)), { dtype, shape });
    default:
      return new NdArray(Float64Array.of(value), { dtype: "float64", shape });
  }
}
