/**
 * Runs of days, cut at the ends of a period: a spell that goes on from one period to the next counts in each with the days
 * that it has there (xclim's `resample_before_rl`, its default). A missing day ends a run.
 *
 * A condition is one byte for each step: 1 where it holds.
 *
 * @module
 */

/** Steps from `start` to before `stop`. */
export interface StepRange {
  readonly start: number;
  readonly stop: number;
}

/** Length of the longest run; 0 where none is of `minLength` or longer. */
export function longestRun(condition: Uint8Array, { start, stop }: StepRange, minLength = 1): number {
  let longest = 0;
  let run = 0;
  for (let step = start; step < stop; step++) {
    run = condition[step] === 1 ? run + 1 : 0;
    if (run > longest) longest = run;
  }
  return longest >= minLength ? longest : 0;
}

/** Steps in runs of `minLength` or longer. */
export function daysInRuns(condition: Uint8Array, { start, stop }: StepRange, minLength = 1): number {
  let days = 0;
  let run = 0;
  for (let step = start; step < stop; step++) {
    run = condition[step] === 1 ? run + 1 : 0;
    if (run === minLength) days += minLength;
    else if (run > minLength) days++;
  }
  return days;
}

/** How many runs of `minLength` or longer there are. */
export function runsStarted(condition: Uint8Array, { start, stop }: StepRange, minLength = 1): number {
  let runs = 0;
  let run = 0;
  for (let step = start; step < stop; step++) {
    run = condition[step] === 1 ? run + 1 : 0;
    if (run === minLength) runs++;
  }
  return runs;
}

/** First step of the first run of `length` steps that are all `holds`; -1 where there is none. All of the run is within the range. */
export function firstRun(condition: Uint8Array, { start, stop }: StepRange, length: number, holds: 0 | 1 = 1): number {
  let run = 0;
  for (let step = start; step < stop; step++) {
    run = condition[step] === holds ? run + 1 : 0;
    if (run === length) return step - length + 1;
  }
  return -1;
}
