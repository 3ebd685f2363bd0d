import type { Axis } from "../../../core/index.ts";
import type { Cell } from "./cells.ts";

/** Ends of an axis in its own units, `[min, max]`. */
export type Domain = readonly [number, number];

/** Room beyond the data, as a share of the axis. */
const MARGIN = 0.05;
/** Data whose smallest value is below this share of the largest are drawn from zero. */
const FROM_ZERO = 0.5;
/** A logarithmic axis ends here, whatever the data: what is smaller is zero for all purposes. */
const SMALLEST = 1e-100;

/** The x axis: bins fill it from edge to edge, points get a margin. */
export function xDomain(axis: Axis, all: readonly (readonly Cell[])[]): Domain {
  const cells = all.flat();
  const [min, max] = extent(
    cells.flatMap(({ from, to }) => [from, to]).filter((x) => axis.scale !== "log" || x >= SMALLEST),
  );
  const hasBins = cells.some(({ from, to }) => from < to);
  return withLimits(axis, hasBins && min < max ? [min, max] : padded(axis, [min, max]));
}

/**
 * The y axis: holds values and their errors; from zero where the data come near it.
 *
 * @param options - `mayBeginAtZero: false`: with room for the marker of a zero.
 */
export function yDomain(
  axis: Axis,
  all: readonly (readonly Cell[])[],
  { mayBeginAtZero = true }: { readonly mayBeginAtZero?: boolean } = {},
): Domain {
  const values = all.flat().flatMap(({ y, error = 0 }) => (y === undefined ? [] : [y - error, y, y + error]));
  if (axis.scale === "log") return withLimits(axis, padded(axis, extent(values.filter((value) => value >= SMALLEST))));
  const [min, max] = extent(values);
  const [low, high] = padded(axis, [min, max]);
  if (!mayBeginAtZero) return withLimits(axis, [low, high]);
  if (min >= 0 && min < FROM_ZERO * max) return withLimits(axis, [0, high]);
  if (max <= 0 && max > FROM_ZERO * min) return withLimits(axis, [low, 0]);
  return withLimits(axis, [low, high]);
}

/** Smallest and largest; `[NaN, NaN]` of nothing. */
function extent(values: readonly number[]): Domain {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return min <= max ? [min, max] : [Number.NaN, Number.NaN];
}

function padded(axis: Axis, [min, max]: Domain): Domain {
  if (Number.isNaN(min)) return axis.scale === "log" ? [0.1, 1] : [0, 1];
  if (axis.scale === "log") {
    const factor = min === max ? 3 : Math.max((max / min) ** MARGIN, 1.05);
    return [min / factor, max * factor];
  }
  const room = min === max ? Math.max(Math.abs(min) * 0.1, min === 0 ? 1 : 0) : (max - min) * MARGIN;
  return [min - room, max + room];
}

/** The limits that the axis states win; the other end gives way where they would cross. */
function withLimits(axis: Axis, [low, high]: Domain): Domain {
  const min = axis.min ?? low;
  const max = axis.max ?? high;
  if (min < max) return [min, max];
  const span = axis.scale === "log" ? 10 : 1;
  const step = (from: number, sign: 1 | -1): number =>
    axis.scale === "log" ? from * span ** sign : from + sign * span;
  return axis.min === undefined ? [step(max, -1), max] : [min, step(min, 1)];
}
