import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  bytesPerElement,
  type Dataset,
  gridBlocks,
  isUnnamedDimension,
  makeFolders,
  rowMajorBlockShape,
  type Variable,
  WriteFailedError,
  type WriteOptions,
} from "../../../core/index.ts";
import { forEachAtOnce } from "../for-each-at-once.ts";
import { isNodeName } from "../hierarchy.ts";
import { writeJson } from "../json.ts";
import { encodeChunk } from "./encode-chunk.ts";
import { type ArrayToWrite, documentsOfV2, documentsOfV3, type GroupToWrite } from "./metadata.ts";
import { writeFolderAtomically } from "./write-folder.ts";

/** How a store is written. */
export interface StoreWriteOptions extends WriteOptions {
  readonly formatVersion: 2 | 3;
  readonly compressor: "gzip" | "zstd";
}

const DEFAULT_LEVEL = 4;

/** Bytes of a chunk where the variable has none of its own. */
const CHUNK_BYTES = 4e6;

/** Chunks, each a file, from which those of the variable are given up for larger ones. */
const MANY_CHUNKS = 10_000;

/** Chunks that are compressed and written at once. */
const AT_ONCE = 4;

/** Writes a dataset as a new store: the folder appears under its name when complete. */
export async function writeStore(location: string, dataset: Dataset, options: StoreWriteOptions): Promise<void> {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(location)) {
    throw new WriteFailedError(
      location,
      "Zarr is written to local folders only. Write it there, then upload the folder.",
    );
  }
  const path = location.replace(/[/\\]+$/, "");
  const groups = groupsOf(location, dataset, "");
  const level = options.compressionLevel ?? DEFAULT_LEVEL;
  const compression = { name: options.compressor, level };
  const write = async (folder: string): Promise<void> => {
    const documents = (options.formatVersion === 2 ? documentsOfV2 : documentsOfV3)(groups, compression);
    for (const [key, document] of documents)
      await writeFile(join(folder, key), Buffer.from(`${writeJson(document)}\n`));
    for (const { arrays } of groups) {
      for (const array of arrays) await writeChunks(folder, array, options, compression);
    }
  };
  await writeFolderAtomically(path, write, { ...options, location });
}

async function writeChunks(
  folder: string,
  { variable, key, chunkShape }: ArrayToWrite,
  { formatVersion, signal }: StoreWriteOptions,
  compression: { readonly name: "gzip" | "zstd"; readonly level: number },
): Promise<void> {
  const { dims, shape } = variable;
  await forEachAtOnce(gridBlocks(shape, chunkShape), AT_ONCE, async (block) => {
    signal?.throwIfAborted();
    const selection = Object.fromEntries(block.map((range, axis) => [dims[axis] as string, range]));
    const array = await variable.read(selection, { signal });
    const bytes = await encodeChunk(array, chunkShape, compression);
    const index = block.map(({ start }, axis) => start / (chunkShape[axis] as number));
    signal?.throwIfAborted();
    await writeFile(join(folder, chunkKey(key, index, formatVersion)), bytes);
  });
}

function chunkKey(key: string, index: readonly number[], formatVersion: 2 | 3): string {
  return formatVersion === 3 ? [key, "c", ...index].join("/") : `${key}/${index.join(".") || "0"}`;
}

async function writeFile(path: string, bytes: Uint8Array): Promise<void> {
  await makeFolders(dirname(path));
  const file = await open(path, "wx");
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A group and those below it, parents first; refuses names that cannot be those of folders. */
function groupsOf(location: string, dataset: Dataset, key: string): GroupToWrite[] {
  const members = [...Object.keys(dataset.variables), ...Object.keys(dataset.groups)];
  const wrong = members.find((name) => !isNodeName(name));
  if (wrong !== undefined) {
    throw new WriteFailedError(location, `"${key}/${wrong}": Zarr has no node of this name. Rename it.`);
  }
  const folded = new Set(members.map((name) => name.toLowerCase()));
  if (folded.size < members.length && process.platform !== "linux") {
    throw new WriteFailedError(
      location,
      `names in "/${key}" differ in case only, which this file system does not tell apart.`,
    );
  }
  const variables = Object.values(dataset.variables).map(storedForm);
  const arrays = variables.map(
    (variable): ArrayToWrite => ({
      variable,
      key: key === "" ? variable.name : `${key}/${variable.name}`,
      chunkShape: chunkShapeOf(variable),
      dimensionNames: variable.dims.map((dim, axis) => dimensionName(dim, axis, variable, variables)),
    }),
  );
  return [
    { key, attributes: dataset.attributes, arrays },
    ...Object.entries(dataset.groups).flatMap(([name, child]) =>
      groupsOf(location, child, key === "" ? name : `${key}/${name}`),
    ),
  ];
}

/** What was decoded is written as it was stored, packed; except for texts, which Zarr has as such. */
function storedForm(variable: Variable): Variable {
  return variable.raw === undefined || variable.dtype === "string" ? variable : variable.raw;
}

/**
 * xarray needs a name for every dimension, and the same length wherever a name occurs; so an unnamed dimension is called
 * after its variable where others of that name have another length.
 */
function dimensionName(dim: string, axis: number, variable: Variable, all: readonly Variable[]): string {
  const length = variable.shape[axis];
  const isShared = all.every((other) => other.dims.every((name, at) => name !== dim || other.shape[at] === length));
  return isUnnamedDimension(dim) && !isShared ? `${variable.name}_dim_${axis}` : dim;
}

function chunkShapeOf({ shape, dtype, storage }: Variable): readonly number[] {
  const own = storage.chunkShape?.map((length, axis) => Math.max(1, Math.min(length, shape[axis] as number)));
  const isUsable =
    own?.length === shape.length && countBlocks(shape, own) <= MANY_CHUNKS && bytesOf(own, dtype) <= 16 * CHUNK_BYTES;
  if (own && isUsable) return own;
  return rowMajorBlockShape({ shape: shape.map((length) => Math.max(1, length)), dtype, chunkShape: own }, CHUNK_BYTES);
}

function countBlocks(shape: readonly number[], block: readonly number[]): number {
  return shape.reduce((product, length, axis) => product * Math.ceil(length / (block[axis] as number)), 1);
}

function bytesOf(block: readonly number[], dtype: Variable["dtype"]): number {
  return block.reduce((product, length) => product * length, bytesPerElement(dtype));
}
