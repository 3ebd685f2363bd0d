import fc from "fast-check";
import { expect, it } from "vitest";
import { readInferRequest } from "../../../../modules/serving/protocol/infer-messages.ts";
import { decodeParameters } from "../../../../modules/serving/protocol/parameters.ts";
import { RAW_INPUT_CONTENTS, writeMessage } from "../../../../modules/serving/protocol/write-message.ts";

it("parameters survive the journey, each with its type", () => {
  const value = fc.oneof(fc.boolean(), fc.string(), fc.double(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }));
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value), (parameters) => {
      const received = readInferRequest(Buffer.concat(writeMessage({ parameters }, RAW_INPUT_CONTENTS)));
      expect(Object.entries(decodeParameters(received.parameters))).toEqual(Object.entries(parameters));
    }),
    { numRuns: 300, seed: 64 },
  );
});

it("an integer is signed where it can be", () => {
  const parameters = { low: -(2n ** 63n), high: 2n ** 63n - 1n, higher: 2n ** 63n, highest: 2n ** 64n - 1n };
  const bytes = Buffer.concat(writeMessage({ parameters }, RAW_INPUT_CONTENTS));
  expect(readInferRequest(bytes).parameters).toEqual({
    low: { int64_param: "-9223372036854775808" },
    high: { int64_param: "9223372036854775807" },
    higher: { uint64_param: "9223372036854775808" },
    highest: { uint64_param: "18446744073709551615" },
  });
});

it("no parameters are none, and one without a value is refused", () => {
  expect(decodeParameters(undefined)).toEqual({});
  expect(() => decodeParameters({ seed: {} })).toThrow(
    expect.objectContaining({ code: "TWIN_WIRE_INVALID", message: expect.stringContaining('"seed" has no value') }),
  );
});
