import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../../../core/index.ts";
import {
  readInferRequest,
  readInferResponse,
  readStreamInferResponse,
} from "../../../../modules/serving/protocol/infer-messages.ts";
import { loadProtos } from "../../../../modules/serving/protocol/load-protos.ts";
import type { ModelInferRequestInit } from "../../../../modules/serving/protocol/messages.ts";

const { ModelInfer, ModelStreamInfer } = (await loadProtos()).Service.service;
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

/** What the library of protobuf makes of bytes. It tells which of the choices of a parameter is set, which nobody asks. */
function asTheLibraryReads(bytes: Buffer): object {
  const forget = (parameters: object | undefined): void => {
    for (const parameter of Object.values(parameters ?? {})) delete parameter.parameter_choice;
  };
  const request = ModelInfer.requestDeserialize(bytes);
  for (const { parameters } of [request, ...request.inputs, ...request.outputs]) forget(parameters);
  return request;
}

/** Every kind of field. */
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
const FULL = {
  model_name: "gan",
  model_version: "1",
  id: "7",
  parameters,
  inputs: [{ name: "x", datatype: "FP32", shape: ["-1", "3", "9007199254740993"], parameters, contents }],
  outputs: [{ name: "y", parameters }],
  raw_input_contents: [Buffer.alloc(1_000_000, 255)],
};

const EMPTY_RAW = Buffer.of(0x3a, 0);

describe("readInferRequest reads", () => {
  it("a request of every kind of field, as it is written by protobuf", () => {
    expect(readInferRequest(encode(FULL))).toEqual(asTheLibraryReads(encode(FULL)));
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
      fc.property(request, (each) => {
        expect(readInferRequest(encode(each))).toEqual(asTheLibraryReads(encode(each)));
      }),
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
    const bytes = Buffer.concat([unpacked, unknown]);
    expect(readInferRequest(bytes)).toEqual(asTheLibraryReads(bytes));
  });
});

it("responses are read as the library of protobuf reads them, however much is in them", () => {
  const outputs = [
    { name: "y", datatype: "INT32", shape: [300_000], contents: { int_contents: Array(300_000).fill(7) } },
  ];
  const response = { model_name: "gan", id: "7", outputs, raw_output_contents: [Buffer.alloc(3)] };
  const alone = ModelInfer.responseSerialize(response);
  expect(readInferResponse(alone)).toEqual(ModelInfer.responseDeserialize(alone));
  const streamed = ModelStreamInfer.responseSerialize({ error_message: "wrong", infer_response: response });
  expect(readStreamInferResponse(streamed)).toEqual(ModelStreamInfer.responseDeserialize(streamed));
  expect(() => readStreamInferResponse(streamed.subarray(0, -1))).toThrow("The bytes of a response are no message");
});

describe("readInferRequest refuses", () => {
  it.each([
    ["raw_input_contents", EMPTY_RAW],
    ["inputs", Buffer.of(0x2a, 0)],
    ["outputs", Buffer.of(0x32, 0)],
    ["parameters", Buffer.of(0x22, 0)],
  ])("more than 1,024 %s", (list, entry) => {
    expect(() => readInferRequest(repeated(entry, 1024))).not.toThrow();
    expect(() => readInferRequest(repeated(entry, 1025))).toThrow(
      `A request has more than 1024 ${list}, the most taken.`,
    );
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
    expect(() => readInferRequest(parts(2 ** 18 - 8)[what] as Buffer)).not.toThrow();
    expect(() => readInferRequest(parts(2 ** 18 + 1)[what] as Buffer)).toThrow("262144 fields and typed elements");
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
    expect(() => readInferRequest(Buffer.from(bytes))).toThrow(/are no message of inference\.proto at byte \d+/);
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

describe("readInferRequest on damaged bytes", () => {
  it("reads what the library of protobuf reads, and refuses what it refuses", () => {
    const random = new RandomStream({ seed: 41n, id: 0n });
    const whole = (count: number): number => Math.floor(random.uniform() * count);
    const sound = [encode({ ...FULL, raw_input_contents: [Buffer.alloc(9, 255)] }), encode({ id: "7", parameters })];
    let read = 0;
    let refused = 0;
    for (let run = 0; run < 10_000; run++) {
      const bytes = damaged(sound[run % 2] as Buffer, whole);
      const library = attempt(() => asTheLibraryReads(bytes));
      // It takes an entry without a value for an error of its own; it is one with an empty value.
      if (library.error instanceof TypeError) continue;
      const ours = attempt(() => readInferRequest(bytes));
      if (ours.error !== undefined) {
        expect(ours.error).toMatchObject({
          code: "TWIN_WIRE_INVALID",
          message: expect.stringMatching(/^The bytes of a request are no message of inference\.proto at byte \d+\.$/),
        });
        refused++;
        continue;
      }
      // What is read is read alike. Refusing more is ours: see above.
      expect(ours).toEqual(library);
      read++;
    }
    expect(read).toBeGreaterThan(500);
    expect(refused).toBeGreaterThan(5_000);
  });
});

/** Bytes changed, put in, taken out and cut off. */
function damaged(sound: Buffer, whole: (count: number) => number): Buffer {
  let bytes = Buffer.from(sound);
  for (let times = 1 + whole(3); times > 0; times--) {
    const at = whole(bytes.length);
    const kind = whole(4);
    if (kind === 0) bytes[at] = whole(256);
    else if (kind === 1) bytes = Buffer.concat([bytes.subarray(0, at), Buffer.of(whole(256)), bytes.subarray(at)]);
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    else bytes = bytes.subarray(0, at + 1);
  }
  return bytes;
}

function attempt<T>(read: () => T): { readonly value?: T; readonly error?: unknown } {
  try {
    return { value: read() };
  } catch (error) {
    return { error };
  }
}
