import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { choosePacking, pack } from "../../../core/index.ts";

const count = fc.integer({ min: 1, max: 20_000 });

describe("Packing", () => {
  it("always fits into one array, has no element too many, and says why", () => {
    const facts = fc.record({
      taskRuns: count,
      arraySize: count,
      seconds: fc.option(fc.double({ min: 0, max: 1e4, noNaN: true }), { nil: undefined }),
    });
    fc.assert(
      fc.property(facts, (given) => {
        const { packing, elements, reason } = choosePacking(given);
        expect(elements).toBeLessThanOrEqual(given.arraySize);
        expect(elements).toBe(Math.ceil(given.taskRuns / packing));
        expect(packing).toBeLessThanOrEqual(given.taskRuns);
        expect(reason).toMatch(/\.$/);
      }),
    );
  });

  it("puts every run into exactly one element, in its order", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(), { maxLength: 200 }), fc.integer({ min: 1, max: 50 }), (runs, packing) => {
        const elements = pack(runs, packing);
        expect(elements.flat()).toEqual(runs);
        expect(elements.slice(0, -1).every(({ length }) => length === packing)).toBe(true);
        expect(elements.every(({ length }) => length >= 1 && length <= packing)).toBe(true);
      }),
    );
  });

  it.each([
    [{ taskRuns: 10_000, arraySize: 1001 }, 10],
    [{ taskRuns: 500, arraySize: 1001 }, 1],
    [{ taskRuns: 10_000, arraySize: 100_000, seconds: 2 }, 150],
    [{ taskRuns: 10_000, arraySize: 1001, seconds: 100 }, 10],
    [{ taskRuns: 10_000, arraySize: 100_000, seconds: 3600 }, 1],
    [{ taskRuns: 10, arraySize: 1001, seconds: 0 }, 10],
    [{ taskRuns: 10_000, arraySize: 1001, asked: 20 }, 20],
    [{ taskRuns: 10, arraySize: 1001, asked: 20 }, 10],
  ])("of %o is %d", (facts, packing) => {
    expect(choosePacking(facts)).toMatchObject({ packing });
  });

  it("is refused where fewer are asked for than an array has room for", () => {
    const asked = () => choosePacking({ taskRuns: 10_000, arraySize: 1001, asked: 1 });
    expect(asked).toThrow(expect.objectContaining({ code: "TWIN_PACKING_IMPOSSIBLE" }));
    expect(asked).toThrow(/need 10000 elements, and one array may have 1001 here. Put 10 or more/);
    expect(() => choosePacking({ taskRuns: 0, arraySize: 1 })).toThrow(/taskRuns is 0/);
    expect(() => choosePacking({ taskRuns: 1, arraySize: 1, seconds: Number.NaN })).toThrow(/seconds is NaN/);
    expect(() => pack([1], 0)).toThrow(/packing is 0/);
  });
});
