import { datesAsNumbers } from "./cf/date-selection.ts";
import type { Dataset, Variable } from "./dataset.ts";
import type { NdArray } from "./nd-array.ts";
import type { IndexSelection } from "./read-blocks.ts";
import { type AxisSelection, resolveSelection } from "./resolve-selection.ts";
import type { Selection } from "./selection.ts";

/**
 * A selection by index that selects the same, whatever the given one selects by: coordinate values and dates become
 * indices.
 *
 * @throws `TWIN_INVALID_SELECTION`; what reading coordinates throws.
 */
export async function toIndexSelection(
  dataset: Dataset,
  variable: Variable,
  selection: Selection,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<IndexSelection> {
  const axes = await axesOf(dataset, variable, selection, (coordinate) => coordinate.read({}, options));
  const wanted = axes.filter(({ dim }) => Object.hasOwn(selection, dim));
  return Object.fromEntries(wanted.map((axis) => [axis.dim, indicesOf(axis)]));
}

/** Indices per axis of a selection, with coordinates and dates of the variable's group. */
export async function axesOf(
  dataset: Dataset,
  variable: Variable,
  selection: Selection,
  read: (coordinate: Variable) => Promise<NdArray | undefined>,
): Promise<readonly AxisSelection[]> {
  const byNumber = datesAsNumbers(variable.path, selection, (dim) => coordinateOf(dataset, variable, dim));
  return await resolveSelection(variable, byNumber, async (dim) => {
    const coordinate = coordinateOf(dataset, variable, dim);
    return coordinate && (await read(coordinate));
  });
}

/** What an axis selects, as a selection by index. */
export function indicesOf({ start, step, count, drop }: AxisSelection): IndexSelection[string] {
  if (drop) return start;
  return count === 0 ? { start: 0, stop: 0 } : { start, stop: start + (count - 1) * step + 1, step };
}

/** The coordinate of a dimension as the variable's group sees it. */
function coordinateOf(dataset: Dataset, { path }: Variable, dim: string): Variable | undefined {
  let found: Variable | undefined;
  let group: Dataset | undefined = dataset;
  for (const name of path.split("/").slice(1)) {
    const variable: Variable | undefined = Object.hasOwn(group.variables, dim) ? group.variables[dim] : undefined;
    if (variable?.dims.length === 1 && variable.dims[0] === dim) found = variable;
    group = Object.hasOwn(group.groups, name) ? group.groups[name] : undefined;
    if (!group) break;
  }
  return found;
}
