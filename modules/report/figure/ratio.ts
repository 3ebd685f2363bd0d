import type { Cell } from "./cells.ts";

/** Half-widths of the ratio axis around 1; the last begins at 0. */
const HALF_WIDTHS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1] as const;
/** Share of the axis that they may fill: a marker at its very edge is cut in half. */
const FILLED = 0.9;
/** Share of the ratios that must lie inside the axis; what is outside is drawn as an arrow at its edge. */
const INSIDE = 0.9;

/**
 * Values divided by those of a reference at the same places; a gap where the reference is one, or zero.
 *
 * The error is that of the numerator alone: the reference's own is drawn as a band around 1, and adding it here would
 * count it twice.
 *
 * @returns `undefined` when the two are not at the same places.
 */
export function ratioCells(cells: readonly Cell[], reference: readonly Cell[]): readonly Cell[] | undefined {
  if (!atSamePlaces(cells, reference)) return undefined;
  return cells.map((cell, index) => {
    const by = reference[index]?.y;
    if (cell.y === undefined || by === undefined || by === 0) return { ...cell, y: undefined, error: undefined };
    return { ...cell, y: cell.y / by, error: cell.error === undefined ? undefined : cell.error / Math.abs(by) };
  });
}

/** The reference divided by itself: 1 with its relative error. */
export function unityCells(reference: readonly Cell[]): readonly Cell[] {
  return ratioCells(reference, reference) ?? [];
}

/** Points may lie anywhere within the bin they are compared with. */
function atSamePlaces(a: readonly Cell[], b: readonly Cell[]): boolean {
  return a.length === b.length && a.every((cell, index) => overlaps(cell, b[index] as Cell));
}

function overlaps(a: Cell, b: Cell): boolean {
  if (a.from < a.to && b.from < b.to) return isClose(a.from, b.from) && isClose(a.to, b.to);
  if (a.from < a.to) return a.from <= b.at && b.at <= a.to;
  if (b.from < b.to) return b.from <= a.at && a.at <= b.to;
  return isClose(a.at, b.at);
}

function isClose(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
}

/** A symmetric axis around 1 that holds nearly all of the ratios, and three ticks well inside it. */
export function ratioDomain(cells: readonly Cell[]): {
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
} {
  const distances = cells.flatMap(({ y }) => (y === undefined ? [] : [Math.abs(y - 1)])).sort((a, b) => a - b);
  const needed = distances[Math.ceil(INSIDE * distances.length) - 1] ?? 0;
  const half = HALF_WIDTHS.find((width) => FILLED * width >= needed) ?? 1;
  return { domain: [1 - half, 1 + half], ticks: [1 - half / 2, 1, 1 + half / 2] };
}
