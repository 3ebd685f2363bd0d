import type { AxisSelection } from "../resolve-selection.ts";

/** Consecutive indices of an axis of the federation, and where they lie: `from`, `from + step`, … of one part. */
export interface Run {
  /** First index on the axis of the federation. */
  readonly start: number;
  readonly count: number;
  /** Number of the part. */
  readonly part: number;
  /** Index, in the part, of the first. */
  readonly from: number;
  /** 1, or -1 where the part lies the other way round. */
  readonly step: 1 | -1;
}

/** A stretch of a selection that one run serves. */
export interface Stretch {
  /** Number of the part. */
  readonly part: number;
  /** FederatedPlace of the first index in the selection. */
  readonly at: number;
  readonly count: number;
  /** Lowest index in the part. */
  readonly low: number;
  /** Distance of the indices in the part, 1 or more. */
  readonly step: number;
  /** Whether the part's indices fall as the selection's rise. */
  readonly isReversed: boolean;
}

/** Makes runs of the place of every index, in order. */
export function runsOf(places: Iterable<{ readonly part: number; readonly index: number }>): readonly Run[] {
  const runs: Run[] = [];
  let run: { start: number; count: number; part: number; from: number; step: 1 | -1 } | undefined;
  let position = 0;
  for (const { part, index } of places) {
    const away = run && run.part === part ? index - run.from : 0;
    if (run && run.count === 1 && (away === 1 || away === -1)) {
      run.step = away;
      run.count = 2;
    } else if (run && run.count > 1 && run.part === part && away === run.step * run.count) {
      run.count++;
    } else {
      run = { start: position, count: 1, part, from: index, step: 1 };
      runs.push(run);
    }
    position++;
  }
  return runs;
}

/** The run of a whole axis that lies in a part as it does in the federation. */
export function wholeRun(length: number, part: number): Run {
  return { start: 0, count: length, part, from: 0, step: 1 };
}

/** What a selection along an axis asks of each run, in its order. */
export function stretchesOf(runs: readonly Run[], axis: Pick<AxisSelection, "start" | "step" | "count">): Stretch[] {
  const stretches: Stretch[] = [];
  const end = axis.start + (axis.count - 1) * axis.step;
  for (let number = firstRun(runs, axis.start); number < runs.length; number++) {
    const run = runs[number] as Run;
    if (axis.count === 0 || run.start > end) break;
    const first = Math.max(0, Math.ceil((run.start - axis.start) / axis.step));
    const last = Math.min(axis.count - 1, Math.floor((run.start + run.count - 1 - axis.start) / axis.step));
    if (last < first) continue;
    const own = (place: number): number => run.from + run.step * (axis.start + place * axis.step - run.start);
    const isReversed = run.step < 0 && last > first;
    stretches.push({
      part: run.part,
      at: first,
      count: last - first + 1,
      low: Math.min(own(first), own(last)),
      step: axis.step,
      isReversed,
    });
  }
  return stretches;
}

/** Number of the run that an index is in. */
export function firstRun(runs: readonly Run[], index: number): number {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const run = runs[middle] as Run;
    if (run.start + run.count <= index) low = middle + 1;
    else high = middle;
  }
  return low;
}
