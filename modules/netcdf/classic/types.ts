import type { DType } from "../../../core/index.ts";

/** A type of the classic formats. */
export interface ClassicType {
  readonly name: string;
  readonly dtype: Exclude<DType, "string" | "bool" | "float16">;
  readonly bytes: number;
}

/**
 * By number; those from 7 on are of CDF-5 alone.
 *
 * @see Source: NetCDF Users Guide, "File Structure and Performance: NetCDF Classic Format", `nc_type`.
 */
const TYPES: readonly (ClassicType | undefined)[] = [
  undefined,
  { name: "byte", dtype: "int8", bytes: 1 },
  { name: "char", dtype: "uint8", bytes: 1 },
  { name: "short", dtype: "int16", bytes: 2 },
  { name: "int", dtype: "int32", bytes: 4 },
  { name: "float", dtype: "float32", bytes: 4 },
  { name: "double", dtype: "float64", bytes: 8 },
  { name: "ubyte", dtype: "uint8", bytes: 1 },
  { name: "ushort", dtype: "uint16", bytes: 2 },
  { name: "uint", dtype: "uint32", bytes: 4 },
  { name: "int64", dtype: "int64", bytes: 8 },
  { name: "uint64", dtype: "uint64", bytes: 8 },
];

const LAST_OF_CDF_1_AND_2 = 6;

/** The type of a number; `undefined` where the version of the format has none. */
export function classicType(number: number, version: 1 | 2 | 5): ClassicType | undefined {
  return version === 5 || number <= LAST_OF_CDF_1_AND_2 ? TYPES[number] : undefined;
}
