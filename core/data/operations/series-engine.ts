import { performance } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import type { Block } from "../chunk-grid.ts";
import type { NdArray } from "../nd-array.ts";
import type { SeriesOptions } from "./series.ts";
import type { GridInput, SeriesGrid } from "./series-grid.ts";
import type { SeriesPart, SeriesPlan } from "./series-plan.ts";
import { type Spill, SpillFile } from "./series-spill.ts";
import {
  cellsOf,
  gatherSeries,
  readBlock,
  roomFor,
  type Segment,
  type SeriesBlock,
  type SeriesValues,
  transposer,
} from "./series-tile.ts";

/** The series of the cells of a tile. */
export interface LoadedTile {
  readonly tile: Block;
  /** By input. */
  readonly series: readonly (readonly Segment[])[];
}

interface Watched {
  readonly signal?: AbortSignal | undefined;
  /** Told how many values of how many have been read. */
  readonly onRead?: ((part: number) => void) | undefined;
}

/** Others get their turn after so many milliseconds of computing. */
const TURN_MS = 20;

/** Loads tiles, each while the one before is computed. The series are gone when the next one is asked for. */
export async function* loadTiles(grid: SeriesGrid, plan: SeriesPlan, watched: Watched): AsyncGenerator<LoadedTile> {
  watched.signal?.throwIfAborted();
  if (!plan.isSpilled) {
    const tiles = plan.parts.flatMap((part) => part.tiles);
    yield* ahead(tiles, new Room(grid), (tile, room) => loadDirectly(grid, plan, tile, { room, ...watched }));
    return;
  }
  const file = await SpillFile.open(grid.cells * grid.steps * itemBytes(grid));
  try {
    const places = new Map<Block, number>();
    await spill(grid, plan, { file, places }, watched);
    const tiles = plan.parts.flatMap((part) => part.tiles);
    yield* ahead(tiles, new Room(grid), (tile, room) => loadSpilled(grid, plan, tile, { file, places, room }));
  } finally {
    await file.close();
  }
}

function itemBytes({ inputs }: SeriesGrid): number {
  return inputs.reduce((all, input) => all + input.itemBytes, 0);
}

/** Memory for the values of tiles, used again: fresh memory is given back late. */
class Room {
  readonly #spare: SeriesValues[][];
  readonly #inputs: readonly GridInput[];

  constructor({ inputs }: SeriesGrid) {
    this.#inputs = inputs;
    this.#spare = inputs.map(() => []);
  }

  take(input: GridInput, count: number): SeriesValues {
    const spare = this.#spare[this.#inputs.indexOf(input)]?.pop();
    return spare && spare.length >= count ? spare : roomFor(input, count);
  }

  give({ series }: LoadedTile): void {
    for (const [i, segments] of series.entries()) if (segments[0]) this.#spare[i]?.push(segments[0].values);
  }
}

/** Gives what is loaded in order, and loads the next one meanwhile. */
async function* ahead(
  tiles: readonly Block[],
  room: Room,
  load: (tile: Block, room: Room) => Promise<LoadedTile>,
): AsyncGenerator<LoadedTile> {
  const start = (tile: Block | undefined): Promise<LoadedTile> | undefined => {
    const loading = tile && load(tile, room);
    // A failure is told when its turn comes.
    loading?.catch(() => undefined);
    return loading;
  };
  let next = start(tiles[0]);
  try {
    for (let number = 1; next; number++) {
      const loaded: LoadedTile = await next;
      next = start(tiles[number]);
      yield loaded;
      room.give(loaded);
    }
  } finally {
    // So that nothing is read or written after the end.
    await next?.catch(() => undefined);
  }
}

interface Loading {
  readonly room: Room;
}

async function loadDirectly(
  grid: SeriesGrid,
  plan: SeriesPlan,
  tile: Block,
  { room, signal }: Loading & Watched,
): Promise<LoadedTile> {
  const { steps } = grid;
  const series: Segment[][] = [];
  for (const input of grid.inputs) {
    const values = room.take(input, steps * cellsOf(tile));
    for (const block of blocksOf(grid, plan, tile)) {
      const array = await readBlock(grid, input, block, signal);
      transposer(array.data as SeriesValues, values)(array, { at: block.from, pitch: steps });
      signal?.throwIfAborted();
    }
    series.push([{ values, at: 0, from: 0, steps }]);
  }
  return { tile, series };
}

interface Spilled {
  readonly file: SpillFile;
  /** Where the values of a tile begin in the file: those of the first input, then those of the second, … */
  readonly places: Map<Block, number>;
}

