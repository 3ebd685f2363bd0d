import {
  type Attributes,
  type DataChunk,
  type DType,
  gridBlocks,
  NdArray,
  resolveSelection,
  rowMajorBlockShape,
  type Selection,
  type Storage,
  type Variable,
} from "../../core/index.ts";

interface Options {
  readonly signal?: AbortSignal | undefined;
}

/** What a {@link LazyVariable} is made of. */
export interface LazyVariableInit {
  readonly name: string;
  readonly path: string;
  readonly dtype: DType;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly attributes?: Attributes;
  readonly storage?: Partial<Storage>;
  /** Reads it whole. */
  load(options: Options): Promise<NdArray>;
  /** The coordinate of a dimension, where there is one. */
  coordinateOf?(dim: string): NdArray | undefined;
}

/** Bytes of the blocks in which values are iterated over. */
const BLOCK_BYTES = 4e6;

/** A variable that is small enough to be read whole: a histogram, the axis of one. */
export class LazyVariable implements Variable {
  readonly name: string;
  readonly path: string;
  readonly dtype: DType;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly unit: undefined;
  readonly attributes: Attributes;
  readonly storage: Storage;
  readonly #init: LazyVariableInit;

  constructor(init: LazyVariableInit) {
    this.#init = init;
    this.name = init.name;
    this.path = init.path;
    this.dtype = init.dtype;
    this.dims = init.dims;
    this.shape = init.shape;
    this.attributes = init.attributes ?? {};
    this.storage = { filters: [], ...init.storage };
  }

  async read(selection: Selection = {}, options: Options = {}): Promise<NdArray> {
    const [array] = await this.readMany([selection], options);
    return array as NdArray;
  }

  async readMany(selections: readonly Selection[], options: Options = {}): Promise<readonly NdArray[]> {
    options.signal?.throwIfAborted();
    const coordinate = async (dim: string): Promise<NdArray | undefined> => this.#init.coordinateOf?.(dim);
    const resolved = await Promise.all(selections.map((selection) => resolveSelection(this, selection, coordinate)));
    const whole = await this.#init.load(options);
    return resolved.map((axes) => {
      const parts = axes.map(({ dim, start, step, count, drop }) => {
        const stop = count === 0 ? 0 : start + (count - 1) * step + 1;
        return [dim, drop ? start : { start: count === 0 ? 0 : start, stop, step }] as const;
      });
      const part = whole.slice(Object.fromEntries(parts));
      const { dtype, shape, dims } = part;
      // What is handed out may be changed by whoever gets it.
      return new NdArray(part.values().slice() as NdArray["data"], { dtype, shape, dims });
    });
  }

  async *chunks(options: Options = {}): AsyncGenerator<DataChunk> {
    // Closed or aborted, it fails before the first block, and where there is none.
    await this.#init.load(options);
    for (const block of gridBlocks(this.shape, rowMajorBlockShape(this, BLOCK_BYTES))) {
      const selection = Object.fromEntries(block.map((range, axis) => [this.dims[axis] as string, range]));
      yield { selection, array: await this.read(selection, options) };
    }
  }
}
