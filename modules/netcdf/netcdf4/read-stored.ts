import {
  allocate,
  type DType,
  type HdfDataset,
  type HdfFile,
  type HdfSlab,
  NdArray,
  ReadFailedError,
  type Scalar,
} from "../../../core/index.ts";
import { type Slab, slabSize } from "../slab.ts";
import type { ShownType } from "./stored-type.ts";

/** A variable as it is read. */
export interface StoredVariable {
  readonly file: HdfFile;
  readonly dataset: HdfDataset;
  readonly type: ShownType;
  /** What elements hold that were never written. */
  readonly fill: Scalar;
}

/** Slabs asked for at a time. */
const CONCURRENCY = 16;

/** Reads slabs, some beside each other. */
export async function readAllStored(
  variable: StoredVariable,
  slabs: readonly Slab[],
  signal: AbortSignal | undefined,
): Promise<NdArray["data"][]> {
  const results: NdArray["data"][] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < slabs.length) {
      const at = next++;
      results[at] = await readStored(variable, slabs[at] as Slab, signal);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, slabs.length) }, work));
  return results;
}

/** Reads a slab. What lies beyond the end of the dataset, as an unlimited dimension may, is fill. */
async function readStored(
  variable: StoredVariable,
  slab: Slab,
  signal: AbortSignal | undefined,
): Promise<NdArray["data"]> {
  const { file, dataset, type, fill } = variable;
  if (dataset.type.class === "sequence") {
    throw new ReadFailedError(
      file.location,
      `"${dataset.path}" holds variable-length sequences, which are no NetCDF variable here. Open the file with \`hdf5()\`: they are \`${dataset.path}/counts\` and \`${dataset.path}/values\`.`,
    );
  }
  const stored = dataset.shape ?? [0];
  // Axes that belong to the type are read whole, and cut afterwards.
  const outer = slab.slice(0, stored.length);
  const there = outer.map(({ start, step, count }, axis) => {
    const length = stored[axis] as number;
    return { start, step, count: start < length ? Math.min(count, Math.ceil((length - start) / step)) : 0 };
  });
  const isAll = there.every(({ count }, axis) => count === outer[axis]?.count);
  const inner = slab.slice(stored.length);
  if (isAll) return cut(await readThere(variable, there, signal), stored.length, inner, type);
  const result = filled(file, type.dtype, slabSize(slab), fill);
  if (there.some(({ count }) => count === 0)) return result;
  const values = cut(await readThere(variable, there, signal), stored.length, inner, type);
  const counts = inner.map(({ count }) => count);
  copyBlock(
    values,
    [...there.map(({ count }) => count), ...counts],
    result,
    slab.map(({ count }) => count),
  );
  return result;
}

async function readThere(
  { file, dataset, type }: StoredVariable,
  slab: HdfSlab,
  signal: AbortSignal | undefined,
): Promise<NdArray> {
  const isEmpty = slab.some(({ count }) => count === 0);
  const safe = isEmpty ? slab.map(({ count }) => ({ start: 0, count })) : slab;
  const array = await file.read({ path: dataset.path }, safe, { signal });
  return type.isChar ? characterCodes(array) : array;
}

/** Strings of one byte as their codes. HDF5 ends a string at NUL, so that NUL is the empty one. */
function characterCodes(array: NdArray): NdArray {
  const codes = new Uint8Array(array.size);
  const texts = array.values() as string[];
  for (let i = 0; i < codes.length; i++) codes[i] = (texts[i] as string).charCodeAt(0) || 0;
  return new NdArray(codes, { dtype: "uint8", shape: array.shape });
}

/** Takes what is selected of the axes that belong to the type. */
function cut(array: NdArray, rank: number, inner: Slab, type: ShownType): NdArray["data"] {
  const isWhole = inner.every(({ start, step, count }, axis) => {
    return start === 0 && step === 1 && count === type.extraShape[axis];
  });
  if (isWhole) return array.values();
  const selection = inner.map(({ start, step, count }, axis) => {
    const stop = count === 0 ? start : start + (count - 1) * step + 1;
    return [`dim_${rank + axis}`, { start, stop, step }] as const;
  });
  return array.slice(Object.fromEntries(selection)).contiguous().values();
}

function filled(file: HdfFile, dtype: DType, size: number, fill: Scalar): NdArray["data"] {
  try {
    const data = allocate(dtype, size);
    // Numbers, bigints or strings, as the dtype has them.
    (data as Scalar[]).fill(fill);
    return data;
  } catch (error) {
    throw new ReadFailedError(file.location, `${size} elements are more than fit in memory. Read it in parts.`, {
      cause: error,
    });
  }
}

/** Copies a block to the beginning of every axis of a larger one. */
function copyBlock(
  from: NdArray["data"],
  shape: readonly number[],
  to: NdArray["data"],
  whole: readonly number[],
): void {
  const last = shape.length - 1;
  const run = shape[last] ?? 1;
  const source = from as Scalar[];
  const target = to as Scalar[];
  let at = 0;
  const visit = (axis: number, position: number): void => {
    if (axis >= last) {
      for (let i = 0; i < run; i++) target[position + i] = source[at++] as Scalar;
      return;
    }
    for (let i = 0; i < (shape[axis] as number); i++) visit(axis + 1, (position + i) * (whole[axis + 1] as number));
  };
  visit(0, 0);
}
