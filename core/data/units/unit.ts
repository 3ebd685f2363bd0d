import { ONE, over, type Rational, times, toPower, ZERO } from "./rational.ts";
import { BASE_UNITS } from "./unit-table.ts";

/** What a unit measures, and how much of it: a value `v` is `v * scale + offset` in base units. */
export interface Unit {
  readonly scale: Rational;
  readonly offset: Rational;
  /** Exponents of the base units, in the order of {@link BASE_UNITS}. */
  readonly dimensions: readonly number[];
}

export const DIMENSIONLESS: Unit = { scale: ONE, offset: ZERO, dimensions: BASE_UNITS.map(() => 0) };

/** In products the zero of a scale has no meaning, so offsets go: `degC / m` is `K / m`, as in UDUNITS. */
export function multiply(a: Unit, b: Unit): Unit {
  if (a === DIMENSIONLESS) return b;
  return {
    scale: times(a.scale, b.scale),
    offset: ZERO,
    dimensions: a.dimensions.map((exponent, i) => exponent + (b.dimensions[i] as number)),
  };
}

/** @param b - Not 0. */
export function divide(a: Unit, b: Unit): Unit {
  return {
    scale: over(a.scale, b.scale),
    offset: ZERO,
    dimensions: a.dimensions.map((exponent, i) => exponent - (b.dimensions[i] as number)),
  };
}

export function raise(unit: Unit, exponent: number): Unit {
  if (exponent === 1) return unit;
  return {
    scale: toPower(unit.scale, exponent),
    offset: ZERO,
    dimensions: unit.dimensions.map((own) => own * exponent),
  };
}

/** What a unit measures, in base units: `kg m-1 s-2`; `1` for nothing. */
export function dimensionText(dimensions: readonly number[]): string {
  const powers = BASE_UNITS.flatMap((base, i) => {
    const exponent = dimensions[i];
    if (!exponent) return [];
    return [exponent === 1 ? base : `${base}${exponent}`];
  });
  return powers.join(" ") || "1";
}
