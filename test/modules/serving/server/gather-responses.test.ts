import { expect, test } from "vitest";
import { loadProtos } from "../../../../modules/serving/protocol/load-protos.ts";
import { gatherResponses } from "../../../../modules/serving/server/gather-responses.ts";

const HEAD = { model_name: "a", model_version: "7", id: "x", parameters: { start: { int64_param: "3" } } };

test.each([
  ["nothing", {}],
  ["a head", HEAD],
  ["no tensors", { ...HEAD, raw_output_contents: [] }],
  [
    "tensors of all sizes",
    { ...HEAD, raw_output_contents: [0, 1, 127, 128, 16_383, 16_384, 3_000_000].map((n) => Buffer.alloc(n, n)) },
  ],
])("%s is written as the library of protobuf writes it, alone and in a stream", async (_what, response) => {
  const { Service } = await loadProtos();
  const { ModelInfer, ModelStreamInfer } = gatherResponses(Service.service);

  for (const [gathered, plain, message] of [
    [ModelInfer, Service.service.ModelInfer, response],
    [ModelStreamInfer, Service.service.ModelStreamInfer, { infer_response: response }],
    [ModelStreamInfer, Service.service.ModelStreamInfer, { error_message: "wrong", infer_response: response }],
    [ModelStreamInfer, Service.service.ModelStreamInfer, { error_message: "wrong" }],
  ] as const) {
    const pieces = gathered?.responseSerialize(message) as Buffer;
    const bytes = Buffer.alloc(pieces.byteLength + 5);
    pieces.copy(bytes, 5);
    expect(bytes.subarray(5).equals(plain.responseSerialize(message))).toBe(true);
  }
});
