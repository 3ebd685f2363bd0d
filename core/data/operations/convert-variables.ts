import type { Dataset, Variable } from "../dataset.ts";
import { NdArray } from "../nd-array.ts";
import { type AxisSelection, selectedLayout } from "../resolve-selection.ts";
import { type ConversionOptions, convertUnits } from "../units/convert-units.ts";
import { UnknownUnitError } from "../units/errors.ts";
import { ownVariable } from "./assemble.ts";
import { indexSelection } from "./index-axes.ts";
import { floatType, lazyVariable, withVariables } from "./lazy-variable.ts";
import { computedAttributes, isDifference } from "./reduced-attributes.ts";

/**
 * A dataset with variables in other units, converted where they are read; the rest is as it was. Floats keep their dtype,
 * integers become float64. Differences of temperatures (CF `units_metadata`) are converted as such: 1 degC of them is 1 K.
 *
 * @param units - By name of the variable, in the spellings of UDUNITS: `{ tas: "degC", pr: "mm/day" }`.
 * @param options - `context: "water"`: a mass of water per area is a depth, so that kg m-2 s-1 becomes mm/day.
 * @throws `TWIN_VARIABLE_NOT_FOUND`; `TWIN_UNIT_UNKNOWN`, also for a variable without unit; `TWIN_UNITS_INCOMPATIBLE`.
 *
 * @example
 * const celsius = convertVariables(data, { tas: "degC" });
 */
export function convertVariables(
  dataset: Dataset,
  units: Readonly<Record<string, string>>,
  options: ConversionOptions = {},
): Dataset {
  const wanted = Object.entries(units).map(([name, unit]) => ({ source: ownVariable(dataset, name), unit }));
  return withVariables(dataset, (whole) => wanted.map(({ source, unit }) => converted(source, unit, options, whole)));
}

function converted(source: Variable, unit: string, options: ConversionOptions, whole: () => Dataset): Variable {
  if (source.unit === undefined) {
    throw new UnknownUnitError(undefined, `"${source.name}" has no unit to convert to "${unit}" from.`);
  }
  const { scale, offset: shift } = convertUnits(source.unit, unit, options);
  const offset = isDifference(source) ? 0 : shift;
  const dtype = floatType(source);
  return lazyVariable({
    source,
    dtype,
    unit,
    attributes: computedAttributes(source),
    dataset: whole,
    compute: async (axes: readonly AxisSelection[], readOptions) => {
      const values = (await source.read(indexSelection(axes), readOptions)).toFloat64();
      const result = dtype === "float32" ? new Float32Array(values.length) : new Float64Array(values.length);
      for (let i = 0; i < values.length; i++) result[i] = (values[i] as number) * scale + offset;
      return floatArray(result, { ...selectedLayout(axes), unit });
    },
  });
}

/** An array of floats of either width. */
export function floatArray(
  values: Float32Array | Float64Array,
  layout: { readonly shape: readonly number[]; readonly dims: readonly string[]; readonly unit: string | undefined },
): NdArray {
  return values instanceof Float32Array
    ? new NdArray(values, { ...layout, dtype: "float32" })
    : new NdArray(values, { ...layout, dtype: "float64" });
}
