import { gridBlocks, rowMajorBlockShape } from "./chunk-grid.ts";
import type { Attributes, DataChunk, Storage, Variable } from "./dataset.ts";
import type { DType } from "./dtype.ts";
import { InvalidDatasetError } from "./errors.ts";
import { NdArray } from "./nd-array.ts";
import { type AxisSelection, resolveSelection } from "./resolve-selection.ts";
import type { Selection } from "./selection.ts";

/** Blocks of an array that has no storage chunks. */
const BLOCK_BYTES = 16e6;

/** What an {@link ArrayVariable} is made of. */
export interface ArrayVariableInit {
  readonly name: string;
  readonly path: string;
  readonly array: NdArray;
  readonly attributes?: Attributes;
  readonly storage?: Partial<Storage>;
  /** Coordinate of a dimension, where there is one. */
  coordinateOf(dim: string): NdArray | undefined;
}

/** A variable whose values are in memory. */
export class ArrayVariable implements Variable {
  readonly name: string;
  readonly path: string;
  readonly dtype: DType;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly unit: string | undefined;
  readonly fillValue: number | bigint | undefined;
  readonly attributes: Attributes;
  readonly storage: Storage;
  readonly #array: NdArray;
  readonly #coordinateOf: (dim: string) => NdArray | undefined;

  constructor(init: ArrayVariableInit) {
    const { name, path, array, attributes = {}, storage } = init;
    const unit = agreedUnit(path, array.unit, attributes);
    this.#array = array.withUnit(unit);
    this.#coordinateOf = init.coordinateOf;
    this.name = name;
    this.path = path;
    this.dtype = array.dtype;
    this.dims = array.dims;
    this.shape = array.shape;
    this.unit = unit;
    this.fillValue = agreedFill(path, array.fillValue, attributes);
    // As in a file, where the attributes are all there is.
    this.attributes = {
      ...attributes,
      ...(unit !== undefined && { units: unit }),
      ...(this.fillValue !== undefined && { _FillValue: this.fillValue }),
    };
    this.storage = { filters: [], ...storage };
  }

  async read(selection: Selection = {}, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<NdArray> {
    options.signal?.throwIfAborted();
    const axes = await resolveSelection(this, selection, async (dim) => this.#coordinateOf(dim));
    return select(this.#array, axes).contiguous();
  }

  async readMany(
    selections: readonly Selection[],
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<readonly NdArray[]> {
    const arrays: NdArray[] = [];
    for (const selection of selections) arrays.push(await this.read(selection, options));
    return arrays;
  }

  async *chunks(options: { readonly signal?: AbortSignal | undefined } = {}): AsyncIterable<DataChunk> {
    const blockShape = this.storage.chunkShape ?? rowMajorBlockShape(this, BLOCK_BYTES);
    for (const block of gridBlocks(this.shape, blockShape)) {
      options.signal?.throwIfAborted();
      const selection = Object.fromEntries(block.map((range, axis) => [this.dims[axis] as string, range]));
      yield { selection, array: this.#array.slice(selection).contiguous() };
    }
  }
}

function select(array: NdArray, axes: readonly AxisSelection[]): NdArray {
  return array.slice(
    Object.fromEntries(
      axes.map(({ dim, start, step, count, drop }) => [
        dim,
        drop ? start : { start: count === 0 ? 0 : start, stop: count === 0 ? 0 : start + (count - 1) * step + 1, step },
      ]),
    ),
  );
}

/** An attribute alone makes no value missing: that is for `decodeCf` to say. */
function agreedFill(
  path: string,
  fill: NdArray["fillValue"],
  { _FillValue: attribute }: Attributes,
): NdArray["fillValue"] {
  if (fill === undefined || attribute === undefined) return fill;
  const stated = attribute instanceof NdArray && attribute.size === 1 ? attribute.values()[0] : attribute;
  // As numbers: attributes hold 64-bit integers as numbers where they are safe.
  if (stated === fill || (typeof stated === "number" && stated === Number(fill))) return fill;
  const text = stated instanceof NdArray ? `[${stated.values()}]` : String(stated);
  throw new InvalidDatasetError(
    `"${path}" is an array whose fill value is ${fill}, but its attribute \`_FillValue\` says ${text}.`,
  );
}

function agreedUnit(path: string, unit: string | undefined, { units }: Attributes): string | undefined {
  if (typeof units !== "string") return unit;
  if (unit !== undefined && unit !== units) {
    throw new InvalidDatasetError(`"${path}" is an array in "${unit}", but its attribute \`units\` says "${units}".`);
  }
  return units;
}
