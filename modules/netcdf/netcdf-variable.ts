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
/** Slabs read at a time. */
const CONCURRENCY = 8;

/** What a variable is made of. */
export interface NetcdfVariableInit {
  readonly name: string;
  readonly path: string;
  readonly dtype: DType;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly attributes: Attributes;
  readonly storage: Storage;
  /** Elements of a slab, row-major, in an array of their own. */
  readSlab(slab: Slab, signal: AbortSignal | undefined): Promise<NdArray["data"]>;
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
  readonly #init: Pick<NetcdfVariableInit, "readSlab" | "readCoordinate">;

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

  async read(selection: Selection = {}, { signal }: Options = {}): Promise<NdArray> {
    signal?.throwIfAborted();
    return await this.#read(await this.#resolve(selection), signal);
  }

  async readMany(selections: readonly Selection[], { signal }: Options = {}): Promise<readonly NdArray[]> {
    signal?.throwIfAborted();
    const resolved: (readonly AxisSelection[])[] = [];
    for (const selection of selections) resolved.push(await this.#resolve(selection));
    const arrays: NdArray[] = [];
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < resolved.length) {
        const at = next++;
        arrays[at] = await this.#read(resolved[at] as readonly AxisSelection[], signal);
      }
    };
    await Promise.all(Array.from({ length: Math.min(CONCURRENCY, resolved.length) }, work));
    return arrays;
  }

  async *chunks(options: Options = {}): AsyncGenerator<DataChunk> {
    const blockShape = this.storage.chunkShape ?? rowMajorBlockShape(this, BLOCK_BYTES);
    for (const block of gridBlocks(this.shape, blockShape)) {
      const selection = Object.fromEntries(block.map((range, axis) => [this.dims[axis] as string, range]));
      yield { selection, array: await this.read(selection, options) };
    }
  }

  #resolve(selection: Selection): Promise<readonly AxisSelection[]> {
    return resolveSelection(this, selection, (dim) => this.#init.readCoordinate(dim));
  }

  async #read(axes: readonly AxisSelection[], signal: AbortSignal | undefined): Promise<NdArray> {
    const slab = axes.map(({ start, step, count }) => ({ start: count === 0 ? 0 : start, step, count }));
    const { dtype, unit } = this;
    return new NdArray(await this.#init.readSlab(slab, signal), { dtype, ...selectedLayout(axes), unit });
  }
}
