import { convertTimes } from "../cf/convert-times.ts";
import { isTimeUnit } from "../cf/time-unit.ts";
import type { DataOf, DType } from "../dtype.ts";
import { isIntegerType, isValueOf } from "../integer-type.ts";
import { allocate } from "../layout.ts";
import { NdArray } from "../nd-array.ts";
import { convertUnits } from "../units/convert-units.ts";
import { PartsDisagreeError } from "./errors.ts";
import type { UnitScale, VariableFacts } from "./part.ts";
import { dtypeOfConverted, isFloat, promote } from "./promote.ts";

/** What the values of a variable of the federation are. */
export interface ValueForm {
  readonly dtype: DType;
  readonly fillValue: number | bigint | undefined;
  readonly scale: UnitScale;
}

/** A variable of a part, and the part's name for messages. */
export interface PartVariable {
  readonly part: string;
  readonly facts: VariableFacts;
}

/** How parts are brought to one unit and calendar. */
export interface ReconcileOptions {
  /** Unit of the variable in the federation; that of the first part by default. */
  readonly unit?: string | undefined;
  /** Whether times of another calendar become those of the same date, or are refused. */
  readonly calendars: "refuse" | "by-date";
  /** What may be taken for granted when units are converted. */
  readonly context?: "water" | undefined;
}

/**
 * The one form of a variable that several parts have.
 *
 * @throws {@link PartsDisagreeError} where units, calendars or types cannot become one.
 */
export function commonForm(variables: readonly PartVariable[], options: ReconcileOptions): ValueForm {
  const [first] = variables as readonly [PartVariable];
  const scale: UnitScale = {
    unit: options.unit ?? first.facts.scale.unit,
    calendar: first.facts.scale.calendar,
    ...(options.context && { context: options.context }),
  };
  let dtype: DType | undefined;
  let before: PartVariable = first;
  for (const each of variables) {
    const own = ownDtype(each, { first, scale, options });
    const both = dtype === undefined ? own : promote(dtype, own);
    if (both === undefined) {
      throw disagreement(
        before,
        each,
        `it is ${before.facts.dtype} in the one and ${each.facts.dtype} in the other, and no type holds both exactly.`,
      );
    }
    if (both !== dtype) before = each;
    dtype = both;
  }
  return { dtype: dtype as DType, scale, fillValue: fillOf(dtype as DType, variables) };
}

/**
 * What makes arrays of a part those of the federation; `undefined` where they are already.
 *
 * @throws What {@link convertUnits} and {@link convertTimes} throw, when it is called.
 */
export function converterTo(form: ValueForm, { part, facts }: PartVariable): ((array: NdArray) => NdArray) | undefined {
  const { dtype, fillValue, scale } = form;
  const rescale = rescaling(facts.scale, scale);
  if (!rescale && facts.dtype === dtype && facts.fillValue === fillValue) return undefined;
  const wrap = (data: DataOf<DType>, { shape, dims }: NdArray): NdArray =>
    new NdArray(data, { dtype, shape, dims, unit: scale.unit, fillValue });
  if (rescale || (isFloat(dtype) && facts.dtype !== dtype)) {
    return (array) => {
      const values = array.toFloat64();
      const scaled = rescale ? rescale(values) : values;
      return wrap(dtype === "float64" ? scaled : Float32Array.from(scaled), array);
    };
  }
  return (array) => wrap(refilled(array, form, { part, facts }), array);
}

/** Whether values of one scale are other numbers in another. */
export function isRescaled(from: UnitScale, to: UnitScale): boolean {
  return rescaling(from, to) !== undefined;
}

/** @throws `TWIN_UNIT_UNKNOWN`, `TWIN_UNITS_INCOMPATIBLE`. */
function rescaling(from: UnitScale, to: UnitScale): ((values: Float64Array) => Float64Array) | undefined {
  const [unit, target] = [from.unit, to.unit];
  if (unit === undefined || target === undefined) return undefined;
  if (isTimeUnit(unit) && isTimeUnit(target)) {
    if (unit === target && calendarName(from) === calendarName(to)) return undefined;
    return (values) => convertTimes(values, { unit, calendar: from.calendar }, { unit: target, calendar: to.calendar });
  }
  if (unit === target) return undefined;
  const { scale, offset } = convertUnits(unit, target, to.context === undefined ? {} : { context: to.context });
  // Two spellings of one unit.
  if (scale === 1 && offset === 0) return undefined;
  return (values) => values.map((value) => value * scale + offset);
}

/** Attributes that say how stored numbers become values; where they are still there, nothing has applied them. */
export const PACKING: readonly string[] = [
  ...[
    "scale_factor",
    "add_offset",
    "_FillValue",
    "missing_value",
    "valid_min",
    "valid_max",
    "valid_range",
    "_Unsigned",
  ],
];

