import { checkGenerateRequest, type GenerateRequest } from "twinloom";
import { describe, expect, it } from "vitest";

const generator = {
  model: "toy",
  validity: { energy: { unit: "MeV", min: 10, max: 20 }, angle: { unit: "rad", min: -1, max: 1 } },
};
const request: GenerateRequest = {
  conditions: { energy: Float64Array.of(10, 20), angle: Float64Array.of(-1, 1) },
  eventIds: BigInt64Array.of(0n, 1n),
  seed: 2n ** 64n - 1n,
};

function refusal(change: object): object {
  try {
    checkGenerateRequest(generator, { ...request, ...change });
  } catch (error) {
    return error as object;
  }
  return {};
}

describe("checkGenerateRequest", () => {
  it("takes conditions at both ends, and no events at all", () => {
    expect(refusal({})).toEqual({});
    const none = {
      conditions: { energy: new Float64Array(), angle: new Float64Array() },
      eventIds: new BigInt64Array(),
    };
    expect(refusal(none)).toEqual({});
  });

  it("takes ends that were stored as float32, and nothing further out", () => {
    const validity = { thickness: { unit: "mm", min: 1.3, max: 1.6 } };
    const ends = { thickness: Float64Array.of(1.3, 1.6).map(Math.fround) };
    expect(ends.thickness.every((value, index) => value !== [1.3, 1.6][index])).toBe(true);
    const check = (thickness: Float64Array): void =>
      checkGenerateRequest({ model: "toy", validity }, { ...request, conditions: { thickness } });
    expect(() => check(ends.thickness)).not.toThrow();
    for (const value of [1.6000004, 1.2999996, Number.NaN]) {
      expect(() => check(Float64Array.of(1.4, value))).toThrow(expect.objectContaining({ code: "TWIN_OUT_OF_DOMAIN" }));
    }
  });

  it.for<[string, object, RegExp]>([
    [
      "an unknown condition",
      { conditions: { ...request.conditions, energie: Float64Array.of(1, 1) } },
      /Did you mean "energy"/,
    ],
    [
      "a missing condition",
      { conditions: { energy: Float64Array.of(10, 20) } },
      /toy needs the condition "angle", rad/,
    ],
    [
      "another length",
      { conditions: { ...request.conditions, angle: Float64Array.of(0) } },
      /1 values of "angle", but 2 event/,
    ],
    ["a seed below 0", { seed: -1n }, /seed is -1/],
    ["a seed of 65 bits", { seed: 2n ** 64n }, /seed is 18446744073709551616/],
    ["a seed that is no bigint", { seed: 1 }, /bigint/],
    ["a batch size of 0", { batchSize: 0 }, /batchSize is 0/],
    ["half a batch", { batchSize: 1.5 }, /batchSize is 1.5/],
  ])("refuses %s", ([, change, message]) => {
    expect(refusal(change)).toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringMatching(message),
    });
  });

  it("refuses the first event outside a range, and NaN", () => {
    const angle = Float64Array.of(0, 1.001);
    expect(refusal({ conditions: { ...request.conditions, angle } })).toMatchObject({
      code: "TWIN_OUT_OF_DOMAIN",
      message: expect.stringMatching(/toy: angle of event 1 is 1.001 rad, outside its valid range of -1 to 1 rad/),
      ...{ condition: "angle", value: 1.001, min: -1, max: 1 },
    });
    expect(refusal({ conditions: { ...request.conditions, energy: Float64Array.of(15, Number.NaN) } })).toMatchObject({
      code: "TWIN_OUT_OF_DOMAIN",
    });
  });
});
