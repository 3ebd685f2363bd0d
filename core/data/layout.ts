import { lineCopier } from "./copy-line.ts";
import type { DataOf, DType, Scalar, ScalarOf } from "./dtype.ts";
import { InvalidArrayError, UnsafeIntegerError } from "./errors.ts";
import { isIntegerType, isValueOf } from "./integer-type.ts";
import type { NdArray, SliceRange } from "./nd-array.ts";

const CONSTRUCTORS = {
  float16: Float32Array,
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

/** Zeros (or empty strings). */
export function allocate<D extends DType>(dtype: D, size: number): DataOf<D> {
  if (dtype === "string") return new Array<string>(size).fill("") as DataOf<D>;
  return new CONSTRUCTORS[dtype as Exclude<DType, "string">](size) as DataOf<D>;
}

/** Elements between neighbours along each axis of a row-major array. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis] as number;
  }
  return strides;
}

/** How the elements of a view lie in its data. */
export interface Layout {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Copies a strided view, row-major, into `target` from its start. */
export function copyStrided<D extends DType>(source: DataOf<D>, layout: Layout, target: DataOf<D>): void {
  const { run, shape, strides } = splitRuns(layout);
  const copyLine = lineCopier(source, target);
  const last = shape.length - 1;
  let written = 0;
  const copyAxis = (axis: number, start: number): void => {
    const length = shape[axis] ?? 1;
    const stride = strides[axis] ?? 1;
    if (axis > last || (axis === last && run === 1)) {
      // A run of consecutive elements, or an axis of single ones.
      const count = axis > last ? run : length;
      copyLine({ start, stride: axis > last ? 1 : stride, at: written, length: count });
      written += count;
      return;
    }
    for (let i = 0, at = start; i < length; i++, at += stride) copyAxis(axis + 1, at);
  };
  copyAxis(0, layout.offset);
}

/** Cuts the last axes off as runs of consecutive elements, as many as there are; `shape` and `strides` are of the rest. */
function splitRuns({ shape, strides }: Layout): {
  readonly run: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
} {
  let run = 1;
  let axis = shape.length;
  while (axis > 0 && (shape[axis - 1] === 1 || strides[axis - 1] === run)) run *= shape[--axis] as number;
  return { run, shape: shape.slice(0, axis), strides: strides.slice(0, axis) };
}

/** Refuses an array whose shape, dims, strides, fill value and data do not fit each other. */
export function checkLayout(array: NdArray): void {
  const { shape, dims, strides, offset, data } = array;
  const problem = layoutProblem(array);
  if (problem) {
    throw new InvalidArrayError(
      `${problem} (shape [${shape}], dims [${dims}], strides [${strides}], offset ${offset}, ${data.length} elements).`,
    );
  }
}

function layoutProblem({ dtype, shape, dims, strides, offset, data, size, fillValue }: NdArray): string | undefined {
  const kind = dtype === "string" ? "Array" : CONSTRUCTORS[dtype]?.name;
  if (!kind) return `There is no dtype "${dtype}"; there are ${Object.keys(CONSTRUCTORS).join(", ")}, string`;
  // Not by `instanceof`, which fails for arrays of another realm, such as a test runner's sandbox.
  if (tagOf(data) !== kind) return `The data of a ${dtype} array must be of type ${kind}, not ${tagOf(data)}`;
  if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0))
    return "Lengths must be integers of 0 or more";
  if (dims.length !== shape.length) return "Give one dim name per axis";
  if (dims.some((dim, axis) => dims.indexOf(dim) !== axis)) return "Dim names must differ";
  if (strides.length !== shape.length) return "Give one stride per axis";
  if (!Number.isSafeInteger(offset) || !strides.every(Number.isSafeInteger))
    return "Offset and strides must be integers";
  if (fillValue !== undefined && !isValueOf(dtype, fillValue)) {
    return `A fill value of ${dtype} must be ${isIntegerType(dtype) ? "one of its integers" : "left out, as only integers need one"}; got ${String(fillValue)}`;
  }
  if (size === 0) return undefined;
  let low = offset;
  let high = offset;
  shape.forEach((length, axis) => {
    const reach = (length - 1) * (strides[axis] as number);
    if (reach < 0) low += reach;
    else high += reach;
  });
  return low < 0 || high >= data.length ? "The layout reaches outside the data" : undefined;
}

/** Name of the type of an object, `"Float64Array"`. */
function tagOf(value: unknown): string {
  // Small arrays are made by the thousand, and this tells typed ones without a new text.
  if (ArrayBuffer.isView(value)) return (value as Float64Array)[Symbol.toStringTag];
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

/** An index of an axis, negative counted from the end, checked. */
export function normaliseIndex(
  index: number,
  array: Layout & { readonly dims: readonly string[] },
  axis: number,
): number {
  const length = array.shape[axis] as number;
  const position = index < 0 ? index + length : index;
  if (!Number.isInteger(index) || position < 0 || position >= length) {
    throw new InvalidArrayError(`Index ${index} is outside axis "${array.dims[axis]}" of length ${length}.`);
  }
  return position;
}

/** `start`, `step` and the number of indices of a range on an axis, checked. */
export function normaliseRange(
  range: SliceRange,
  axis: { readonly name: string; readonly length: number },
): { readonly start: number; readonly step: number; readonly count: number } {
  const end = (value: number): number => {
    const position = value < 0 ? value + axis.length : value;
    if (!Number.isInteger(value) || position < 0 || position > axis.length) {
      throw new InvalidArrayError(`End ${value} is outside axis "${axis.name}" of length ${axis.length}.`);
    }
    return position;
  };
  const start = end(range.start ?? 0);
  const stop = end(range.stop ?? axis.length);
  const step = range.step ?? 1;
  if (!Number.isInteger(step) || step < 1) {
    throw new InvalidArrayError(`Step ${step} of axis "${axis.name}" must be an integer of 1 or more.`);
  }
  return { start, step, count: Math.max(0, Math.ceil((stop - start) / step)) };
}

/** The element at a position of the data, as its JavaScript value. */
export function scalarAt<D extends DType>(array: NdArray<D>, position: number): ScalarOf<D> {
  const value = array.data[position] as Scalar;
  return (array.dtype === "bool" ? value !== 0 : value) as ScalarOf<D>;
}

/** Numbers as float64, with NaN in the place of one value. */
export function numbersWithGaps(
  values: Exclude<DataOf<DType>, string[] | BigInt64Array | BigUint64Array>,
  fillValue: number | bigint | undefined,
): Float64Array {
  const numbers = new Float64Array(values);
  if (fillValue === undefined) return numbers;
  for (let i = 0; i < numbers.length; i++) if (numbers[i] === fillValue) numbers[i] = Number.NaN;
  return numbers;
}

/** 64-bit integers as float64, with NaN in the place of one value, or an error where one is not exact. */
export function safeNumbers(
  values: BigInt64Array | BigUint64Array,
  fillValue?: number | bigint | undefined,
): Float64Array {
  const numbers = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as bigint;
    const number = value === fillValue ? Number.NaN : Number(value);
    if (!Number.isSafeInteger(number) && value !== fillValue) throw new UnsafeIntegerError(value, i);
    numbers[i] = number;
  }
  return numbers;
}
