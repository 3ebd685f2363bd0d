import { describeNames } from "../errors/nearest-names.ts";
import { InvalidSelectionError } from "./errors.ts";
import type { NdArray } from "./nd-array.ts";
import type { DimensionSelection, IndexRange, NearestValue, Selection, ValueRange } from "./selection.ts";

/** What is read along one axis: indices `start`, `start + step`, …, `count` of them. */
export interface AxisSelection {
  readonly dim: string;
  /** First index; where `count` is 0 it says nothing. */
  readonly start: number;
  readonly step: number;
  readonly count: number;
  /** Whether the axis is left out of the result, because one index was asked for. */
  readonly drop: boolean;
}

/** The part of a variable that selections are resolved against. */
export interface Selectable {
  /** For messages. */
  readonly path: string;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
}

/**
 * Turns a selection into indices per axis, in the order of the variable's dimensions.
 *
 * @param readCoordinate - Reads the 1-d coordinate of a dimension; `undefined` where it has none. Called only for
 *   dimensions selected by value.
 * @throws {@link InvalidSelectionError} for an unknown dimension, an index or end outside the dimension, a step below 1,
 *   a value without a coordinate near enough, a range on a coordinate that is not monotonic.
 */
export async function resolveSelection(
  variable: Selectable,
  selection: Selection,
  readCoordinate: (dim: string) => Promise<NdArray | undefined>,
): Promise<readonly AxisSelection[]> {
  checkDimensions(variable, selection);
  const axes: AxisSelection[] = [];
  for (const [number, dim] of variable.dims.entries()) {
    const axis = { variable: variable.path, dim, length: variable.shape[number] as number };
    const wanted = Object.hasOwn(selection, dim) ? selection[dim] : undefined;
    checkForm(axis, wanted);
    axes.push(isByValue(wanted) ? await byValue(axis, wanted, readCoordinate) : byIndex(axis, wanted));
  }
  return axes;
}

/** Shape and dims of what a resolved selection reads: dropped axes left out. */
export function selectedLayout(axes: readonly AxisSelection[]): {
  readonly shape: readonly number[];
  readonly dims: readonly string[];
} {
  const kept = axes.filter((axis) => !axis.drop);
  return { shape: kept.map((axis) => axis.count), dims: kept.map((axis) => axis.dim) };
}

const SELECTION_FORMS = [
  ["start", "stop", "step"],
  ["value", "tolerance"],
  ["from", "to"],
];

interface Axis {
  readonly variable: string;
  readonly dim: string;
  readonly length: number;
}

function invalid(axis: Axis, problem: string): InvalidSelectionError {
  return new InvalidSelectionError({ variable: axis.variable, dimension: axis.dim }, problem);
}

function checkDimensions({ path, dims }: Selectable, selection: Selection): void {
  for (const name of Object.keys(selection)) {
    if (dims.includes(name)) continue;
    const there = dims.length === 0 ? "It is a scalar, without dimensions." : describeNames(name, dims);
    throw new InvalidSelectionError({ variable: path, dimension: name }, `it has no dimension "${name}". ${there}`);
  }
}

/** Refuses what is no selection of a dimension, so that a misspelt key does not select everything. */
function checkForm(axis: Axis, wanted: unknown): void {
  if (wanted === undefined || typeof wanted === "number") return;
  if (typeof wanted !== "object" || wanted === null) {
    throw invalid(
      axis,
      `dimension "${axis.dim}" needs an index, a range or a coordinate value; got ${String(wanted)}.`,
    );
  }
  const keys = Object.keys(wanted);
  const fits = SELECTION_FORMS.some((form) => keys.every((key) => form.includes(key)));
  if (fits) return;
  const forms = SELECTION_FORMS.map((form) => `{ ${form.join(", ")} }`).join(", ");
  throw invalid(axis, `{ ${keys.join(", ")} } selects nothing of "${axis.dim}". Give an index or one of ${forms}.`);
}

/** Whether an entry of a selection asks for coordinate values. */
export function isByValue(wanted: DimensionSelection | undefined): wanted is NearestValue | ValueRange {
  return typeof wanted === "object" && ("value" in wanted || "from" in wanted || "to" in wanted);
}

function byIndex(axis: Axis, wanted: number | IndexRange | undefined): AxisSelection {
  if (wanted === undefined) return { dim: axis.dim, start: 0, step: 1, count: axis.length, drop: false };
  if (typeof wanted === "number") {
    const start = wanted < 0 ? wanted + axis.length : wanted;
    if (!Number.isInteger(wanted) || start < 0 || start >= axis.length) {
      const allowed =
        axis.length === 0
          ? "which is empty"
          : `of length ${axis.length} (${-axis.length} to ${axis.length - 1} are allowed)`;
      throw invalid(axis, `index ${wanted} is outside dimension "${axis.dim}", ${allowed}.`);
    }
    return { dim: axis.dim, start, step: 1, count: 1, drop: true };
  }
  const start = rangeEnd(axis, wanted.start ?? 0);
  const stop = rangeEnd(axis, wanted.stop ?? axis.length);
  const step = wanted.step ?? 1;
  if (!Number.isInteger(step) || step < 1) {
    throw invalid(axis, `step ${step} of dimension "${axis.dim}" must be an integer of 1 or more.`);
  }
  return { dim: axis.dim, start, step, count: Math.max(0, Math.ceil((stop - start) / step)), drop: false };
}

