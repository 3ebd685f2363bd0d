import {
  type Attributes,
  type AttributeValue,
  type Dataset,
  type DType,
  type HdfDatasetSpec,
  type HdfWriter,
  NdArray,
  type Variable,
  WriteFailedError,
  type WriteOptions,
} from "../../../core/index.ts";
import { storedTypeOf } from "../attribute-types.ts";
import { NetcdfVariable } from "../netcdf-variable.ts";
import { defaultFill } from "../netcdf4/default-fill.ts";
import { isFilled } from "../netcdf4/netcdf4-dataset.ts";
import { type PlannedDimension, type PlannedGroup, type PlannedVariable, planGroup } from "./plan-group.ts";
import { canHold, netcdfArray, netcdfAttribute } from "./stored-attributes.ts";

/** Names that the formats keep for themselves; they are made anew, or would be wrong in another file. */
const RESERVED = new Set([
  ...["CLASS", "NAME", "DIMENSION_LIST", "DIMENSION_LABELS", "REFERENCE_LIST"],
  ...["_Netcdf4Dimid", "_Netcdf4Coordinates", "_NCProperties", "_nc3_strict"],
]);
/** Tells the NetCDF library who wrote the file. */
const PROVENANCE = "version=2,twinloom=0.1.0";
const DEFAULT_LEVEL = 4;
/** Chunks of a dimension without a variable, which has no values. */
const DIMENSION_CHUNK = 1024;
/** Longer texts do not fit into a header; they are stored beside it. */
const MAX_FIXED_TEXT = 32_768;

/**
 * Writes a dataset as NetCDF-4, as the NetCDF library would: dimensions are dimension scales with their numbers, objects
 * are in the order of creation. What was decoded is written as it was stored, packed and with its attributes.
 *
 * @see Source: NetCDF library, "NetCDF-4 and HDF5: file format".
 */
export async function writeNetcdf4(
  writer: HdfWriter,
  dataset: Dataset,
  options: WriteOptions & { readonly location: string },
): Promise<void> {
  const planned: PlannedVariable[] = [];
  let lastId = 0;
  writer.setAttribute("/", "_NCProperties", PROVENANCE, { text: "fixed" });
  createGroup(planGroup(dataset, { path: "", outer: {} }));
  for (const { path, variable } of planned) {
    for await (const { selection, array } of variable.chunks(options)) {
      const start = variable.dims.map((dim) => selection[dim]?.start ?? 0);
      await writer.write(path, netcdfArray(array), start);
    }
  }

  function createGroup(group: PlannedGroup): void {
    setAttributes(group.path || "/", group.attributes, undefined);
    for (const dimension of group.dimensions) {
      dimension.id = lastId++;
      if (dimension.coordinate === undefined) createDimension(dimension);
    }
    for (const each of group.variables) {
      createVariable(each);
      planned.push(each);
    }
    for (const dimension of group.dimensions) {
      if (dimension.coordinate) writer.makeScale(dimension.path, dimension.name);
      writer.setAttribute(dimension.path, "_Netcdf4Dimid", int32([dimension.id], []));
    }
    for (const { path, dimensions, isCoordinate } of group.variables) {
      const ids = dimensions.map(({ id }) => id);
      if (!isCoordinate) for (const [axis, scale] of dimensions.entries()) writer.attachScale(path, axis, scale.path);
      else if (ids.length > 1) writer.setAttribute(path, "_Netcdf4Coordinates", int32(ids, [ids.length]));
    }
    for (const child of group.groups) {
      writer.createGroup(child.path);
      createGroup(planGroup(child.dataset, { path: child.path, outer: group.scope }));
    }
  }

  function createDimension({ path, length, unlimited }: PlannedDimension): void {
    const growing = unlimited ? { unlimited: [true], chunkShape: [DIMENSION_CHUNK] } : {};
    writer.createDataset(path, { dtype: "float32", shape: [length], ...growing });
    writer.makeScale(path, `This is a netCDF dimension but not a netCDF variable.${String(length).padStart(10)}`);
  }

  function createVariable({ path, variable, dimensions, isCoordinate, isBounds }: PlannedVariable): void {
    const attributes = attributesOf(variable, isCoordinate || isBounds);
    const spec = specOf(variable, dimensions, options);
    const fill = fillOf(variable, attributes, options.location);
    writer.createDataset(path, { ...spec, ...(fill !== undefined && { fillValue: fill }) });
    setAttributes(path, attributes, variable.dtype);
  }

  function setAttributes(path: string, attributes: Attributes, dtype: DType | undefined): void {
    for (const [name, value] of Object.entries(attributes)) {
      if (RESERVED.has(name)) continue;
      const stored = netcdfAttribute(name, value, { stored: storedTypeOf(attributes, name), variable: dtype });
      const isFixed = typeof stored === "string" && Buffer.byteLength(stored) <= MAX_FIXED_TEXT;
      writer.setAttribute(path, name, stored, isFixed ? { text: "fixed" } : {});
    }
  }
}

