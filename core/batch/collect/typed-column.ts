import { canonicalJson } from "../../canonical/canonical-json.ts";
import type { JsonValue } from "../../canonical/json-value.ts";
import type { DataOf, DType } from "../../data/dtype.ts";
import { NdArray } from "../../data/nd-array.ts";

/** A value of one run; `undefined` and `null` where it has none. */
export type Cell = JsonValue | undefined;

const INTEGER = /^(?:0|-?[1-9]\d*)$/;
const INT64 = { low: -(2n ** 63n), high: 2n ** 63n - 1n };
const UINT64_HIGH = 2n ** 64n - 1n;

/**
 * One value of each run, in the type that holds them all.
 *
 * - integers: `int64`; any other numbers, and where one is missing: `float64`, with NaN for missing
 * - true and false: `bool`
 * - integers of which some are beyond ±(2^53 - 1), which JSON has as decimal text: `int64`, or `uint64` where they need it.
 *   Texts that are all digits but of which none is so large stay texts: they may be names.
 * - anything else, and truth values or large integers of which one is missing: `string`; what is no text as canonical JSON,
 *   what is missing as `""`
 *
 * @param options - `dim`: the axis. `integers`: whether numbers that are all whole become integers; they do by default.
 */
export function typedColumn(
  values: readonly Cell[],
  { dim, integers = true }: { readonly dim: string; readonly integers?: boolean },
): NdArray {
  const wrap = <D extends DType>(data: DataOf<D>, dtype: D): NdArray =>
    new NdArray<DType>(data, { dtype, shape: [values.length], dims: [dim] });
  const present = values.filter((value) => value !== undefined && value !== null);
  const isWhole = present.length === values.length;
  if (present.every((value) => typeof value === "number")) {
    if (integers && isWhole && present.length > 0 && present.every(isPlainInteger)) {
      return wrap(BigInt64Array.from(present, BigInt), "int64");
    }
    return wrap(
      Float64Array.from(values, (value) => (typeof value === "number" ? value : Number.NaN)),
      "float64",
    );
  }
  if (isWhole && present.every((value) => typeof value === "boolean")) {
    return wrap(Uint8Array.from(present, Number), "bool");
  }
  const large = isWhole ? largeIntegers(present) : undefined;
  if (large?.every((value) => value >= INT64.low && value <= INT64.high))
    return wrap(BigInt64Array.from(large), "int64");
  if (large?.every((value) => value >= 0n && value <= UINT64_HIGH)) return wrap(BigUint64Array.from(large), "uint64");
  return wrap(values.map(textOf), "string");
}

function isPlainInteger(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

/** Integers of which one is beyond what a number holds exactly, or that are written partly as numbers; else `undefined`. */
function largeIntegers(values: readonly JsonValue[]): readonly bigint[] | undefined {
  const isInteger = (value: JsonValue): value is number | string =>
    typeof value === "number" ? isPlainInteger(value) : typeof value === "string" && INTEGER.test(value);
  if (!values.every(isInteger)) return undefined;
  const all = values.map(BigInt);
  const isLarge = all.some((value) => value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER);
  return isLarge || values.some((value) => typeof value === "number") ? all : undefined;
}

function textOf(value: Cell): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : canonicalJson(value);
}
