import { describe, expect, it } from "vitest";
import type { InferTensorContents } from "../../../../modules/serving/protocol/messages.ts";
import { decodeTensors, type ReceivedTensor } from "../../../../modules/serving/protocol/tensors.ts";

const NOTHING: InferTensorContents = {
  bool_contents: [],
  int_contents: [],
  int64_contents: [],
  uint_contents: [],
  uint64_contents: [],
  fp32_contents: [],
  fp64_contents: [],
  bytes_contents: [],
};

function tensor(
  datatype: string,
  length: number,
  contents: Partial<InferTensorContents> | undefined = {},
): ReceivedTensor {
  return { name: "x", datatype, shape: [String(length)], contents: { ...NOTHING, ...contents } };
}

describe("typed contents", () => {
  it.each([
    ["BOOL", { bool_contents: [true, false] }, Uint8Array.of(1, 0)],
    ["INT8", { int_contents: [-128, 127] }, Int8Array.of(-128, 127)],
    ["INT16", { int_contents: [-32768, 32767] }, Int16Array.of(-32768, 32767)],
    ["INT32", { int_contents: [-2147483648, 2147483647] }, Int32Array.of(-2147483648, 2147483647)],
    ["INT64", { int64_contents: ["-9223372036854775808", "7"] }, BigInt64Array.of(-(2n ** 63n), 7n)],
    ["UINT8", { uint_contents: [0, 255] }, Uint8Array.of(0, 255)],
    ["UINT16", { uint_contents: [0, 65535] }, Uint16Array.of(0, 65535)],
    ["UINT32", { uint_contents: [0, 4294967295] }, Uint32Array.of(0, 4294967295)],
    ["UINT64", { uint64_contents: ["18446744073709551615", "0"] }, BigUint64Array.of(2n ** 64n - 1n, 0n)],
    ["FP32", { fp32_contents: [-0, Number.NaN] }, Float32Array.of(-0, Number.NaN)],
    ["FP64", { fp64_contents: [0.1, Infinity] }, Float64Array.of(0.1, Infinity)],
    ["BYTES", { bytes_contents: [Buffer.from("é"), Buffer.alloc(0)] }, ["é", ""]],
  ])("bring %s", (datatype, contents, data) => {
    expect(decodeTensors([tensor(datatype, 2, contents)], [])["x"]?.data).toEqual(data);
  });

  it.each(["FP32", "FP16", "BYTES"])("may be left out of a %s tensor that has no elements", (datatype) => {
    expect(decodeTensors([{ name: "x", datatype, shape: ["3", "0"] }], [])["x"]?.shape).toEqual([3, 0]);
  });

  it("that are there but empty may stand beside raw ones", () => {
    expect(decodeTensors([tensor("UINT8", 1)], [Uint8Array.of(9)])["x"]?.data).toEqual(Uint8Array.of(9));
  });

  it.each([
    ["another field", tensor("FP32", 1, { fp64_contents: [1] }), /travels in fp32_contents; it came in fp64_contents/],
    [
      "two fields",
      tensor("FP32", 1, { fp32_contents: [1], int_contents: [1] }),
      /travels in fp32_contents; it came in int_contents/,
    ],
    ["too few", tensor("FP32", 3, { fp32_contents: [1, 2] }), /2 elements in fp32_contents .*; 3 were expected/],
    ["none at all", { name: "x", datatype: "FP32", shape: ["3"] }, /0 elements in fp32_contents and none in the raw/],
    ["a small integer that is large", tensor("INT8", 2, { int_contents: [1, 128] }), /element 1 is 128, .* no INT8/],
    ["a negative one below", tensor("INT16", 1, { int_contents: [-32769] }), /element 0 is -32769, .* no INT16/],
    ["an unsigned one that is large", tensor("UINT8", 1, { uint_contents: [256] }), /element 0 is 256, .* no UINT8/],
    ["halves", tensor("FP16", 1, { fp32_contents: [1] }), /FP16, which has no typed contents/],
    ["BF16", tensor("BF16", 1, { fp32_contents: [1] }), /"BF16", which is not taken/],
    ["no UTF-8", tensor("BYTES", 1, { bytes_contents: [Buffer.of(0xc3)] }), /element 0 is no UTF-8/],
  ])("are refused: %s", (_, sent, message) => {
    expect(() => decodeTensors([sent], [])).toThrow(
      expect.objectContaining({ code: "TWIN_WIRE_INVALID", message: expect.stringMatching(message) }),
    );
  });

  it("are refused in a message with raw ones", () => {
    const sent = tensor("FP32", 1, { fp32_contents: [1] });
    expect(() => decodeTensors([sent], [new Uint8Array(4)])).toThrow(/"x" has typed contents in a message with raw/);
  });
});
