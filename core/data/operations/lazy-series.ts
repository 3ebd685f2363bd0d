import { type Block, bytesPerElement } from "../chunk-grid.ts";
import type { Attributes, DataChunk, Storage, Variable } from "../dataset.ts";
import { Gate } from "../federate/gate.ts";
import { placeArray } from "../federate/place-array.ts";
import { allocate } from "../layout.ts";
import { NdArray, type SliceRange } from "../nd-array.ts";
import { type AxisSelection, resolveSelection, selectedLayout } from "../resolve-selection.ts";
import type { Selection } from "../selection.ts";
import { DEFAULT_BYTES } from "./map-series.ts";
import type { SeriesInput, SeriesOptions, SeriesOutput } from "./series.ts";
import { computeTile, loadTiles } from "./series-engine.ts";
import { type SeriesGrid, seriesGrid } from "./series-grid.ts";
import { planSeries, type SeriesPart, type SeriesPlan } from "./series-plan.ts";
import { cellsOf } from "./series-tile.ts";

/**
 * As `mapSeries`, for results as long as the data: computed when they are read, tile by tile of cells. A variable's chunks are
 * [whole series, tile]; whoever goes through them has each tile computed once. A read computes the tiles that it touches,
 * and the last one is kept, for all results together. Memory stays within `maxBytes` beside the array that a read gives.
 *
 * @returns By name. They have no coordinates: they are read by index. The `signal` of the options ends all reads.
 * @throws As `mapSeries`; what reading and the kernel throw, when a variable is read.
 */
export async function lazySeries(
  inputs: readonly SeriesInput[],
  options: SeriesOptions,
): Promise<Readonly<Record<string, Variable>>> {
  const grid = seriesGrid(inputs, options);
  const resultBytes = options.outputs.reduce((all, output) => all + output.length * itemBytes(output), 0);
  const plan = planSeries(grid, options.maxBytes ?? DEFAULT_BYTES, { resultBytes });
  const tiles = new SeriesTiles(grid, plan, options);
  return Object.fromEntries(
    options.outputs.map((output, number) => [output.name, new LazySeriesVariable(tiles, output, number)]),
  );
}

function itemBytes({ dtype }: SeriesOutput): number {
  return bytesPerElement(dtype ?? "float64");
}

/** All results of a tile. */
interface ComputedTile {
  readonly tile: Block;
  /** By output: [length, cells…]. */
  readonly arrays: readonly NdArray[];
}

/** Computes tiles of all results; one at a time, as each has all the memory. */
class SeriesTiles {
  readonly grid: SeriesGrid;
  readonly plan: SeriesPlan;
  readonly #options: SeriesOptions;
  readonly #gate = new Gate(1);
  #last: ComputedTile | undefined;

  constructor(grid: SeriesGrid, plan: SeriesPlan, options: SeriesOptions) {
    this.grid = grid;
    this.plan = plan;
    this.#options = options;
  }

  /** Computes the tiles that are wanted, and gives each to `take`. */
  async compute(
    isWanted: (tile: Block) => boolean,
    take: (computed: ComputedTile) => void,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    await this.#gate.pass(async () => {
      const parts = this.plan.parts
        .map(({ cells, tiles }): SeriesPart => ({ cells, tiles: tiles.filter(isWanted) }))
        .filter(({ tiles }) => tiles.length > 0);
      const [first, ...others] = parts.flatMap(({ tiles }) => tiles);
      if (!first) return;
      if (others.length === 0 && this.#last?.tile === first) {
        take(this.#last);
        return;
      }
      for await (const computed of this.all(parts, signal)) take(computed);
    }, signal);
  }

  async *all(parts: readonly SeriesPart[], signal: AbortSignal | undefined): AsyncGenerator<ComputedTile> {
    const { grid, plan } = this;
    const options = { ...this.#options, signal: anyOf(this.#options.signal, signal) };
    const count = parts.reduce((all, { tiles }) => all + tiles.length, 0);
    // A single tile is read as it lies: a file of all of its chunks would be read once, too.
    const own = { ...plan, parts, isSpilled: plan.isSpilled && count > 1 };
    this.#last = undefined;
    for await (const loaded of loadTiles(grid, own, options)) {
      const { tile } = loaded;
      const cells = cellsOf(tile);
      const data = options.outputs.map(({ dtype, length }) => allocate(dtype ?? "float64", length * cells));
      await computeTile(grid, loaded, options, {
        onCell: (cell, results) => {
          for (const [i, result] of results.entries()) scatter(result, data[i] as Float64Array, cell, cells);
        },
      });
      const shape = tile.map(({ start, stop }) => stop - start);
      this.#last = {
        tile,
        arrays: options.outputs.map(({ dim, length, dtype = "float64", unit }, i) => {
          return new NdArray(data[i] as Float64Array, {
            ...{ dtype: dtype as "float64", shape: [length, ...shape], dims: [dim, ...grid.dims], unit },
          });
        }),
      };
      yield this.#last;
    }
  }
}

