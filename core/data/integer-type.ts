import type { DType } from "./dtype.ts";

/** A dtype of integers. */
export type IntegerType = "int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64";

const INTEGER_TYPES: ReadonlySet<string> = new Set<IntegerType>([
  ...(["int8", "int16", "int32", "int64"] as const),
  ...(["uint8", "uint16", "uint32", "uint64"] as const),
]);

/** Whether a dtype is one of integers. */
export function isIntegerType(dtype: DType): dtype is IntegerType {
  return INTEGER_TYPES.has(dtype);
}

/** Whether an integer dtype holds a value: a `bigint` for 64-bit ones, a `number` for the others. */
export function isValueOf(dtype: DType, value: number | bigint): boolean {
  if (!isIntegerType(dtype)) return false;
  const { bits, isSigned } = integerForm(dtype);
  if ((bits === 64) !== (typeof value === "bigint")) return false;
  if (typeof value === "number" && !Number.isInteger(value)) return false;
  const whole = BigInt(value);
  return whole === (isSigned ? BigInt.asIntN(bits, whole) : BigInt.asUintN(bits, whole));
}

/** Width and sign of an integer dtype. */
export function integerForm(dtype: IntegerType): { readonly bits: number; readonly isSigned: boolean } {
  return { bits: Number(dtype.replace(/\D/g, "")), isSigned: dtype.startsWith("i") };
}
