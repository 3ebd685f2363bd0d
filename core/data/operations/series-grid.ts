import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { bytesPerElement, rowMajorBlockShape } from "../chunk-grid.ts";
import type { Variable } from "../dataset.ts";
import { convertUnits, type LinearMap } from "../units/convert-units.ts";
import { UnknownUnitError } from "../units/errors.ts";
import type { SeriesInput, SeriesOptions, SeriesOutput } from "./series.ts";

/** Inputs whose series are all of one length, at the cells of one grid. */
export interface SeriesGrid {
  readonly along: string;
  /** Length of the series. */
  readonly steps: number;
  /** Of the cells: the other dimensions, in the order of the first input. */
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly cells: number;
  readonly inputs: readonly GridInput[];
}

/** A variable as series are taken from it. Lengths are in the order [along, cells…], whatever that of the variable is. */
export interface GridInput {
  readonly variable: Variable;
  /** To the unit that the kernel wants; `undefined` where values stay as they are. */
  readonly convert: LinearMap | undefined;
  /** How values are held: singles stay singles, all else is float64. */
  readonly itemBytes: 4 | 8;
  /** Bytes in memory while one value is read: as stored, decoded, and put in place. */
  readonly readBytes: number;
  /** What is read from the file at once, at least: a storage chunk, or a page of a contiguous variable. */
  readonly chunk: readonly number[];
}

/** Contiguous variables are read in pieces of at least so many bytes, row-major; smaller ones take as long. */
const PAGE_BYTES = 64 * 1024;

/** @throws `TWIN_INVALID_ARGUMENT`, `TWIN_UNIT_UNKNOWN`, `TWIN_UNITS_INCOMPATIBLE`. */
export function seriesGrid(inputs: readonly SeriesInput[], { along, outputs }: SeriesOptions): SeriesGrid {
  const first = inputs[0]?.variable;
  if (!first) throw new InvalidArgumentError("Series are taken from variables: give one at least.");
  const axis = first.dims.indexOf(along);
  if (axis < 0) {
    throw new InvalidArgumentError(
      `"${first.path}" has no dimension "${along}" to take series along; it has [${first.dims.join(", ")}].`,
    );
  }
  const dims = first.dims.filter((dim) => dim !== along);
  const shape = dims.map((dim) => first.shape[first.dims.indexOf(dim)] as number);
  checkOutputs(outputs, dims);
  const order = [along, ...dims];
  const lengths = [first.shape[axis] as number, ...shape];
  return {
    ...{ along, dims, shape, steps: first.shape[axis] as number, cells: product(shape) },
    inputs: inputs.map((input) => {
      checkAlike(first, input.variable, order, lengths);
      return gridInput(input, order);
    }),
  };
}

/** Product of lengths; 1 of none. */
export function product(lengths: readonly number[]): number {
  return lengths.reduce((all, length) => all * length, 1);
}

function gridInput({ variable, unit, context }: SeriesInput, order: readonly string[]): GridInput {
  const { dtype, storage, raw } = variable;
  if (dtype === "string") {
    throw new InvalidArgumentError(`"${variable.path}" holds texts; series are of numbers.`);
  }
  const size = bytesPerElement(dtype);
  const itemBytes = dtype === "float32" || dtype === "float16" ? 4 : 8;
  const stored = storage.chunkShape ?? rowMajorBlockShape(variable, PAGE_BYTES);
  const convert = unit === undefined ? undefined : conversion(variable, unit, context);
  return {
    ...{ variable, convert, itemBytes },
    readBytes: 2 * size + (raw ? bytesPerElement(raw.dtype) : 0) + (itemBytes === size ? 0 : itemBytes),
    chunk: order.map((dim) => {
      const axis = variable.dims.indexOf(dim);
      return Math.max(1, Math.min(stored[axis] as number, variable.shape[axis] as number));
    }),
  };
}

function conversion(variable: Variable, unit: string, context: SeriesInput["context"]): LinearMap | undefined {
  if (variable.unit === undefined) {
    throw new UnknownUnitError(undefined, `"${variable.path}" has no unit to convert to "${unit}" from.`);
  }
  const map = convertUnits(variable.unit, unit, { context });
  return map.scale === 1 && map.offset === 0 ? undefined : map;
}

function checkAlike(first: Variable, other: Variable, order: readonly string[], lengths: readonly number[]): void {
  const same = order.every((dim, i) => other.shape[other.dims.indexOf(dim)] === lengths[i]);
  if (same && other.dims.length === order.length) return;
  const text = ({ dims, shape }: Variable): string => dims.map((dim, axis) => `${dim} = ${shape[axis]}`).join(", ");
  throw new InvalidArgumentError(
    `Series of "${other.path}" (${text(other)}) do not go with those of "${first.path}" (${text(first)}): the dimensions must be the same, in any order.`,
  );
}

function checkOutputs(outputs: readonly SeriesOutput[], dims: readonly string[]): void {
  const names = new Set<string>();
  for (const { name, dim, length } of outputs) {
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new InvalidArgumentError(`The result "${name}" has length ${length}; give an integer of 0 or more.`);
    }
    if (dims.includes(dim))
      throw new InvalidArgumentError(`The result "${name}" would have the dimension "${dim}" twice.`);
    if (names.has(name)) throw new InvalidArgumentError(`Two results are named "${name}".`);
    names.add(name);
  }
}
