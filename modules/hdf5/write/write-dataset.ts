import {
  type Attributes,
  type Dataset,
  type Dimension,
  isUnnamedDimension,
  NdArray,
  type Variable,
  type WriteOptions,
} from "../../../core/index.ts";
import type { HdfFileWriter } from "./hdf-file-writer.ts";

/** Bookkeeping of HDF5 and netCDF-4 that is made anew, or would be wrong in another file. */
const BOOKKEEPING = new Set([
  "CLASS",
  "NAME",
  "DIMENSION_LIST",
  "DIMENSION_LABELS",
  "REFERENCE_LIST",
  "_Netcdf4Dimid",
  "_Netcdf4Coordinates",
  "_NCProperties",
]);

/** A dimension that variables may use, with the path of its scale. */
interface ScopedDimension {
  readonly dimension: Dimension;
  readonly scale: string | undefined;
}

type Scope = Readonly<Record<string, ScopedDimension>>;

const DEFAULT_LEVEL = 4;

/** Writes a dataset: groups, attributes, scales for named dimensions, and values chunk by chunk. */
export async function writeDataset(writer: HdfFileWriter, dataset: Dataset, options: WriteOptions): Promise<void> {
  const variables: { readonly path: string; readonly variable: Variable }[] = [];
  createGroup(dataset, "", {});
  for (const { path, variable } of variables) {
    for await (const chunk of variable.chunks(options)) {
      const start = variable.dims.map((dim) => chunk.selection[dim]?.start ?? 0);
      const isTaken = chunk.compressed && (await writer.writeCompressed(path, chunk.compressed, start));
      // The values of a compressed chunk may be made only when they are asked for.
      if (!isTaken) await writer.write(path, chunk.array, start);
    }
  }

  function createGroup(group: Dataset, path: string, outer: Scope): void {
    for (const [name, value] of Object.entries(kept(group.attributes))) writer.setAttribute(path || "/", name, value);
    const scope: Scope = { ...outer, ...ownDimensions(group, path) };
    for (const variable of Object.values(group.variables)) {
      writer.createDataset(`${path}/${variable.name}`, specOf(variable, scope, options));
      variables.push({ path: `${path}/${variable.name}`, variable });
    }
    for (const [name, dimension] of Object.entries(group.dims)) {
      const scale = scope[name]?.scale;
      if (scale === undefined) continue;
      if (isCoordinate(group, name)) writer.makeScale(scale, name);
      else writer.createDimension(scale, dimension.length);
    }
    for (const variable of Object.values(group.variables)) attachScales(variable, `${path}/${variable.name}`, scope);
    for (const child of Object.values(group.groups)) {
      writer.createGroup(`${path}/${child.name}`);
      createGroup(child, `${path}/${child.name}`, scope);
    }
  }

  function attachScales(variable: Variable, path: string, scope: Scope): void {
    const scales = variable.dims.map((dim) => (Object.hasOwn(scope, dim) ? scope[dim]?.scale : undefined));
    if (scales[0] === path) return;
    const labels = variable.dims.map((dim, axis) => (scales[axis] || isUnnamedDimension(dim) ? "" : dim));
    scales.forEach((scale, axis) => {
      if (scale !== undefined) writer.attachScale(path, axis, scale);
    });
    if (labels.some((label) => label !== "")) {
      const array = new NdArray(labels, { dtype: "string", shape: [labels.length] });
      writer.setAttribute(path, "DIMENSION_LABELS", array);
    }
  }
}

/** The dimensions of a group; one whose name is taken by something else has no scale, only a label. */
function ownDimensions(group: Dataset, path: string): Scope {
  return Object.fromEntries(
    Object.entries(group.dims)
      .filter(([name]) => !isUnnamedDimension(name))
      .map(([name, dimension]) => {
        const isTaken = Object.hasOwn(group.variables, name) || Object.hasOwn(group.groups, name);
        const scale = isCoordinate(group, name) || !isTaken ? `${path}/${name}` : undefined;
        return [name, { dimension, scale }];
      }),
  );
}

function isCoordinate(group: Dataset, name: string): boolean {
  const variable = Object.hasOwn(group.variables, name) ? group.variables[name] : undefined;
  return variable?.dims.length === 1 && variable.dims[0] === name;
}

function specOf(
  variable: Variable,
  scope: Scope,
  { compressionLevel = DEFAULT_LEVEL }: WriteOptions,
): Parameters<HdfFileWriter["createDataset"]>[1] {
  const { dtype, shape, dims, storage } = variable;
  const unlimited = dims.map((dim) => (Object.hasOwn(scope, dim) && scope[dim]?.dimension.unlimited) || false);
  const isGrowing = unlimited.includes(true);
  const isEmpty = shape.includes(0);
  const chunkShape = storage.chunkShape?.map((length, axis) =>
    Math.max(1, unlimited[axis] ? length : Math.min(length, shape[axis] as number)),
  );
  return {
    dtype,
    shape,
    attributes: { ...kept(variable.attributes), ...unitAttribute(variable) },
    ...(isGrowing && { unlimited }),
    ...((isGrowing || !isEmpty) && { compressionLevel }),
    ...(chunkShape && (isGrowing || compressionLevel > 0) && !(isEmpty && !isGrowing) && { chunkShape }),
  };
}

function unitAttribute({ unit, attributes }: Variable): Attributes {
  const isStated = Object.hasOwn(attributes, "units") || Object.hasOwn(attributes, "unit");
  return unit === undefined || isStated ? {} : { units: unit };
}

function kept(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !BOOKKEEPING.has(name)));
}
