import { type OnRead, READ_WATCHED, type WatchedVariable } from "../access/watched.ts";
import { datesAsNumbers } from "../cf/date-selection.ts";
import { gridBlocks, rowMajorBlockShape } from "../chunk-grid.ts";
import type { Attributes, DataChunk, Storage, Variable } from "../dataset.ts";
import type { DType } from "../dtype.ts";
import { allocate } from "../layout.ts";
import { NdArray } from "../nd-array.ts";
import { type AxisSelection, resolveSelection, selectedLayout } from "../resolve-selection.ts";
import type { Selection } from "../selection.ts";
import { placeArray } from "./place-array.ts";
import { isFloat } from "./promote.ts";
import { type Run, type Stretch, stretchesOf } from "./runs.ts";

const BLOCK_BYTES = 16e6;

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** Where the values of a {@link FederatedVariable} come from. */
export interface Origin {
  /** Per dimension, the runs of its axis. Where an axis has several parts, those of the other axes are of any part. */
  readonly runs: readonly (readonly Run[])[];
  /** Number of the dimension whose runs tell the part; `undefined` where one part has all. */
  readonly partAxis: number | undefined;
  /** Part of a variable that one part has. */
  readonly part: number;
  /** Number of a part, or `undefined` where a part lacks the variable and its values are missing. */
  readonly reader: (part: number) => PartReader | undefined;
}

/** Reads a variable of one part. */
export interface PartReader {
  /** Names of the dimensions in the part. */
  readonly dims: readonly string[];
  readMany(
    selections: readonly Selection[],
    options: Abortable & { readonly onRead?: OnRead | undefined },
  ): Promise<readonly NdArray[]>;
  /** Makes the part's values the federation's. */
  readonly convert: ((array: NdArray) => NdArray) | undefined;
}

/** What a {@link FederatedVariable} is made of. */
export interface FederatedVariableInit {
  readonly name: string;
  readonly path: string;
  readonly dtype: DType;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly unit: string | undefined;
  readonly fillValue: number | bigint | undefined;
  readonly attributes: Attributes;
  readonly storage: Storage;
  readonly origin: Origin;
  coordinateOf(dim: string): Variable | undefined;
  /** Refuses what may need a part that was away when the federation was opened. */
  checkComplete(axes: readonly AxisSelection[], selection: Selection, options: Abortable): Promise<void>;
}

/** What is read of one part for one of the results. */
interface Piece {
  readonly result: number;
  readonly corner: readonly number[];
  readonly shape: readonly number[];
  readonly stretches: readonly Stretch[];
}

/** A variable whose values lie in several parts. */
export class FederatedVariable implements WatchedVariable {
  readonly name: string;
  readonly path: string;
  readonly dtype: DType;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly unit: string | undefined;
  readonly fillValue: number | bigint | undefined;
  readonly attributes: Attributes;
  readonly storage: Storage;
  readonly #init: FederatedVariableInit;

  constructor(init: FederatedVariableInit) {
    this.name = init.name;
    this.path = init.path;
    this.dtype = init.dtype;
    this.dims = init.dims;
    this.shape = init.shape;
    this.unit = init.unit;
    this.fillValue = init.fillValue;
    this.attributes = init.attributes;
    this.storage = init.storage;
    this.#init = init;
  }

  async read(selection: Selection = {}, options: Abortable = {}): Promise<NdArray> {
    return (await this[READ_WATCHED]([selection], options))[0] as NdArray;
  }

  async readMany(selections: readonly Selection[], options: Abortable = {}): Promise<readonly NdArray[]> {
    return await this[READ_WATCHED](selections, options);
  }

  async *chunks(options: Abortable = {}): AsyncIterable<DataChunk> {
    const { shape, dtype, dims } = this;
    const { chunkShape } = this.storage;
    for (const block of gridBlocks(shape, rowMajorBlockShape({ shape, dtype, chunkShape }, BLOCK_BYTES))) {
      const selection = Object.fromEntries(block.map((range, axis) => [dims[axis] as string, range]));
      yield { selection, array: await this.read(selection, options) };
    }
  }

