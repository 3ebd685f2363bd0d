import type { Attributes, Variable } from "../dataset.ts";
import type { DataOf, DType } from "../dtype.ts";
import { type IntegerType, integerForm, isIntegerType } from "../integer-type.ts";
import { attributeNumbers, attributeText } from "./attribute-numbers.ts";
import { fillMissing, type Packing, reinterpretBits, unpackNumbers } from "./decode-numbers.ts";
import { type MissingValues, missingValues } from "./missing-values.ts";
import type { ProblemListener } from "./problem.ts";

/** What becomes of the values of a variable. */
export interface Decoding {
  readonly dtype: DType;
  readonly fillValue: number | bigint | undefined;
  /** Those of the variable, less those that decoding is about. */
  readonly attributes: Attributes;
  decode(raw: DataOf<DType>): DataOf<DType>;
}

/** How the attributes of a numeric variable say that it is to be decoded; `undefined` where there is nothing to do. */
export function numberDecoding(
  variable: Variable,
  options: { readonly defaultFills: boolean; readonly onProblem: ProblemListener },
): Decoding | undefined {
  const { dtype: stored, attributes } = variable;
  const onProblem = (attribute: string, reason: string): void =>
    options.onProblem({ path: `${variable.path}@${attribute}`, reason });

  const packing = packingOf(attributes, onProblem);
  if (packing === "unusable") return undefined;
  const dtype = unsignedType(stored, attributes);
  const missing = missingValues({
    ...{ attributes, stored, dtype, packing, onProblem },
    defaultFills: options.defaultFills,
  });
  if (!packing && !missing && dtype === stored) return undefined;

  // Those that make no sense as well: of another dtype they might.
  const kept = Object.fromEntries(Object.entries(attributes).filter(([name]) => !USED_UP.has(name)));
  const typed = (raw: DataOf<DType>): Numbers =>
    dtype === stored ? (raw as Numbers) : reinterpretBits(raw as Numbers, dtype);
  if (packing) {
    const decode = (raw: DataOf<DType>): Float64Array => unpackNumbers(typed(raw), missing, packing);
    return { dtype: "float64", fillValue: undefined, attributes: kept, decode };
  }
  if (!isIntegerType(dtype)) {
    const decode = (raw: DataOf<DType>): Numbers =>
      missing ? fillMissing(typed(raw), missing, Number.NaN) : typed(raw);
    return { dtype, fillValue: undefined, attributes: kept, decode };
  }
  const fillValue = missing && fillOf(missing, dtype);
  const isAllFill = fillValue !== undefined && missing && isOnly(missing, fillValue);
  return {
    dtype,
    fillValue,
    attributes: fillValue === undefined ? kept : { ...kept, _FillValue: fillValue },
    decode: (raw) =>
      missing && fillValue !== undefined && !isAllFill ? fillMissing(typed(raw), missing, fillValue) : typed(raw),
  };
}

type Numbers = Exclude<DataOf<DType>, string[]>;

const USED_UP: ReadonlySet<string> = new Set([
  ...["_Unsigned", "_FillValue", "missing_value", "valid_min", "valid_max", "valid_range"],
  ...["scale_factor", "add_offset"],
]);

/** @returns `undefined` without packing, `"unusable"` where it cannot be told. */
function packingOf(
  attributes: Attributes,
  onProblem: (attribute: string, reason: string) => void,
): Packing | "unusable" | undefined {
  const [scale, offset] = ["scale_factor", "add_offset"].map((name) => {
    const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    if (value === undefined) return undefined;
    const numbers = attributeNumbers(value);
    if (numbers?.length === 1 && Number.isFinite(Number(numbers[0]))) return Number(numbers[0]);
    onProblem(name, `is ${attributeText(value)}, not a number; the values are left as stored`);
    return "unusable";
  });
  if (scale === "unusable" || offset === "unusable") return "unusable";
  if (scale === undefined && offset === undefined) return undefined;
  // Adding -0 changes nothing, not even the sign of a zero.
  return { scale: scale ?? 1, offset: offset ?? -0 };
}

/** `_Unsigned` says how integers are meant whose format has no unsigned types (or no signed bytes). */
function unsignedType(stored: DType, { _Unsigned }: Attributes): DType {
  if (!isIntegerType(stored) || _Unsigned === undefined) return stored;
  const isUnsigned = stored.startsWith("u");
  const text = String(_Unsigned).toLowerCase();
  if (text === "true" && !isUnsigned) return `u${stored}` as IntegerType;
  return text === "false" && isUnsigned ? (stored.slice(1) as IntegerType) : stored;
}

/** The value that is to stand for all that is missing: it must be missing itself. */
function fillOf({ values, low, high }: MissingValues, dtype: IntegerType): number | bigint | undefined {
  if (values[0] !== undefined) return values[0];
  const [least, most] = limitsOf(dtype);
  if (least < low) return least;
  return most > high ? most : undefined;
}

function limitsOf(dtype: IntegerType): readonly [number | bigint, number | bigint] {
  const { bits, isSigned } = integerForm(dtype);
  const least = isSigned ? -(2n ** BigInt(bits - 1)) : 0n;
  const most = least + 2n ** BigInt(bits) - 1n;
  return bits === 64 ? [least, most] : [Number(least), Number(most)];
}

/** Whether nothing but `fill` is missing. */
function isOnly({ values, low, high }: MissingValues, fill: number | bigint): boolean {
  return (
    values.length === 1 && values[0] === fill && low === Number.NEGATIVE_INFINITY && high === Number.POSITIVE_INFINITY
  );
}
