import { decodeHalves } from "../../core/index.ts";
import type { Json } from "./json.ts";
import type { StoredType } from "./stored-type.ts";

/** One element of a typed array: booleans as 0 and 1. */
export type FillValue = number | bigint | string;

const WORDS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

/** What chunks that were never written hold: zeros where the metadata says nothing. `undefined` where it is no such value. */
export function fillValueOf(raw: Json | undefined, type: StoredType): FillValue | undefined {
  const { dtype, form } = type;
  if (raw === null || raw === undefined) return dtype === "string" ? "" : big(dtype) ? 0n : 0;
  if (dtype === "string") return textFill(raw, form);
  if (dtype === "bool") return typeof raw === "boolean" || raw === 0 || raw === 1 ? Number(raw) : undefined;
  if (raw === "NaT" && type.unit !== undefined) return -(2n ** 63n);
  if (dtype.startsWith("float")) return floatFill(raw, type);
  return integerFill(raw, dtype);
}

function big(dtype: string): dtype is "int64" | "uint64" {
  return dtype === "int64" || dtype === "uint64";
}

function textFill(raw: Json, form: StoredType["form"]): string | undefined {
  // numpy's `S` is bytes, and Zarr writes them in base64; zarr-python 2 wrote 0 for an empty text.
  if (typeof raw === "string")
    return form === "bytes" ? Buffer.from(raw, "base64").toString("utf8").replace(/\0+$/, "") : raw;
  return raw === 0 ? "" : undefined;
}

function floatFill(raw: Json, { dtype, bytes }: StoredType): number | undefined {
  if (typeof raw === "number") return rounded(raw, dtype);
  if (typeof raw === "bigint") return Number(raw);
  if (typeof raw !== "string") return undefined;
  if (Object.hasOwn(WORDS, raw)) return WORDS[raw];
  if (!/^0x[0-9a-f]+$/i.test(raw) || raw.length !== 2 + 2 * bytes) return undefined;
  const stored = Buffer.from(raw.slice(2), "hex");
  if (bytes === 2) return decodeHalves(Uint16Array.of(stored.readUInt16BE()))[0];
  return bytes === 4 ? stored.readFloatBE() : stored.readDoubleBE();
}

/** As the array would hold it: 0.1 is no float32. */
function rounded(value: number, dtype: string): number {
  return dtype === "float64" ? value : Math.fround(value);
}

function integerFill(raw: Json, dtype: StoredType["dtype"]): number | bigint | undefined {
  if (typeof raw === "boolean" || (typeof raw !== "number" && typeof raw !== "bigint")) return undefined;
  if (typeof raw === "number" && !Number.isInteger(raw)) return undefined;
  const bits = Number(/\d+$/.exec(dtype)?.[0]);
  const value = BigInt(raw);
  const fits = dtype.startsWith("u") ? BigInt.asUintN(bits, value) === value : BigInt.asIntN(bits, value) === value;
  if (!fits) return undefined;
  return big(dtype) ? value : Number(value);
}
