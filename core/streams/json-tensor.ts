import { fromLittleEndian, toLittleEndian } from "../data/little-endian.ts";
import { NdArray } from "../data/nd-array.ts";
import { SparseArray } from "../data/sparse-array.ts";
import { type SparseAllowance, shapeProblem, sizeOf } from "./check-tensor.ts";
import type { EventDType, EventTensor } from "./event.ts";
import { fillElements, flatten } from "./json-elements.ts";
import { arrayOf, bytesOf, describe, failAt, integerOf, type JsonRecord, membersOf, textOf } from "./json-values.ts";
import { findWrongIndex, indexProblem } from "./sparse-elements.ts";
import { TENSOR_TYPE_NAMES, type TensorType, tensorType } from "./tensor-types.ts";

/** Reads a tensor from its JSON. */
export function tensorFromJson(
  value: unknown,
  path: string,
  allowance: SparseAllowance,
): { readonly name: string; readonly array: EventTensor } {
  const members = membersOf(value, path, ["name", "dtype", "shape", "dense", "sparse"]);
  const name = textOf(members["name"], `${path}.name`);
  const type = typeOf(members["dtype"], `${path}.dtype`);
  const { dense, sparse } = members;
  if ((dense === undefined) === (sparse === undefined)) {
    failAt(path, `has ${dense === undefined ? "no elements" : "both"}; dense or sparse must be there`);
  }
  const array = dense === undefined ? sparseOf(members, { type, path, allowance }) : denseOf(members, { type, path });
  return { name, array };
}

function denseOf(members: JsonRecord, at: { readonly type: TensorType; readonly path: string }): NdArray<EventDType> {
  const { type, path } = at;
  const { dense } = members;
  if (typeof dense === "string") {
    const shape = shapeOf(members["shape"], `${path}.shape`);
    const bytes = bytesOf(dense, `${path}.dense`);
    checkBytes(bytes, { type, count: sizeOf(shape), path: `${path}.dense` });
    return new NdArray(fromLittleEndian(bytes, type.dtype), { dtype: type.dtype, shape });
  }
  const { values, shape: nested } = flatten(dense, `${path}.dense`);
  const shape = members["shape"] === undefined ? nested : shapeOf(members["shape"], `${path}.shape`);
  const isAsShaped = nested.length === shape.length && nested.every((length, axis) => length === shape[axis]);
  const isFlat = nested.length === 1 && values.length === sizeOf(shape);
  if (!isAsShaped && !isFlat) {
    failAt(`${path}.dense`, `has numbers of shape [${nested}]; [${shape}] is needed, or ${sizeOf(shape)} in a row`);
  }
  return new NdArray(fillElements(values, type, `${path}.dense`), { dtype: type.dtype, shape });
}

function sparseOf(
  members: JsonRecord,
  at: { readonly type: TensorType; readonly path: string; readonly allowance: SparseAllowance },
): SparseArray<EventDType> {
  const { type, path, allowance } = at;
  const parts = membersOf(members["sparse"], `${path}.sparse`, ["indices", "values"]);
  const shape = shapeOf(members["shape"], `${path}.shape`);
  const size = sizeOf(shape);
  const problem = allowance.problemOf(size);
  if (problem !== undefined) failAt(`${path}.shape`, problem);
  const indices = arrayOf(parts["indices"], `${path}.sparse.indices`).map((index, i) => {
    const place = integerOf(index ?? null, () => `${path}.sparse.indices[${i}]`);
    return place >= 0n && place < size
      ? Number(place)
      : failAt(`${path}.sparse.indices[${i}]`, `is ${place}; the tensor has ${size} elements`);
  });
  const bytes = valuesOf(parts["values"] ?? [], type, `${path}.sparse.values`);
  checkBytes(bytes, { type, count: indices.length, path: `${path}.sparse.values` });
  const places = Uint32Array.from(indices);
  const wrong = findWrongIndex(places, size);
  if (wrong >= 0) failAt(`${path}.sparse.indices[${wrong}]`, indexProblem(indices, wrong, size));
  const { dtype } = type;
  return new SparseArray({ places, elements: fromLittleEndian(bytes, dtype) }, { dtype, shape, size });
}

function valuesOf(value: unknown, type: TensorType, path: string): Uint8Array {
  return typeof value === "string"
    ? bytesOf(value, path)
    : toLittleEndian(fillElements(arrayOf(value, path), type, path));
}

function checkBytes(
  bytes: Uint8Array,
  expected: { readonly type: TensorType; readonly count: number; readonly path: string },
): void {
  const { type, count, path } = expected;
  const length = count * type.bytes;
  if (bytes.length === length) return;
  failAt(path, `has ${bytes.length / type.bytes} elements of ${type.name}; ${count} are needed`);
}

function typeOf(value: unknown, path: string): TensorType {
  const type = typeof value === "string" || typeof value === "number" ? tensorType(value) : undefined;
  const found = value === undefined ? "is missing" : `is ${describe(value)}`;
  return type ?? failAt(path, `${found}; there are ${TENSOR_TYPE_NAMES}`);
}

function shapeOf(value: unknown, path: string): readonly number[] {
  const shape = arrayOf(value, path).map((length, axis) => Number(integerOf(length ?? null, `${path}[${axis}]`)));
  const problem = shapeProblem(shape);
  return problem === undefined ? shape : failAt(path, problem);
}
