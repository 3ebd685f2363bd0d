import type { Axis, Series } from "../../../core/index.ts";

/** One value at its place on x: a bin from edge to edge, or a point, where `from`, `at` and `to` are equal. */
export interface Cell {
  readonly from: number;
  readonly at: number;
  readonly to: number;
  /** `undefined` is a gap. */
  readonly y: number | undefined;
  readonly error: number | undefined;
}

/** The values of a series at their places; NaN and infinities are gaps, as `null` is. */
export function cellsOf({ kind, x, y, yError }: Series): readonly Cell[] {
  return y.map((value, index) => {
    const from = x[index] as number;
    const to = kind === "steps" ? (x[index + 1] as number) : from;
    return { from, at: (from + to) / 2, to, y: finite(value), error: finite(yError?.[index]) };
  });
}

/** What can be drawn on these axes: on a logarithmic axis, cells at or below zero become gaps. */
export function drawable(
  cells: readonly Cell[],
  axes: { readonly x: Axis; readonly y: Axis },
): { readonly cells: readonly Cell[]; readonly dropped: number } {
  let dropped = 0;
  const kept = cells.map((cell) => {
    if (cell.y === undefined) return cell;
    const fits = (axes.y.scale !== "log" || cell.y > 0) && (axes.x.scale !== "log" || cell.from > 0);
    if (fits) return cell;
    dropped++;
    return { ...cell, y: undefined };
  });
  return { cells: kept, dropped };
}

/** Distance of the points of two series in one row, as a share of the row's height. */
const APART = 0.3;
/** Share of a row that all its points may take. */
const FILLED = 0.8;

/**
 * Cells as wide as their rows, with the points of several series beside each other: equal values hide nothing.
 *
 * @param place - Of the series, among `count` in each row.
 */
export function inRows(
  cells: readonly Cell[],
  { place, count }: { readonly place: number; readonly count: number },
): readonly Cell[] {
  const shift = (place - (count - 1) / 2) * Math.min(APART, FILLED / count);
  return cells.map((cell) => ({ ...cell, from: cell.at - 0.5, at: cell.at + shift, to: cell.at + 0.5 }));
}

/** Cells that are no gap, in runs without gaps between. */
export function runsOf(cells: readonly Cell[]): readonly (readonly (Cell & { readonly y: number })[])[] {
  const runs: (Cell & { readonly y: number })[][] = [];
  let open = false;
  for (const cell of cells) {
    if (cell.y === undefined) {
      open = false;
      continue;
    }
    if (!open) runs.push([]);
    open = true;
    runs.at(-1)?.push({ ...cell, y: cell.y });
  }
  return runs;
}

function finite(value: number | null | undefined): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
