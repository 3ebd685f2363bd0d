import type { Variable } from "../dataset.ts";
import { NdArray } from "../nd-array.ts";
import { type AxisCells, accumulate, type ComputeOptions, cellShape, type Sink } from "./accumulate.ts";
import type { Description } from "./reduced-attributes.ts";
import { type Accumulator, accumulator, type Statistic } from "./statistics.ts";

/** How {@link reduceVariable} reduces. */
export interface VariableReduction {
  readonly statistic: Statistic;
  /** By dimension; the others stay. */
  readonly cells: Readonly<Record<string, AxisCells>>;
  /** Name of a dimension in the result; `undefined` leaves it out, where it has one cell. */
  readonly renamed: Readonly<Record<string, string | undefined>>;
  readonly description: Description;
  /** Instead of that of the statistic. */
  readonly into?: Accumulator;
  readonly weights?: Readonly<Record<string, Float64Array>>;
  /** Fed from the same blocks. */
  readonly more?: readonly Sink[];
  /** Whether a cell with so many values has none as a result. */
  isMissing(cell: number, valid: number): boolean;
}

/** Cells of a reduced variable, in the order of its dimensions. */
export async function reduceVariable(
  variable: Variable,
  reduction: VariableReduction,
  options: ComputeOptions,
): Promise<{ readonly array: NdArray; readonly valid: Uint32Array }> {
  const { statistic, cells, renamed, description, weights, more = [], isMissing } = reduction;
  const shape = cellShape(variable, cells);
  const size = shape.reduce((product, length) => product * length, 1);
  const into = reduction.into ?? accumulator(statistic, size);
  await accumulate(variable, [{ cells, into, ...(weights && { weights }) }, ...more], options);
  const isKept = (dim: string): boolean => !Object.hasOwn(renamed, dim) || renamed[dim] !== undefined;
  const init = {
    shape: shape.filter((_, axis) => isKept(variable.dims[axis] as string)),
    dims: variable.dims.filter(isKept).map((dim) => renamed[dim] ?? dim),
    unit: description.unit,
  };
  if (statistic === "count") {
    return { array: new NdArray(Int32Array.from(into.valid), { ...init, dtype: "int32" }), valid: into.valid };
  }
  // Of float32 an extreme is one; a mean or a sum has more digits.
  const isFloat32 = (variable.dtype === "float32" || variable.dtype === "float16") && /^m(in|ax)$/.test(statistic);
  const values = isFloat32 ? new Float32Array(size) : new Float64Array(size);
  for (let cell = 0; cell < size; cell++) {
    const valid = into.valid[cell] as number;
    values[cell] = valid === 0 || isMissing(cell, valid) ? Number.NaN : into.value(cell) * description.scale;
  }
  const array =
    values instanceof Float32Array
      ? new NdArray(values, { ...init, dtype: "float32" })
      : new NdArray(values, { ...init, dtype: "float64" });
  return { array, valid: into.valid };
}

/** Product of the lengths of the dimensions behind one: how far its cells are apart. */
export function cellStride(variable: Variable, cells: Readonly<Record<string, AxisCells>>, dim: string): number {
  return cellShape(variable, cells)
    .slice(variable.dims.indexOf(dim) + 1)
    .reduce((product, length) => product * length, 1);
}
