import { describe, expect, it } from "vitest";
import { philoxBlocks } from "../../../core/math/philox.ts";

/** Random123 1.14, tests/kat_vectors, the three lines of "philox4x32 10": counter, key, expected. */
const KNOWN_ANSWERS: readonly string[] = [
  "00000000 00000000 00000000 00000000 00000000 00000000 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
  "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 408f276d 41c83b0e a20bc7c6 6d5451fd",
  "243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 d16cfe09 94fdcceb 5001e420 24126ea1",
];

describe("Philox4x32-10", () => {
  it.each(KNOWN_ANSWERS)("gives Random123's known answer for %s", (line) => {
    const words = line.split(" ").map((word) => Number.parseInt(word, 16));
    const [c0, c1, c2, c3, k0, k1, ...expected] = words as [number, number, number, number, number, number];
    const out = new Uint32Array(4);
    philoxBlocks(out, [c0, c1, c2, c3], [k0, k1]);
    expect([...out]).toEqual(expected);
  });

  it("gives consecutive counters, wrapping at 2^32", () => {
    const all = new Uint32Array(12);
    philoxBlocks(all, [0xffffffff, 5, 6, 7], [1, 2]);
    const one = new Uint32Array(4);
    for (const [index, counter] of [0xffffffff, 0, 1].entries()) {
      philoxBlocks(one, [counter, 5, 6, 7], [1, 2]);
      expect([...all.subarray(4 * index, 4 * index + 4)]).toEqual([...one]);
    }
  });

  it("refuses what is not whole blocks, or more than its memory", () => {
    for (const length of [3, 16_388]) {
      expect(() => philoxBlocks(new Uint32Array(length), [0, 0, 0, 0], [0, 0])).toThrow(
        expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }),
      );
    }
  });

  it("gives any number of blocks, the same whatever was asked before", () => {
    const all = new Uint32Array(16_384);
    philoxBlocks(all, [9, 5, 6, 7], [1, 2]);
    const few = new Uint32Array(8);
    philoxBlocks(few, [9 + 4094, 5, 6, 7], [1, 2]);
    expect([...few]).toEqual([...all.subarray(-8)]);
    philoxBlocks(new Uint32Array(0), [9, 5, 6, 7], [1, 2]);
  });
});
