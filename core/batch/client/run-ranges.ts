/** Ascending indices, those that follow one another as `[first, last]`: ten thousand runs are a few bytes. */
export type Ranges = readonly (number | readonly [first: number, last: number])[];

/** Indices, in any order and without doubles, as ranges. */
export function toRanges(indices: Iterable<number>): Ranges {
  const ranges: (number | [number, number])[] = [];
  for (const index of [...indices].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (typeof last === "number" && index === last + 1) ranges[ranges.length - 1] = [last, index];
    else if (Array.isArray(last) && index === last[1] + 1) last[1] = index;
    else ranges.push(index);
  }
  return ranges;
}

/** The indices of ranges, ascending. */
export function* indicesOf(ranges: Ranges): Generator<number, void, undefined> {
  for (const range of ranges) {
    if (typeof range === "number") yield range;
    else for (let index = range[0]; index <= range[1]; index++) yield index;
  }
}
