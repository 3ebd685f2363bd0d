import { type Dimension, type HdfAttributes, type HdfDataset, type HdfGroup, NdArray } from "../../../core/index.ts";

/** What a scale says of itself that is a dimension and nothing else. */
const DIMENSION_ONLY = "This is a netCDF dimension but not a netCDF variable";
/** Begins the name of a variable that is called as a dimension but is not its coordinate. */
const NOT_A_COORDINATE = "_nc4_non_coord_";

/** A dimension: the dimension scale that stands for it. */
export interface Netcdf4Dimension extends Dimension {
  readonly name: string;
  /** Path of its scale. */
  readonly path: string;
  /** Path of the group that it is defined in. */
  readonly group: string;
}

/** The dimensions of a file. */
export interface Netcdf4Dimensions {
  definedIn(group: string): readonly Netcdf4Dimension[];
  /** Of each axis of a dataset; `undefined` where the file has none, or one that the dataset cannot see. */
  of(dataset: HdfDataset): readonly (Netcdf4Dimension | undefined)[];
}

/** Whether a scale is a dimension without a variable. */
export function isDimensionOnly({ isScale, attributes }: HdfDataset): boolean {
  return isScale && (textOf(attributes, "NAME") ?? "").startsWith(DIMENSION_ONLY);
}

/** Name of the variable that a dataset is. */
export function variableName(path: string): string {
  const name = nameOf(path);
  return name.startsWith(NOT_A_COORDINATE) ? name.slice(NOT_A_COORDINATE.length) : name;
}

/**
 * The dimensions of a file: its dimension scales. An unlimited one is as long as the longest variable along it, however
 * few of its elements the others have.
 *
 * @see Source: NetCDF library, "NetCDF-4 and HDF5: file format", dimension scales and `_Netcdf4Coordinates`.
 */
export function netcdf4Dimensions(root: HdfGroup): Netcdf4Dimensions {
  const datasets = [...datasetsIn(root)];
  const scales = new Map<string, HdfDataset>();
  const byId = new Map<number, string>();
  for (const dataset of datasets) {
    if (!dataset.isScale || (dataset.shape?.length ?? 0) === 0) continue;
    scales.set(dataset.path, dataset);
    const id = numberOf(dataset.attributes, "_Netcdf4Dimid");
    if (id !== undefined) byId.set(id, dataset.path);
  }
  const scalesOf = (dataset: HdfDataset): readonly (string | undefined)[] => axisScales(dataset, scales, byId);

  const lengths = new Map<string, number>();
  for (const dataset of datasets) {
    const { shape } = dataset;
    scalesOf(dataset).forEach((scale, axis) => {
      if (scale !== undefined) lengths.set(scale, Math.max(lengths.get(scale) ?? 0, shape?.[axis] ?? 0));
    });
  }
  const dimensions = new Map<string, Netcdf4Dimension>();
  for (const { path, shape, maxShape } of scales.values()) {
    const unlimited = maxShape.length > 0 && maxShape[0] === undefined;
    const own = shape?.[0] ?? 0;
    const length = unlimited ? Math.max(own, lengths.get(path) ?? 0) : own;
    dimensions.set(path, { name: nameOf(path), path, group: parentOf(path), length, unlimited });
  }

  const idOf = (path: string): number | undefined =>
    numberOf((scales.get(path) as HdfDataset).attributes, "_Netcdf4Dimid");
  return {
    definedIn: (group) => {
      const inside = [...dimensions.values()].filter((dimension) => dimension.group === group);
      // In the order in which they were defined, where all say so; else in that of the file.
      if (inside.some(({ path }) => idOf(path) === undefined)) return inside;
      return inside.sort((a, b) => (idOf(a.path) as number) - (idOf(b.path) as number));
    },
    of: (dataset) =>
      scalesOf(dataset).map((scale, axis) => {
        const dimension = scale === undefined ? undefined : dimensions.get(scale);
        const fits = dimension && (dimension.unlimited || dimension.length === dataset.shape?.[axis]);
        return fits && isVisible(dimension, dataset.path, dimensions) ? dimension : undefined;
      }),
  };
}

/** Path of the scale of each axis. */
function axisScales(
  dataset: HdfDataset,
  scales: ReadonlyMap<string, HdfDataset>,
  byId: ReadonlyMap<number, string>,
): readonly (string | undefined)[] {
  const axes = (dataset.shape ?? []).map((_, axis) => axis);
  if (!scales.has(dataset.path)) {
    return axes.map((axis) => dataset.scales[axis]?.find((path) => scales.has(path)));
  }
  // A scale has no scales. It is its own first dimension; one of several says by number what the others are.
  const ids = numbersOf(dataset.attributes, "_Netcdf4Coordinates");
  return axes.map((axis) => {
    const id = axes.length > 1 ? ids?.[axis] : undefined;
    return (id === undefined ? undefined : byId.get(id)) ?? (axis === 0 ? dataset.path : undefined);
  });
}

/** Whether a dimension lies in a group around a dataset, and no nearer one has its name. */
function isVisible(
  dimension: Netcdf4Dimension,
  path: string,
  dimensions: ReadonlyMap<string, Netcdf4Dimension>,
): boolean {
  for (let group = parentOf(path); ; group = parentOf(group)) {
    const found = dimensions.get(group === "/" ? `/${dimension.name}` : `${group}/${dimension.name}`);
    if (found !== undefined) return found === dimension;
    if (group === "/") return false;
  }
}

function textOf(attributes: HdfAttributes, name: string): string | undefined {
  const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  const first = value instanceof NdArray ? value.values()[0] : value;
  return typeof first === "string" ? first : undefined;
}

function numbersOf(attributes: HdfAttributes, name: string): readonly number[] | undefined {
  const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  if (value instanceof NdArray && value.dtype !== "string") return [...value.values()].map(Number);
  return typeof value === "number" ? [value] : undefined;
}

function numberOf(attributes: HdfAttributes, name: string): number | undefined {
  return numbersOf(attributes, name)?.[0];
}

function* datasetsIn(group: HdfGroup): Generator<HdfDataset> {
  yield* Object.values(group.datasets);
  for (const child of Object.values(group.groups)) yield* datasetsIn(child);
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
