import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { type Block, gridBlocks } from "../chunk-grid.ts";
import { type GridInput, product, type SeriesGrid } from "./series-grid.ts";
import type { SeriesBlock } from "./series-tile.ts";

/** Cells that are read over all steps at a time, and how they are read. */
export interface SeriesPlan {
  readonly tiles: readonly Block[];
  /** Of the largest tile. */
  readonly tileShape: readonly number[];
  /** Shape of what is read at a time: [along, cells…]. */
  readonly blockShape: readonly number[];
  /** Whether blocks go through a temporary file, as their chunks would otherwise be decompressed once for each tile. */
  readonly isSpilled: boolean;
}

/** Part of the memory in which blocks are read; the rest holds a tile that is computed, and the next one. */
const BLOCK_PART = 0.3;
/** Reading by tiles may read so many times what there is, before a temporary file is the cheaper way. */
const WORTH_A_FILE = 1.5;

/**
 * How to go through the cells in so much memory.
 *
 * Tiles are made of whole chunks where they fit. Where tiles would have chunks read more than 1.5 times over all, as they do
 * in files with a map of many cells per chunk, blocks of whole chunks are read once, in the order of the file, into a temporary
 * file that is sorted by tiles.
 *
 * @throws `TWIN_INVALID_ARGUMENT` where not one cell fits.
 */
export function planSeries(grid: SeriesGrid, bytes: number): SeriesPlan {
  const { steps, shape, inputs, cells } = grid;
  const cellBytes = 2 * steps * inputs.reduce((all, { itemBytes }) => all + itemBytes, 0);
  const tileCells = Math.floor(((1 - BLOCK_PART) * bytes) / Math.max(1, cellBytes));
  if (tileCells < 1) {
    throw new InvalidArgumentError(
      `Series of ${steps} steps of ${inputs.length} variable(s) do not fit in \`maxBytes\`: beside the results there are ${Math.max(0, Math.floor(bytes))} bytes, and one cell takes ${Math.ceil(cellBytes / (1 - BLOCK_PART))}. Give more.`,
    );
  }
  const largest = inputs.reduce((a, b) => (product(b.chunk) > product(a.chunk) ? b : a));
  const [, ...chunkCells] = largest.chunk;
  const blockBytes = Math.max(...inputs.map(({ readBytes, itemBytes }) => readBytes + 2 * itemBytes));
  const blockValues = Math.floor((BLOCK_PART * bytes) / blockBytes);
  const direct = grown(chunkCells, shape, tileCells);
  const amplification = Math.max(...inputs.map((input) => readTimes(input, shape, direct)));
  const blockSteps = grown([largest.chunk[0] as number], [steps], Math.floor(blockValues / product(direct)));
  return {
    tiles: [...gridBlocks(shape, direct)],
    tileShape: direct,
    blockShape: [blockSteps[0] as number, ...direct],
    isSpilled: cells > product(direct) && amplification > WORTH_A_FILE,
  };
}

/** Lengths of at most `most` elements: whole chunks, grown along the last axes first; parts of one where not one fits. */
export function grown(chunk: readonly number[], shape: readonly number[], most: number): readonly number[] {
  const lengths = chunk.map((length, axis) => Math.max(1, Math.min(length, shape[axis] as number)));
  for (let axis = 0; axis < lengths.length; axis++) {
    const others = product(lengths) / (lengths[axis] as number);
    if (product(lengths) > most) lengths[axis] = Math.max(1, Math.floor(most / others));
  }
  for (let axis = lengths.length - 1; axis >= 0; axis--) {
    const length = lengths[axis] as number;
    const others = product(lengths) / length;
    const fits = Math.floor(most / others);
    const all = Math.max(1, shape[axis] as number);
    if (fits >= all) lengths[axis] = all;
    else lengths[axis] = Math.max(length, fits - (fits % length));
  }
  return lengths;
}

/** How many times the chunks of an input are read, when it is read by tiles over all steps. */
function readTimes({ chunk }: GridInput, shape: readonly number[], tile: readonly number[]): number {
  return shape.reduce((times, length, axis) => {
    const size = chunk[axis + 1] as number;
    let touched = 0;
    for (let start = 0; start < length; start += tile[axis] as number) {
      const stop = Math.min(length, start + (tile[axis] as number));
      touched += Math.ceil(stop / size) - Math.floor(start / size);
    }
    return times * (touched / Math.max(1, Math.ceil(length / size)));
  }, 1);
}

/** The blocks in which some cells are read over all steps. */
export function blocksOf(grid: SeriesGrid, { blockShape }: SeriesPlan, cells: Block): SeriesBlock[] {
  const [blockSteps = 1] = blockShape;
  return [...gridBlocks([grid.steps], [blockSteps])].map(([range]) => ({
    from: range?.start ?? 0,
    to: range?.stop ?? 0,
    cells,
  }));
}
