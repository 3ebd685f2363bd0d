import { expect, test } from "vitest";
import { loadProtos } from "../../../../modules/serving/protocol/load-protos.ts";
import { EncodedResponse, ResponseCodec, takesPieces } from "../../../../modules/serving/server/response-codec.ts";

const HEAD = { model_name: "a", model_version: "7", id: "x" };
const RAW = [0, 1, 127, 128, 16_383, 16_384, 3_000_000].map((n) => Buffer.alloc(n, n));

test.each([
  ["nothing", {}, []],
  ["a head", HEAD, []],
  ["tensors of all sizes", HEAD, RAW],
])("%s is written as the library of protobuf writes it, alone and in a stream", async (_what, head, raw) => {
  const { Service } = await loadProtos();
  const { ModelInfer, ModelStreamInfer } = Service.service;
  const codec = new ResponseCodec({ takesPieces: true });
  const response = { ...head, parameters: { start: 3n }, raw };
  const infer_response = { ...head, parameters: { start: { int64_param: "3" } }, raw_output_contents: raw };

  for (const [gathered, plain] of [
    [codec.encode(response), ModelInfer.responseSerialize(infer_response)],
    [codec.encodeStreamed(response), ModelStreamInfer.responseSerialize({ infer_response })],
    [
      codec.encodeStreamed(response, "wrong"),
      ModelStreamInfer.responseSerialize({ error_message: "wrong", infer_response }),
    ],
  ] as const) {
    const bytes = Buffer.alloc(gathered.byteLength + 5);
    gathered.copy(bytes, 5);
    expect(bytes.subarray(5).equals(plain)).toBe(true);
    expect(gathered.toBuffer().equals(plain)).toBe(true);
  }
});

test("the gRPC that is installed takes answers in pieces; another one that does not is given buffers", async () => {
  const { Service } = await loadProtos();
  expect(await takesPieces()).toBe(true);
  expect(await takesPieces(async () => () => Buffer.from("framed in another way"))).toBe(false);
  expect(await takesPieces(() => Promise.reject(new Error("There is no such file")))).toBe(false);

  const answer = new EncodedResponse([Uint8Array.of(1), Uint8Array.of(2)]);
  for (const pieces of [true, false]) {
    const codec = new ResponseCodec({ takesPieces: pieces });
    const service = codec.encoded(Service.service);
    for (const method of ["ModelInfer", "ModelStreamInfer"]) {
      expect(Buffer.isBuffer(service[method]?.responseSerialize(answer))).toBe(!pieces);
    }
  }
});
