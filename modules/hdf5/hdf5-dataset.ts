import type {
  Attributes,
  Dataset,
  Dimension,
  HdfDataset,
  HdfGroup,
  HdfLink,
  HdfProblem,
  OpenDataset,
  Variable,
} from "../../core/index.ts";
import { ColumnVariable } from "./column-variable.ts";
import type { TypeColumn } from "./columns.ts";
import { type DimensionNames, namedDimensions } from "./dimension-names.ts";
import type { OpenHdfFile } from "./open-hdf-file.ts";
import { raggedVariables } from "./ragged-variables.ts";

/** An open HDF5 file as a dataset. */
export interface Hdf5Dataset extends OpenDataset {
  /** Objects and attributes that cannot be shown or read, with the reason. */
  readonly problems: readonly HdfProblem[];
  /** Links, by full path, and what became of them. */
  readonly links: Readonly<Record<string, HdfLink>>;
}

/** Shows a file as a dataset. Closing either closes both. */
export async function hdf5Dataset(file: OpenHdfFile): Promise<Hdf5Dataset> {
  const view = new View(file);
  const root = await view.group(file.root, "");
  return {
    ...root,
    format: "hdf5",
    location: file.location,
    version: file.version,
    problems: file.problems,
    links: Object.fromEntries(linksIn(file.root)),
    close: () => file.close(),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

/** Attributes by which HDF5 marks scales; told by `coordinates` and `dims`. */
const SCALE_ATTRIBUTES = new Set(["CLASS", "NAME"]);

class View {
  readonly #file: OpenHdfFile;
  readonly #names: DimensionNames;
  /** Variables by path: coordinates of others. */
  readonly #variables = new Map<string, Variable>();

  constructor(file: OpenHdfFile) {
    this.#file = file;
    this.#names = namedDimensions(file.root);
  }

  async group(group: HdfGroup, name: string): Promise<Dataset> {
    const variables = new Map<string, Variable>();
    const groups = new Map<string, Dataset>();
    for (const [key, dataset] of Object.entries(group.datasets)) {
      if (isDimensionOnly(dataset)) continue;
      const columns = this.#file.columns(dataset);
      const [only] = columns;
      if (only && only.members.length === 0 && only.leaf.class !== "sequence") {
        variables.set(key, this.#variable(dataset, only, dataset.path));
      } else {
        groups.set(key, await this.#columnGroup(dataset, columns, { name: key, path: dataset.path, depth: 0 }));
      }
    }
    for (const [key, child] of Object.entries(group.groups)) groups.set(key, await this.group(child, key));
    const dims = this.#names.definedIn(group.path);
    return {
      name,
      dims,
      variables: named(variables),
      coordinates: coordinatesOf(dims, named(variables)),
      attributes: group.attributes,
      groups: named(groups),
    };
  }

  /** A compound dataset as a group of its members, sequences as a group of counts and values. */
  async #columnGroup(
    dataset: HdfDataset,
    columns: readonly TypeColumn[],
    place: { readonly name: string; readonly path: string; readonly depth: number },
  ): Promise<Dataset> {
    const { name, path, depth } = place;
    const variables = new Map<string, Variable>();
    const groups = new Map<string, Dataset>();
    const byMember = new Map<string, TypeColumn[]>();
    for (const column of columns) {
      const member = column.members[depth];
      if (member === undefined) {
        for (const [key, part] of Object.entries(await this.#ragged(dataset, column, place))) variables.set(key, part);
      } else byMember.set(member, [...(byMember.get(member) ?? []), column]);
    }
    for (const [member, inside] of byMember) {
      const [only] = inside;
      const below = { name: member, path: `${path}/${member}`, depth: depth + 1 };
      if (only && only.members.length === depth + 1 && only.leaf.class !== "sequence") {
        variables.set(member, this.#variable(dataset, only, below.path));
      } else {
        groups.set(member, await this.#columnGroup(dataset, inside, below));
      }
    }
    return {
      name,
      dims: {},
      variables: named(variables),
      coordinates: [],
      attributes: depth === 0 ? shownAttributes(dataset) : {},
      groups: named(groups),
    };
  }

  #variable(dataset: HdfDataset, column: TypeColumn, path: string): Variable {
    const { dims, scales } = this.#names.of(dataset);
    const variable = new ColumnVariable({
      file: this.#file,
      dataset,
      column,
      path,
      dims,
      attributes: column.members.length === 0 ? shownAttributes(dataset) : {},
      readCoordinate: async (dim) => await this.#variables.get(scales[dim] ?? "")?.read(),
    });
    this.#variables.set(path, variable);
    return variable;
  }

  #ragged(
    dataset: HdfDataset,
    column: TypeColumn,
    { name, path }: { readonly name: string; readonly path: string },
  ): Promise<Record<string, Variable>> {
    const { dims } = this.#names.of(dataset);
    return raggedVariables({ file: this.#file, dataset, column, name, path, dims });
  }
}

function shownAttributes({ attributes, isScale }: HdfDataset): Attributes {
  if (!isScale) return attributes;
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !SCALE_ATTRIBUTES.has(name)));
}

/** Whether a scale is a dimension without a variable, as netCDF-4 stores it: it has no values. */
function isDimensionOnly({ isScale, attributes }: HdfDataset): boolean {
  const name = attributes["NAME"];
  return isScale && typeof name === "string" && name.startsWith("This is a netCDF dimension but not a netCDF variable");
}

function coordinatesOf(
  dims: Readonly<Record<string, Dimension>>,
  variables: Readonly<Record<string, Variable>>,
): string[] {
  return Object.values(variables)
    .filter(({ name, dims: own }) => own.length === 1 && own[0] === name && Object.hasOwn(dims, name))
    .map(({ name }) => name);
}

function* linksIn(group: HdfGroup): Generator<[string, HdfLink]> {
  for (const [name, link] of Object.entries(group.links)) {
    yield [group.path === "/" ? `/${name}` : `${group.path}/${name}`, link];
  }
  for (const child of Object.values(group.groups)) yield* linksIn(child);
}

/** A record of names from a file, which may be any text: assigning to `record["__proto__"]` would lose one. */
function named<T>(entries: ReadonlyMap<string, T>): Readonly<Record<string, T>> {
  return Object.fromEntries(entries);
}
