import { type Dimension, isUnnamedDimension } from "../../core/index.ts";

/** A dimension of a file, before it gets the name under which it is shown. */
export interface StoredDimension {
  readonly name: string;
  readonly length: number;
}

/**
 * Names under which the axes of a variable are shown. A name that comes again (`covariance(x, x)`), which no array may
 * have, becomes `dim_1`; so does an axis without a dimension.
 */
export function axisNames(dimensions: readonly (StoredDimension | undefined)[]): string[] {
  const shown = dimensions.map((dimension) => dimension && shownName(dimension));
  return shown.map((name, axis) => (name === undefined || shown.indexOf(name) < axis ? freeName(axis, shown) : name));
}

/**
 * NetCDF has no unnamed dimensions: our `dim_0`, which each variable has for itself, is written with its length behind
 * where the lengths differ.
 */
export function storedName(name: string, length: number): string {
  return `${name}_${length}`;
}

/** Undoes {@link storedName}. */
export function shownName({ name, length }: StoredDimension): string {
  const base = name.slice(0, name.lastIndexOf("_"));
  return isUnnamedDimension(base) && name === storedName(base, length) ? base : name;
}

/** Dimensions that are named: `dim_0`, … stand for none. */
export function shownDimensions(
  dimensions: readonly (Dimension & { readonly name: string })[],
): Readonly<Record<string, Dimension>> {
  return Object.fromEntries(
    dimensions
      .map((dimension): [string, Dimension] => {
        return [shownName(dimension), { length: dimension.length, unlimited: dimension.unlimited }];
      })
      .filter(([name]) => !isUnnamedDimension(name)),
  );
}

function freeName(axis: number, taken: readonly (string | undefined)[]): string {
  let number = axis;
  while (taken.includes(`dim_${number}`)) number++;
  return `dim_${number}`;
}
