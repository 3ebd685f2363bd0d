import { type Served, serveGenerator, serveModel } from "twinloom/modules/serving";
import { describe, expect, it } from "vitest";
import { servedConfig } from "../../../../modules/serving/models/config.ts";
import { generatorIdentity } from "../../../../modules/serving/models/properties.ts";
import { NoiseGenerator, RowModel } from "./fakes.ts";

function configOf(served: Served): unknown {
  return servedConfig(served);
}

describe("servedConfig", () => {
  it("tells of a generator in Triton's words", () => {
    const generator = new NoiseGenerator({ facts: { model_digest: "sha256:0f", provider: "cpu" } });
    const batching = { maxQueueDelayMs: 1.5, preferredBatchSizes: [50] };
    expect(configOf(serveGenerator(generator, { version: "1", batching, properties: { twin: "t" } }))).toEqual({
      name: "noise",
      platform: "twinloom_generator",
      max_batch_size: 100,
      input: [
        { name: "event_id", data_type: "TYPE_INT64", dims: [1] },
        { name: "energy", data_type: "TYPE_FP64", dims: [1] },
        { name: "seed", data_type: "TYPE_INT64", dims: [1] },
      ],
      output: [{ name: "cells", data_type: "TYPE_FP32", dims: [5] }],
      dynamic_batching: { preferred_batch_size: [50], max_queue_delay_microseconds: 1500 },
      parameters: {
        twin: { string_value: "t" },
        kind: { string_value: "generator" },
        identity: { string_value: generatorIdentity(generator, "") },
        provider: { string_value: "cpu" },
        "twinloom.generator": {
          string_value: JSON.stringify({
            validity: { energy: { unit: "GeV", min: 0, max: 100_000 } },
            outputs: { cells: { dtype: "float32", dims: ["cell"], shape: [5], unit: "GeV" } },
            facts: { model_digest: "sha256:0f", provider: "cpu" },
          }),
        },
      },
    });
  });

  it("keeps all axes of a model whose requests are not put together", () => {
    expect(configOf(serveModel(new RowModel(), { version: "1", batching: false }))).toMatchObject({
      max_batch_size: 0,
      input: [
        { name: "values", data_type: "TYPE_FP32", dims: [-1, -1] },
        { name: "label", data_type: "TYPE_STRING", dims: [-1] },
      ],
    });
  });
});
