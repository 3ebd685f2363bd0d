import {
  type Attributes,
  type Dataset,
  type HdfAttributes,
  type HdfDataset,
  type HdfFile,
  type HdfFilter,
  type HdfGroup,
  isUnnamedDimension,
  NdArray,
  type Scalar,
  type Storage,
  type Variable,
} from "../../../core/index.ts";
import { shownAttributes } from "../attribute-types.ts";
import { axisNames, shownDimensions } from "../dimension-names.ts";
import { NetcdfVariable } from "../netcdf-variable.ts";
import { defaultFill } from "./default-fill.ts";
import { isDimensionOnly, type Netcdf4Dimensions, netcdf4Dimensions, variableName } from "./dimensions.ts";
import { readAllStored } from "./read-stored.ts";
import { type ShownType, shownType } from "./stored-type.ts";

/** Bookkeeping of HDF5 and of the NetCDF library; not attributes of anybody. */
const HIDDEN = new Set([
  "REFERENCE_LIST",
  "DIMENSION_LIST",
  "_Netcdf4Dimid",
  "_Netcdf4Coordinates",
  "_NCProperties",
  "_nc3_strict",
]);
/** By these a dataset is marked as a scale. */
const HIDDEN_OF_SCALES = new Set(["CLASS", "NAME"]);

/** Variables whose datasets have no fill value: the NetCDF library calls them "no fill", and nothing in them is missing. */
const NOT_FILLED = new WeakSet<Variable>();

/** Whether elements of a variable that nobody has written hold the default fill value of its type. */
export function isFilled(variable: Variable): boolean {
  return !NOT_FILLED.has(variable);
}

/** A NetCDF-4 file, or any HDF5 file seen as one, as a dataset with the raw values. */
export function netcdf4Dataset(file: HdfFile): Dataset {
  return groupOf({ file, dimensions: netcdf4Dimensions(file.root), byPath: new Map() }, file.root, "");
}

interface View {
  readonly file: HdfFile;
  readonly dimensions: Netcdf4Dimensions;
  /** Variables by the path of their dataset. */
  readonly byPath: Map<string, Variable>;
}

function groupOf(view: View, group: HdfGroup, name: string): Dataset {
  const variables = new Map<string, Variable>();
  for (const dataset of Object.values(group.datasets)) {
    if (isDimensionOnly(dataset)) continue;
    const variable = variableOf(view, dataset);
    variables.set(variable.name, variable);
    view.byPath.set(dataset.path, variable);
  }
  const defined = view.dimensions.definedIn(group.path);
  return {
    name,
    dims: shownDimensions(defined),
    variables: Object.fromEntries(variables),
    coordinates: defined
      .map((dimension) => dimension.name)
      .filter((each) => isCoordinate(variables.get(each)) && !isUnnamedDimension(each)),
    attributes: attributesOf(group.attributes, false),
    groups: Object.fromEntries(
      Object.entries(group.groups).map(([key, child]) => [key, groupOf(view, child, key)] as const),
    ),
  };
}

function isCoordinate(variable: Variable | undefined): boolean {
  return variable?.dims.length === 1 && variable.dims[0] === variable.name;
}

function variableOf({ file, dimensions, byPath }: View, dataset: HdfDataset): Variable {
  const type = shownType(dataset.type);
  const axes = dimensions.of(dataset);
  const stored = dataset.shape ?? [0];
  const dims = axisNames([...stored.map((_, axis) => axes[axis]), ...type.extraShape.map(() => undefined)]);
  const attributes = attributesOf(dataset.attributes, dataset.isScale);
  const fill = fillOf(attributes, type);
  const name = variableName(dataset.path);
  const variable = new NetcdfVariable({
    name,
    path: `${dataset.path.slice(0, dataset.path.lastIndexOf("/"))}/${name}`,
    dtype: type.dtype,
    dims,
    shape: [...stored.map((length, axis) => axes[axis]?.length ?? length), ...type.extraShape],
    attributes,
    storage: storageOf(dataset, type),
    readSlabs: async (slabs, signal) => await readAllStored({ file, dataset, type, fill }, slabs, signal),
    readCoordinate: async (dim) => {
      const scale = axes[dims.indexOf(dim)]?.path;
      const coordinate = scale === undefined ? undefined : byPath.get(scale);
      return isCoordinate(coordinate) ? await coordinate?.read() : undefined;
    },
  });
  if (dataset.hasFillValue === false) NOT_FILLED.add(variable);
  return variable;
}

/** What elements hold that were never written. */
function fillOf(attributes: Attributes, { dtype, isChar }: ShownType): Scalar {
  const stated = Object.hasOwn(attributes, "_FillValue") ? attributes["_FillValue"] : undefined;
  if (isChar) return typeof stated === "string" ? stated.charCodeAt(0) || 0 : 0;
  if (dtype === "string") return typeof stated === "string" ? stated : "";
  if (typeof stated !== "number" && typeof stated !== "bigint") return defaultFill(dtype);
  return dtype === "int64" || dtype === "uint64" ? BigInt(stated) : Number(stated);
}

function attributesOf(attributes: HdfAttributes, isScale: boolean): Attributes {
  return shownAttributes(
    Object.entries(attributes)
      .filter(([name]) => !HIDDEN.has(name) && !(isScale && HIDDEN_OF_SCALES.has(name)))
      .map(([name, value]) => ({ name, value: isNothing(value) ? "" : value })),
  );
}

/** HDF5 has an empty text as an attribute without values. */
function isNothing(value: unknown): boolean {
  return value instanceof NdArray && value.dtype === "string" && value.size === 0;
}

function storageOf({ chunkShape, filters }: HdfDataset, { note, extraShape }: ShownType): Storage {
  return {
    ...(chunkShape && { chunkShape: [...chunkShape, ...extraShape] }),
    filters: filters.map(filterName),
    ...(note !== undefined && { typeNote: note }),
  };
}

function filterName({ id, name, parameters }: HdfFilter): string {
  switch (id) {
    case 1:
      return `gzip(${parameters[0]})`;
    case 2:
      return "shuffle";
    case 3:
      return "fletcher32";
    case 4:
      return "szip";
    default:
      return name === "" ? `filter ${id}` : name;
  }
}
