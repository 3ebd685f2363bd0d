import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeHalves, encodeHalves, halfBits, halfValue } from "../../../core/index.ts";

/** Every finite half, ascending, with its bits: the reference that rounding is compared with. */
const finite = Array.from({ length: 0x7c00 }, (_, bits) => ({ bits, value: halfValue(bits) }));

/** The nearest half by search; of two equally near, the one with an even last bit. */
function nearestBits(magnitude: number): number {
  // 65520 = 65504 + half a unit in the last place.
  if (magnitude >= 65520) return 0x7c00;
  let low = 0;
  let high = finite.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((finite[middle]?.value as number) <= magnitude) low = middle;
    else high = middle - 1;
  }
  const below = finite[low] as { bits: number; value: number };
  const above = finite[Math.min(low + 1, finite.length - 1)] as { bits: number; value: number };
  const down = magnitude - below.value;
  const up = above.value - magnitude;
  if (down === up) return below.bits % 2 === 0 ? below.bits : above.bits;
  return down < up || up < 0 ? below.bits : above.bits;
}

describe("float16", () => {
  it("keeps every half through decoding and encoding", () => {
    const all = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);
    const back = encodeHalves(decodeHalves(all));
    for (const bits of all) {
      const isNaN16 = (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;
      if (!isNaN16) expect(back[bits]).toBe(bits);
      else expect((back[bits] as number) & 0x7fff).toBe(0x7e00);
    }
  });

  it("knows the values of IEEE 754", () => {
    expect(halfValue(0x3c00)).toBe(1);
    expect(halfValue(0xc000)).toBe(-2);
    expect(halfValue(0x7bff)).toBe(65504);
    expect(halfValue(0x0001)).toBe(2 ** -24);
    expect(halfValue(0x03ff)).toBe((1023 / 1024) * 2 ** -14);
    expect(halfValue(0x3555)).toBe(0.333251953125);
    expect(halfValue(0x8000)).toBe(-0);
    expect(halfValue(0xfc00)).toBe(Number.NEGATIVE_INFINITY);
    expect(halfValue(0x7c01)).toBeNaN();
  });

  it("rounds ties to even, overflows at 65520, and underflows at 2^-25", () => {
    expect(halfBits(1 + 2 ** -11)).toBe(0x3c00);
    expect(halfBits(1 + 3 * 2 ** -11)).toBe(0x3c02);
    expect(halfBits(65519.99609375)).toBe(0x7bff);
    expect(halfBits(65520)).toBe(0x7c00);
    expect(halfBits(2 ** -25)).toBe(0);
    expect(halfBits(2 ** -25 * (1 + 2 ** -23))).toBe(1);
    expect(halfBits(3 * 2 ** -25)).toBe(2);
    expect(halfBits(-0)).toBe(0x8000);
    expect(halfBits(Number.NEGATIVE_INFINITY)).toBe(0xfc00);
    expect(halfBits(1e-45)).toBe(0);
  });

  it("rounds every single to the nearest half, ties to even", () => {
    const bits = fc.integer({ min: 0, max: 0x7f7fffff });
    const near = fc.integer({ min: 0x33000000, max: 0x47800000 });
    fc.assert(
      fc.property(fc.oneof(bits, near), fc.boolean(), (word, negative) => {
        const single = new Float32Array(Uint32Array.of(word).buffer)[0] as number;
        expect(halfBits(negative ? -single : single)).toBe(nearestBits(single) | (negative ? 0x8000 : 0));
      }),
      { numRuns: 20_000 },
    );
  });
});
