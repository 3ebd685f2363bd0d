/**
 * Runs of days, cut at the ends of a period: a spell that goes on from one period to the next counts in each with the days
 * that it has there (xclim's `resample_before_rl`, its default). A missing day ends a run, one that the axis lacks as well.
 *
 * A condition is one byte for each step: 1 where it holds.
 *
 * @module
 */

import { absentSteps, type StepRange, type TimeAxis } from "../../../core/index.ts";

/** Days of a period, in which runs are looked for. */
export interface RunRange extends StepRange {
  /** `[step]`: 1 where days lack between it and the one before, which ends runs; none lack where it is left out. See {@link breaksOf}. */
  readonly breaks?: Uint8Array | undefined;
}

/** `[step]`: 1 where the axis lacks days just before it; `undefined` where it lacks none. */
export function breaksOf(axis: TimeAxis): Uint8Array | undefined {
  const breaks = Uint8Array.from(absentSteps(axis), (days) => (days > 0 ? 1 : 0));
  return breaks.includes(1) ? breaks : undefined;
}

/** Length of the longest run; 0 where none is of `minLength` or longer. */
export function longestRun(condition: Uint8Array, { start, stop, breaks }: RunRange, minLength = 1): number {
  let longest = 0;
  let run = 0;
  for (let step = start; step < stop; step++) {
    if (breaks !== undefined && breaks[step] === 1) run = 0;
    run = condition[step] === 1 ? run + 1 : 0;
    if (run > longest) longest = run;
  }
  return longest >= minLength ? longest : 0;
}

/** Steps in runs of `minLength` or longer. */
export function daysInRuns(condition: Uint8Array, { start, stop, breaks }: RunRange, minLength = 1): number {
  let days = 0;
  let run = 0;
  for (let step = start; step < stop; step++) {
    if (breaks !== undefined && breaks[step] === 1) run = 0;
    run = condition[step] === 1 ? run + 1 : 0;
    if (run === minLength) days += minLength;
    else if (run > minLength) days++;
  }
  return days;
}

/** How many runs of `minLength` or longer there are. */
export function runsStarted(condition: Uint8Array, { start, stop, breaks }: RunRange, minLength = 1): number {
  let runs = 0;
  let run = 0;
  for (let step = start; step < stop; step++) {
    if (breaks !== undefined && breaks[step] === 1) run = 0;
    run = condition[step] === 1 ? run + 1 : 0;
    if (run === minLength) runs++;
  }
  return runs;
}

/** First step of the first run of `length` steps that are all `holds`; -1 where there is none. All of the run is within the range. */
export function firstRun(
  condition: Uint8Array,
  { start, stop, breaks }: RunRange,
  length: number,
  holds: 0 | 1 = 1,
): number {
  let run = 0;
  for (let step = start; step < stop; step++) {
    if (breaks !== undefined && breaks[step] === 1) run = 0;
    run = condition[step] === holds ? run + 1 : 0;
    if (run === length) return step - length + 1;
  }
  return -1;
}