  async [READ_WATCHED](
    selections: readonly Selection[],
    options: Abortable,
    onRead?: OnRead,
  ): Promise<readonly NdArray[]> {
    options.signal?.throwIfAborted();
    const { origin, coordinateOf, checkComplete } = this.#init;
    const resolved: (readonly AxisSelection[])[] = [];
    for (const given of selections) {
      const selection = datesAsNumbers(this.path, given, coordinateOf);
      const axes = await resolveSelection(this, selection, async (dim) => await coordinateOf(dim)?.read({}, options));
      await checkComplete(axes, selection, options);
      resolved.push(axes);
    }
    const pieces = new Map<number, Piece[]>();
    for (const [result, axes] of resolved.entries()) {
      for (const piece of piecesOf(axes, origin, result)) {
        const part = partOf(piece, origin);
        const those = pieces.get(part);
        if (those) those.push(piece);
        else pieces.set(part, [piece]);
      }
    }
    const results = new Array<NdArray | undefined>(selections.length);
    const counts = new Array<number>(selections.length).fill(0);
    for (const piece of [...pieces.values()].flat()) counts[piece.result] = (counts[piece.result] as number) + 1;
    const target = (result: number): NdArray =>
      (results[result] ??= this.#array(resolved[result] as readonly AxisSelection[]));
    const parts = [...pieces].map(async ([part, those]) => {
      const reader = origin.reader(part);
      if (!reader) {
        for (const piece of those) this.#fill(target(piece.result), piece);
        return;
      }
      const arrays = await reader.readMany(
        those.map((piece) => selectionOf(piece, reader.dims)),
        { signal: options.signal, onRead },
      );
      those.forEach((piece, number) => {
        const read = arrays[number] as NdArray;
        const converted = reader.convert ? reader.convert(read) : read;
        const turned = reversed(converted, piece.stretches);
        // The one piece of a result is the result.
        if (counts[piece.result] === 1) results[piece.result] = turned.contiguous();
        else placeArray(target(piece.result), piece.corner, turned);
      });
    });
    await settled(parts);
    return resolved.map((axes, result) => {
      const array = results[result] ?? this.#array(axes);
      const { shape, dims } = selectedLayout(axes);
      const { dtype, unit, fillValue } = this;
      return new NdArray(array.data, { dtype, shape, dims, unit, fillValue, offset: array.offset });
    });
  }

  #array(axes: readonly AxisSelection[]): NdArray {
    const shape = axes.map(({ count }) => count);
    const size = shape.reduce((product, length) => product * length, 1);
    return new NdArray(allocate(this.dtype, size), { dtype: this.dtype, shape });
  }

  /** Values that a part lacks are missing; that there is a value for it was seen when the federation was opened. */
  #fill(target: NdArray, { corner, shape }: Piece): void {
    const size = shape.reduce((product, length) => product * length, 1);
    const data = allocate(this.dtype, size) as Exclude<NdArray["data"], string[]>;
    data.fill((isFloat(this.dtype) ? Number.NaN : this.fillValue) as never);
    placeArray(target, corner, new NdArray(data, { dtype: this.dtype, shape }));
  }
}

/** Waits for all, so that nothing is written after the failure is told; then throws the first one. */
async function settled(work: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) {
    if (outcome.status === "rejected") throw outcome.reason;
  }
}

function partOf({ stretches }: Piece, { partAxis, part }: Origin): number {
  return partAxis === undefined ? part : (stretches[partAxis] as Stretch).part;
}

/** Every combination of the stretches along the axes. */
function* piecesOf(axes: readonly AxisSelection[], { runs }: Origin, result: number): Generator<Piece> {
  const perAxis = axes.map((axis, number) => stretchesOf(runs[number] as readonly Run[], axis));
  if (perAxis.some((stretches) => stretches.length === 0)) return;
  const chosen = perAxis.map(() => 0);
  for (;;) {
    const stretches = perAxis.map((each, axis) => each[chosen[axis] as number] as Stretch);
    yield { result, stretches, corner: stretches.map(({ at }) => at), shape: stretches.map(({ count }) => count) };
    let axis = perAxis.length - 1;
    for (; axis >= 0; axis--) {
      chosen[axis] = (chosen[axis] as number) + 1;
      if ((chosen[axis] as number) < (perAxis[axis] as Stretch[]).length) break;
      chosen[axis] = 0;
    }
    if (axis < 0) return;
  }
}

function selectionOf({ stretches }: Piece, dims: readonly string[]): Selection {
  return Object.fromEntries(
    stretches.map(({ low, count, step }, axis) => [
      dims[axis] as string,
      { start: low, stop: low + (count - 1) * step + 1, step },
    ]),
  );
}

/** A view with the axes turned round that lie the other way in the part. */
function reversed(array: NdArray, stretches: readonly Stretch[]): NdArray {
  if (!stretches.some(({ isReversed }) => isReversed)) return array;
  let { offset } = array;
  const strides = array.strides.map((stride, axis) => {
    if (!(stretches[axis] as Stretch).isReversed) return stride;
    offset += ((array.shape[axis] as number) - 1) * stride;
    return -stride;
  });
  const { dtype, shape, dims, unit, fillValue } = array;
  return new NdArray(array.data, { dtype, shape, dims, unit, fillValue, strides, offset });
}
