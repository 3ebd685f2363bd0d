import type { Attributes } from "../dataset.ts";
import type { DType } from "../dtype.ts";
import { halfBits, halfValue } from "../float16.ts";
import { type IntegerType, integerForm, isIntegerType, isValueOf } from "../integer-type.ts";
import { NdArray } from "../nd-array.ts";
import { attributeNumbers, attributeText } from "./attribute-numbers.ts";
import type { Packing } from "./decode-numbers.ts";

/** Which raw values are missing: those listed, and those below `low` or above `high`. NaN is, anyway. */
export interface MissingValues {
  readonly values: readonly (number | bigint)[];
  readonly low: number | bigint;
  readonly high: number | bigint;
}

/** Default fill values of the NetCDF library, by type (netcdf.h, NC_FILL_…); types of one byte are not filled. */
const DEFAULT_FILLS: Partial<Record<DType, number | bigint>> = {
  int16: -32767,
  uint16: 65535,
  int32: -2147483647,
  uint32: 4294967295,
  int64: -9223372036854775806n,
  uint64: 18446744073709551614n,
  float32: 9.969209968386869e36,
  float64: 9.969209968386869e36,
};

/** What {@link missingValues} goes by. */
export interface MissingRules {
  readonly attributes: Attributes;
  /** Type as stored; the values of the attributes are of it. */
  readonly stored: DType;
  /** Type of the values once `_Unsigned` has been applied. */
  readonly dtype: DType;
  readonly defaultFills: boolean;
  readonly packing: Packing | undefined;
  onProblem(attribute: string, reason: string): void;
}

/**
 * Reads the attributes that say which values are missing. One that no value of the type can equal is a problem, and is
 * left out, as netCDF4-python does.
 *
 * @see NetCDF Users Guide, appendix A (attribute conventions); CF 1.11, sections 2.5.1 and 8.1.
 */
export function missingValues(rules: MissingRules): MissingValues | undefined {
  const fill = typedValues(rules, "_FillValue")?.slice(0, 1) ?? defaultFill(rules);
  const values = [...fill, ...(typedValues(rules, "missing_value") ?? [])].filter((value) => !Number.isNaN(value));
  const [low, high] = validRange(rules);
  if (values.length === 0 && low === undefined && high === undefined) return undefined;
  return {
    values: [...new Set(values)],
    low: low ?? Number.NEGATIVE_INFINITY,
    high: high ?? Number.POSITIVE_INFINITY,
  };
}

function defaultFill({ stored, dtype, defaultFills }: MissingRules): readonly (number | bigint)[] {
  const fill = defaultFills ? DEFAULT_FILLS[stored] : undefined;
  return fill === undefined ? [] : [reinterpreted(fill, stored, dtype)];
}

function validRange(rules: MissingRules): readonly [number | bigint | undefined, number | bigint | undefined] {
  const unpacked = unpackedRange(rules);
  if (unpacked) return unpacked;
  const both = typedValues(rules, "valid_range");
  if (both?.length === 2) return [both[0], both[1]];
  if (both) rules.onProblem("valid_range", `has ${both.length} values, not 2`);
  return [typedValues(rules, "valid_min")?.[0], typedValues(rules, "valid_max")?.[0]];
}

/**
 * A range of floats for packed integers is of unpacked values: the one exception, by which all of a field could be lost.
 *
 * @see NetCDF Users Guide, appendix A, `valid_range`.
 */
function unpackedRange({ attributes, stored, packing }: MissingRules): readonly [number, number] | undefined {
  const range = Object.hasOwn(attributes, "valid_range") ? attributes["valid_range"] : undefined;
  if (!packing || packing.scale === 0 || !isIntegerType(stored) || !(range instanceof NdArray)) return undefined;
  if (!range.dtype.startsWith("float") || range.size !== 2) return undefined;
  const ends = range.toFloat64().map((end) => (end - packing.offset) / packing.scale);
  // Ends that are whole but for the digits of a float are meant to be inside.
  const [low, high] = ends.sort().map((end, i) => end + (i === 0 ? -1 : 1) * NEAR * Math.max(1, Math.abs(end)));
  return [low as number, high as number];
}

/** More than float32 rounds by. */
const NEAR = 1e-6;

/** Values of an attribute as raw values of the variable; `undefined` where it is not there or useless. */
function typedValues(rules: MissingRules, name: string): readonly (number | bigint)[] | undefined {
  const value = Object.hasOwn(rules.attributes, name) ? rules.attributes[name] : undefined;
  if (value === undefined) return undefined;
  const numbers = attributeNumbers(value);
  const typed = numbers?.map((number) => typedValue(number, rules.stored, rules.dtype));
  if (typed?.every((number) => number !== undefined)) return typed;
  rules.onProblem(name, `is ${attributeText(value)}, which no ${rules.dtype} can be`);
  return undefined;
}

/** A number as a value of a type, or `undefined` where it is none. */
function typedValue(value: number | bigint, stored: DType, dtype: DType): number | bigint | undefined {
  if (dtype === "float64") return Number(value);
  if (dtype === "float32") return Math.fround(Number(value));
  if (dtype === "float16") return halfValue(halfBits(Number(value)));
  if (!isIntegerType(dtype) || !isIntegerType(stored)) return undefined;
  if (typeof value === "number" && !Number.isInteger(value)) return undefined;
  const sized = integerForm(dtype).bits === 64 ? BigInt(value) : Number(value);
  if (isValueOf(stored, sized)) return reinterpreted(sized, stored, dtype);
  return isValueOf(dtype, sized) ? sized : undefined;
}

/** The bits of an integer, taken as those of a type of the same width. */
function reinterpreted(value: number | bigint, stored: DType, dtype: DType): number | bigint {
  if (stored === dtype) return value;
  const { bits, isSigned } = integerForm(dtype as IntegerType);
  const whole = isSigned ? BigInt.asIntN(bits, BigInt(value)) : BigInt.asUintN(bits, BigInt(value));
  return bits === 64 ? whole : Number(whole);
}
