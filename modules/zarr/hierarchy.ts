import { FileNotFoundError, FileUnreadableError, type SourceOptions } from "../../core/index.ts";
import { isObject, type JsonObject, parseJson } from "./json.ts";
import type { ZarrStore } from "./store.ts";
import { arrayOfV2, arrayOfV3, below, MetadataProblem, type StoredArray } from "./stored-array.ts";

/** The groups and arrays of a store. */
export interface Hierarchy {
  readonly formatVersion: 2 | 3;
  /** Attributes of groups, by key; `""` is the root. Parents come before what is in them. */
  readonly groups: ReadonlyMap<string, JsonObject>;
  /** By key; `""` where the store is one array. */
  readonly arrays: ReadonlyMap<string, StoredArray>;
  /** What cannot be shown, with the reason. */
  readonly problems: readonly ZarrProblem[];
  /** A file of metadata, and its version, by which the store is known again. */
  readonly anchor: { readonly key: string; readonly version: string };
}

/** An array that cannot be shown. */
export interface ZarrProblem {
  /** Path of the array. */
  readonly path: string;
  readonly reason: string;
}

/** Names that would leave the folder, or that Zarr keeps for itself. */
export function isNodeName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/\\\0]/.test(name) && !RESERVED.has(name);
}

const RESERVED = new Set(["zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata"]);

/**
 * Reads the metadata of a store: consolidated where they are, else file by file.
 *
 * @throws {@link FileNotFoundError}; {@link FileUnreadableError}; what the source throws.
 */
export async function readHierarchy(store: ZarrStore, options: SourceOptions): Promise<Hierarchy> {
  const v3 = await store.readText("zarr.json", options);
  if (v3) return await hierarchyOfV3(store, { key: "zarr.json", ...v3 }, options);
  const consolidated = await store.readText(".zmetadata", options);
  if (consolidated) {
    const metadata = parsed(store, ".zmetadata", consolidated.text)["metadata"];
    if (!isObject(metadata)) throw unreadable(store, 'its .zmetadata has no "metadata"');
    return hierarchyOfV2(store, new Map(Object.entries(metadata)), {
      key: ".zmetadata",
      version: consolidated.version,
    });
  }
  for (const key of [".zgroup", ".zarray"]) {
    const root = await store.readText(key, options);
    if (root === undefined) continue;
    const documents = new Map([[key, parsed(store, key, root.text)]]);
    const names = key === ".zarray" ? [] : [".zgroup", ".zarray", ".zattrs"];
    for (const each of key === ".zarray" ? [".zattrs"] : await listed(store, names, options)) {
      const file = documents.has(each) ? undefined : await store.readText(each, options);
      if (file) documents.set(each, parsed(store, each, file.text));
    }
    return hierarchyOfV2(store, documents, { key, version: root.version });
  }
  if (!(await store.isThere(options))) throw new FileNotFoundError(store.location);
  throw unreadable(store, "it is no Zarr store: it has neither zarr.json, .zmetadata, .zgroup nor .zarray");
}

