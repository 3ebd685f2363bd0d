import { performance } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import type { Block } from "../chunk-grid.ts";
import type { SeriesOptions } from "./series.ts";
import type { SeriesGrid } from "./series-grid.ts";
import { blocksOf, type SeriesPlan } from "./series-plan.ts";
import { cellsOf, gatherSeries, readBlock, roomFor, type Segment, transposeInto } from "./series-tile.ts";

/** Told of each cell: its number in the tile, and its results, whose arrays are used again. */
export type OnCell = (cell: number, results: readonly Float64Array[]) => void;

/** Others get their turn after so many milliseconds of computing. */
const TURN_MS = 20;

/** Series of the cells of a tile, by input. */
type Tile = readonly (readonly Segment[])[];

/** Computes tiles, one after the other; the next one is read meanwhile. */
export async function computeTiles(
  grid: SeriesGrid,
  plan: SeriesPlan,
  options: SeriesOptions,
  consume: (tile: Block) => OnCell,
): Promise<void> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const { tiles } = plan;
  const total = Math.max(1, grid.cells);
  let done = 0;
  const load = (number: number): Promise<Tile> | undefined => {
    const tile = tiles[number];
    const loading = tile && loadTile(grid, plan, tile, signal);
    // The failure is told when its turn comes; until then it is nobody's.
    loading?.catch(() => undefined);
    return loading;
  };
  let next = load(0);
  try {
    for (const [number, tile] of tiles.entries()) {
      const values = (await next) as Tile;
      next = load(number + 1);
      await computeTile(grid, { tile, values }, options, consume(tile));
      done += cellsOf(tile);
      onProgress?.(done / total);
    }
  } finally {
    await next?.catch(() => undefined);
  }
}

async function loadTile(
  grid: SeriesGrid,
  plan: SeriesPlan,
  tile: Block,
  signal: AbortSignal | undefined,
): Promise<Tile> {
  const { steps } = grid;
  const segments: Segment[][] = [];
  for (const input of grid.inputs) {
    const values = roomFor(input, steps * cellsOf(tile));
    for (const block of blocksOf(grid, plan, tile)) {
      const array = await readBlock(grid, input, block, signal);
      transposeInto(array, values, { at: block.from, pitch: steps });
      signal?.throwIfAborted();
    }
    segments.push([{ values, at: 0, from: 0, steps }]);
  }
  return segments;
}

async function computeTile(
  grid: SeriesGrid,
  { tile, values }: { readonly tile: Block; readonly values: Tile },
  { kernel, outputs, signal }: SeriesOptions,
  onCell: OnCell,
): Promise<void> {
  const series = grid.inputs.map(() => new Float64Array(grid.steps));
  const results = outputs.map(({ length }) => new Float64Array(length));
  const count = cellsOf(tile);
  let turn = performance.now() + TURN_MS;
  for (let cell = 0; cell < count; cell++) {
    for (const [i, { convert }] of grid.inputs.entries()) {
      gatherSeries(values[i] as readonly Segment[], cell, convert, series[i] as Float64Array);
    }
    for (const result of results) result.fill(Number.NaN);
    kernel(series, results);
    onCell(cell, results);
    if (performance.now() < turn) continue;
    await setImmediate();
    signal?.throwIfAborted();
    turn = performance.now() + TURN_MS;
  }
}
