import { gridBlocks, rowMajorBlockShape } from "../chunk-grid.ts";
import type { Attributes, DataChunk, Storage, Variable } from "../dataset.ts";
import type { DType } from "../dtype.ts";
import { NdArray } from "../nd-array.ts";
import { isByValue, resolveSelection } from "../resolve-selection.ts";
import type { Selection } from "../selection.ts";
import { datesAsNumbers } from "./date-selection.ts";
import type { Decoding } from "./decoding.ts";

/** Blocks of joined characters where the file has no chunks. */
const BLOCK_BYTES = 16e6;

/** What a {@link DecodedVariable} is made of. */
export interface DecodedVariableInit {
  readonly raw: Variable;
  /** `undefined` where only selections by value differ: of a coordinate that is decoded, or that is a time. */
  readonly decoding: Decoding | undefined;
  /** Whether the last dimension of the raw variable becomes the characters of a text. */
  readonly joinsLast: boolean;
  /** Decoded coordinate of a dimension, where there is one. */
  coordinateOf(dim: string): Variable | undefined;
}

interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A variable whose values are decoded when they are read. */
export class DecodedVariable implements Variable {
  readonly name: string;
  readonly path: string;
  readonly dtype: DType;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly unit: string | undefined;
  readonly fillValue: number | bigint | undefined;
  readonly attributes: Attributes;
  readonly storage: Storage;
  readonly raw: Variable;
  readonly #init: DecodedVariableInit;

  constructor(init: DecodedVariableInit) {
    const { raw, decoding, joinsLast } = init;
    const kept = joinsLast ? -1 : undefined;
    this.name = raw.name;
    this.path = raw.path;
    this.dtype = decoding?.dtype ?? raw.dtype;
    this.dims = raw.dims.slice(0, kept);
    this.shape = raw.shape.slice(0, kept);
    this.unit = raw.unit;
    this.fillValue = decoding ? decoding.fillValue : raw.fillValue;
    this.attributes = decoding?.attributes ?? raw.attributes;
    this.storage = storageOf(raw, this.dtype, kept);
    this.raw = raw;
    this.#init = init;
  }

  async read(selection: Selection = {}, options: ReadOptions = {}): Promise<NdArray> {
    return this.#decode(await this.raw.read(await this.#rawSelection(selection, options), options));
  }

  async readMany(selections: readonly Selection[], options: ReadOptions = {}): Promise<readonly NdArray[]> {
    const wanted: Selection[] = [];
    for (const selection of selections) wanted.push(await this.#rawSelection(selection, options));
    return (await this.raw.readMany(wanted, options)).map((array) => this.#decode(array));
  }

  async *chunks(options: ReadOptions = {}): AsyncIterable<DataChunk> {
    if (!this.#init.joinsLast) {
      for await (const { selection, array } of this.raw.chunks(options))
        yield { selection, array: this.#decode(array) };
      return;
    }
    // Not the raw chunks, which may cut texts.
    const blockShape = this.storage.chunkShape ?? rowMajorBlockShape(this, BLOCK_BYTES);
    for (const block of gridBlocks(this.shape, blockShape)) {
      const selection = Object.fromEntries(block.map((range, axis) => [this.dims[axis] as string, range]));
      yield { selection, array: await this.read(selection, options) };
    }
  }

  /** By index where the coordinates that it names are decoded; checked here where the raw variable has a dimension more. */
  async #rawSelection(selection: Selection, options: ReadOptions): Promise<Selection> {
    if (!this.#init.joinsLast && !Object.values(selection).some(isByValue)) return selection;
    const { coordinateOf } = this.#init;
    const byNumber = datesAsNumbers(this.path, selection, coordinateOf);
    const axes = await resolveSelection(this, byNumber, async (dim) => coordinateOf(dim)?.read({}, options));
    return Object.fromEntries(
      axes.map(({ dim, start, step, count, drop }) => {
        if (drop) return [dim, start];
        return [dim, count === 0 ? { start: 0, stop: 0 } : { start, stop: start + (count - 1) * step + 1, step }];
      }),
    );
  }

  #decode(array: NdArray): NdArray {
    const { decoding, joinsLast } = this.#init;
    if (!decoding) return array;
    const kept = joinsLast ? -1 : undefined;
    const shape = array.shape.slice(0, kept);
    let data = decoding.decode(array.values());
    // Of no characters at all there are still so many texts.
    if (joinsLast && array.size === 0) data = new Array<string>(shape.reduce((a, b) => a * b, 1)).fill("");
    return new NdArray(data, {
      dtype: this.dtype,
      shape,
      dims: array.dims.slice(0, kept),
      unit: array.unit,
      fillValue: this.fillValue,
    });
  }
}

function storageOf({ storage, dtype: stored }: Variable, dtype: DType, kept: -1 | undefined): Storage {
  const { chunkShape, typeNote, ...rest } = storage;
  const isPacked = dtype === "float64" && stored !== "float64";
  const note = isPacked ? `packed ${typeNote ?? stored}` : typeNote;
  return {
    ...rest,
    ...(chunkShape && { chunkShape: chunkShape.slice(0, kept) }),
    ...(note !== undefined && { typeNote: note }),
  };
}
