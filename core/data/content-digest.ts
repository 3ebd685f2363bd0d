import { createHash, type Hash } from "node:crypto";
import { canonicalJson } from "../canonical/canonical-json.ts";
import type { Digest } from "../canonical/digest.ts";
import type { AttributeValue, Dataset, Variable } from "./dataset.ts";
import { littleEndianBytes } from "./little-endian.ts";
import { NdArray } from "./nd-array.ts";
import { readBlocks } from "./read-blocks.ts";

/** Values held at once. Chunks that reach over more rows than this are decoded more than once. */
const BLOCK_BYTES = 64e6;

/**
 * SHA-256 of what a dataset says, however it is stored: names, groups, dims, dtypes, shapes, units, attributes and
 * values, fill values as attributes. The order of variables and attributes in the file, chunking, compression, byte order, unused dimensions and
 * whether a dimension may grow do not matter.
 *
 * Two datasets have the same digest when they are equal bit by bit, save that all NaNs are one and that a scalar
 * attribute counts by its value (5 as int32 is 5 as float64). Thus `-0` and `0` differ, as they do in every file format.
 * Memory: at most 64 MB of values at a time.
 *
 * @param options - `signal` stops between blocks.
 * @throws What {@link Variable.read} throws; `TWIN_NOT_CANONICAL` for a string with a lone surrogate.
 */
export async function contentDigest(
  dataset: Dataset,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Digest> {
  const hash = createHash("sha256");
  frame(hash, { format: "twinloom dataset content", version: 1 });
  await addGroup(hash, dataset, options);
  return `sha256:${hash.digest("hex")}`;
}

async function addGroup(
  hash: Hash,
  group: Dataset,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const attributes = sorted(group.attributes);
  const variables = sorted(group.variables);
  const groups = sorted(group.groups);
  frame(hash, { attributes: attributes.length, variables: variables.length, groups: groups.length });
  for (const [name, value] of attributes) addAttribute(hash, name, value);
  for (const [name, variable] of variables) await addVariable(hash, name, variable, options);
  for (const [name, child] of groups) {
    frame(hash, { group: name });
    await addGroup(hash, child, options);
  }
}

async function addVariable(
  hash: Hash,
  name: string,
  variable: Variable,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const { dtype, shape, dims, unit = null } = variable;
  // The attribute `units` is the unit said twice, and formats without attributes have only the one.
  const attributes = sorted(variable.attributes).filter(([key, value]) => !(key === "units" && value === unit));
  frame(hash, { variable: name, dtype, shape, dims, unit, attributes: attributes.length });
  for (const [key, value] of attributes) addAttribute(hash, key, value);
  // Row-major blocks, so that the digest is of the sequence of elements and not of the way it was read.
  for await (const block of readBlocks(variable, {}, { maxBytes: BLOCK_BYTES, ...options })) addValues(hash, block);
}

function addAttribute(hash: Hash, name: string, value: AttributeValue): void {
  const plain = value instanceof NdArray && value.shape.length === 0 ? value.at() : value;
  if (plain instanceof NdArray) {
    frame(hash, { attribute: name, dtype: plain.dtype, shape: plain.shape });
    addValues(hash, plain);
  } else {
    frame(hash, { attribute: name, ...scalarForm(plain) });
  }
}

/** A scalar by its value: a bigint that is a safe integer is a number, and what JSON cannot hold is spelled out. */
function scalarForm(value: string | number | bigint | boolean): Record<string, unknown> {
  if (typeof value === "string" || typeof value === "boolean") return { value };
  const number = Number(value);
  if (typeof value === "bigint" && !Number.isSafeInteger(number)) return { integer: String(value) };
  if (!Number.isFinite(number) || Object.is(number, -0))
    return { special: Object.is(number, -0) ? "-0" : String(number) };
  return { value: number };
}

/** Adds elements, each in a form that says where it ends. */
function addValues(hash: Hash, array: NdArray): void {
  if (array.is("string")) {
    for (const text of array.values()) frame(hash, text);
    return;
  }
  hash.update(littleEndianBytes(array));
}

/** Adds JSON with its length in front, so that no two sequences of frames are the same bytes. */
function frame(hash: Hash, value: unknown): void {
  const bytes = Buffer.from(canonicalJson(value));
  hash.update(`${bytes.length}:`);
  hash.update(bytes);
}

/** By UTF-16 code units, as RFC 8785 sorts. */
function sorted<T>(record: Readonly<Record<string, T>>): readonly [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
