import type { TensorSpec } from "../../core/index.ts";
import { DEEPEST, fieldsOf, integersOf, textOf } from "./protobuf.ts";
import { DTYPES, OTHER_TYPES } from "./tensor-types.ts";

/**
 * What is read of a graph: its inputs and outputs, and what it is made of. Numbers of fields are those of onnx.proto.
 *
 * @see Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto (ONNX 1.17).
 */
export interface GraphFacts {
  name: string;
  readonly inputs: Map<string, ValueType>;
  readonly outputs: Map<string, ValueType>;
  /** Names of what the graph brings with it; files of before 2019 list them among the inputs, too. */
  readonly constants: Set<string>;
  /** How many numbers those hold. */
  parameters: number;
  /** How often each operator is used, here and in branches and loops. */
  readonly operators: Map<string, number>;
  /** The first tensor whose values are in another file, if there is one. */
  outside: string | undefined;
}

/** The type of an input or output: a tensor that we have, or why not. */
export type ValueType = TensorSpec | { readonly problem: string };

export function newGraph(): GraphFacts {
  return {
    name: "",
    inputs: new Map(),
    outputs: new Map(),
    constants: new Set(),
    parameters: 0,
    operators: new Map(),
    outside: undefined,
  };
}

/** Reads a `GraphProto` into facts. Of branches and loops only what they are made of counts. */
export function readGraph(message: Uint8Array, facts: GraphFacts, depth = 0): void {
  checkDepth(depth);
  for (const field of fieldsOf(message)) {
    const { number, bytes } = field;
    if (bytes === undefined) continue;
    if (number === 1) readNode(bytes, facts, depth);
    else if (number === 2 && depth === 0) facts.name = textOf(field);
    else if (number === 5) readTensor(bytes, facts, depth);
    else if (number === 15) readSparse(bytes, facts, depth);
    else if (number === 11 && depth === 0) readValue(bytes, facts.inputs);
    else if (number === 12 && depth === 0) readValue(bytes, facts.outputs);
  }
}

/** Reads a `NodeProto`: its operator, and the tensors and graphs among its attributes. */
export function readNode(message: Uint8Array, facts: GraphFacts, depth: number): void {
  let operator = "";
  let domain = "";
  for (const field of fieldsOf(message)) {
    if (field.number === 4) operator = textOf(field);
    else if (field.number === 7) domain = textOf(field);
    else if (field.number === 5 && field.bytes) readAttribute(field.bytes, facts, depth + 1);
  }
  const name = domain === "" || domain === "ai.onnx" ? operator : `${domain}.${operator}`;
  facts.operators.set(name, (facts.operators.get(name) ?? 0) + 1);
}

function readAttribute(message: Uint8Array, facts: GraphFacts, depth: number): void {
  for (const { number, bytes } of fieldsOf(message)) {
    if (bytes === undefined) continue;
    if (number === 5 || number === 10) readTensor(bytes, facts, depth);
    else if (number === 6 || number === 11) readGraph(bytes, facts, depth + 1);
    else if (number === 22 || number === 23) readSparse(bytes, facts, depth);
  }
}

/** `SparseTensorProto`: values and indices. */
function readSparse(message: Uint8Array, facts: GraphFacts, depth: number): void {
  for (const { number, bytes } of fieldsOf(message)) {
    if (bytes && (number === 1 || number === 2)) readTensor(bytes, facts, depth);
  }
}

/** `TensorProto`; its values are passed over. */
function readTensor(message: Uint8Array, facts: GraphFacts, depth: number): void {
  let name = "";
  let size = 1;
  let isOutside = false;
  for (const field of fieldsOf(message)) {
    if (field.number === 1) for (const length of integersOf(field)) size *= Number(length);
    else if (field.number === 8) name = textOf(field);
    else if (field.number === 13 || (field.number === 14 && field.integer === 1n)) isOutside = true;
  }
  if (isOutside) facts.outside ??= name;
  if (depth === 0) facts.constants.add(name);
  facts.parameters += size;
}

/** `ValueInfoProto` */
function readValue(message: Uint8Array, values: Map<string, ValueType>): void {
  let name = "";
  let type: Uint8Array | undefined;
  for (const field of fieldsOf(message)) {
    if (field.number === 1) name = textOf(field);
    else if (field.number === 2) type = field.bytes;
  }
  values.set(name, readType(type, name));
}

/** `TypeProto` */
function readType(message: Uint8Array | undefined, name: string): ValueType {
  for (const { number, bytes } of message ? fieldsOf(message) : []) {
    if (bytes && number === 1) return readTensorType(bytes, name);
    const kind = { 4: "a sequence", 5: "a map", 8: "a sparse tensor", 9: "an optional value" }[number];
    if (bytes && kind) return { problem: `it is ${kind}, and only tensors can be used` };
  }
  return { problem: "it states no type" };
}

/** `TypeProto.Tensor` */
function readTensorType(message: Uint8Array, name: string): ValueType {
  let element = 0;
  let shape: readonly (number | string)[] | undefined;
  for (const field of fieldsOf(message)) {
    if (field.number === 1 && field.integer !== undefined) element = Number(field.integer);
    else if (field.number === 2 && field.bytes) shape = readShape(field.bytes, name);
  }
  const dtype = DTYPES.get(element);
  if (dtype === undefined) {
    return { problem: `its values are of type ${OTHER_TYPES.get(element) ?? element}, which has no dtype here` };
  }
  if (shape === undefined) return { problem: "it states no shape, so nothing can be checked; state it when exporting" };
  return { dtype, shape };
}

/** `TensorShapeProto`. An axis without length and name gets a name of its own. */
function readShape(message: Uint8Array, name: string): readonly (number | string)[] {
  const axes = [...fieldsOf(message)].filter(({ number, bytes }) => number === 1 && bytes !== undefined);
  return axes.map(({ bytes }, axis) => {
    let length: number | string = "";
    for (const field of fieldsOf(bytes as Uint8Array)) {
      if (field.number === 1 && field.integer !== undefined) length = Number(field.integer);
      else if (field.number === 2 && field.bytes) length = textOf(field);
    }
    const isFree = length === "" || (typeof length === "number" && length < 0);
    return isFree ? `${name}_${axis}` : length;
  });
}

function checkDepth(depth: number): void {
  if (depth > DEEPEST) throw new Error(`its graphs lie in one another more than ${DEEPEST} levels deep`);
}
