import { type AttributeValue, type DType, NdArray } from "../../../core/index.ts";

/** Attributes that must have the type of their variable. */
const OF_VARIABLE_TYPE = new Set(["_FillValue", "missing_value", "valid_min", "valid_max", "valid_range"]);

const MAX_INT64 = 2n ** 63n - 1n;

/**
 * An attribute as NetCDF-4 has it: a text, or a list of one type that NetCDF has.
 *
 * @param types - `stored`: the type that it had in the file it comes from; `variable`: that of its variable.
 */
export function netcdfAttribute(
  name: string,
  value: AttributeValue,
  types: { readonly stored?: DType | undefined; readonly variable?: DType | undefined },
): string | NdArray {
  if (value instanceof NdArray) {
    const [only] = name === "_FillValue" && types.variable && value.size === 1 ? value.values() : [];
    // One value, of the type of its variable: the NetCDF library takes no other.
    return typeof only === "number" || typeof only === "bigint" ? numberOf(only, types.variable) : listOf(value);
  }
  switch (typeof value) {
    case "string":
      return value;
    case "boolean":
      return new NdArray(Int8Array.of(value ? 1 : 0), { dtype: "int8", shape: [1] });
    default:
      return numberOf(value, types.stored ?? typeByName(name, value, types.variable));
  }
}

/** Of a number that the variable's type cannot hold, its own: made to fit it would be another value. */
function typeByName(name: string, value: number | bigint, variable: DType | undefined): DType | undefined {
  return variable && OF_VARIABLE_TYPE.has(name) && canHold(variable, value) ? variable : undefined;
}

/** Whether a type has a value; a float has all, rounded. */
export function canHold(dtype: DType, value: number | bigint): boolean {
  if (dtype.startsWith("float")) return true;
  if (typeof value === "number" && !Number.isInteger(value)) return false;
  return BigInt(numberOf(value, dtype).values()[0] as number | bigint) === BigInt(value);
}

/** Attributes have one dimension; there are neither booleans nor halves in NetCDF. */
function listOf(array: NdArray): string | NdArray {
  if (array.is("string")) {
    const texts = array.values();
    return texts.length <= 1 && array.shape.length === 0 ? (texts[0] ?? "") : array.reshape([array.size]);
  }
  return netcdfArray(array).reshape([array.size]);
}

/** An array of a type that NetCDF has: booleans as bytes, halves as float32, in which they are held. */
export function netcdfArray(array: NdArray): NdArray {
  const init = { shape: array.shape, dims: array.dims };
  if (array.is("bool")) return new NdArray(Int8Array.from(array.values()), { dtype: "int8", ...init });
  if (array.is("float16")) return new NdArray(array.values(), { dtype: "float32", ...init });
  return array;
}

function numberOf(value: number | bigint, dtype: DType | undefined): NdArray {
  const shape = [1];
  switch (dtype) {
    case "int8":
    case "bool":
      return new NdArray(Int8Array.of(Number(value)), { dtype: "int8", shape });
    case "uint8":
      return new NdArray(Uint8Array.of(Number(value)), { dtype, shape });
    case "int16":
      return new NdArray(Int16Array.of(Number(value)), { dtype, shape });
    case "uint16":
      return new NdArray(Uint16Array.of(Number(value)), { dtype, shape });
    case "int32":
      return new NdArray(Int32Array.of(Number(value)), { dtype, shape });
    case "uint32":
      return new NdArray(Uint32Array.of(Number(value)), { dtype, shape });
    case "float16":
    case "float32":
      return new NdArray(Float32Array.of(Number(value)), { dtype: "float32", shape });
    case "int64":
      return new NdArray(BigInt64Array.of(BigInt(value)), { dtype, shape });
    case "uint64":
      return new NdArray(BigUint64Array.of(BigInt(value)), { dtype, shape });
    default:
      if (typeof value === "number") return new NdArray(Float64Array.of(value), { dtype: "float64", shape });
      return numberOf(value, value > MAX_INT64 ? "uint64" : "int64");
  }
}
