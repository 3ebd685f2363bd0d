import {
  type Attributes,
  type AttributeValue,
  type Dataset,
  type Dimension,
  decodeCf,
  isUnnamedDimension,
  type OpenDataset,
  type OpenOptions,
  type Variable,
} from "../../core/index.ts";
import { attributesOf, fillAttributeOf } from "./attributes.ts";
import { ChunkReader, type ReaderContext } from "./chunk-reader.ts";
import type { Hierarchy, ZarrProblem } from "./hierarchy.ts";
import type { StoredArray } from "./stored-array.ts";
import { ZarrVariable } from "./zarr-variable.ts";

/** An open Zarr store as a dataset. */
export interface ZarrDataset extends OpenDataset {
  /** Version of the format. */
  readonly formatVersion: 2 | 3;
  /** Arrays that cannot be shown, and attributes that decoding could not apply, with the reason. */
  readonly problems: readonly ZarrProblem[];
}

/** Shows a store as a dataset; closing it closes the store. */
export function zarrDataset(hierarchy: Hierarchy, context: ReaderContext, { decode = true }: OpenOptions): ZarrDataset {
  const raw = new View(hierarchy, context).group("", {});
  const problems: ZarrProblem[] = [...hierarchy.problems];
  const onProblem = (problem: ZarrProblem): void => void problems.push(problem);
  const close = async (): Promise<void> => {
    context.store.close();
    context.cache.dropAll(context.cachePrefix);
  };
  return {
    ...(decode ? decodeCf(raw, { onProblem }) : raw),
    format: "zarr",
    location: context.store.location,
    version: hierarchy.anchor.version,
    formatVersion: hierarchy.formatVersion,
    problems,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A dimension that is seen in a group. */
interface Scoped {
  readonly dimension: Dimension;
  /** Path of its coordinate, where it has one. */
  readonly coordinate: string | undefined;
}

class View {
  readonly #hierarchy: Hierarchy;
  readonly #context: ReaderContext;
  /** By path: coordinates of others. */
  readonly #variables = new Map<string, Variable>();

  constructor(hierarchy: Hierarchy, context: ReaderContext) {
    this.#hierarchy = hierarchy;
    this.#context = context;
  }

  group(key: string, outer: Readonly<Record<string, Scoped>>): Dataset {
    const { groups, arrays } = this.#hierarchy;
    const members = [...arrays.values()].filter((array) => parentOf(array.key) === key);
    const names = new Map(members.map((array) => [array, this.#dimensionsOf(array)]));
    const dims = this.#ownDimensions(names, outer);
    const own = Object.entries(dims).map(([name, dimension]): [string, Scoped] => {
      const coordinate = members.find((array) => this.#nameOf(array) === name && names.get(array)?.join() === name);
      return [name, { dimension, coordinate: coordinate && this.#pathOf(coordinate) }];
    });
    const scope = Object.fromEntries([...Object.entries(outer), ...own]);
    const variables = members.map((array): [string, Variable] => {
      const variable = this.#variable(array, names.get(array) ?? [], scope);
      this.#variables.set(variable.path, variable);
      return [variable.name, variable];
    });
    const children = [...groups.keys()].filter((each) => each !== "" && parentOf(each) === key);
    return {
      name: nameOf(key),
      dims,
      variables: Object.fromEntries(variables),
      coordinates: own.filter(([, { coordinate }]) => coordinate !== undefined).map(([name]) => name),
      attributes: attributesOf(groups.get(key) ?? {}),
      groups: Object.fromEntries(children.map((child) => [nameOf(child), this.group(child, scope)])),
    };
  }

  #variable(array: StoredArray, dims: readonly string[], scope: Readonly<Record<string, Scoped>>): Variable {
    return new ZarrVariable({
      array,
      reader: new ChunkReader(this.#context, array),
      name: this.#nameOf(array),
      path: this.#pathOf(array),
      dims,
      attributes: variableAttributes(array),
      readCoordinate: async (dim) => {
        const path = Object.hasOwn(scope, dim) ? scope[dim]?.coordinate : undefined;
        return path === undefined ? undefined : await this.#variables.get(path)?.read();
      },
    });
  }

  /** Names of dimensions: those of the file where they differ from each other, else `dim_0`, `dim_1`, …. */
  #dimensionsOf(array: StoredArray): readonly string[] {
    const seen = new Set<string>();
    return array.dimensionNames.map((name, axis) => {
      const unnamed = `dim_${axis}`;
      // What our writer calls an unnamed dimension so that xarray does not take it for that of another array.
      const isOwn = name === `${this.#nameOf(array)}_dim_${axis}`;
      if (name === undefined || isOwn || isUnnamedDimension(name) || seen.has(name)) return unnamed;
      seen.add(name);
      return name;
    });
  }

  /**
   * Dimensions that are used here and not known above with the same length. An array that gives a name another length than
   * those before it keeps its dimension for itself, unnamed.
   */
  #ownDimensions(
    names: Map<StoredArray, readonly string[]>,
    outer: Readonly<Record<string, Scoped>>,
  ): Readonly<Record<string, Dimension>> {
    const dims = new Map<string, Dimension>();
    // Coordinates say how long their dimension is.
    const coordinatesFirst = [...names].sort(
      ([a], [b]) => Number(this.#isCoordinate(b, names)) - Number(this.#isCoordinate(a, names)),
    );
    for (const [array, dimensions] of coordinatesFirst) {
      const kept = dimensions.map((name, axis) => {
        if (isUnnamedDimension(name)) return name;
        const length = array.shape[axis] as number;
        const above = Object.hasOwn(outer, name) ? outer[name] : undefined;
        const known = dims.get(name) ?? (above?.dimension.length === length ? above.dimension : undefined);
        if (known !== undefined && known.length !== length) return `dim_${axis}`;
        if (known === undefined) dims.set(name, { length, unlimited: false });
        return name;
      });
      names.set(array, kept);
    }
    return Object.fromEntries(dims);
  }

  #isCoordinate(array: StoredArray, names: ReadonlyMap<StoredArray, readonly string[]>): boolean {
    const dims = names.get(array) ?? [];
    return dims.length === 1 && dims[0] === this.#nameOf(array);
  }

  /** A store that is one array names it by its folder. */
  #nameOf({ key }: StoredArray): string {
    if (key !== "") return nameOf(key);
    const folder = nameOf(this.#context.store.root.replaceAll("\\", "/"));
    return folder.replace(/\.zarr$/i, "") || "array";
  }

  #pathOf(array: StoredArray): string {
    const parent = parentOf(array.key);
    return `${parent === "" ? "" : `/${parent}`}/${this.#nameOf(array)}`;
  }
}

function variableAttributes(array: StoredArray): Attributes {
  const { type, fill, isFillStated, formatVersion } = array;
  const attributes: Record<string, AttributeValue> = { ...attributesOf(array.attributes) };
  const isNumber = type.form === "number" || type.form === "half";
  // As xarray does: in v2 what was never written is missing; v3 keeps the two apart.
  if (formatVersion === 2 && isFillStated && isNumber) attributes["_FillValue"] = safe(fill);
  const stated = attributes["_FillValue"];
  const decoded = formatVersion === 3 ? fillAttributeOf(stated, type) : stated;
  if (decoded !== undefined) attributes["_FillValue"] = decoded;
  if (type.unit !== undefined && attributes["units"] === undefined) attributes["units"] = type.unit;
  return attributes;
}

function safe(value: number | bigint | string): AttributeValue {
  return typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** Key of the group that a node is in. A root array is in the root group. */
function parentOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf("/")));
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}
