import type { Cell } from "./cells.ts";

/** Half-widths of the ratio axis around 1; the last begins at 0. */
const HALF_WIDTHS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1] as const;
/** Ends of a logarithmic ratio axis; what is larger still is beyond all of them. */
const FACTORS = [5, 10, 20, 50] as const;
const LARGEST_FACTOR = 100;
/** A factor between two that a linear axis does not show well, whichever is the larger. */
const LONG = 1.9;
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

/** A symmetric axis around 1 and its ticks; a logarithmic one finds its own. */
export interface RatioAxis {
  readonly scale: "linear" | "log";
  readonly domain: readonly [number, number];
  readonly ticks?: readonly number[];
}

/**
 * An axis that holds nearly all of the ratios, and three ticks well inside it.
 *
 * @param options - `mayBeLog`: a logarithmic axis where they are all positive and far from 1.
 */
export function ratioAxis(cells: readonly Cell[], { mayBeLog }: { readonly mayBeLog: boolean }): RatioAxis {
  const ratios = cells.flatMap(({ y }) => (y === undefined ? [] : [y]));
  if (mayBeLog && ratios.every((ratio) => ratio > 0)) {
    const needed = nearlyAll(ratios.map((ratio) => Math.abs(Math.log(ratio))));
    const factor = FACTORS.find((one) => FILLED * Math.log(one) >= needed) ?? LARGEST_FACTOR;
    if (needed > Math.log(LONG)) return { scale: "log", domain: [1 / factor, factor] };
  }
  const needed = nearlyAll(ratios.map((ratio) => Math.abs(ratio - 1)));
  const half = HALF_WIDTHS.find((width) => FILLED * width >= needed) ?? 1;
  return { scale: "linear", domain: [1 - half, 1 + half], ticks: [1 - half / 2, 1, 1 + half / 2] };
}

function nearlyAll(distances: readonly number[]): number {
  return distances.toSorted((a, b) => a - b)[Math.ceil(INSIDE * distances.length) - 1] ?? 0;
}