/** The fill value of decoded integers is known to all, and NaN is missing anyway. */
function isHarmless(name: string, { fillValue, attributes }: VariableFacts): boolean {
  const value = attributes["_FillValue"];
  const plain = value instanceof NdArray ? value.values()[0] : value;
  return name === "_FillValue" && (fillValue !== undefined || Number.isNaN(plain));
}

/** The type of a part's values once they have the federation's unit. */
function ownDtype(
  each: PartVariable,
  {
    first,
    scale,
    options,
  }: { readonly first: PartVariable; readonly scale: UnitScale; readonly options: ReconcileOptions },
): DType {
  const { facts } = each;
  if (facts.scale.unit === undefined && scale.unit === undefined) return facts.dtype;
  if (facts.scale.unit === undefined || scale.unit === undefined) {
    const [silent, other] = facts.scale.unit === undefined ? [each.part, scale.unit] : [first.part, facts.scale.unit];
    throw disagreement(
      first,
      each,
      `"${silent}" states no unit, and another has "${other}". State it with the part's option \`units\`: { ${facts.name}: "…" }.`,
    );
  }
  const isTime = isTimeUnit(scale.unit);
  if (
    isTime &&
    isTimeUnit(facts.scale.unit) &&
    calendarName(facts.scale) !== calendarName(scale) &&
    options.calendars === "refuse"
  ) {
    throw disagreement(
      first,
      each,
      `the calendars are ${calendarName(scale)} and ${calendarName(facts.scale)}. With the option \`calendars: "by-date"\` each time becomes that of the same date, where there is one.`,
    );
  }
  let rescale: ReturnType<typeof rescaling>;
  try {
    rescale = rescaling(facts.scale, scale);
    // Units that do not fit are found now, not when the first value is read.
    if (isTime) rescale?.(Float64Array.of(0));
  } catch (error) {
    // Of one time unit the zero may be a date that another calendar does not have; its values need not be.
    if ((error as { code?: unknown }).code !== "TWIN_DATE_INVALID") {
      throw disagreement(first, each, (error as Error).message, error);
    }
  }
  if (!rescale) return facts.dtype;
  const packing = PACKING.find((name) => name in facts.attributes && !isHarmless(name, facts));
  if (packing !== undefined) {
    throw disagreement(
      first,
      each,
      `values that are stored with ${packing} cannot be converted from "${facts.scale.unit}" to "${scale.unit}" as they are. Open the parts with \`decode: true\`.`,
    );
  }
  if (facts.dtype === "string" || facts.dtype === "bool") {
    throw disagreement(
      first,
      each,
      `${facts.dtype} values cannot be converted from "${facts.scale.unit}" to "${scale.unit}".`,
    );
  }
  return dtypeOfConverted(facts.dtype, isTime);
}

/** `gregorian` and `standard` are one, and so on (CF 1.11, section 4.4.1). */
export function calendarName({ calendar = "standard" }: UnitScale): string {
  const aliases: Readonly<Record<string, string>> = {
    gregorian: "standard",
    "365_day": "noleap",
    "366_day": "all_leap",
  };
  return aliases[calendar] ?? calendar;
}

/** The first fill value that the common type holds. */
function fillOf(dtype: DType, variables: readonly PartVariable[]): number | bigint | undefined {
  if (!isIntegerType(dtype)) return undefined;
  for (const { facts } of variables) {
    if (facts.fillValue === undefined) continue;
    const value = dtype.endsWith("64") ? BigInt(facts.fillValue) : Number(facts.fillValue);
    if (isValueOf(dtype, value)) return value;
  }
  return undefined;
}

/** Integers in another integer type, or with another fill value. */
function refilled(array: NdArray, { dtype, fillValue }: ValueForm, { part, facts }: PartVariable): DataOf<DType> {
  const values = array.values();
  const data = allocate(dtype, values.length) as Exclude<DataOf<DType>, string[]>;
  const isBig = dtype === "int64" || dtype === "uint64";
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number | bigint;
    const isMissing = value === facts.fillValue;
    const own = isBig ? BigInt(value) : Number(value);
    if (!isMissing && own === fillValue) {
      throw new PartsDisagreeError(
        [part],
        `${value} is a value of "${facts.path}" in this part, and stands for missing in others. Read the parts on their own.`,
        { variable: facts.path },
      );
    }
    data[i] = (isMissing ? fillValue : own) as never;
  }
  return data;
}

function disagreement(a: PartVariable, b: PartVariable, problem: string, cause?: unknown): PartsDisagreeError {
  const parts = a.part === b.part ? [a.part] : [a.part, b.part];
  return new PartsDisagreeError(parts, `"${a.facts.path}": ${problem}`, {
    variable: a.facts.path,
    ...(cause !== undefined && { cause }),
  });
}
