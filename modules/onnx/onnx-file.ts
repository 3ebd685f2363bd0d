import type { TensorSpec } from "../../core/index.ts";
import { ModelUnreadableError } from "./errors.ts";
import { type GraphFacts, newGraph, readGraph, readNode, type ValueType } from "./onnx-graph.ts";
import { fieldsOf, textOf } from "./protobuf.ts";

/** What an ONNX file tells about itself, without ONNX Runtime. */
export interface OnnxFile {
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  readonly outputs: Readonly<Record<string, TensorSpec>>;
  /** `metadata_props` */
  readonly metadata: Readonly<Record<string, string>>;
  /** Version of the file format. */
  readonly irVersion: number;
  /** Versions of the operator sets, by domain; ONNX's own is `ai.onnx`. */
  readonly opsets: Readonly<Record<string, number>>;
  /** The program that wrote it, and its version: `"pytorch"`, `"2.11.0"`; empty where the file does not say. */
  readonly producer: { readonly name: string; readonly version: string };
  readonly graph: string;
  readonly documentation: string;
  /** How often each operator is used, the most frequent first. */
  readonly operators: Readonly<Record<string, number>>;
  /** How many constant numbers it holds: its weights. */
  readonly parameters: number;
}

/**
 * Reads what an ONNX file tells about itself.
 *
 * @param location - For messages.
 * @throws {@link ModelUnreadableError} when it is damaged, no ONNX, keeps weights in other files, or has inputs or outputs
 *   that are no tensors of our dtypes.
 */
export function readOnnxFile(bytes: Uint8Array, location: string): OnnxFile {
  const model = readModel(bytes, location);
  const { graph } = model;
  const problem = problemOf(model);
  if (problem !== undefined) throw new ModelUnreadableError(location, problem);
  const inputs = [...graph.inputs].filter(([name]) => !graph.constants.has(name));
  return {
    inputs: tensors("input", inputs, location),
    outputs: tensors("output", [...graph.outputs], location),
    metadata: Object.fromEntries(model.metadata),
    irVersion: model.irVersion,
    opsets: Object.fromEntries(model.opsets),
    producer: { name: model.producerName, version: model.producerVersion },
    graph: graph.name,
    documentation: model.documentation,
    operators: Object.fromEntries([...graph.operators].sort(([, a], [, b]) => b - a)),
    parameters: graph.parameters,
  };
}

interface ModelFacts {
  readonly graph: GraphFacts;
  hasGraph: boolean;
  irVersion: number;
  producerName: string;
  producerVersion: string;
  documentation: string;
  readonly opsets: Map<string, number>;
  readonly metadata: Map<string, string>;
}

/** `ModelProto` */
function readModel(bytes: Uint8Array, location: string): ModelFacts {
  const model: ModelFacts = {
    graph: newGraph(),
    hasGraph: false,
    irVersion: 0,
    producerName: "",
    producerVersion: "",
    documentation: "",
    opsets: new Map(),
    metadata: new Map(),
  };
  if (bytes.length === 0) throw new ModelUnreadableError(location, "it is empty.");
  try {
    for (const field of fieldsOf(bytes)) {
      if (field.number === 1) model.irVersion = Number(field.integer ?? 0n);
      else if (field.number === 2) model.producerName = textOf(field);
      else if (field.number === 3) model.producerVersion = textOf(field);
      else if (field.number === 6) model.documentation = textOf(field);
      else if (field.bytes === undefined) continue;
      else if (field.number === 7) {
        model.hasGraph = true;
        readGraph(field.bytes, model.graph);
      } else if (field.number === 8) readOpset(field.bytes, model.opsets);
      else if (field.number === 14) readEntry(field.bytes, model.metadata);
      else if (field.number === 25) readFunction(field.bytes, model.graph);
    }
  } catch (error) {
    const reason = (error as Error).message;
    throw new ModelUnreadableError(location, `it is no ONNX file, or damaged or truncated (${reason}).`, {
      cause: error,
    });
  }
  return model;
}

/** `OperatorSetIdProto` */
function readOpset(message: Uint8Array, opsets: Map<string, number>): void {
  let domain = "";
  let version = 0;
  for (const field of fieldsOf(message)) {
    if (field.number === 1) domain = textOf(field);
    else if (field.number === 2) version = Number(field.integer ?? 0n);
  }
  opsets.set(domain === "" ? "ai.onnx" : domain, version);
}

/** `StringStringEntryProto` */
function readEntry(message: Uint8Array, entries: Map<string, string>): void {
  let key = "";
  let value = "";
  for (const field of fieldsOf(message)) {
    if (field.number === 1) key = textOf(field);
    else if (field.number === 2) value = textOf(field);
  }
  entries.set(key, value);
}

/** `FunctionProto`: an operator that the file itself defines. */
function readFunction(message: Uint8Array, graph: GraphFacts): void {
  for (const { number, bytes } of fieldsOf(message)) if (number === 7 && bytes) readNode(bytes, graph, 1);
}

function problemOf({ hasGraph, graph, opsets }: ModelFacts): string | undefined {
  if (!hasGraph || opsets.size === 0 || graph.outputs.size === 0) {
    return "it is no ONNX file: it has no graph with outputs, or states no opset.";
  }
  if (graph.outside !== undefined) {
    return `it keeps weights ("${graph.outside}") in another file, which its digest does not cover. Put all into one file: onnx.save(onnx.load(path), path, save_as_external_data=False).`;
  }
  return undefined;
}

function tensors(
  kind: string,
  values: readonly (readonly [string, ValueType])[],
  location: string,
): Readonly<Record<string, TensorSpec>> {
  const specs = values.map(([name, type]) => {
    if ("problem" in type) throw new ModelUnreadableError(location, `${kind} "${name}": ${type.problem}.`);
    return [name, type] as const;
  });
  return Object.fromEntries(specs);
}
