import type { DayWindows } from "./day-windows.ts";
import { mix, quantilePlace } from "./quantile8.ts";

/** How many values more than it takes are kept of each window, so that they suffice for the next ones. */
const SPARE = 10;

/**
 * Quantiles of the windows around each day of the year, without sorting each one: neighbouring windows share all but two columns
 * (a column holds the values of one day in all years). Of each column only the values beyond a pivot are kept, in order; the pivot
 * is a guess from the window before, a little on the safe side. A window's list is that of the one before, less the column that it
 * leaves, and with the one that it enters. A quantile is taken from it only if it is beyond the pivots of all its columns: then no
 * value beyond it can be missing in the list, and it is exact. Otherwise the columns are read again, with a pivot further out.
 *
 * Quantiles below the median are found likewise, from the other end: with all signs changed.
 *
 * @returns Fills `[day - 1]` for all days; those that are not {@link DayWindows.isRegular} are of no use.
 */
export function slidingQuantiles(
  { days, half, yearStart }: DayWindows,
  probability: number,
): (values: Float64Array, quantiles: Float64Array) => void {
  const years = yearStart.length;
  const width = 2 * half + 1;
  const sign = probability < 0.5 ? -1 : 1;
  const places = placesOf(width * years, probability);

  // A column of each day of the window and one that leaves it, in a ring; a list ends with a value that is none. Behind them an
  // empty one.
  const slots = width + 1;
  const EMPTY = slots;
  const room = years + 1;
  const columns = new Float64Array((slots + 1) * room).fill(Number.NaN);
  const counts = new Int32Array(slots + 1);
  const valid = new Int32Array(slots);
  const pivots = new Float64Array(slots);
  let list = new Float64Array(width * years + 1);
  let spare = new Float64Array(width * years + 1);
  let length = 0;

  /** Reads a column: its values that are `pivot` or beyond it, in falling order. */
  function read(values: Float64Array, column: number, pivot: number): void {
    const slot = column % slots;
    const from = slot * room;
    const offset = column - half;
    let n = 0;
    let there = 0;
    // Sums of truths, as there is no foreseeing which values are beyond.
    for (let year = 0; year < years; year++) {
      const value = sign * (values[(yearStart[year] as number) + offset] as number);
      columns[from + n] = value;
      n += Number(value >= pivot);
      there += Number(value >= Number.NEGATIVE_INFINITY);
    }
    for (let i = from + 1; i < from + n; i++) {
      const value = columns[i] as number;
      let at = i;
      for (; at > from && (columns[at - 1] as number) < value; at--) columns[at] = columns[at - 1] as number;
      columns[at] = value;
    }
    columns[from + n] = Number.NaN;
    counts[slot] = n;
    valid[slot] = there;
    pivots[slot] = pivot;
  }

  /** Puts a column into the list, and takes another one out of it: an empty one where there is none to take. */
  function exchange(leaving: number, entering: number): void {
    const before = list;
    const after = spare;
    const count = length;
    let old = leaving * room;
    let next = entering * room;
    let n = 0;
    for (let i = 0; i < count; i++) {
      const value = before[i] as number;
      if (value === columns[old]) {
        old++;
        continue;
      }
      // Behind the last one is NaN, which is not greater.
      while ((columns[next] as number) > value) after[n++] = columns[next++] as number;
      after[n++] = value;
    }
    const stop = entering * room + (counts[entering] as number);
    while (next < stop) after[n++] = columns[next++] as number;
    length = n;
    list = after;
    spare = before;
  }

  /** Reads all columns of a day's window. */
  function readAll(values: Float64Array, day: number, pivot: number): void {
    length = 0;
    for (let column = day - 1; column < day - 1 + width; column++) {
      read(values, column, pivot);
      exchange(EMPTY, column % slots);
    }
  }

  /** A pivot that leaves about `depth` values and some more. */
  function guess(depth: number): number {
    if (length === 0) return Number.NEGATIVE_INFINITY;
    const wanted = depth + SPARE;
    if (length >= wanted) return list[wanted - 1] as number;
    const last = list[length - 1] as number;
    const pivot = last - (((list[0] as number) - last) * 1.5 * (wanted - length)) / length;
    // Of infinite values.
    return Number.isNaN(pivot) ? Number.NEGATIVE_INFINITY : pivot;
  }

  return (values, quantiles) => {
    let depth = 0;
    for (let day = 1; day <= days; day++) {
      if (day === 1) readAll(values, day, Number.NEGATIVE_INFINITY);
      else {
        const entering = day - 2 + width;
        read(values, entering, guess(depth));
        exchange((day - 2) % slots, entering % slots);
      }
      let n = 0;
      for (let column = day - 1; column < day - 1 + width; column++) n += valid[column % slots] as number;
      if (n === 0) {
        quantiles[day - 1] = Number.NaN;
        continue;
      }
      depth = places.depth[n] as number;
      if (!isExact(day, depth)) {
        readAll(values, day, guess(depth));
        if (!isExact(day, depth)) readAll(values, day, Number.NEGATIVE_INFINITY);
      }
      const low = list[places.low[n] as number] as number;
      const high = list[places.high[n] as number] as number;
      quantiles[day - 1] = mix(sign * low, sign * high, places.fraction[n] as number);
    }
  };

  /** Whether the first `depth` values of the list are those of the window. */
  function isExact(day: number, depth: number): boolean {
    if (length < depth) return false;
    const last = list[depth - 1] as number;
    for (let column = day - 1; column < day - 1 + width; column++) {
      if (last < (pivots[column % slots] as number)) return false;
    }
    return true;
  }
}

/** By the size of a sample: which values of its falling order a quantile is mixed of, and how many of them it takes. */
function placesOf(
  most: number,
  probability: number,
): {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly depth: Int32Array;
  readonly fraction: Float64Array;
} {
  const [low, high, depth] = [new Int32Array(most + 1), new Int32Array(most + 1), new Int32Array(most + 1)];
  const fraction = new Float64Array(most + 1);
  for (let n = 1; n <= most; n++) {
    const place = quantilePlace(n, probability);
    const above = Math.min(place.below + 1, n - 1);
    // From the other end the order is the rising one of the values themselves.
    low[n] = probability < 0.5 ? place.below : n - 1 - place.below;
    high[n] = probability < 0.5 ? above : n - 1 - above;
    depth[n] = Math.max(low[n] as number, high[n] as number) + 1;
    fraction[n] = place.fraction;
  }
  return { low, high, depth, fraction };
}
