import {
  type Attributes,
  type AxisSelection,
  allocate,
  type DataChunk,
  type DType,
  gridBlocks,
  type HdfDataset,
  NdArray,
  resolveSelection,
  rowMajorBlockShape,
  type Selection,
  type Storage,
  selectedLayout,
  type Variable,
} from "../../core/index.ts";
import { ColumnVariable } from "./column-variable.ts";
import type { TypeColumn } from "./columns.ts";
import { dtypeOf } from "./decode.ts";
import type { OpenHdfFile } from "./open-hdf-file.ts";
import { wholeSlab } from "./raw-slab.ts";
import { storageOf } from "./storage.ts";
import type { RawSlab } from "./worker/protocol.ts";

/** A column of variable-length sequences, to be shown as two variables. */
export interface RaggedInit {
  readonly file: OpenHdfFile;
  readonly dataset: HdfDataset;
  readonly column: TypeColumn;
  readonly name: string;
  readonly path: string;
  readonly dims: readonly string[];
}

/** Rows read in one go to find elements. */
const ROWS_PER_READ = 65_536;

/**
 * Variable-length sequences as CF's contiguous ragged array: `counts`, the length of each, on the dimensions of the
 * dataset, and `values`, all elements one after another, on `<name>_element`.
 */
export async function raggedVariables(init: RaggedInit): Promise<Record<string, Variable>> {
  const { file, dataset, name, path, dims } = init;
  const sample = `${name}_element`;
  const counts = new ColumnVariable({
    file,
    dataset,
    column: lengthColumn(init.column),
    path: `${path}/counts`,
    dims,
    attributes: { sample_dimension: sample, long_name: `number of elements of each sequence in ${name}` },
    readCoordinate: async () => undefined,
  });
  // The length of `values` is part of the metadata, and only the sequences themselves know it.
  let offsets: Float64Array | undefined;
  let failure: unknown;
  try {
    offsets = runningSum((await counts.read()).values() as Uint32Array);
  } catch (error) {
    failure = error;
  }
  const values = new SequenceValues({ ...init, path: `${path}/values`, sample, offsets, failure });
  return { counts, values };
}

/** The length of a sequence is the first of the two words that it has in memory. */
function lengthColumn(column: TypeColumn): TypeColumn {
  return {
    ...column,
    leaf: { class: "integer", size: 4, signed: false, bigEndian: false },
    layout: { ...column.layout, leaf: "plain", leafSize: 4 },
    bigEndian: false,
  };
}

function runningSum(counts: Uint32Array): Float64Array {
  const offsets = new Float64Array(counts.length + 1);
  counts.forEach((count, i) => {
    offsets[i + 1] = (offsets[i] as number) + count;
  });
  return offsets;
}

interface SequenceValuesInit extends RaggedInit {
  readonly sample: string;
  /** Position in the values at which each sequence begins, and their number; undefined when reading them failed. */
  readonly offsets: Float64Array | undefined;
  readonly failure: unknown;
}

/** Bytes of the blocks in which elements are iterated over. */
const BLOCK_BYTES = 2 ** 20;

class SequenceValues implements Variable {
  readonly name = "values";
  readonly path: string;
  readonly dtype: DType;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly unit: undefined;
  readonly attributes: Attributes = {};
  readonly storage: Storage;
  readonly #init: SequenceValuesInit;

  constructor(init: SequenceValuesInit) {
    this.#init = init;
    this.path = init.path;
    this.dtype = dtypeOf(init.column.leaf);
    this.dims = [init.sample];
    this.shape = [init.offsets?.at(-1) ?? 0];
    const { chunkShape: _rows, ...storage } = storageOf(init.dataset, init.column);
    this.storage = storage;
  }

