import { InvalidArgumentError, type TensorSpec } from "../../../core/index.ts";
import { datatypeOf } from "../protocol/datatypes.ts";
import { type EnumName, messageText, type TextMessage } from "./protobuf-text.ts";

/** What an ONNX file tells about itself, as far as a server needs it: what `describeOnnx` of modules/onnx gives. */
export interface OnnxFacts {
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  readonly outputs: Readonly<Record<string, TensorSpec>>;
  /** `metadata_props` of the file. */
  readonly metadata: Readonly<Record<string, string>>;
  /** `sha256:` and the digest of the file. */
  readonly digest: string;
}

/** How a server computes a model. */
export interface TritonOptions {
  /** Most rows computed at once; 1000 by default. A request with more is refused. */
  readonly maxBatchSize?: number | undefined;
  /** How long the first of a batch waits for others [ms]; 0 by default. */
  readonly maxQueueDelayMs?: number | undefined;
  /** Copies of the model on each GPU, or on the CPU where there is none; 1 by default. */
  readonly instances?: number | undefined;
  /** Threads of one operator on the CPU; 1 by default, as results then do not depend on the number of processors. */
  readonly threads?: number | undefined;
}

/**
 * Keys of a file's metadata that go along. Triton takes parameters for orders to its ONNX Runtime backend, whose names become
 * more with every release; none of them begins so.
 *
 * @see Source: https://github.com/triton-inference-server/onnxruntime_backend#model-config-options
 */
const OWN_KEY = /^twinloom\./;

/** Largest values: of an `int32`, and of what is exact; the `uint64` of the delay holds more. */
const MOST = { int32: 2 ** 31 - 1, microseconds: Number.MAX_SAFE_INTEGER } as const;

/**
 * The `config.pbtxt` of a model: a `ModelConfig` of Triton for its ONNX Runtime backend. What the file tells of itself as
 * Twinloom's goes into `parameters` under its own keys (`twinloom.…`), and its digest as `identity`, so that a client of the
 * standard protocol knows them.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for an axis of length 0, and for counts and times that the file cannot hold.
 * @see Source: https://github.com/triton-inference-server/common/blob/main/protobuf/model_config.proto
 */
export function modelConfig(name: string, facts: OnnxFacts, options: TritonOptions = {}): string {
  const { maxBatchSize = 1000, maxQueueDelayMs = 0, instances = 1, threads = 1 } = options;
  for (const [option, count] of Object.entries({ maxBatchSize, instances, threads })) {
    if (Number.isInteger(count) && count >= 1 && count <= MOST.int32) continue;
    throw new InvalidArgumentError(`\`${option}\` must be a whole number from 1 to ${MOST.int32}, and is ${count}.`);
  }
  const delay = Math.round(maxQueueDelayMs * 1_000);
  if (!(delay >= 0 && delay <= MOST.microseconds)) {
    const most = MOST.microseconds / 1_000;
    throw new InvalidArgumentError(`\`maxQueueDelayMs\` must be from 0 to ${most}, and is ${maxQueueDelayMs}.`);
  }
  const batched = isBatched(facts);
  const tensors = (kind: string, specs: OnnxFacts["inputs"]): TextMessage =>
    Object.entries(specs).map(([tensor, spec]) => [kind, tensorMessage(tensor, spec, batched)]);
  const queue: TextMessage = delay > 0 ? [["max_queue_delay_microseconds", delay]] : [];
  const config: TextMessage = [
    ["name", name],
    ["platform", "onnxruntime_onnx"],
    ["max_batch_size", batched ? maxBatchSize : 0],
    ...tensors("input", facts.inputs),
    ...tensors("output", facts.outputs),
    ...(batched ? field("dynamic_batching", queue) : []),
    ...field("instance_group", [
      ["kind", { enum: "KIND_AUTO" }],
      ["count", instances],
    ]),
    // 1 is "extended", as modules/onnx computes: other fusions give other last digits.
    ...field("optimization", field("graph", [["level", 1]])),
    ...parameters({ ...facts, threads }),
  ];
  return messageText(config);
}

/** A message that is a field of another. */
function field(name: string, value: TextMessage): TextMessage {
  return [[name, value]];
}

/** Whether all inputs and outputs begin with one and the same free axis, which is nowhere else. */
function isBatched({ inputs, outputs }: OnnxFacts): boolean {
  const shapes = [...Object.values(inputs), ...Object.values(outputs)].map(({ shape }) => shape);
  const axis = shapes[0]?.[0];
  return typeof axis === "string" && shapes.every((shape) => shape[0] === axis && shape.lastIndexOf(axis) === 0);
}

function tensorMessage(name: string, { dtype, shape }: TensorSpec, batched: boolean): TextMessage {
  const dims = shape.slice(batched ? 1 : 0).map((length) => (typeof length === "string" ? -1 : length));
  // Triton has no batch of lengths 0, and no tensor without dims: a scalar goes over the wire as [1].
  if (dims.includes(0)) {
    throw new InvalidArgumentError(
      `"${name}" has an axis of length 0 (${shape.join(", ")}), which Triton does not know.`,
    );
  }
  const datatype = datatypeOf(dtype);
  const type: EnumName = { enum: `TYPE_${datatype === "BYTES" ? "STRING" : datatype}` };
  const stated = dims.length > 0 ? dims : [1];
  return [
    ["name", name],
    ["data_type", type],
    ...stated.map((length) => ["dims", length] as const),
    ...(dims.length > 0 ? [] : field("reshape", [])),
  ];
}

function parameters({ metadata, digest, threads }: OnnxFacts & { readonly threads: number }): TextMessage {
  const own = Object.entries(metadata).filter(([key]) => OWN_KEY.test(key));
  const all = new Map([
    ...own,
    ["identity", digest] as const,
    ["intra_op_thread_count", `${threads}`] as const,
    ["inter_op_thread_count", "1"] as const,
  ]);
  return [...all].flatMap(([key, value]) =>
    field("parameters", [["key", key], ...field("value", [["string_value", value]])]),
  );
}
