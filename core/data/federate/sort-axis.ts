import { PartsDisagreeError } from "./errors.ts";
import type { CoordinateGap, CoordinateOverlap } from "./report.ts";
import { type Run, runsOf } from "./runs.ts";

/** Coordinate values of one part, in the unit of the federation. */
export interface PartCoordinate {
  /** Number of the part. */
  readonly part: number;
  readonly values: Float64Array;
}

/** An axis made of several parts. */
export interface JoinedAxis {
  readonly values: Float64Array;
  /** The usual step within the parts; 0 where none has two values. */
  readonly step: number;
  readonly runs: readonly Run[];
  readonly gaps: readonly CoordinateGap[];
  readonly overlaps: readonly CoordinateOverlap[];
}

/** How {@link sortAxis} treats values that several parts have. */
export interface SortOptions {
  readonly dimension: string;
  readonly overlaps: "refuse" | "first" | "last";
  readonly nameOf: (part: number) => string;
  /** Spells a value for messages: a date for a time. */
  readonly show: (value: number) => string;
}

/** Values of two parts that are nearer than this part of the smallest step in a part are the same: conversions round. */
const SAME = 1e-6;
/** A step above so many usual ones is a gap. */
export const GAP = 1.5;

/**
 * Puts the values of all parts in order: rising, or falling where they fall in every part.
 *
 * @throws {@link PartsDisagreeError} for missing values, and for values that several parts have unless one is to be kept.
 */
export function sortAxis(parts: readonly PartCoordinate[], options: SortOptions): JoinedAxis {
  const size = parts.reduce((sum, { values }) => sum + values.length, 0);
  const [values, owners, indices] = [new Float64Array(size), new Int32Array(size), new Int32Array(size)];
  let position = 0;
  for (const { part, values: own } of parts) {
    if (own.some(Number.isNaN)) {
      throw new PartsDisagreeError(
        [options.nameOf(part)],
        `its coordinate "${options.dimension}" has missing values, so it cannot be put in order.`,
      );
    }
    for (let i = 0; i < own.length; i++, position++) {
      values[position] = own[i] as number;
      owners[position] = part;
      indices[position] = i;
    }
  }
  const sign =
    parts.every(({ values: own }) => isFalling(own)) && parts.some(({ values: own }) => own.length > 1) ? -1 : 1;
  const order = Uint32Array.from({ length: size }, (_, i) => i);
  if (!isSorted(values, sign)) {
    order.sort((a, b) => sign * ((values[a] as number) - (values[b] as number)) || a - b);
  }
  const step = median(stepsOf(values, order));
  const rounding = SAME * smallestStep(parts, step);
  const kept: number[] = [];
  const overlaps = new Map<string, { -readonly [K in keyof CoordinateOverlap]: CoordinateOverlap[K] }>();
  for (const entry of order) {
    const previous = kept.at(-1);
    const value = values[entry] as number;
    const away = previous === undefined ? Number.POSITIVE_INFINITY : Math.abs(value - (values[previous] as number));
    if (previous === undefined || away > (owners[entry] === owners[previous] ? 0 : rounding)) {
      kept.push(entry);
      continue;
    }
    const winner = options.overlaps === "last" ? Math.max(entry, previous) : Math.min(entry, previous);
    kept[kept.length - 1] = winner;
    const pair = [Math.min(entry, previous), Math.max(entry, previous)].map((each) =>
      options.nameOf(owners[each] as number),
    ) as [string, string];
    const key = JSON.stringify(pair);
    const known = overlaps.get(key);
    if (known) {
      known.to = value;
      known.count++;
    } else {
      overlaps.set(key, {
        parts: pair,
        from: value,
        to: value,
        count: 1,
        kept: options.nameOf(owners[winner] as number),
      });
    }
  }
  const found = [...overlaps.values()];
  if (options.overlaps === "refuse" && found[0]) throw overlapError(found[0], found.length, options);
  const joined = Float64Array.from(kept, (entry) => values[entry] as number);
  return {
    values: joined,
    step: median(parts.flatMap(({ values: own }) => stepsOf(own, own.keys()))),
    runs: runsOf(kept.map((entry) => ({ part: owners[entry] as number, index: indices[entry] as number }))),
    gaps: gapsOf(joined, step, (i) => options.nameOf(owners[kept[i] as number] as number)),
    overlaps: found,
  };
}

function overlapError(
  { parts, from, to, count }: CoordinateOverlap,
  pairs: number,
  { dimension, show }: SortOptions,
): PartsDisagreeError {
  const [a, b] = parts;
  const what = count === 1 ? `${show(from)}` : `${count} values of "${dimension}", ${show(from)} to ${show(to)}`;
  const more = pairs === 1 ? "" : ` ${pairs - 1} more pairs of parts overlap.`;
  return a === b
    ? new PartsDisagreeError(
        [a],
        `its coordinate "${dimension}" has ${what} more than once.${more} Keep one of them with the option \`overlaps\`: "first" or "last".`,
      )
    : new PartsDisagreeError(
        parts,
        `both have ${what}.${more} Say which to keep with the option \`overlaps\`: "first" or "last".`,
      );
}

/** The smallest step within a part, where any has one; the usual one otherwise. */
function smallestStep(parts: readonly PartCoordinate[], usual: number): number {
  let smallest = usual;
  for (const { values } of parts) {
    for (let i = 1; i < values.length; i++) {
      const step = Math.abs((values[i] as number) - (values[i - 1] as number));
      // Nearer ones are themselves rounding.
      if (step > usual * 1e-9 && step < smallest) smallest = step;
    }
  }
  return smallest;
}

/** Distances of neighbours, in an order. */
function stepsOf(values: Float64Array, order: Iterable<number>): readonly number[] {
  const steps: number[] = [];
  let previous = Number.NaN;
  for (const place of order) {
    const value = values[place] as number;
    steps.push(Math.abs(value - previous));
    previous = value;
  }
  return steps.slice(1);
}

/** Half of the steps are no larger; 0 where there is none. Those of nothing, or of nothing but rounding, do not count. */
function median(steps: readonly number[]): number {
  const largest = steps.reduce((most, step) => Math.max(most, step), 0);
  const real = Float64Array.from(steps.filter((step) => step > largest * 1e-9)).sort();
  return real[(real.length - 1) >> 1] ?? 0;
}

function gapsOf(values: Float64Array, step: number, nameAt: (index: number) => string): readonly CoordinateGap[] {
  const gaps: CoordinateGap[] = [];
  for (let i = 1; i < values.length; i++) {
    const [after, before] = [values[i - 1] as number, values[i] as number];
    if (Math.abs(before - after) > GAP * step) gaps.push({ after, before, parts: [nameAt(i - 1), nameAt(i)] });
  }
  return gaps;
}

function isSorted(values: Float64Array, sign: number): boolean {
  for (let i = 1; i < values.length; i++) {
    if (sign * ((values[i] as number) - (values[i - 1] as number)) < 0) return false;
  }
  return true;
}

function isFalling(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[i - 1] as number)) return false;
  return true;
}
