import { ArrayVariable } from "./array-variable.ts";
import type { Attributes, Dataset, Dimension, Storage, Variable } from "./dataset.ts";
import { InvalidDatasetError } from "./errors.ts";
import { NdArray } from "./nd-array.ts";

/** A dataset, or a group of one, to be made of arrays in memory. */
export interface DatasetInit {
  /**
   * Lengths of dimensions; needed only for a dimension that no variable has, is unlimited, or hides its parent's of the
   * same name.
   */
  readonly dims?: Readonly<Record<string, number | Dimension>>;
  /** Variables by name; the dims of the arrays are the dimensions. */
  readonly variables?: Readonly<Record<string, NdArray | VariableInit>>;
  readonly attributes?: Attributes;
  readonly groups?: Readonly<Record<string, DatasetInit>>;
}

/** A variable to be made of an array in memory. */
export interface VariableInit {
  readonly array: NdArray;
  /** A string `units` is the unit of an array that has none. */
  readonly attributes?: Attributes;
  /** How writers should store it (`chunkShape`), and how it is iterated over in chunks. */
  readonly storage?: Partial<Storage>;
}

/** Whether a dimension name stands for "unnamed": `dim_0`, `dim_1`, …. Variables do not share such dimensions. */
export function isUnnamedDimension(name: string): boolean {
  return /^dim_\d+$/.test(name);
}

/**
 * Makes a dataset of arrays in memory. Reads are views of the arrays where they can be, so do not change the arrays
 * afterwards.
 *
 * @throws {@link InvalidDatasetError} when two variables give one dimension two lengths, when a name is empty or has a
 *   slash, when a variable and a group share a name, when an array and its attributes `units` or `_FillValue` disagree, or
 *   when a variable or an attribute is not of a type that it may have.
 *
 * @example
 * const energies = new NdArray(Float64Array.of(1, 2, 4), { dtype: "float64", shape: [3], dims: ["event"], unit: "GeV" });
 * const events = dataset({ variables: { energies }, attributes: { title: "Three electrons" } });
 * const first = await events.variables.energies?.read({ event: 0 });
 * first?.at(); // => 1
 */
export function dataset(init: DatasetInit): Dataset {
  return group(init, { name: "", path: "", scope: {} });
}

/** A dimension that is visible in a group, with its coordinate. */
interface ScopedDimension {
  readonly dimension: Dimension;
  readonly coordinate: NdArray | undefined;
}

interface GroupPlace {
  readonly name: string;
  /** `""` for the root, else `/group`. */
  readonly path: string;
  /** Dimensions of the groups above. */
  readonly scope: Readonly<Record<string, ScopedDimension>>;
}

function group(init: DatasetInit, place: GroupPlace): Dataset {
  const inits = Object.entries(init.variables ?? {}).map(([name, variable]) => ({
    name,
    ...(variable instanceof NdArray ? { array: variable } : variable),
  }));
  const groupNames = Object.keys(init.groups ?? {});
  checkNames(place.path, [...inits.map(({ name }) => name), ...groupNames]);
  checkAttributes(`${place.path}/`, init.attributes);
  for (const { name, array, attributes } of inits) {
    const path = `${place.path}/${name}`;
    if (!(array instanceof NdArray)) {
      throw new InvalidDatasetError(`"${path}" is no array. Give an NdArray, or { array, attributes, storage }.`);
    }
    checkAttributes(path, attributes);
  }

  const dims = ownDimensions(init, inits, place);
  const coordinates = inits.filter(({ name, array }) => array.dims.length === 1 && array.dims[0] === name);
  const own = Object.entries(dims).map(([name, dimension]): [string, ScopedDimension] => [
    name,
    { dimension, coordinate: coordinates.find((coordinate) => coordinate.name === name)?.array },
  ]);
  const scope = Object.fromEntries([...Object.entries(place.scope), ...own]);
  const coordinateOf = (dim: string): NdArray | undefined =>
    Object.hasOwn(scope, dim) ? scope[dim]?.coordinate : undefined;

  return {
    name: place.name,
    dims,
    variables: Object.fromEntries(
      inits.map((variable): [string, Variable] => [
        variable.name,
        new ArrayVariable({ ...variable, path: `${place.path}/${variable.name}`, coordinateOf }),
      ]),
    ),
    coordinates: coordinates.map(({ name }) => name).filter((name) => Object.hasOwn(dims, name)),
    attributes: init.attributes ?? {},
    groups: Object.fromEntries(
      Object.entries(init.groups ?? {}).map(([name, child]) => [
        name,
        group(child, { name, path: `${place.path}/${name}`, scope }),
      ]),
    ),
  };
}

function checkNames(path: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (name === "" || name === "." || name.includes("/")) {
      throw new InvalidDatasetError(`"${name}" in "${path}/" is no name: it must not be empty, "." or have a slash.`);
    }
    if (seen.has(name)) throw new InvalidDatasetError(`"${path}/${name}" is both a variable and a group.`);
    seen.add(name);
  }
}

/** A list, say, would otherwise be taken for a number, and stored as NaN. */
function checkAttributes(path: string, attributes: Attributes = {}): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (["string", "number", "bigint", "boolean"].includes(typeof value) || value instanceof NdArray) continue;
    throw new InvalidDatasetError(
      `Attribute "${name}" of "${path}" must be text, a number, a bigint, a boolean or an NdArray; it is ${Array.isArray(value) ? "a list" : String(value)}.`,
    );
  }
}

/** Dimensions that are stated here, or used here and known nowhere above; each with one length. */
function ownDimensions(
  init: DatasetInit,
  variables: readonly { readonly name: string; readonly array: NdArray }[],
  { path, scope }: GroupPlace,
): Readonly<Record<string, Dimension>> {
  const dims = new Map<string, Dimension>();
  for (const [name, given] of Object.entries(init.dims ?? {})) {
    dims.set(name, typeof given === "number" ? { length: given, unlimited: false } : given);
  }
  for (const [name, { length }] of dims) {
    if (Number.isSafeInteger(length) && length >= 0) continue;
    throw new InvalidDatasetError(
      `Dimension "${name}" of "${path}/" has length ${length}; give an integer of 0 or more.`,
    );
  }
  for (const { name, array } of variables) {
    array.dims.forEach((dim, axis) => {
      if (isUnnamedDimension(dim)) return;
      const length = array.shape[axis] as number;
      const known = dims.get(dim) ?? (Object.hasOwn(scope, dim) ? scope[dim]?.dimension : undefined);
      if (known === undefined) dims.set(dim, { length, unlimited: false });
      else if (known.length !== length) {
        throw new InvalidDatasetError(
          `Dimension "${dim}" has length ${known.length}, but "${path}/${name}" has ${length} along it. Dimensions here: ${[...dims].map(([other, { length: n }]) => `${other} = ${n}`).join(", ")}.`,
        );
      }
    });
  }
  checkNames(path, [...dims.keys()]);
  return Object.fromEntries(dims);
}
