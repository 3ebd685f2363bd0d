import type { DType } from "../dtype.ts";
import { integerForm, isIntegerType } from "../integer-type.ts";

const FLOATS: readonly DType[] = ["float16", "float32", "float64"];
/** Integers of so many bits are exact in a float. */
const EXACT_BITS = { float16: 11, float32: 24, float64: 53 } as const;

/** The smallest dtype that holds every value of both; `undefined` where none does. */
export function promote(a: DType, b: DType): DType | undefined {
  if (a === b) return a;
  if (isFloat(a) && isFloat(b)) return FLOATS[Math.max(FLOATS.indexOf(a), FLOATS.indexOf(b))];
  if (isIntegerType(a) && isIntegerType(b)) return promoteIntegers(integerForm(a), integerForm(b));
  const [float, integer] = isFloat(a) ? [a, b] : [b, a];
  if (!isFloat(float) || !isIntegerType(integer)) return undefined;
  const { bits } = integerForm(integer);
  return FLOATS.slice(FLOATS.indexOf(float)).find((each) => isFloat(each) && bits <= EXACT_BITS[each]);
}

/** The dtype of values that are converted to another unit: floats stay what they are, and nothing else can. */
export function dtypeOfConverted(dtype: DType, isTime: boolean): DType {
  return dtype === "float32" && !isTime ? "float32" : "float64";
}

export function isFloat(dtype: DType): dtype is "float16" | "float32" | "float64" {
  return FLOATS.includes(dtype);
}

interface IntegerForm {
  readonly bits: number;
  readonly isSigned: boolean;
}

function promoteIntegers(a: IntegerForm, b: IntegerForm): DType | undefined {
  if (a.isSigned === b.isSigned) return `${a.isSigned ? "int" : "uint"}${Math.max(a.bits, b.bits)}` as DType;
  const [signed, unsigned] = a.isSigned ? [a, b] : [b, a];
  const bits = Math.max(signed.bits, 2 * unsigned.bits);
  return bits > 64 ? undefined : (`int${bits}` as DType);
}
