import {
  type Attributes,
  type DataChunk,
  type DType,
  gridBlocks,
  NdArray,
  resolveSelection,
  type Selection,
  type Storage,
  selectedLayout,
  type Variable,
} from "../../core/index.ts";
import type { ChunkReader } from "./chunk-reader.ts";
import { CodecProblem, filterNames } from "./codec-plan.ts";
import type { StoredArray } from "./stored-array.ts";

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** What a {@link ZarrVariable} is made of. */
export interface ZarrVariableInit {
  readonly array: StoredArray;
  readonly reader: ChunkReader;
  readonly name: string;
  readonly path: string;
  readonly dims: readonly string[];
  readonly attributes: Attributes;
  readCoordinate(dim: string): Promise<NdArray | undefined>;
}

/** An array of a store as a variable. */
export class ZarrVariable implements Variable {
  readonly name: string;
  readonly path: string;
  readonly dtype: DType;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly unit: string | undefined;
  readonly attributes: Attributes;
  readonly storage: Storage;
  readonly #init: ZarrVariableInit;

  constructor(init: ZarrVariableInit) {
    const { array, attributes } = init;
    const { units } = attributes;
    this.#init = init;
    this.name = init.name;
    this.path = init.path;
    this.dtype = array.type.dtype;
    this.dims = init.dims;
    this.shape = array.shape;
    this.unit = typeof units === "string" ? units : undefined;
    this.attributes = attributes;
    this.storage = storageOf(array);
  }

  async read(selection: Selection = {}, options: Abortable = {}): Promise<NdArray> {
    options.signal?.throwIfAborted();
    const axes = await resolveSelection(this, selection, this.#init.readCoordinate);
    const slab = axes.map(({ start, step, count }) => ({ start: count === 0 ? 0 : start, step, count }));
    const data = await this.#init.reader.read(slab, options);
    return new NdArray(data, { dtype: this.dtype, unit: this.unit, ...selectedLayout(axes) });
  }

  async readMany(selections: readonly Selection[], options: Abortable = {}): Promise<readonly NdArray[]> {
    options.signal?.throwIfAborted();
    const arrays: NdArray[] = [];
    for (const selection of selections) arrays.push(await this.read(selection, options));
    return arrays;
  }

  async *chunks(options: Abortable = {}): AsyncGenerator<DataChunk> {
    options.signal?.throwIfAborted();
    for (const block of gridBlocks(this.shape, this.#init.array.chunkShape)) {
      const selection = Object.fromEntries(block.map((range, axis) => [this.dims[axis] as string, range]));
      yield { selection, array: await this.read(selection, options) };
    }
  }
}

function storageOf({ chunkShape, type, plan }: StoredArray): Storage {
  const problem = plan instanceof CodecProblem ? plan : undefined;
  const swapped = plan instanceof CodecProblem || !plan.bigEndian || type.bytes < 2 ? "" : `big-endian ${type.dtype}`;
  const note = problem ? `unreadable: ${problem.message}` : (type.note ?? swapped);
  return {
    ...(chunkShape.length > 0 && { chunkShape }),
    filters: plan instanceof CodecProblem ? [] : filterNames(plan),
    ...(note !== "" && { typeNote: note }),
  };
}
