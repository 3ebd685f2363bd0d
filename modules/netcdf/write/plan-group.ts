import type { Attributes, Dataset, Dimension, Variable } from "../../../core/index.ts";
import { storedName } from "../dimension-names.ts";

/** A dimension to be written: as the dataset of its coordinate, or as one of its own. */
export interface PlannedDimension extends Dimension {
  readonly name: string;
  /** Path of its dimension scale. */
  readonly path: string;
  readonly coordinate: Variable | undefined;
  /** Number in the file, given when it is written. */
  id: number;
}

/** A variable to be written, as it is stored. */
export interface PlannedVariable {
  readonly path: string;
  readonly variable: Variable;
  readonly dimensions: readonly PlannedDimension[];
  /** Whether its dataset stands for its first dimension. */
  readonly isCoordinate: boolean;
  /** Whether it holds the ends of the cells of a coordinate, which are never missing (CF 1.11, section 7.1). */
  readonly isBounds: boolean;
}

/** A group to be written. */
export interface PlannedGroup {
  /** `""` for the root. */
  readonly path: string;
  readonly attributes: Attributes;
  readonly dimensions: readonly PlannedDimension[];
  readonly variables: readonly PlannedVariable[];
  readonly groups: readonly { readonly path: string; readonly dataset: Dataset }[];
  /** Dimensions that groups inside see. */
  readonly scope: Scope;
}

type Scope = Readonly<Record<string, PlannedDimension>>;

/** Gives the dimensions and variables of a group their places in the file. */
export function planGroup(group: Dataset, place: { readonly path: string; readonly outer: Scope }): PlannedGroup {
  const { path, outer } = place;
  const raw = Object.values(group.variables).map((variable) => variable.raw ?? variable);
  const own = new Map<string, PlannedDimension>();
  const define = (name: string, { length, unlimited }: Dimension): PlannedDimension => {
    // A coordinate has its own dimension first: `time(time)`, and `name(name, letter)` of characters.
    const coordinate = raw.find((variable) => variable.name === name && variable.dims[0] === name);
    const dimension = { name, path: `${path}/${name}`, length, unlimited, coordinate, id: -1 };
    own.set(name, dimension);
    return dimension;
  };
  for (const [name, dimension] of Object.entries(group.dims)) define(name, dimension);

  const find = (name: string, length: number): PlannedDimension => {
    const known = own.get(name) ?? (Object.hasOwn(outer, name) ? outer[name] : undefined);
    if (known?.length === length) return known;
    // NetCDF has no unnamed dimensions, and one length for each name.
    const free = known === undefined ? name : storedName(name, length);
    return own.get(free) ?? define(free, { length, unlimited: false });
  };
  const dimensionsOf = new Map(
    raw.map((variable) => [variable, variable.dims.map((dim, axis) => find(dim, variable.shape[axis] as number))]),
  );
  const bounds = raw.flatMap(({ attributes }) => [attributes["bounds"], attributes["climatology"]]);
  const variables = raw.map((variable): PlannedVariable => {
    const dimension = own.get(variable.name);
    const isCoordinate = dimension?.coordinate === variable;
    // A variable called as a dimension that it is not the coordinate of has another name in HDF5.
    const name = dimension && !isCoordinate ? `_nc4_non_coord_${variable.name}` : variable.name;
    return {
      path: `${path}/${name}`,
      variable,
      dimensions: dimensionsOf.get(variable) ?? [],
      isCoordinate,
      isBounds: bounds.includes(variable.name),
    };
  });
  return {
    path,
    attributes: group.attributes,
    dimensions: [...own.values()],
    variables,
    groups: Object.entries(group.groups).map(([name, dataset]) => ({ path: `${path}/${name}`, dataset })),
    scope: Object.fromEntries([...Object.entries(outer), ...own]),
  };
}
