import { DIMENSIONS_V2 } from "./attributes.ts";
import { type CodecPlan, CodecProblem, planOfV2, planOfV3 } from "./codec-plan.ts";
import { type FillValue, fillValueOf } from "./fill-value.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";
import { type StoredType, typeOfV2, typeOfV3 } from "./stored-type.ts";

/** An array as its metadata describe it. */
export interface StoredArray {
  /** Key of its folder: `""` for the root, else `"group/name"`. */
  readonly key: string;
  readonly formatVersion: 2 | 3;
  readonly shape: readonly number[];
  /** Shape of what a file holds: a chunk, or a shard. */
  readonly gridShape: readonly number[];
  /** Shape of a chunk. */
  readonly chunkShape: readonly number[];
  readonly type: StoredType;
  /** What chunks that are not there hold. */
  readonly fill: FillValue;
  /** Whether the metadata say so themselves. */
  readonly isFillStated: boolean;
  /** How to decode; or why that cannot be done. */
  readonly plan: CodecPlan | CodecProblem;
  /** One per axis, where there is one. */
  readonly dimensionNames: readonly (string | undefined)[];
  readonly attributes: JsonObject;
  /** Key of the file of a place in the grid. */
  chunkKey(index: readonly number[]): string;
}

/** Metadata that describe no array that can be shown. */
export class MetadataProblem extends Error {}

/** Most dimensions; numpy allows 64. */
const MAX_RANK = 64;

/** The array of a `.zarray` and `.zattrs`. @throws MetadataProblem */
export function arrayOfV2(key: string, metadata: JsonObject, attributes: JsonObject): StoredArray {
  const type = typeOfV2(metadata["dtype"]);
  if (type === undefined)
    throw new MetadataProblem(`its dtype is ${jsonText(metadata["dtype"])}, which cannot be read`);
  const { shape, chunkShape } = shapesOf(metadata["shape"], metadata["chunks"]);
  const separator = separatorOf(metadata["dimension_separator"] ?? ".");
  return {
    ...fillOf(metadata["fill_value"], type),
    key,
    formatVersion: 2,
    shape,
    gridShape: chunkShape,
    chunkShape,
    type,
    plan: planned(() => planOfV2(metadata, { type, rank: shape.length })),
    dimensionNames: namesOf(attributes[DIMENSIONS_V2], shape.length),
    attributes,
    chunkKey: (index) => below(key, index.join(separator) || "0"),
  };
}

/** The array of a `zarr.json`. @throws MetadataProblem */
export function arrayOfV3(key: string, metadata: JsonObject): StoredArray {
  const type = typeOfV3(metadata["data_type"]);
  if (type === undefined) {
    throw new MetadataProblem(`its data_type is ${jsonText(metadata["data_type"])}, which cannot be read`);
  }
  const { name, configuration } = part(metadata["chunk_grid"]);
  if (name !== "regular") throw new MetadataProblem(`its chunk_grid is ${jsonText(name)}; only "regular" can be read`);
  const { shape, chunkShape: gridShape } = shapesOf(metadata["shape"], configuration["chunk_shape"]);
  const transformers = metadata["storage_transformers"];
  if (Array.isArray(transformers) && transformers.length > 0) {
    throw new MetadataProblem("it has storage_transformers, which are not read");
  }
  checkUnderstood(metadata);
  const plan = planned(() => planOfV3(metadata["codecs"], { type, chunkShape: gridShape }));
  return {
    ...fillOf(metadata["fill_value"], type),
    key,
    formatVersion: 3,
    shape,
    gridShape,
    chunkShape: plan instanceof CodecProblem ? gridShape : (plan.shard?.chunkShape ?? gridShape),
    type,
    plan,
    dimensionNames: namesOf(metadata["dimension_names"], shape.length),
    attributes: isObject(metadata["attributes"]) ? metadata["attributes"] : {},
    chunkKey: keyEncoding(key, metadata["chunk_key_encoding"]),
  };
}

