import { type Dataset, isUnnamedDimension, type SourceFile, type Variable } from "../../../core/index.ts";
import { axisNames, shownDimensions } from "../dimension-names.ts";
import { NetcdfVariable } from "../netcdf-variable.ts";
import type { ClassicDimension, ClassicHeader, ClassicVariableHeader } from "./header.ts";
import { type ClassicLayout, layouts } from "./layout.ts";
import { readHeader } from "./read-header.ts";
import { readSlabs } from "./read-slab.ts";

/** A classic file as a dataset, with the raw values. Reads its header only. */
export async function classicDataset(
  file: SourceFile,
  { checkOpen, signal }: { checkOpen(): void; readonly signal: AbortSignal | undefined },
): Promise<Dataset> {
  const header = await readHeader(file, signal);
  const placed = layouts(header, file.bytes);
  const dimensions = header.dimensions.map((each) => (each.unlimited ? { ...each, length: placed.records } : each));
  const variables = new Map<string, Variable>();
  header.variables.forEach((variable, i) => {
    const layout = placed.layouts[i] as ClassicLayout;
    variables.set(variable.name, classicVariable({ file, checkOpen, variable, layout, dimensions, variables }));
  });
  return {
    name: "",
    dims: shownDimensions(dimensions),
    variables: Object.fromEntries(variables),
    coordinates: coordinatesAmong(header, dimensions),
    attributes: header.attributes,
    groups: {},
  };
}

interface Place {
  readonly file: SourceFile;
  /** Throws once the file is closed. */
  checkOpen(): void;
  readonly variable: ClassicVariableHeader;
  readonly layout: ClassicLayout;
  readonly dimensions: readonly ClassicDimension[];
  readonly variables: ReadonlyMap<string, Variable>;
}

function classicVariable({ file, checkOpen, variable, layout, dimensions, variables }: Place): Variable {
  const { name, type, attributes } = variable;
  const { dtype } = type;
  const path = `/${name}`;
  return new NetcdfVariable({
    name,
    path,
    dtype,
    dims: axisNames(variable.dimensions.map((id) => dimensions[id])),
    shape: layout.shape,
    attributes,
    storage: {
      filters: [],
      storedBytes: layout.shape.reduce((product, length) => product * length, type.bytes),
      ...(type.name === "char" && { typeNote: "char" }),
    },
    readSlabs: async (slabs, signal) => {
      checkOpen();
      return await readSlabs({ file, path, layout, dtype, slabs, signal });
    },
    readCoordinate: async (dim) => {
      const coordinate = variables.get(dim);
      return coordinate?.dims.length === 1 && coordinate.dims[0] === dim ? await coordinate.read() : undefined;
    },
  });
}

function coordinatesAmong(header: ClassicHeader, dimensions: readonly ClassicDimension[]): string[] {
  return header.variables
    .filter(({ name, dimensions: ids }) => ids.length === 1 && dimensions[ids[0] as number]?.name === name)
    .map(({ name }) => name)
    .filter((name) => !isUnnamedDimension(name));
}
