import { expect, it } from "vitest";
import { firstDifference } from "../../../../modules/adaptation/decider/first-difference.ts";

it("tells where values differ first, and what was there and is", () => {
  expect(firstDifference({ a: 1, b: [1, 2] }, { a: 1, b: [1, 2] })).toBeUndefined();
  expect(firstDifference({ a: 1, b: [1, 2] }, { a: 1, b: [1, 3] })).toBe("b.1: 2, and now 3");
  expect(firstDifference({ a: { b: "x" } }, { a: { b: "x", c: null } })).toBe("a.c: nothing, and now null");
  expect(firstDifference([1], { 0: 1 })).toBe('as a whole: [1], and now {"0":1}');
  expect(firstDifference({ a: "x".repeat(200) }, { a: 1 })).toMatch(/^a: "x{79}…, and now 1$/);
});
