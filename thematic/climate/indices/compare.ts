/** How days are told apart by a threshold. */
export type Comparison = ">" | ">=" | "<" | "<=";

/** How many values, from `start` to before `stop`, are on that side of a threshold. Missing ones are not. */
export function countWhere(
  series: Float64Array,
  { start, stop }: { readonly start: number; readonly stop: number },
  comparison: Comparison,
  threshold: number,
): number {
  const sign = comparison.startsWith(">") ? 1 : -1;
  const limit = sign * threshold;
  const isStrict = comparison.length === 1;
  let count = 0;
  for (let step = start; step < stop; step++) {
    const value = sign * (series[step] as number);
    if (value > limit || (!isStrict && value === limit)) count++;
  }
  return count;
}

/** Where values are on that side of a threshold: 1, elsewhere and where they are missing 0. */
export function markWhere(
  series: Float64Array,
  comparison: Comparison,
  threshold: number,
  condition: Uint8Array,
): void {
  const sign = comparison.startsWith(">") ? 1 : -1;
  const limit = sign * threshold;
  const isStrict = comparison.length === 1;
  for (let step = 0; step < series.length; step++) {
    const value = sign * (series[step] as number);
    condition[step] = value > limit || (!isStrict && value === limit) ? 1 : 0;
  }
}

/** The largest value; NaN where all are missing. */
export function largest(series: Float64Array, start: number, stop: number): number {
  let result = Number.NaN;
  for (let step = start; step < stop; step++) {
    const value = series[step] as number;
    // Of NaN, no comparison holds.
    if (!(value <= result) && !Number.isNaN(value)) result = value;
  }
  return result;
}

/** The smallest value; NaN where all are missing. */
export function smallest(series: Float64Array, start: number, stop: number): number {
  let result = Number.NaN;
  for (let step = start; step < stop; step++) {
    const value = series[step] as number;
    if (!(value >= result) && !Number.isNaN(value)) result = value;
  }
  return result;
}