  async read(selection: Selection = {}, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<NdArray> {
    options.signal?.throwIfAborted();
    const axes = await resolveSelection(this, selection, async () => undefined);
    const { shape, dims } = selectedLayout(axes);
    const data = await this.#elements(axes[0] as AxisSelection, options.signal);
    return new NdArray(data, { dtype: this.dtype, shape, dims });
  }

  async readMany(
    selections: readonly Selection[],
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<readonly NdArray[]> {
    const arrays: NdArray[] = [];
    for (const selection of selections) arrays.push(await this.read(selection, options));
    return arrays;
  }

  async *chunks(options: { readonly signal?: AbortSignal | undefined } = {}): AsyncGenerator<DataChunk> {
    for (const [block] of gridBlocks(this.shape, rowMajorBlockShape(this, BLOCK_BYTES))) {
      if (block === undefined) continue;
      const selection = { [this.#init.sample]: block };
      yield { selection, array: await this.read(selection, options) };
    }
  }

  /** Elements `start`, `start + step`, …: reads the rows that hold them, and no others. */
  async #elements({ start, step, count }: AxisSelection, signal: AbortSignal | undefined): Promise<NdArray["data"]> {
    const { file, dataset, column, offsets, failure } = this.#init;
    if (offsets === undefined) throw failure;
    const parts: NdArray["data"][] = [];
    const perRow = Math.max(
      1,
      column.extraShape.reduce((product, length) => product * length, 1),
    );
    const shape = dataset.shape ?? [0];
    const last = start + (count - 1) * step;
    let next = start;
    let sequence = count === 0 ? offsets.length : lastAtMost(offsets, start);
    while (sequence < offsets.length - 1 && (offsets[sequence] as number) <= last) {
      const row = Math.floor(sequence / perRow);
      const rows = rowsFrom(shape, row, Math.min(ROWS_PER_READ, rowsUntil(offsets, row, perRow, last)));
      const { values } = await file.readSequences(dataset, column, rows.slab, signal);
      const from = offsets[row * perRow] as number;
      const end = Math.min(last + 1, from + values.length);
      const taken: number[] = [];
      for (; next < end; next += step) taken.push(next - from);
      parts.push(pick(values, taken));
      sequence = (row + rows.count) * perRow;
    }
    return joined(this.dtype, parts, count);
  }
}

/** Rows, counted row-major, that follow each other along the last axis: one slab. */
function rowsFrom(
  shape: readonly number[],
  row: number,
  wanted: number,
): { readonly slab: RawSlab; readonly count: number } {
  if (shape.length === 0) return { slab: wholeSlab([]), count: 1 };
  const start: number[] = new Array(shape.length).fill(0);
  let rest = row;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    start[axis] = rest % (shape[axis] as number);
    rest = Math.floor(rest / (shape[axis] as number));
  }
  const inner = shape.length - 1;
  const count = Math.min(wanted, (shape[inner] as number) - (start[inner] as number));
  return {
    slab: { start, count: shape.map((_, axis) => (axis === inner ? count : 1)), step: shape.map(() => 1) },
    count,
  };
}

function rowsUntil(offsets: Float64Array, row: number, perRow: number, last: number): number {
  let rows = 1;
  while ((offsets[(row + rows) * perRow] ?? Number.POSITIVE_INFINITY) <= last) rows++;
  return rows;
}

/** Index of the last entry that is at most `value`, so that the sequence there holds it. */
function lastAtMost(offsets: Float64Array, value: number): number {
  let low = 0;
  let high = offsets.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((offsets[middle] as number) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

function pick(values: NdArray["data"], indices: readonly number[]): NdArray["data"] {
  // Elements of sequences are numbers (columns.ts); all typed arrays slice alike.
  const whole = values as Float64Array;
  const isRun = indices.length > 0 && (indices.at(-1) as number) - (indices[0] as number) === indices.length - 1;
  if (isRun) return whole.slice(indices[0], (indices.at(-1) as number) + 1);
  const picked = whole.slice(0, indices.length);
  indices.forEach((index, i) => {
    picked[i] = whole[index] as number;
  });
  return picked;
}

function joined(dtype: DType, parts: readonly NdArray["data"][], count: number): NdArray["data"] {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  const whole = allocate(dtype, count) as Float64Array;
  let at = 0;
  for (const part of parts) {
    whole.set(part as Float64Array, at);
    at += part.length;
  }
  return whole;
}
