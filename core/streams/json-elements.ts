import type { DataOf } from "../data/dtype.ts";
import { allocate } from "../data/layout.ts";
import type { EventDType } from "./event.ts";
import { EVENT_LIMITS } from "./event-limits.ts";
import { failAt, integerOf, numberOf } from "./json-values.ts";
import type { TensorType } from "./tensor-types.ts";

/** Numbers in a row, and how they were nested; one by itself has no axes. */
export function flatten(
  value: unknown,
  path: string,
): { readonly values: readonly unknown[]; readonly shape: number[] } {
  const shape: number[] = [];
  for (let first = value; Array.isArray(first); first = first[0]) {
    if (shape.length === EVENT_LIMITS.axes) return failAt(path, `has more than ${EVENT_LIMITS.axes} axes, the most`);
    shape.push(first.length);
  }
  if (shape.length === 0) return { values: [value], shape };
  const values: unknown[] = [];
  const walk = (part: unknown, axis: number, at: string): void => {
    const length = shape[axis] as number;
    if (!Array.isArray(part) || part.length !== length)
      failAt(at, `is not of length ${length}, as the first beside it`);
    const isLast = axis === shape.length - 1;
    (part as readonly unknown[]).forEach((inner, index) => {
      if (!isLast) walk(inner, axis + 1, `${at}[${index}]`);
      else if (Array.isArray(inner)) failAt(`${at}[${index}]`, "is an array; a number is needed, as beside it");
      else values.push(inner);
    });
  };
  walk(value, 0, path);
  return { values, shape };
}

/** Numbers as elements of a type, each of which it must hold. Singles are rounded to. */
export function fillElements(values: readonly unknown[], type: TensorType, path: string): DataOf<EventDType> {
  const data = allocate(type.dtype, values.length);
  const isFloat = data instanceof Float64Array || data instanceof Float32Array;
  values.forEach((value, index) => {
    const at = (): string => `${path}[${index}]`;
    if (isFloat) {
      const element = numberOf(value, at);
      data[index] = element;
      const isLost = Number.isFinite(element) && !Number.isFinite(data[index]);
      if (isLost) failAt(at(), `is ${element}, which is no ${type.name}`);
    } else {
      const element = integerOf(value ?? null, at);
      if (!holdsInteger(data, index, element)) failAt(at(), `is ${element}, which is no ${type.name}`);
    }
  });
  return data;
}

/** Sets an element; whether it is what it was set to. */
function holdsInteger(data: DataOf<EventDType>, index: number, element: bigint): boolean {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    data[index] = element;
    return data[index] === element;
  }
  data[index] = Number(element);
  return BigInt(data[index] as number) === element;
}

/** A single with as few digits as tell it from the others. */
export function shortestSingle(single: number): number {
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(single.toPrecision(digits));
    if (Math.fround(short) === single) return short;
  }
  return single;
}
