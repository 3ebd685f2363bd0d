import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { type Block, gridBlocks } from "../chunk-grid.ts";
import { type GridInput, product, type SeriesGrid } from "./series-grid.ts";

/** Cells that are read over all steps at a time, and how they are read. */
export interface SeriesPlan {
  /** Shape of a tile of cells; those at the ends are cut. */
  readonly tileShape: readonly number[];
  /** Tiles that lie in the same part of the grid: their blocks are read together. */
  readonly parts: readonly SeriesPart[];
  /** Steps that are read at a time. */
  readonly blockSteps: number;
  /** Whether blocks go through a temporary file, as their chunks would otherwise be decompressed once for each tile. */
  readonly isSpilled: boolean;
}

/** Cells that are read together, in tiles that are computed one after the other. */
export interface SeriesPart {
  readonly cells: Block;
  readonly tiles: readonly Block[];
}

/** Part of the memory in which blocks are read by tiles; the rest holds the tile that is computed, and the next one. */
const BLOCK_PART = 0.25;
/** Reading by tiles may read so many times what there is, before a temporary file is the cheaper way. */
const WORTH_A_FILE = 1.5;
/** A block, and a tile, of more bytes than that is no faster; freed memory of smaller ones is taken back sooner. */
const BLOCK_BYTES = 6e6;
const TILE_BYTES = 8e6;
/** As many times larger are tiles from the file itself, where each is many reads. */
const DIRECT_TILES = 4;

/**
 * How to go through the cells in so much memory.
 *
 * Tiles are made of whole chunks where they fit. Where chunks would so be read more than 1.5 times over all, as in files with
 * a map of many cells per chunk, blocks of whole chunks are read once, in the order of the file, into a temporary file that is sorted
 * by tiles.
 *
 * @param options - `resultBytes`: per cell, where results of tiles are held.
 * @throws `TWIN_INVALID_ARGUMENT` where not one cell fits.
 */
export function planSeries(
  grid: SeriesGrid,
  bytes: number,
  { resultBytes = 0 }: { readonly resultBytes?: number } = {},
): SeriesPlan {
  const { steps, shape, inputs, cells } = grid;
  // Two tiles: one that is computed, one that is read. The number of each cell, and its results.
  const cellBytes = 2 * steps * inputs.reduce((all, { itemBytes }) => all + itemBytes, 0) + 16 + 2 * resultBytes;
  const most = Math.floor(((1 - BLOCK_PART) * bytes) / cellBytes);
  if (most < 1) {
    throw new InvalidArgumentError(
      `Series of ${steps} steps of ${inputs.length} variable(s) do not fit in \`maxBytes\`: beside the results there are ${Math.max(0, Math.floor(bytes))} bytes, and one cell takes ${Math.ceil(cellBytes / (1 - BLOCK_PART))}. Give more.`,
    );
  }
  const largest = inputs.reduce((a, b) => (product(b.chunk) > product(a.chunk) ? b : a));
  const [chunkSteps = 1, ...chunkCells] = largest.chunk;
  // One block is put in place while the next one is read.
  const valueBytes = Math.max(...inputs.map(({ readBytes, itemBytes }) => readBytes + itemBytes));

  const itemBytes = Math.max(...inputs.map((input) => input.itemBytes));
  const small = Math.max(1, Math.min(most, Math.floor((2 * TILE_BYTES) / cellBytes)));
  const read = (tile: readonly number[]): number => Math.max(...inputs.map((input) => readTimes(input, shape, tile)));
  const few = grown(chunkCells, shape, Math.min(most, DIRECT_TILES * small));
  // All the memory is taken only where something is then read fewer times.
  const tileShape = read(few) === 1 ? few : grown(chunkCells, shape, most);
  if (product(tileShape) >= cells || read(tileShape) <= WORTH_A_FILE) {
    const room = Math.min(
      (BLOCK_PART * bytes) / valueBytes,
      Math.max(BLOCK_BYTES / itemBytes, chunkSteps * product(tileShape)),
    );
    const [blockSteps = 1] = grown([chunkSteps], [steps], Math.floor(room / product(tileShape)));
    const tiles = [...gridBlocks(shape, tileShape)];
    return { tileShape, parts: tiles.map((tile) => ({ cells: tile, tiles: [tile] })), blockSteps, isSpilled: false };
  }
  // The tiles are not there yet when blocks are read, so that these have all the memory: less one copy by tiles.
  const [blockSteps = 1, ...partShape] = grown(
    largest.chunk,
    [steps, ...shape],
    Math.floor(Math.min(bytes / (valueBytes + itemBytes), Math.max(BLOCK_BYTES / itemBytes, product(largest.chunk)))),
  );
  const spilledShape = grown(
    partShape.map(() => 1),
    partShape,
    small,
  );
  const parts = [...gridBlocks(shape, partShape)].map((part) => ({
    cells: part,
    tiles: [...tilesWithin(part, spilledShape)],
  }));
  return { tileShape: spilledShape, parts, blockSteps, isSpilled: true };
}

function* tilesWithin(part: Block, tileShape: readonly number[]): Generator<Block> {
  const lengths = part.map(({ start, stop }) => stop - start);
  for (const tile of gridBlocks(lengths, tileShape)) {
    yield tile.map(({ start, stop }, axis) => {
      const from = (part[axis] as Block[number]).start;
      return { start: from + start, stop: from + stop };
    });
  }
}

/** Lengths of at most `most` elements: whole chunks, grown along the last axes first; parts of one where not one fits. */
export function grown(chunk: readonly number[], shape: readonly number[], most: number): readonly number[] {
  const lengths = chunk.map((length, axis) => Math.max(1, Math.min(length, shape[axis] as number)));
  const others = (axis: number): number => product(lengths.filter((_, other) => other !== axis));
  for (let axis = 0; axis < lengths.length && product(lengths) > most; axis++) {
    lengths[axis] = Math.max(1, Math.floor(most / others(axis)));
  }
  for (let axis = lengths.length - 1; axis >= 0; axis--) {
    const length = lengths[axis] as number;
    const fits = Math.floor(most / others(axis));
    const all = Math.max(1, shape[axis] as number);
    lengths[axis] = fits >= all ? all : Math.max(length, fits - (fits % length));
    if (fits < all) break;
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
