import type { Dataset, Variable } from "../dataset.ts";
import type { DimensionSelection } from "../selection.ts";
import { type SubsetOptions, subset } from "../subset.ts";
import { isLongitude } from "./area-weights.ts";
import { longitudesFrom } from "./longitudes-from.ts";

/**
 * As {@link subset}, for maps: a range of longitudes goes around the Earth. `{ from: -10, to: 30 }` is Europe in a file that
 * counts from 0 to 360, too, and `{ from: 170, to: 190 }` crosses the date line of one that counts from -180 to 180; the
 * longitudes of the result are those that were asked for.
 *
 * @throws As {@link subset} and {@link longitudesFrom}.
 */
export async function selectRegion(dataset: Dataset, options: SubsetOptions): Promise<Dataset> {
  const { selection = {}, signal } = options;
  const longitude = dataset.coordinates
    .map((name) => dataset.variables[name] as Variable)
    .find((variable) => isLongitude(variable) && Object.hasOwn(selection, variable.name));
  const wanted = longitude && selection[longitude.name];
  if (!longitude || !isRange(wanted) || wanted.to - wanted.from >= 360) return await subset(dataset, options);
  const values = (await longitude.read({}, { signal })).toFloat64();
  const isWithin = values.some((value) => value <= wanted.from) && values.some((value) => value >= wanted.to);
  return await subset(isWithin ? dataset : await longitudesFrom(dataset, wanted.from, { signal }), options);
}

function isRange(wanted: DimensionSelection | undefined): wanted is { readonly from: number; readonly to: number } {
  return (
    typeof wanted === "object" && "from" in wanted && typeof wanted.from === "number" && typeof wanted.to === "number"
  );
}
