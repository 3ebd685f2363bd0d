import { type Attributes, type AttributeValue, allocate, type DataOf, type DType, NdArray } from "../../core/index.ts";
import type { Json, JsonObject } from "./json.ts";
import type { StoredType } from "./stored-type.ts";

/** xarray's name of the dimensions in Zarr v2. */
export const DIMENSIONS_V2 = "_ARRAY_DIMENSIONS";

/**
 * Attributes of JSON. Lists of numbers are int32, or int64, uint64, float64 where they need be; what is neither a scalar
 * nor a list of one kind of them is its JSON text.
 */
export function attributesOf(raw: JsonObject): Attributes {
  return Object.fromEntries(
    Object.entries(raw)
      .filter(([name]) => name !== DIMENSIONS_V2)
      .map(([name, value]) => [name, attributeOf(value)]),
  );
}

function attributeOf(value: Json): AttributeValue {
  if (value instanceof Float64Array) return vector("float64", value);
  if (Array.isArray(value)) return listOf(value) ?? textOf(value);
  if (typeof value === "object") return textOf(value);
  return value as AttributeValue;
}

function listOf(values: readonly Json[]): NdArray | undefined {
  if (values.length === 0) return vector("float64", new Float64Array(0));
  if (values.every((value) => typeof value === "string")) return vector("string", [...values]);
  if (values.every((value) => typeof value === "boolean")) return vector("bool", Uint8Array.from(values, Number));
  if (!values.every((value) => typeof value === "number" || typeof value === "bigint")) return undefined;
  const fits = (low: number | bigint, high: number | bigint): boolean =>
    values.every((value) => value >= low && value <= high);
  if (fits(-(2 ** 31), 2 ** 31 - 1)) return vector("int32", Int32Array.from(values, Number));
  if (fits(-(2n ** 63n), 2n ** 63n - 1n)) return vector("int64", BigInt64Array.from(values, BigInt));
  if (fits(0, 2n ** 64n - 1n)) return vector("uint64", BigUint64Array.from(values, BigInt));
  return vector("float64", Float64Array.from(values, Number));
}

function vector<D extends DType>(dtype: D, data: DataOf<D>): NdArray<D> {
  return new NdArray(data, { dtype, shape: [data.length] });
}

function textOf(value: Json): string {
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === "bigint" ? Number(each) : each));
}

/**
 * The `_FillValue` of a v3 array: xarray writes that of floats as the base64 text of a little-endian double.
 *
 * @see Source: `FillValueCoder` in xarray/backends/zarr.py.
 */
export function fillAttributeOf(value: AttributeValue | undefined, { dtype }: StoredType): AttributeValue | undefined {
  if (typeof value !== "string" || !dtype.startsWith("float")) return value;
  const bytes = Buffer.from(value, "base64");
  return bytes.length === 8 ? bytes.readDoubleLE() : value;
}

/** As {@link fillAttributeOf} reads it. */
export function fillAttributeText(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes.toString("base64");
}

/** An attribute as JSON: arrays as lists. */
export function attributeJson(value: AttributeValue): unknown {
  if (!(value instanceof NdArray)) return value;
  if (value.shape.length === 0) return value.at();
  return nested(value);
}

function nested(array: NdArray): unknown {
  if (array.shape.length > 1) {
    const [dim = ""] = array.dims;
    return Array.from({ length: array.shape[0] as number }, (_, i) => nested(array.slice({ [dim]: i })));
  }
  const values = array.values();
  if (Array.isArray(values)) return values;
  if (array.dtype.startsWith("float")) return Float64Array.from(values as Float64Array);
  return Array.from({ length: array.size }, (_, i) => array.at(i));
}

/** One value of a dtype, many times. */
export function filled(dtype: DType, size: number, fill: number | bigint | string): DataOf<DType> {
  const data = allocate(dtype, size);
  if (fill !== 0 && fill !== 0n && fill !== "") (data as unknown[]).fill(fill);
  return data;
}