async function hierarchyOfV3(
  store: ZarrStore,
  root: { readonly key: string; readonly text: string; readonly version: string },
  options: SourceOptions,
): Promise<Hierarchy> {
  const document = parsed(store, root.key, root.text);
  const nodes = new Map<string, JsonObject>([["", document]]);
  const consolidated = document["consolidated_metadata"];
  if (document["node_type"] === "group" && isObject(consolidated)) {
    const { metadata } = consolidated;
    if (!isObject(metadata)) throw unreadable(store, 'its consolidated_metadata have no "metadata"');
    for (const [key, value] of Object.entries(metadata)) nodes.set(key.replace(/^\//, ""), objectOf(store, key, value));
  } else if (document["node_type"] === "group") {
    for (const key of await listed(store, ["zarr.json"], options)) {
      const file = key === root.key ? undefined : await store.readText(key, options);
      if (file) nodes.set(key.slice(0, -"/zarr.json".length), parsed(store, key, file.text));
    }
  }
  const builder = new Builder(store, 3);
  for (const [key, node] of sortedByKey(nodes)) {
    if (node["zarr_format"] !== 3) throw unreadable(store, `the zarr_format of "/${key}" is not 3`);
    const { node_type, attributes } = node;
    if (node_type === "group") builder.addGroup(key, isObject(attributes) ? attributes : {});
    else if (node_type === "array") builder.addArray(key, () => arrayOfV3(key, node));
    else throw unreadable(store, `"/${key}" is neither a group nor an array`);
  }
  return builder.finish({ key: root.key, version: root.version });
}

function hierarchyOfV2(
  store: ZarrStore,
  documents: ReadonlyMap<string, unknown>,
  anchor: Hierarchy["anchor"],
): Hierarchy {
  const builder = new Builder(store, 2);
  const folders = new Map<string, JsonObject>();
  for (const key of documents.keys()) folders.set(key.slice(0, Math.max(0, key.lastIndexOf("/"))), {});
  for (const [folder] of sortedByKey(folders)) {
    const document = (name: string): JsonObject | undefined => {
      const key = below(folder, name);
      const value = documents.get(key);
      return value === undefined ? undefined : objectOf(store, key, value);
    };
    const [array, group, attributes = {}] = [document(".zarray"), document(".zgroup"), document(".zattrs")];
    const format = (array ?? group)?.["zarr_format"];
    if ((array ?? group) && format !== 2) throw unreadable(store, `the zarr_format of "/${folder}" is not 2`);
    if (array) builder.addArray(folder, () => arrayOfV2(folder, array, attributes));
    else if (group) builder.addGroup(folder, attributes);
  }
  return builder.finish(anchor);
}

/** Keys found by listing; a source that cannot list says so. */
async function listed(store: ZarrStore, names: readonly string[], options: SourceOptions): Promise<string[]> {
  const keys: string[] = [];
  try {
    for await (const key of store.keysNamed(names, options)) keys.push(key);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw new FileUnreadableError(
      store.location,
      `it has no consolidated metadata, and what is in it cannot be listed (${(error as Error).message}) Consolidate it: zarr.consolidate_metadata(store) in Python.`,
      { cause: error },
    );
  }
  return keys;
}

/** Collects nodes; makes groups that only their members name. */
class Builder {
  readonly #store: ZarrStore;
  readonly #version: 2 | 3;
  readonly #groups = new Map<string, JsonObject>();
  readonly #arrays = new Map<string, StoredArray>();
  readonly #problems: ZarrProblem[] = [];

  constructor(store: ZarrStore, version: 2 | 3) {
    this.#store = store;
    this.#version = version;
  }

  addGroup(key: string, attributes: JsonObject): void {
    this.#addParents(key);
    this.#groups.set(key, attributes);
  }

  addArray(key: string, make: () => StoredArray): void {
    this.#addParents(key);
    try {
      this.#arrays.set(key, make());
    } catch (error) {
      if (!(error instanceof MetadataProblem)) throw error;
      this.#problems.push({ path: `/${key}`, reason: error.message });
    }
  }

  finish(anchor: Hierarchy["anchor"]): Hierarchy {
    if (this.#groups.size === 0 && this.#arrays.size === 0) {
      const [problem] = this.#problems;
      throw unreadable(this.#store, problem ? `${problem.path}: ${problem.reason}` : "its metadata name no node");
    }
    return {
      formatVersion: this.#version,
      groups: this.#groups,
      arrays: this.#arrays,
      problems: this.#problems,
      anchor,
    };
  }

  #addParents(key: string): void {
    if (key === "") return;
    const names = key.split("/");
    if (!names.every(isNodeName)) throw unreadable(this.#store, `"${key}" is no path of a node`);
    for (let depth = 0; depth < names.length; depth++) {
      const parent = names.slice(0, depth).join("/");
      if (this.#arrays.has(parent)) throw unreadable(this.#store, `"/${key}" is inside of an array`);
      if (!this.#groups.has(parent)) this.#groups.set(parent, {});
    }
  }
}

function* sortedByKey(nodes: ReadonlyMap<string, JsonObject>): Generator<[string, JsonObject]> {
  // Parents before their members, all else in the order of the file.
  yield* [...nodes].sort(([a], [b]) => depthOf(a) - depthOf(b));
}

function depthOf(key: string): number {
  return key === "" ? 0 : key.split("/").length;
}

function parsed(store: ZarrStore, key: string, text: string): JsonObject {
  try {
    return objectOf(store, key, parseJson(text));
  } catch (error) {
    if (error instanceof FileUnreadableError) throw error;
    throw unreadable(store, `its ${key} is no JSON: ${(error as Error).message}`, error);
  }
}

function objectOf(store: ZarrStore, key: string, value: unknown): JsonObject {
  if (isObject(value as JsonObject)) return value as JsonObject;
  throw unreadable(store, `the metadata of "${key}" are no object`);
}

function unreadable(store: ZarrStore, problem: string, cause?: unknown): FileUnreadableError {
  return new FileUnreadableError(store.location, `${problem}.`, cause === undefined ? undefined : { cause });
}