/** Reads everything once, and writes it by tiles. */
async function spill(
  grid: SeriesGrid,
  plan: SeriesPlan,
  { file, places }: Spilled,
  { signal, onRead }: Watched,
): Promise<void> {
  let place = 0;
  for (const { tiles } of plan.parts) {
    for (const tile of tiles) {
      places.set(tile, place);
      place += grid.steps * cellsOf(tile) * itemBytes(grid);
    }
  }
  const work = [...spillOrder(grid, plan)];
  const read = (number: number): Promise<NdArray> | undefined => {
    const job = work[number];
    const reading = job && readBlock(grid, job.input, job.block, signal);
    reading?.catch(() => undefined);
    return reading;
  };
  const copies = new Map<GridInput, SeriesValues>();
  let next = read(0);
  try {
    for (const [number, { input, block, part, before }] of work.entries()) {
      const array = (await next) as NdArray;
      next = read(number + 1);
      const count = (block.to - block.from) * cellsOf(block.cells);
      const copy = copies.get(input) ?? roomFor(input, count);
      // The first block is the largest.
      copies.set(input, copy);
      await file.write(
        copy,
        turned({ array, block, part, copy }, (tile) => {
          return (places.get(tile) as number) + cellsOf(tile) * (grid.steps * before + block.from * input.itemBytes);
        }),
      );
      signal?.throwIfAborted();
      onRead?.((number + 1) / work.length);
    }
  } finally {
    await next?.catch(() => undefined);
  }
}

interface SpillJob {
  readonly part: SeriesPart;
  readonly block: SeriesBlock;
  readonly input: GridInput;
  /** Bytes per value of the inputs before. */
  readonly before: number;
}

function* spillOrder(grid: SeriesGrid, plan: SeriesPlan): Generator<SpillJob> {
  for (const part of plan.parts) {
    for (const block of blocksOf(grid, plan, part.cells)) {
      let before = 0;
      for (const input of grid.inputs) {
        yield { part, block, input, before };
        before += input.itemBytes;
      }
    }
  }
}

/** Copies a block by tiles, each cell's values one after another, and says where they go. */
function turned(
  {
    array,
    block,
    part,
    copy,
  }: {
    readonly array: NdArray;
    readonly block: SeriesBlock;
    readonly part: SeriesPart;
    readonly copy: SeriesValues;
  },
  placeOf: (tile: Block) => number,
): Spill[] {
  const steps = block.to - block.from;
  const transpose = transposer(array.data as SeriesValues, copy);
  const spills: Spill[] = [];
  let from = 0;
  for (const tile of part.tiles) {
    let { offset } = array;
    const shape = [steps];
    for (let axis = 0; axis < tile.length; axis++) {
      const { start, stop } = tile[axis] as Block[number];
      offset += (start - (block.cells[axis] as Block[number]).start) * (array.strides[axis + 1] as number);
      shape.push(stop - start);
    }
    transpose({ shape, strides: array.strides, offset }, { at: from, pitch: steps });
    const to = from + steps * cellsOf(tile);
    spills.push({ from, to, position: placeOf(tile) });
    from = to;
  }
  return spills;
}

async function loadSpilled(
  grid: SeriesGrid,
  plan: SeriesPlan,
  tile: Block,
  { file, places, room }: Spilled & Loading,
): Promise<LoadedTile> {
  const { steps } = grid;
  const cells = cellsOf(tile);
  let position = places.get(tile) as number;
  const series: Segment[][] = [];
  for (const input of grid.inputs) {
    const values = room.take(input, steps * cells);
    await file.read(values.subarray(0, steps * cells), position);
    position += steps * cells * input.itemBytes;
    series.push(
      blocksOf(grid, plan, tile).map(({ from, to }) => ({ values, at: from * cells, from, steps: to - from })),
    );
  }
  return { tile, series };
}

/** The blocks in which cells are read over all steps. */
function blocksOf({ steps }: SeriesGrid, { blockSteps }: SeriesPlan, cells: Block): SeriesBlock[] {
  return Array.from({ length: Math.ceil(steps / blockSteps) }, (_, i) => ({
    ...{ from: i * blockSteps, to: Math.min(steps, (i + 1) * blockSteps), cells },
  }));
}

/**
 * Computes the cells of a tile.
 *
 * @param onCell - Told of each: its number in the tile, and its results, whose arrays are used again.
 * @param onTurn - Told now and then how many cells are done.
 */
export async function computeTile(
  grid: SeriesGrid,
  loaded: LoadedTile,
  { kernel, outputs, signal }: SeriesOptions,
  {
    onCell,
    onTurn,
  }: {
    readonly onCell: (cell: number, results: readonly Float64Array[]) => void;
    readonly onTurn?: (cells: number) => void;
  },
): Promise<void> {
  const series = grid.inputs.map(() => new Float64Array(grid.steps));
  const results = outputs.map(({ length }) => new Float64Array(length));
  const count = cellsOf(loaded.tile);
  let turn = performance.now() + TURN_MS;
  for (let cell = 0; cell < count; cell++) {
    for (let i = 0; i < series.length; i++) {
      const { convert } = grid.inputs[i] as GridInput;
      gatherSeries(loaded.series[i] as readonly Segment[], cell, convert, series[i] as Float64Array);
    }
    for (const result of results) result.fill(Number.NaN);
    kernel(series, results);
    onCell(cell, results);
    if (performance.now() < turn) continue;
    onTurn?.(cell + 1);
    await setImmediate();
    signal?.throwIfAborted();
    turn = performance.now() + TURN_MS;
  }
  onTurn?.(count);
}
