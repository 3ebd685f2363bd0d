import type { Datatype } from "../protocol/datatypes.ts";
import type { Served, TensorMetadata } from "./served.ts";

/** What `ModelConfig` tells of a thing served, in the words of Triton's `model_config.proto`. */
export interface ServedConfig {
  readonly name: string;
  readonly platform: string;
  /** 0: requests are not put together, and the shapes have all axes. */
  readonly max_batch_size: number;
  readonly input: readonly ConfigTensor[];
  readonly output: readonly ConfigTensor[];
  readonly dynamic_batching?: {
    readonly preferred_batch_size: readonly number[];
    readonly max_queue_delay_microseconds: number;
  };
  readonly parameters: Readonly<Record<string, { readonly string_value: string }>>;
}

export interface ConfigTensor {
  readonly name: string;
  /** `"TYPE_FP32"`. */
  readonly data_type: string;
  /** Without the axis of the batch; -1 is a free length. */
  readonly dims: readonly number[];
}

/** The configuration of a thing served; its properties are the parameters. */
export function servedConfig({ name, platform, batching, inputs, outputs, properties }: Served): ServedConfig {
  const tensors = (all: readonly TensorMetadata[]): readonly ConfigTensor[] =>
    all.map(({ name: tensor, datatype, shape }) => ({
      name: tensor,
      data_type: configType(datatype),
      dims: batching ? shape.slice(1) : shape,
    }));
  return {
    name,
    platform,
    max_batch_size: batching?.maxBatchSize ?? 0,
    input: tensors(inputs),
    output: tensors(outputs),
    ...(batching && {
      dynamic_batching: {
        preferred_batch_size: batching.preferredBatchSizes,
        max_queue_delay_microseconds: Math.round(batching.maxQueueDelayMs * 1000),
      },
    }),
    parameters: Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, { string_value: value }])),
  };
}

/** Triton's name of a datatype in configurations. */
function configType(datatype: Datatype): string {
  return datatype === "BYTES" ? "TYPE_STRING" : `TYPE_${datatype}`;
}
