import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ExactSum, RandomStream } from "../../../core/index.ts";

function sumOf(values: readonly number[]): ExactSum {
  const sum = new ExactSum();
  for (const value of values) sum.add(value);
  return sum;
}

/** A double as an integer of 2^-1074, by its definition. */
function units(value: number): bigint {
  const bits = new BigUint64Array(Float64Array.of(value).buffer)[0] as bigint;
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n);
  return bits >> 63n === 0n ? magnitude : -magnitude;
}

function exact(text: string): bigint {
  const [integer, power] = text.split("p") as [string, string];
  return BigInt(integer) << BigInt(Number(power) + 1074);
}

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

describe("an exact sum", () => {
  it("is the sum of the numbers as integers", () => {
    fc.assert(
      fc.property(fc.array(finite, { maxLength: 30 }), (values) => {
        const expected = values.reduce((total, value) => total + units(value), 0n);
        expect(exact(sumOf(values).toJSON())).toBe(expected);
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it("is the same in any order and in any parts, to the bit", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(finite, fc.integer({ min: 0, max: 3 }), fc.nat()), { maxLength: 40 }), (tagged) => {
        const whole = sumOf(tagged.map(([value]) => value));
        const shuffled = [...tagged].sort(([, , a], [, , b]) => a - b);
        const parts = [0, 1, 2, 3].map((worker) =>
          sumOf(shuffled.filter(([, of]) => of === worker).map(([value]) => value)),
        );
        const merged = new ExactSum();
        for (const part of parts.reverse()) merged.merge(ExactSum.fromJSON(part.toJSON()));
        expect(merged.toJSON()).toBe(whole.toJSON());
        expect(merged.value).toBe(whole.value);
      }),
      { numRuns: 500, seed: 2 },
    );
  });

  it("is rounded once, to nearest, ties to even", () => {
    const half = 2 ** -53;
    expect(sumOf([1, half]).value).toBe(1);
    expect(sumOf([1, half, Number.MIN_VALUE]).value).toBe(1 + 2 ** -52);
    expect(sumOf([1 + 2 ** -52, half]).value).toBe(1 + 2 ** -51);
    expect(sumOf([1e308, 1e308, -1e308]).value).toBe(1e308);
    expect(sumOf([Number.MAX_VALUE, Number.MAX_VALUE]).value).toBe(Number.POSITIVE_INFINITY);
    expect(sumOf([Number.MAX_VALUE, 2 ** 969]).value).toBe(Number.MAX_VALUE);
    expect(sumOf([Number.MAX_VALUE, 2 ** 970]).value).toBe(Number.POSITIVE_INFINITY);
    expect(sumOf([1e16, 1, 1, -1e16]).value).toBe(2);
    expect(sumOf([0.1, 0.2, 0.3]).value).toBe(0.6);
    expect(sumOf([-0]).value).toBe(0);
  });

  it("of two numbers is what the processor adds", () => {
    fc.assert(
      fc.property(finite, finite, (a, b) => {
        // A sum of zeros has no sign here.
        expect(sumOf([a, b]).value).toBe(a + b + 0);
      }),
      { numRuns: 2_000, seed: 3 },
    );
  });

  it("holds more numbers than its limbs do without carrying", () => {
    const sum = new ExactSum();
    const count = 3_000_000;
    for (let i = 0; i < count; i++) sum.add(-(2 ** 53 - 1));
    expect(exact(sum.toJSON())).toBe(BigInt(count) * units(-(2 ** 53 - 1)));
  });

  it("of random numbers agrees with the sum of their integers", () => {
    const random = new RandomStream({ seed: 4n, id: 0n });
    const values = Array.from({ length: 100_000 }, () => random.normal() * 10 ** (random.uniform() * 20));
    const total = values.reduce((sum, value) => sum + units(value), 0n);
    expect(exact(sumOf(values).toJSON())).toBe(total);
  });

  it("keeps infinities and NaN as sums have them", () => {
    expect(sumOf([1, Number.POSITIVE_INFINITY]).value).toBe(Number.POSITIVE_INFINITY);
    expect(sumOf([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]).value).toBeNaN();
    expect(ExactSum.fromJSON(sumOf([Number.NaN, 1]).toJSON()).value).toBeNaN();
    expect(sumOf([Number.NEGATIVE_INFINITY]).toJSON()).toBe("-Infinity");
  });

  it("is a text with an odd integer", () => {
    expect([sumOf([]), sumOf([0.75]), sumOf([-6]), sumOf([2 ** 100])].map((sum) => sum.toJSON())).toEqual([
      "0p0",
      "3p-2",
      "-3p1",
      "1p100",
    ]);
  });

  it.for(["", "1", "1p", "1p-1075", "1p2000", "0x1p0", `${"9".repeat(661)}p0`])("refuses the text %j", (text) => {
    expect(() => ExactSum.fromJSON(text)).toThrow(expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }));
  });
});
