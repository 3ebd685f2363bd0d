import fc from "fast-check";
import { expect, it } from "vitest";
import { loadProtos } from "../../../../modules/serving/protocol/load-protos.ts";
import type { InferParameter } from "../../../../modules/serving/protocol/messages.ts";
import type { ParameterValue } from "../../../../modules/serving/protocol/parameters.ts";
import {
  lengthHeader,
  RAW_INPUT_CONTENTS,
  RAW_OUTPUT_CONTENTS,
  type SentMessage,
  textField,
  writeMessage,
} from "../../../../modules/serving/protocol/write-message.ts";

const { ModelInfer, ModelStreamInfer } = (await loadProtos()).Service.service;

/** A text whose length takes one byte, two or three. */
const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.nat({ max: 20_000 }).map((length) => "µ".repeat(length)),
);
const message = fc.record(
  {
    model_name: text,
    model_version: fc.string(),
    id: fc.string(),
    parameters: fc.dictionary(
      fc.string(),
      fc.oneof(fc.boolean(), text, fc.double(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })),
    ),
    tensors: fc.array(
      fc.record({
        name: fc.string(),
        datatype: fc.constantFrom("FP32" as const, "BYTES" as const),
        shape: fc.array(fc.oneof(fc.nat(), fc.maxSafeNat()), { maxLength: 70 }),
      }),
      { maxLength: 4 },
    ),
    raw: fc.array(
      fc.oneof(
        fc.uint8Array(),
        fc.nat({ max: 20_000 }).map((length) => new Uint8Array(length)),
      ),
      { maxLength: 4 },
    ),
  },
  { requiredKeys: [] },
);

it("writes requests and responses to the byte as the library of protobuf does", () => {
  fc.assert(
    fc.property(message, (each) => {
      const { tensors, raw, ...head } = asTheLibraryTakes(each);
      expect(Buffer.concat(writeMessage(each, RAW_INPUT_CONTENTS))).toEqual(
        ModelInfer.requestSerialize({ ...head, inputs: tensors, raw_input_contents: raw }),
      );
      expect(Buffer.concat(writeMessage(each, RAW_OUTPUT_CONTENTS))).toEqual(
        ModelInfer.responseSerialize({ ...head, outputs: tensors, raw_output_contents: raw }),
      );
    }),
    { numRuns: 300, seed: 17 },
  );
});

it("copies no tensor", () => {
  const raw = Buffer.alloc(10);
  expect(writeMessage({ raw: [raw] }, RAW_OUTPUT_CONTENTS).at(-1)).toBe(raw);
});

it("what was written stays, whatever is written after it", () => {
  const [first] = writeMessage({ id: "first" }, RAW_OUTPUT_CONTENTS);
  const kept = Buffer.from(first as Uint8Array);
  writeMessage({ id: "after", model_name: "it" }, RAW_OUTPUT_CONTENTS);
  expect(first).toEqual(kept);
});

it("texts and headers of fields are those of protobuf", () => {
  const answer = { id: "x".repeat(300) };
  const inner = writeMessage(answer, RAW_OUTPUT_CONTENTS);
  const length = inner.reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(Buffer.concat([textField(1, "wrong"), lengthHeader(2, length), ...inner])).toEqual(
    ModelStreamInfer.responseSerialize({ error_message: "wrong", infer_response: answer }),
  );
});

it.each([2n ** 64n, -(2n ** 63n) - 1n])("an integer of more than 64 bits is refused: %s", (seed) => {
  expect(() => writeMessage({ parameters: { seed } }, RAW_INPUT_CONTENTS)).toThrow(
    /Parameter "seed" is -?\d+; integers must be of 64 bits/,
  );
});

function asTheLibraryTakes({ parameters, tensors = [], raw = [], model_name, model_version, id }: SentMessage) {
  return {
    ...(model_name !== undefined && { model_name }),
    ...(model_version !== undefined && { model_version }),
    ...(id !== undefined && { id }),
    parameters: Object.fromEntries(Object.entries(parameters ?? {}).map(([name, value]) => [name, choice(value)])),
    tensors: tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape: [...shape] })),
    raw: raw.map((bytes) => Buffer.from(bytes)),
  };
}

function choice(value: ParameterValue): InferParameter {
  if (typeof value === "boolean") return { bool_param: value };
  if (typeof value === "string") return { string_param: value };
  if (typeof value === "number") return { double_param: value };
  return BigInt.asIntN(64, value) === value ? { int64_param: `${value}` } : { uint64_param: `${value}` };
}
