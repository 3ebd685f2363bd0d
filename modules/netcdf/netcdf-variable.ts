import {
  type Attributes,
  type AxisSelection,
  type DataChunk,
  type DType,
  gridBlocks,
  NdArray,
  resolveSelection,
  rowMajorBlockShape,
  type Selection,
  type Storage,
  selectedLayout,
  type Variable,
} from "../../core/index.ts";
import type { Slab } from "./slab.ts";

/** Bytes of the blocks in which a variable without chunks is iterated over. */
const BLOCK_BYTES = 16 * 2 ** 20;

/** What a variable is made of. */
export interface NetcdfVariableInit {
  readonly name: string;
  readonly path: string;
  readonly dtype: DType;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly attributes: Attributes;
  readonly storage: Storage;
  /** Elements of each slab, row-major, in arrays of their own. */
  readSlabs(slabs: readonly Slab[], signal: AbortSignal | undefined): Promise<readonly NdArray["data"][]>;
  readCoordinate(dim: string): Promise<NdArray | undefined>;
}

interface Options {
  readonly signal?: AbortSignal | undefined;
}

/** A variable of a NetCDF file as it is stored. */
export class NetcdfVariable implements Variable {
  readonly name: string;
  readonly path: string;
  readonly dtype: DType;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly unit: string | undefined;
  readonly attributes: Attributes;
  readonly storage: Storage;
  readonly #init: Pick<NetcdfVariableInit, "readSlabs" | "readCoordinate">;

  constructor(init: NetcdfVariableInit) {
    this.name = init.name;
    this.path = init.path;
    this.dtype = init.dtype;
    this.dims = init.dims;
    this.shape = init.shape;
    this.attributes = init.attributes;
    const { units } = init.attributes;
    this.unit = typeof units === "string" ? units : undefined;
    this.storage = init.storage;
    this.#init = init;
  }

  async read(selection: Selection = {}, options: Options = {}): Promise<NdArray> {
    const [array] = await this.readMany([selection], options);
    return array as NdArray;
  }

  async readMany(selections: readonly Selection[], { signal }: Options = {}): Promise<readonly NdArray[]> {
    signal?.throwIfAborted();
    const resolved: (readonly AxisSelection[])[] = [];
    for (const selection of selections) {
      resolved.push(await resolveSelection(this, selection, (dim) => this.#init.readCoordinate(dim)));
    }
    const slabs = resolved.map((axes) =>
      axes.map(({ start, step, count }) => ({ start: count === 0 ? 0 : start, step, count })),
    );
    const values = await this.#init.readSlabs(slabs, signal);
    const { dtype, unit } = this;
    return resolved.map(
      (axes, i) => new NdArray(values[i] as NdArray["data"], { dtype, ...selectedLayout(axes), unit }),
    );
  }

  async *chunks(options: Options = {}): AsyncGenerator<DataChunk> {
    const blockShape = this.storage.chunkShape ?? rowMajorBlockShape(this, BLOCK_BYTES);
    for (const block of gridBlocks(this.shape, blockShape)) {
      const selection = Object.fromEntries(block.map((range, axis) => [this.dims[axis] as string, range]));
      yield { selection, array: await this.read(selection, options) };
    }
  }
}
