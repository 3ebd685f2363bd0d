import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkWire } from "../../../../modules/serving/protocol/check-wire.ts";
import { loadProtos } from "../../../../modules/serving/protocol/load-protos.ts";
import type { ModelInferRequestInit } from "../../../../modules/serving/protocol/messages.ts";

const { ModelInfer } = (await loadProtos()).Service.service;
const encode = (request: ModelInferRequestInit): Buffer => ModelInfer.requestSerialize(request);

/** A field of bytes, or a message. */
function field(number: number, ...contents: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(number * 8 + 2, ...varint(bytes.length)), bytes]);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

function repeated(bytes: Uint8Array, times: number): Buffer {
  return Buffer.alloc(bytes.length * times, bytes);
}

const EMPTY_RAW = Buffer.of(0x3a, 0);

describe("checkWire lets through", () => {
  it("a request of every kind of field, as it is written by protobuf", () => {
    const parameters = {
      a: { bool_param: true },
      b: { int64_param: "-1" },
      c: { string_param: "x".repeat(1000) },
      d: { double_param: 0.5 },
      e: { uint64_param: "18446744073709551615" },
    };
    const contents = {
      bool_contents: [true, false],
      int_contents: [-1, 2 ** 31 - 1],
      int64_contents: ["-9223372036854775808", "5000000000"],
      uint_contents: [0, 2 ** 32 - 1],
      uint64_contents: ["18446744073709551615"],
      fp32_contents: [0.5, -1],
      fp64_contents: [Math.PI],
      bytes_contents: [Buffer.from("text"), Buffer.alloc(0)],
    };
    const request = {
      model_name: "gan",
      model_version: "1",
      id: "7",
      parameters,
      inputs: [{ name: "x", datatype: "FP32", shape: ["-1", "3", "9007199254740993"], parameters, contents }],
      outputs: [{ name: "y", parameters }],
      raw_input_contents: [Buffer.alloc(1_000_000, 255)],
    };
    expect(() => checkWire(encode(request))).not.toThrow();
  });

  it("any request that protobuf wrote", () => {
    const request = fc.record({
      model_name: fc.string(),
      inputs: fc.array(
        fc.record({
          name: fc.string(),
          shape: fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String), { maxLength: 4 }),
          contents: fc.record({
            int_contents: fc.array(fc.integer()),
            uint_contents: fc.array(fc.nat()),
            fp32_contents: fc.array(fc.float()),
          }),
        }),
      ),
      raw_input_contents: fc.array(fc.uint8Array().map((bytes) => Buffer.from(bytes))),
    });
    fc.assert(
      fc.property(request, (each) => checkWire(encode(each))),
      { numRuns: 200, seed: 7 },
    );
  });

  it("numbers that are not packed, and fields that inference.proto does not have", () => {
    const unpacked = field(5, Buffer.of(0x18, 3, 0x18, 0x80, 0x01));
    const unknown = Buffer.concat([
      field(15, Buffer.of(1, 2)),
      Buffer.of(0x78, 1, 0x7d, 0, 0, 0, 0),
      Buffer.of(0x79),
      Buffer.alloc(8),
    ]);
    expect(() => checkWire(Buffer.concat([unpacked, unknown]))).not.toThrow();
  });
});

describe("checkWire refuses", () => {
  it.each([
    ["raw_input_contents", EMPTY_RAW],
    ["inputs", Buffer.of(0x2a, 0)],
    ["outputs", Buffer.of(0x32, 0)],
    ["parameters", Buffer.of(0x22, 0)],
  ])("more than 1,024 %s", (list, entry) => {
    expect(() => checkWire(repeated(entry, 1024))).not.toThrow();
    expect(() => checkWire(repeated(entry, 1025))).toThrow(`A request has more than 1024 ${list}, the most taken.`);
  });

  const parts = (count: number): Readonly<Record<string, Buffer>> => ({
    "packed zeros": field(5, field(5, field(3, Buffer.alloc(count)))),
    "packed floats": field(5, field(5, field(6, Buffer.alloc(4 * count)))),
    "single zeros": field(5, field(5, repeated(Buffer.of(0x18, 0), count))),
    texts: field(5, field(5, repeated(Buffer.of(0x42, 0), count))),
    axes: field(5, field(3, Buffer.alloc(count))),
    "parameters of a tensor": field(5, repeated(Buffer.of(0x22, 0), count)),
    "values of one parameter": field(4, repeated(Buffer.of(0x12, 0), count)),
    "typed contents again and again": field(5, repeated(Buffer.of(0x2a, 0), count)),
    "unknown fields": repeated(Buffer.of(0x78, 0), count),
  });

  it.each(Object.keys(parts(0)))("more than 262,144 %s, however they are spread", (what) => {
    expect(() => checkWire(parts(2 ** 18 - 8)[what] as Buffer)).not.toThrow();
    expect(() => checkWire(parts(2 ** 18 + 1)[what] as Buffer)).toThrow("262144 fields and typed elements");
  });

  it.each([
    ["a length beyond the message", [0x3a, 2, 0]],
    ["a length beyond the message that it is in", [0x2a, 2, 0x0a, 1, 0]],
    ["a length without an end", [0x3a, 0x80]],
    ["a length of more than 32 bits", [0x3a, 0xff, 0xff, 0xff, 0xff, 0x1f]],
    ["a length of more bytes than needed", [0x3a, 0x80, 0x80, 0x80, 0x80, 0x80, 0]],
    ["another wire type than the field has", [0x38, 0]],
    ["bytes where a message should be", [0x2d, 0, 0, 0, 0]],
    [
      "a number of 32 bits in 7 bytes, which readers take for 10",
      [0x2a, 10, 0x2a, 8, 0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0],
    ],
    ["a number of more than 10 bytes", [0x78, ...Array.from({ length: 10 }, () => 0x80), 0]],
    ["packed floats with half a float", [0x2a, 6, 0x2a, 4, 0x32, 2, 0, 0]],
    ["a number that ends behind the message", [0x7d, 0, 0]],
    ["a group", [0x7b, 0x7c]],
    ["field 0", [0x02, 0]],
  ])("%s", (_, bytes) => {
    expect(() => checkWire(Buffer.from(bytes))).toThrow(/are no message of inference\.proto at byte \d+/);
  });

  it("60 MiB of empty entries and zeros in a process of 32 MiB", async () => {
    const child = fork(fileURLToPath(new URL("message-bombs.ts", import.meta.url)), {
      execArgv: ["--conditions=@twinloom/source", "--max-old-space-size=32"],
    });
    const messages: unknown[] = [];
    child.on("message", (message) => messages.push(message));
    const [code] = await once(child, "exit");
    expect({ code, messages }).toEqual({ code: 0, messages: ["TWIN_WIRE_INVALID", "TWIN_WIRE_INVALID"] });
  });
});