function specOf(
  { dtype, shape, storage }: Variable,
  dimensions: readonly PlannedDimension[],
  { compressionLevel = DEFAULT_LEVEL }: WriteOptions,
): HdfDatasetSpec {
  const unlimited = dimensions.map((dimension) => dimension.unlimited);
  const isGrowing = unlimited.includes(true);
  const isEmpty = shape.includes(0);
  const isChunked = isGrowing || (compressionLevel > 0 && !isEmpty);
  const chunkShape = storage.chunkShape?.map((length, axis) =>
    Math.max(1, unlimited[axis] ? length : Math.min(length, shape[axis] as number)),
  );
  return {
    dtype: storedDType(dtype),
    shape,
    ...(isCharacters(dtype, storage.typeNote) && { characters: true }),
    ...(isGrowing && { unlimited }),
    ...(isChunked && { compressionLevel }),
    ...(isChunked && chunkShape && { chunkShape }),
  };
}

/** NetCDF has neither booleans nor halves. */
function storedDType(dtype: DType): DType {
  if (dtype === "bool") return "int8";
  return dtype === "float16" ? "float32" : dtype;
}

function isCharacters(dtype: DType, typeNote: string | undefined): boolean {
  return dtype === "uint8" && typeNote === "char";
}

/** Attributes of a variable, with those that NetCDF needs where other formats need none. `isWhole`: it has no missing values. */
function attributesOf(variable: Variable, isWhole: boolean): Attributes {
  const { attributes, dtype, unit } = variable;
  const added: Record<string, AttributeValue> = {};
  if (unit !== undefined && !Object.hasOwn(attributes, "units")) added["units"] = unit;
  // As xarray has it.
  if (dtype === "bool" && !Object.hasOwn(attributes, "dtype")) added["dtype"] = "bool";
  // In our floats NaN is missing, and nothing else; NetCDF's own say for themselves what is.
  const isFloat = dtype.startsWith("float");
  if (isFloat && !(variable instanceof NetcdfVariable) && !isWhole && !Object.hasOwn(attributes, "_FillValue")) {
    added["_FillValue"] = Number.NaN;
  }
  // A new object has forgotten the types of the attributes; without additions it stays the one that came from the file.
  return Object.keys(added).length === 0 ? attributes : { ...attributes, ...added };
}

/** The fill value that HDF5 is told: the stated one, or for a copy of NetCDF the default one that was in effect. */
function fillOf(variable: Variable, attributes: Attributes, location: string): number | bigint | undefined {
  const { dtype, path } = variable;
  if (dtype === "string" || dtype === "bool" || isCharacters(dtype, variable.storage.typeNote)) return undefined;
  const stated = Object.hasOwn(attributes, "_FillValue") ? attributes["_FillValue"] : undefined;
  const value = stated instanceof NdArray && stated.size === 1 ? stated.values()[0] : stated;
  if (value === undefined) {
    const isNetcdf = variable instanceof NetcdfVariable && isFilled(variable);
    return isNetcdf ? (defaultFill(dtype) as number | bigint) : undefined;
  }
  if ((typeof value !== "number" && typeof value !== "bigint") || !canHold(dtype, value)) {
    const given = value instanceof NdArray ? `${value.size} values` : JSON.stringify(String(value));
    throw new WriteFailedError(
      location,
      `"${path}" is ${dtype}; its \`_FillValue\` must be one such number, and is ${given}.`,
    );
  }
  return value;
}

function int32(values: readonly number[], shape: readonly number[]): NdArray {
  return new NdArray(Int32Array.from(values), { dtype: "int32", shape });
}
