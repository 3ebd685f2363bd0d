import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeParameters, encodeParameters } from "../../../../modules/serving/protocol/parameters.ts";

it("parameters survive the journey, each with its type", () => {
  const value = fc.oneof(fc.boolean(), fc.string(), fc.double(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }));
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value), (parameters) => {
      // As the loader gives them: strings of digits, and what is not set is absent.
      const sent = encodeParameters(parameters) as Parameters<typeof decodeParameters>[0];
      expect(Object.entries(decodeParameters(sent))).toEqual(Object.entries(parameters));
    }),
    { numRuns: 300, seed: 64 },
  );
});

it("an integer is signed where it can be", () => {
  const parameters = { low: -(2n ** 63n), high: 2n ** 63n - 1n, higher: 2n ** 63n, highest: 2n ** 64n - 1n };
  expect(encodeParameters(parameters)).toEqual({
    low: { int64_param: "-9223372036854775808" },
    high: { int64_param: "9223372036854775807" },
    higher: { uint64_param: "9223372036854775808" },
    highest: { uint64_param: "18446744073709551615" },
  });
});

it.each([2n ** 64n, -(2n ** 63n) - 1n])("an integer of more than 64 bits is refused: %s", (seed) => {
  expect(() => encodeParameters({ seed })).toThrow(/Parameter "seed" is -?\d+; integers must be of 64 bits/);
});

it("no parameters are none, and one without a value is refused", () => {
  expect(decodeParameters(undefined)).toEqual({});
  expect(() => decodeParameters({ seed: {} })).toThrow(
    expect.objectContaining({ code: "TWIN_WIRE_INVALID", message: expect.stringContaining('"seed" has no value') }),
  );
});