function anyOf(a: AbortSignal | undefined, b: AbortSignal | undefined): AbortSignal | undefined {
  return a && b ? AbortSignal.any([a, b]) : (a ?? b);
}

function scatter(result: Float64Array, data: Float64Array | Float32Array, at: number, stride: number): void {
  for (let i = 0, position = at; i < result.length; i++, position += stride) data[position] = result[i] as number;
}

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

class LazySeriesVariable implements Variable {
  readonly name: string;
  readonly path: string;
  readonly dtype: "float32" | "float64";
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly unit: string | undefined;
  readonly attributes: Attributes;
  readonly storage: Storage;
  readonly #tiles: SeriesTiles;
  /** Of the output. */
  readonly #number: number;

  constructor(tiles: SeriesTiles, { name, dim, length, dtype, unit }: SeriesOutput, number: number) {
    const { dims, shape } = tiles.grid;
    this.name = name;
    this.path = `/${name}`;
    this.dtype = dtype ?? "float64";
    this.dims = [dim, ...dims];
    this.shape = [length, ...shape];
    this.unit = unit;
    this.attributes = unit === undefined ? {} : { units: unit };
    this.storage = { chunkShape: [Math.max(1, length), ...tiles.plan.tileShape], filters: [] };
    this.#tiles = tiles;
    this.#number = number;
  }

  async read(selection: Selection = {}, options: Abortable = {}): Promise<NdArray> {
    return (await this.readMany([selection], options))[0] as NdArray;
  }

  async readMany(selections: readonly Selection[], options: Abortable = {}): Promise<readonly NdArray[]> {
    options.signal?.throwIfAborted();
    const wanted: (readonly AxisSelection[])[] = [];
    for (const each of selections) wanted.push(await resolveSelection(this, each, async () => undefined));
    const arrays = wanted.map((axes) => {
      const shape = axes.map(({ count }) => count);
      const size = shape.reduce((all, length) => all * length, 1);
      return new NdArray(allocate(this.dtype, size), { dtype: this.dtype, shape, dims: this.dims });
    });
    await this.#tiles.compute(
      (tile) => wanted.some((axes) => overlap(axes, this.#blockOf(tile)) !== undefined),
      (computed) => {
        for (const [i, axes] of wanted.entries()) this.#put(computed, axes, arrays[i] as NdArray);
      },
      options.signal,
    );
    return arrays.map(({ data }, i) => {
      const axes = wanted[i] as readonly AxisSelection[];
      return new NdArray(data, { dtype: this.dtype, unit: this.unit, ...selectedLayout(axes) });
    });
  }

  async *chunks({ signal }: Abortable = {}): AsyncGenerator<DataChunk> {
    signal?.throwIfAborted();
    for await (const { tile, arrays } of this.#tiles.all(this.#tiles.plan.parts, signal)) {
      const selection = Object.fromEntries(
        this.#blockOf(tile).map((range, axis) => [this.dims[axis] as string, range]),
      );
      yield { selection, array: arrays[this.#number] as NdArray };
    }
  }

  #blockOf(tile: Block): Block {
    return [{ start: 0, stop: this.shape[0] as number }, ...tile];
  }

  #put({ tile, arrays }: ComputedTile, axes: readonly AxisSelection[], target: NdArray): void {
    const shared = overlap(axes, this.#blockOf(tile));
    if (!shared) return;
    const within = Object.fromEntries(shared.map(({ range }, axis) => [this.dims[axis] as string, range]));
    const corner = shared.map(({ at }) => at);
    placeArray(target, corner, (arrays[this.#number] as NdArray).slice(within));
  }
}

/** Per axis, what a selection asks of a block: which of its elements, and where in the result the first goes. */
function overlap(
  axes: readonly AxisSelection[],
  block: Block,
): readonly { readonly range: SliceRange; readonly at: number }[] | undefined {
  const shared: { readonly range: SliceRange; readonly at: number }[] = [];
  for (const [axis, { start, step, count }] of axes.entries()) {
    const { start: from, stop } = block[axis] as Block[number];
    const first = Math.max(0, Math.ceil((from - start) / step));
    const end = Math.min(count, Math.ceil((stop - start) / step));
    if (end <= first) return undefined;
    const low = start + first * step - from;
    shared.push({ range: { start: low, stop: low + (end - first - 1) * step + 1, step }, at: first });
  }
  return shared;
}