function rangeEnd(axis: Axis, value: number): number {
  const position = value < 0 ? value + axis.length : value;
  if (!Number.isInteger(value) || position < 0 || position > axis.length) {
    throw invalid(
      axis,
      `end ${value} is outside dimension "${axis.dim}" of length ${axis.length} (${-axis.length} to ${axis.length} are allowed).`,
    );
  }
  return position;
}

async function byValue(
  axis: Axis,
  wanted: NearestValue | ValueRange,
  readCoordinate: (dim: string) => Promise<NdArray | undefined>,
): Promise<AxisSelection> {
  const coordinate = await readCoordinate(axis.dim);
  if (coordinate === undefined) {
    throw invalid(axis, `dimension "${axis.dim}" has no coordinate to select by value. Select by index.`);
  }
  if (coordinate.dtype === "string" || coordinate.shape.length !== 1 || coordinate.size !== axis.length) {
    throw invalid(
      axis,
      `the coordinate of "${axis.dim}" is ${coordinate.dtype} of shape [${coordinate.shape}]; selecting by value needs numbers of shape [${axis.length}]. Select by index.`,
    );
  }
  const values = coordinate.toFloat64();
  return "value" in wanted
    ? nearest(axis, numeric(axis, wanted), values)
    : between(axis, numeric(axis, wanted), values);
}

/** A coordinate value as a number; dates have become numbers where the calendar is known, in `decodeCf`. */
type Numeric<T> = { readonly [K in keyof T]: Exclude<T[K], string> };

function numeric<T extends NearestValue | ValueRange>(axis: Axis, wanted: T): Numeric<T> {
  const date = Object.values(wanted).find((value) => typeof value === "string");
  if (date === undefined) return wanted as Numeric<T>;
  throw invalid(axis, `"${date}" is a date, and dates select only from a decoded dataset. Call decodeCf on it first.`);
}

function nearest(axis: Axis, { value, tolerance = 0 }: Numeric<NearestValue>, values: Float64Array): AxisSelection {
  if (!Number.isFinite(value) || !(tolerance >= 0)) {
    throw invalid(
      axis,
      `"${axis.dim}" needs a finite value and a tolerance of 0 or more; got ${value} and ${tolerance}.`,
    );
  }
  let best = -1;
  let distance = Number.POSITIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const away = Math.abs((values[i] as number) - value);
    // False for NaN: a missing coordinate is never nearest. Of two equally near, the first wins.
    if (away < distance) {
      best = i;
      distance = away;
    }
  }
  if (best < 0) throw invalid(axis, `the coordinate of "${axis.dim}" has no value to be near ${value}.`);
  if (distance > tolerance) {
    throw invalid(
      axis,
      `no coordinate of "${axis.dim}" is within ${tolerance} of ${value}; the nearest is ${values[best]} at index ${best}. Give a \`tolerance\` of ${distance} or more to take it.`,
    );
  }
  return { dim: axis.dim, start: best, step: 1, count: 1, drop: true };
}

function between(axis: Axis, { from, to }: Numeric<ValueRange>, values: Float64Array): AxisSelection {
  if (!(from <= to)) {
    throw invalid(axis, `"${axis.dim}" needs \`from\` and \`to\` with from ≤ to; got ${from} and ${to}.`);
  }
  const direction = monotonicDirection(axis, values);
  // Number of coordinates that come before a limit, in the order of the coordinate.
  const first = partition(values, direction > 0 ? (value) => value < from : (value) => value > to);
  const last = partition(values, direction > 0 ? (value) => value <= to : (value) => value >= from);
  return { dim: axis.dim, start: first, step: 1, count: Math.max(0, last - first), drop: false };
}

function monotonicDirection(axis: Axis, values: Float64Array): 1 | -1 {
  const direction = (values.at(-1) ?? 0) < (values[0] ?? 0) ? -1 : 1;
  let previous = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = direction * (values[i] as number);
    // Written so that NaN fails, too.
    if (!(value >= previous)) {
      throw invalid(
        axis,
        `the coordinate of "${axis.dim}" is not monotonic at index ${i} (${values[i]}), so a range of values is not a range of indices. Select by index.`,
      );
    }
    previous = value;
  }
  return direction;
}

/** Number of leading values for which `isBefore` holds; it must hold for a prefix. */
function partition(values: Float64Array, isBefore: (value: number) => boolean): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(values[middle] as number)) low = middle + 1;
    else high = middle;
  }
  return low;
}
