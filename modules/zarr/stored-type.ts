import type { DType } from "../../core/index.ts";
import { isObject, type Json } from "./json.ts";

/** How elements lie in the bytes of a chunk. */
export interface StoredType {
  readonly dtype: DType;
  /**
   * `number`: as a typed array; `half`: 16-bit floats; `bool`: a byte; `utf32` and `bytes`: texts of fixed length, padded by
   * NUL; `text`: texts of any length, by a codec of their own.
   */
  readonly form: "number" | "half" | "bool" | "utf32" | "bytes" | "text";
  /** Bytes of an element; 0 for `text`. */
  readonly bytes: number;
  /** Whether v2 says that the bytes are swapped; v3 says it in its codec. */
  readonly bigEndian: boolean;
  /** In words, where the dtype does not tell all. */
  readonly note?: string;
  /** Unit, where the type has one: `"ns since 1970-01-01"`. */
  readonly unit?: string;
}

const NUMBERS: Readonly<Record<string, readonly [DType, number]>> = {
  i1: ["int8", 1],
  u1: ["uint8", 1],
  i2: ["int16", 2],
  u2: ["uint16", 2],
  i4: ["int32", 4],
  u4: ["uint32", 4],
  i8: ["int64", 8],
  u8: ["uint64", 8],
  f4: ["float32", 4],
  f8: ["float64", 8],
};

const PLAIN: StoredType = { dtype: "bool", form: "bool", bytes: 1, bigEndian: false };
const TEXT: StoredType = { dtype: "string", form: "text", bytes: 0, bigEndian: false };
const HALF: StoredType = { dtype: "float16", form: "half", bytes: 2, bigEndian: false };

/** Longest text of fixed length, in bytes. */
const MAX_TEXT_BYTES = 1e6;

/** numpy's units of time, and what UDUNITS calls them. */
const TIME_UNITS: Readonly<Record<string, string>> = {
  D: "days",
  h: "hours",
  m: "minutes",
  s: "seconds",
  ms: "milliseconds",
  us: "microseconds",
  ns: "nanoseconds",
};

/** The type of a v2 `dtype`: `"<f4"`, `"|S10"`, `"|O"`. `undefined` where it cannot be read. */
export function typeOfV2(dtype: Json | undefined): StoredType | undefined {
  if (dtype === "|O") return TEXT;
  const match = typeof dtype === "string" ? /^([<>|])([a-zA-Z])(\d+)(?:\[(\w+)\])?$/.exec(dtype) : null;
  if (match === null) return undefined;
  const [, order, kind = "", digits = "", timeUnit] = match;
  const bigEndian = order === ">";
  const size = Number(digits);
  const code = `${kind}${size}`;
  const number = Object.hasOwn(NUMBERS, code) ? NUMBERS[code] : undefined;
  const endian = bigEndian && size > 1 ? "big-endian " : "";
  if (number) return { ...numeric(...number), bigEndian, ...(endian && { note: `${endian}${number[0]}` }) };
  if (code === "f2") return { ...HALF, bigEndian, ...(endian && { note: `${endian}float16` }) };
  if (code === "b1") return PLAIN;
  if (kind === "S" && size <= MAX_TEXT_BYTES) return fixedText("bytes", size, bigEndian);
  if (kind === "U" && size * 4 <= MAX_TEXT_BYTES) return fixedText("utf32", size * 4, bigEndian);
  if ((code === "M8" || code === "m8") && timeUnit !== undefined) return timeType(kind === "M", timeUnit, bigEndian);
  return undefined;
}

/** The type of a v3 `data_type`. `undefined` where it cannot be read. */
export function typeOfV3(type: Json | undefined): StoredType | undefined {
  const name = isObject(type) ? type["name"] : type;
  const configuration = isObject(type) && isObject(type["configuration"]) ? type["configuration"] : {};
  if (typeof name !== "string") return undefined;
  if (name === "bool") return PLAIN;
  if (name === "string") return TEXT;
  if (name === "float16") return HALF;
  const number = Object.values(NUMBERS).find(([dtype]) => dtype === name);
  if (number) return numeric(...number);
  const length = configuration["length_bytes"];
  if (typeof length === "number" && Number.isInteger(length) && length >= 0 && length <= MAX_TEXT_BYTES) {
    if (name === "fixed_length_utf32" && length % 4 === 0) return fixedText("utf32", length, false);
    if (name === "null_terminated_bytes") return fixedText("bytes", length, false);
  }
  const { unit, scale_factor } = configuration;
  if ((name === "numpy.datetime64" || name === "numpy.timedelta64") && typeof unit === "string" && scale_factor === 1) {
    return timeType(name === "numpy.datetime64", unit, false);
  }
  return undefined;
}

function numeric(dtype: DType, bytes: number): StoredType {
  return { dtype, form: "number", bytes, bigEndian: false };
}

function fixedText(form: "utf32" | "bytes", bytes: number, bigEndian: boolean): StoredType {
  const note =
    form === "utf32" ? `fixed-length string of ${bytes / 4} characters` : `fixed-length string of ${bytes} bytes`;
  return { dtype: "string", form, bytes, bigEndian, note };
}

function timeType(isDate: boolean, unit: string, bigEndian: boolean): StoredType | undefined {
  const words = Object.hasOwn(TIME_UNITS, unit) ? TIME_UNITS[unit] : undefined;
  if (words === undefined) return undefined;
  const note = `${isDate ? "datetime64" : "timedelta64"}[${unit}]`;
  return { ...numeric("int64", 8), bigEndian, note, unit: isDate ? `${words} since 1970-01-01` : words };
}
