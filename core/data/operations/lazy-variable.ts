import { gridBlocks, rowMajorBlockShape } from "../chunk-grid.ts";
import type { Attributes, DataChunk, Dataset, Storage, Variable } from "../dataset.ts";
import type { DType } from "../dtype.ts";
import { axesOf } from "../index-selection.ts";
import type { NdArray } from "../nd-array.ts";
import type { AxisSelection } from "../resolve-selection.ts";
import type { Selection } from "../selection.ts";

const BLOCK_BYTES = 16e6;

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** A variable of the shape of another, computed where it is read. */
export interface LazyVariableInit {
  readonly source: Variable;
  readonly dtype: DType;
  readonly unit: string | undefined;
  /** Of integers that have a value for missing. */
  readonly fillValue?: number | bigint | undefined;
  readonly attributes: Attributes;
  /** The dataset that the variable is in, for selections by value. */
  dataset(): Dataset;
  /** Values of what is selected; the axes are those of the source, in its order. */
  compute(axes: readonly AxisSelection[], options: Abortable): Promise<NdArray>;
}

/** Makes a variable that reads and computes only what is asked for. */
export function lazyVariable(init: LazyVariableInit): Variable {
  return new LazyVariable(init);
}

class LazyVariable implements Variable {
  readonly name: string;
  readonly path: string;
  readonly dtype: DType;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly unit: string | undefined;
  readonly fillValue: number | bigint | undefined;
  readonly attributes: Attributes;
  readonly storage: Storage;
  readonly #init: LazyVariableInit;

  constructor(init: LazyVariableInit) {
    const { source, unit } = init;
    const { chunkShape } = source.storage;
    this.name = source.name;
    this.path = `/${source.name}`;
    this.dtype = init.dtype;
    this.dims = source.dims;
    this.shape = source.shape;
    this.unit = unit;
    this.fillValue = init.fillValue;
    this.attributes = { ...init.attributes, ...(unit !== undefined && { units: unit }) };
    this.storage = { filters: [], ...(chunkShape && { chunkShape }) };
    this.#init = init;
  }

  async read(selection: Selection = {}, options: Abortable = {}): Promise<NdArray> {
    options.signal?.throwIfAborted();
    const axes = await axesOf(this.#init.dataset(), this, selection, (coordinate) => coordinate.read({}, options));
    return await this.#init.compute(axes, options);
  }

  async readMany(selections: readonly Selection[], options: Abortable = {}): Promise<readonly NdArray[]> {
    const arrays: NdArray[] = [];
    for (const selection of selections) arrays.push(await this.read(selection, options));
    return arrays;
  }

  async *chunks(options: Abortable = {}): AsyncIterable<DataChunk> {
    const { shape, dtype, dims, storage } = this;
    const blockShape = rowMajorBlockShape({ shape, dtype, chunkShape: storage.chunkShape }, BLOCK_BYTES);
    for (const block of gridBlocks(shape, blockShape)) {
      const selection = Object.fromEntries(block.map((range, axis) => [dims[axis] as string, range]));
      yield { selection, array: await this.read(selection, options) };
    }
  }
}

/** float32 of float32, float64 of all others. */
export function floatType({ dtype }: Variable): "float32" | "float64" {
  return dtype === "float32" || dtype === "float16" ? "float32" : "float64";
}

/** A dataset with some variables in place of those of their names; the others are left out where `kept` says so. */
export function withVariables(
  dataset: Dataset,
  make: (whole: () => Dataset) => readonly Variable[],
  kept: (variable: Variable) => boolean = () => true,
): Dataset {
  const made = new Map(make(() => result).map((variable) => [variable.name, variable]));
  const variables = Object.entries(dataset.variables).flatMap(([name, variable]): [string, Variable][] => {
    const other = made.get(name);
    if (other) return [[name, other]];
    return kept(variable) ? [[name, variable]] : [];
  });
  const result: Dataset = { ...dataset, variables: Object.fromEntries(variables) };
  return result;
}
