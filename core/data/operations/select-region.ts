import type { Dataset, Variable } from "../dataset.ts";
import type { DimensionSelection } from "../selection.ts";
import { type SubsetOptions, subset } from "../subset.ts";
import { isLongitude } from "./area-weights.ts";
import { longitudesFrom } from "./longitudes-from.ts";

/**
 * As {@link subset}, for maps: a range of longitudes goes around the Earth. `{ from: -10, to: 30 }` is Europe in a file that
 * counts from 0 to 360, too, and `{ from: 170, to: 190 }` crosses the date line of one that counts from -180 to 180; the
 * longitudes of the result are those that were asked for. Where a `from` above `to` is less than half a
 * turn before it, `{ from: 170, to: -170 }`, it is the same. One longitude, `{ value: -5, tolerance: 1 }`, is found whichever way the file counts.
 *
 * @throws As {@link subset} and {@link longitudesFrom}.
 */
export async function selectRegion(dataset: Dataset, options: SubsetOptions): Promise<Dataset> {
  const { selection = {}, signal } = options;
  const longitude = dataset.coordinates
    .map((name) => dataset.variables[name] as Variable)
    .find((variable) => isLongitude(variable) && Object.hasOwn(selection, variable.name));
  const wanted = longitude && asNumbers(selection[longitude.name]);
  if (!longitude || !wanted || wanted.to - wanted.from >= 360) return await subset(dataset, options);
  const values = (await longitude.read({}, { signal })).toFloat64();
  const { from, to, near } = wanted;
  const isWithin =
    near === undefined
      ? values.some((value) => value <= from) && values.some((value) => value >= to)
      : values.some((value) => value >= from && value <= to);
  const moved = isWithin ? dataset : await longitudesFrom(dataset, near === undefined ? from : near - 180, { signal });
  // Ends that were given the other way round are now in order.
  return near === undefined
    ? await subset(moved, { ...options, selection: { ...selection, [longitude.name]: { from, to } } })
    : await subset(moved, options);
}

/** Longitudes that are asked for; `near` where it is one of them. */
function asNumbers(
  wanted: DimensionSelection | undefined,
): { readonly from: number; readonly to: number; readonly near?: number } | undefined {
  if (typeof wanted !== "object") return undefined;
  if ("value" in wanted) {
    const { value, tolerance = 0 } = wanted;
    return typeof value === "number" ? { from: value - tolerance, to: value + tolerance, near: value } : undefined;
  }
  if (!("from" in wanted)) return undefined;
  const { from, to } = wanted;
  if (typeof from !== "number" || typeof to !== "number") return undefined;
  // A larger step back is a mistake, and refused as such.
  return { from, to: from > to && to + 360 - from < 180 ? to + 360 : to };
}
