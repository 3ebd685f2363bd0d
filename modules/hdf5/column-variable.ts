import {
  type Attributes,
  type AxisSelection,
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
import type { TypeColumn } from "./columns.ts";
import { dtypeOf } from "./decode.ts";
import type { OpenHdfFile } from "./open-hdf-file.ts";
import { storageOf } from "./storage.ts";
import { unitOf } from "./unit.ts";
import type { RawSlab } from "./worker/protocol.ts";

/** Bytes of the blocks in which a contiguous variable is iterated over. */
const BLOCK_BYTES = 16 * 2 ** 20;

/** What a variable is made of. */
export interface ColumnVariableInit {
  readonly file: OpenHdfFile;
  readonly dataset: HdfDataset;
  readonly column: TypeColumn;
  readonly path: string;
  /** Names of the dimensions of the dataset. */
  readonly dims: readonly string[];
  readonly attributes: Attributes;
  readCoordinate(dim: string): Promise<NdArray | undefined>;
}

/** A dataset, or a member of one of compound type, as a variable. */
export class ColumnVariable implements Variable {
  readonly name: string;
  readonly path: string;
  readonly dtype: DType;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly unit: string | undefined;
  readonly attributes: Attributes;
  readonly storage: Storage;
  readonly #init: ColumnVariableInit;
  /** Dimensions of the dataset; those behind are axes of array members. */
  readonly #rank: number;

  constructor(init: ColumnVariableInit) {
    const { dataset, column, path, dims } = init;
    this.#init = init;
    this.name = path.slice(path.lastIndexOf("/") + 1);
    this.path = path;
    this.dtype = dtypeOf(column.leaf);
    const shape = dataset.shape ?? [0];
    this.#rank = shape.length;
    this.shape = [...shape, ...column.extraShape];
    this.dims = [...dims, ...column.extraShape.map((_, axis) => `dim_${this.#rank + axis}`)];
    this.attributes = init.attributes;
    this.unit = unitOf(init.attributes);
    this.storage = storageOf(dataset, column);
  }

  async read(selection: Selection = {}, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<NdArray> {
    options.signal?.throwIfAborted();
    const { file, dataset, column, readCoordinate } = this.#init;
    const axes = await resolveSelection(this, selection, readCoordinate);
    const data = await file.readSlab(dataset, column, this.#slab(axes), options.signal);
    return this.#shaped(data, axes);
  }

  async readMany(
    selections: readonly Selection[],
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<readonly NdArray[]> {
    options.signal?.throwIfAborted();
    const { file, dataset, column, readCoordinate } = this.#init;
    const resolved: (readonly AxisSelection[])[] = [];
    for (const selection of selections) resolved.push(await resolveSelection(this, selection, readCoordinate));
    const slabs = resolved.map((axes) => this.#slab(axes));
    const values = await file.readColumn(dataset, column, slabs, options.signal);
    return resolved.map((axes, i) => this.#shaped(values[i] as NdArray["data"], axes));
  }

  async *chunks(options: { readonly signal?: AbortSignal | undefined } = {}): AsyncGenerator<DataChunk> {
    const { chunkShape } = this.storage;
    const blockShape = chunkShape ?? rowMajorBlockShape(this, BLOCK_BYTES);
    for (const block of gridBlocks(this.shape, blockShape)) {
      const selection = Object.fromEntries(
        block.map(({ start, stop }, axis) => [this.dims[axis] as string, { start, stop }]),
      );
      yield { selection, array: await this.read(selection, options) };
    }
  }

  /** Indices per axis of the dataset, as the worker takes them. */
  #slab(axes: readonly AxisSelection[]): RawSlab {
    const outside = axes.length === this.#rank ? axes : axes.slice(0, this.#rank);
    return {
      start: outside.map(({ start, count }) => (count === 0 ? 0 : start)),
      count: outside.map(({ count }) => count),
      step: outside.map(({ step }) => step),
    };
  }

  #shaped(data: NdArray["data"], axes: readonly AxisSelection[]): NdArray {
    const { dtype, unit } = this;
    const { shape, dims } = selectedLayout(axes);
    if (axes.length === this.#rank) return new NdArray(data, { dtype, shape, dims, unit });
    const inside = axes.slice(this.#rank);
    const isWhole = inside.every(({ start, step, count, drop }, i) => {
      return start === 0 && step === 1 && !drop && count === this.shape[this.#rank + i];
    });
    if (isWhole) return new NdArray(data, { dtype, shape, dims, unit });
    // Members of array type are read whole, and cut here.
    const read = axes.slice(0, this.#rank).map(({ count }) => count);
    const whole = new NdArray(data, { dtype, shape: [...read, ...this.shape.slice(this.#rank)], dims: this.dims });
    const cut = Object.fromEntries(
      inside.map(({ dim, start, step, count }) => [
        dim,
        { start, stop: count === 0 ? start : start + (count - 1) * step + 1, step },
      ]),
    );
    return new NdArray(whole.slice(cut).contiguous().values(), { dtype, shape, dims, unit });
  }
}
