import { type StormGrid, squaredBetween, type Visits } from "./grid.ts";
import { squaredChord } from "./sphere.ts";

/** Whether a contour around a point is closed; `"edge"` where the data end before that is known. */
export type ContourState = "yes" | "edge" | "no";

/** What must rise by how much, within how many degrees. */
export interface ContourSearch {
  /** Values of all points; NaN is missing. `-1` as `sign` looks for a fall. */
  readonly field: Float64Array;
  readonly sign: 1 | -1;
  readonly start: number;
  readonly change: number;
  readonly radius: number;
}

/**
 * The criterion of a closed contour: every path from the start to the radius meets a value that is higher by the change. Found by
 * flooding from the start all that is lower than that, outward first: a way out is found long before all the rest is seen. Where the
 * flood comes to the end of the data and does not leave the radius, it is not known: `"edge"`. Paths go to all eight neighbours.
 *
 * @see P. A. Ullrich and C. M. Zarzycki, Geosci. Model Dev. 10 (2017) 1069: the closed contour criterion; TempestExtremes,
 *   `DetectNodes --closedcontourcmd`.
 */
export function closedContour(grid: StormGrid, visits: Visits, search: ContourSearch): ContourState {
  const { field, sign, start, change, radius } = search;
  const { marks, queue: stack } = visits;
  const mark = ++visits.search;
  const limit = squaredChord(radius);
  const level = sign * (field[start] as number) + change;
  let state: ContourState = "yes";
  let end = 0;
  stack[end++] = start;
  marks[start] = mark;
  while (end > 0) {
    const point = stack[--end] as number;
    if (grid.isRim[point] === 1) state = "edge";
    let farthest = -1;
    for (let i = grid.first[point] as number; i < (grid.first[point + 1] as number); i++) {
      const next = grid.neighbours[i] as number;
      if (marks[next] === mark) continue;
      marks[next] = mark;
      const value = sign * (field[next] as number);
      if (Number.isNaN(value)) state = "edge";
      else if (value < level) {
        const squared = squaredBetween(grid, start, next);
        if (squared > limit) return "no";
        stack[end++] = next;
        if (squared > farthest) farthest = squared;
        else {
          // The farthest goes on top.
          stack[end - 1] = stack[end - 2] as number;
          stack[end - 2] = next;
        }
      }
    }
  }
  return state;
}

/** Whether the data end beside a point: at the end of the grid, or at a missing value. */
export function isAtRim(grid: StormGrid, field: Float64Array, point: number): boolean {
  if (grid.isRim[point] === 1) return true;
  for (let i = grid.first[point] as number; i < (grid.first[point + 1] as number); i++) {
    if (Number.isNaN(field[grid.neighbours[i] as number] as number)) return true;
  }
  return false;
}
