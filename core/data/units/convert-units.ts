import { NdArray } from "../nd-array.ts";
import { IncompatibleUnitsError, UnknownUnitError } from "./errors.ts";
import { parseUnit } from "./parse-unit.ts";
import { minus, ONE, over, parseDecimal, type Rational, times, toNumber } from "./rational.ts";
import { dimensionText, type Unit } from "./unit.ts";

/** `value * scale + offset`. */
export interface LinearMap {
  readonly scale: number;
  readonly offset: number;
}

/** What may be taken for granted in a conversion. */
export interface ConversionOptions {
  /**
   * `"water"`: amounts are of liquid water of 1000 kg m-3, so that a mass per area is a depth (1 kg m-2 is 1 mm) and a flux
   * of mass is a rate of rain (1 kg m-2 s-1 is 86,400 mm/day). Without it these are incompatible, as they should be.
   */
  readonly context?: "water" | undefined;
}

const WATER_DENSITY: Unit = { ...parseUnit("kg m-3"), scale: parseDecimal("1000") };

/**
 * How values in one unit become values in another. The numbers are the nearest float64s: units are exact fractions.
 *
 * @throws `TWIN_UNIT_UNKNOWN`; `TWIN_UNITS_INCOMPATIBLE` naming what both measure.
 *
 * @example
 * convertUnits("degC", "K"); // => { scale: 1, offset: 273.15 }
 * convertUnits("kg m-2 s-1", "mm/day", { context: "water" }).scale; // => 86400
 */
export function convertUnits(from: string, to: string, options: ConversionOptions = {}): LinearMap {
  const [source, target] = [parseUnit(from), parseUnit(to)];
  if (target.scale.numerator === 0n) throw new UnknownUnitError(to, "is 0, and nothing is a multiple of that.");
  const scale = times(over(source.scale, target.scale), bridge({ from, to }, { source, target }, options));
  return { scale: toNumber(scale), offset: toNumber(over(minus(source.offset, target.offset), target.scale)) };
}

/** Whether values in one unit can become values in the other. @throws `TWIN_UNIT_UNKNOWN`. */
export function areConvertible(from: string, to: string): boolean {
  return dimensionText(parseUnit(from).dimensions) === dimensionText(parseUnit(to).dimensions);
}

/** What is often written for degrees, and means something else. */
const MISSPELT: Readonly<Record<string, string>> = {
  C: 'In UDUNITS "C" is the coulomb; degrees Celsius are "degC".',
  F: 'In UDUNITS "F" is the farad; degrees Fahrenheit are "degF".',
};

/** The factor between what two units measure: 1, or the density of water where that is agreed. */
function bridge(
  units: { readonly from: string; readonly to: string },
  { source, target }: { readonly source: Unit; readonly target: Unit },
  { context }: ConversionOptions,
): Rational {
  const apart = source.dimensions.map((exponent, i) => exponent - (target.dimensions[i] as number));
  if (apart.every((exponent) => exponent === 0)) return ONE;
  const isMassOfVolume = apart.every((exponent, i) => exponent === WATER_DENSITY.dimensions[i]);
  const isVolumeOfMass = apart.every((exponent, i) => -exponent === WATER_DENSITY.dimensions[i]);
  if (context === "water" && isMassOfVolume) return over(ONE, WATER_DENSITY.scale);
  if (context === "water" && isVolumeOfMass) return WATER_DENSITY.scale;
  const hint = isMassOfVolume || isVolumeOfMass ? ' For amounts of liquid water, say so: { context: "water" }.' : "";
  const misspelt = [units.from, units.to].find((unit) => Object.hasOwn(MISSPELT, unit.trim())) ?? "";
  const spelling = misspelt === "" ? "" : ` ${MISSPELT[misspelt.trim()]}`;
  const [from, to] = [dimensionText(source.dimensions), dimensionText(target.dimensions)];
  throw new IncompatibleUnitsError(units, `the one measures ${from}, the other ${to}.${hint}${spelling}`);
}

/**
 * An array in another unit. Floats keep their dtype; integers become float64, with NaN where they are missing.
 *
 * @throws `TWIN_UNIT_UNKNOWN` where the array has no unit, or one that is none; `TWIN_UNITS_INCOMPATIBLE`.
 */
export function convertArray(array: NdArray, unit: string, options: ConversionOptions = {}): NdArray {
  if (array.unit === undefined) {
    throw new UnknownUnitError(
      undefined,
      `The array has no unit to convert to "${unit}" from. Give it one: array.withUnit("…").`,
    );
  }
  const { scale, offset } = convertUnits(array.unit, unit, options);
  if (scale === 1 && offset === 0) return array.withUnit(unit);
  const values = mapped(array.toFloat64(), scale, offset);
  const { shape, dims } = array;
  if (array.dtype === "float32" || array.dtype === "float16") {
    return new NdArray(Float32Array.from(values), { dtype: "float32", shape, dims, unit });
  }
  return new NdArray(values, { dtype: "float64", shape, dims, unit });
}

function mapped(values: Float64Array, scale: number, offset: number): Float64Array {
  const result = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) result[i] = (values[i] as number) * scale + offset;
  return result;
}