const KNOWN_V3 = new Set([
  "zarr_format",
  "node_type",
  "shape",
  "data_type",
  "chunk_grid",
  "chunk_key_encoding",
  "codecs",
  "fill_value",
  "attributes",
  "dimension_names",
  "storage_transformers",
]);

/** What is unknown must not be passed over unless it says that it may. @see Source: Zarr v3, "Extension points". */
function checkUnderstood(metadata: JsonObject): void {
  for (const [name, value] of Object.entries(metadata)) {
    if (KNOWN_V3.has(name) || (isObject(value) && value["must_understand"] === false)) continue;
    throw new MetadataProblem(`it has ${jsonText(name)}, which is unknown`);
  }
}

function planned(make: () => CodecPlan): CodecPlan | CodecProblem {
  try {
    return make();
  } catch (error) {
    if (error instanceof CodecProblem) return error;
    throw error;
  }
}

function shapesOf(shape: Json | undefined, chunks: Json | undefined): { shape: number[]; chunkShape: number[] } {
  if (!areLengths(shape, 0) || shape.length > MAX_RANK) throw new MetadataProblem(`its shape is ${jsonText(shape)}`);
  if (!areLengths(chunks, 1) || chunks.length !== shape.length) {
    throw new MetadataProblem(`its chunks are ${jsonText(chunks)}, and its shape is ${jsonText(shape)}`);
  }
  const elements = shape.reduce((product, length) => product * length, 1);
  const perChunk = chunks.reduce((product, length) => product * length, 1);
  if (!Number.isSafeInteger(elements) || !Number.isSafeInteger(perChunk)) {
    throw new MetadataProblem(`its shape ${jsonText(shape)} has more elements than can be counted`);
  }
  return { shape, chunkShape: chunks };
}

function areLengths(value: Json | undefined, least: number): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && (each as number) >= least);
}

function fillOf(raw: Json | undefined, type: StoredType): { readonly fill: FillValue; readonly isFillStated: boolean } {
  const fill = fillValueOf(raw, type);
  if (fill === undefined) throw new MetadataProblem(`its fill_value is ${jsonText(raw)}, which is no ${type.dtype}`);
  return { fill, isFillStated: raw !== null && raw !== undefined };
}

function namesOf(raw: Json | undefined, rank: number): readonly (string | undefined)[] {
  const names = Array.isArray(raw) && raw.length === rank ? raw : [];
  return Array.from({ length: rank }, (_, axis) => {
    const name: Json | undefined = names[axis];
    return typeof name === "string" && name !== "" && !name.includes("/") ? name : undefined;
  });
}

function keyEncoding(key: string, raw: Json | undefined): StoredArray["chunkKey"] {
  const { name, configuration } = part(raw);
  if (name === "default") {
    const separator = separatorOf(configuration["separator"] ?? "/");
    return (index) => below(key, ["c", ...index].join(separator));
  }
  if (name === "v2") {
    const separator = separatorOf(configuration["separator"] ?? ".");
    return (index) => below(key, index.join(separator) || "0");
  }
  throw new MetadataProblem(`its chunk_key_encoding is ${jsonText(raw)}`);
}

function separatorOf(value: Json): "." | "/" {
  if (value === "." || value === "/") return value;
  throw new MetadataProblem(`its separator of chunk keys is ${jsonText(value)}`);
}

/** `{ name, configuration }`, or a name alone. */
function part(raw: Json | undefined): { readonly name: Json | undefined; readonly configuration: JsonObject } {
  if (!isObject(raw)) return { name: raw, configuration: {} };
  const { name, configuration } = raw;
  return { name, configuration: isObject(configuration) ? configuration : {} };
}

/** A key inside a folder. */
export function below(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

function jsonText(value: unknown): string {
  if (value === undefined) return "missing";
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === "bigint" ? String(each) : each)).slice(0, 100);
}
