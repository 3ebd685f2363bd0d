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
