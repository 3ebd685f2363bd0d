import { describe, expect, it } from "vitest";
import { daysInRuns, firstRun, longestRun, runsStarted } from "../../../../thematic/climate/indices/spells.ts";

//                                0  1  2  3  4  5  6  7  8  9
const condition = Uint8Array.from([1, 1, 0, 1, 1, 1, 0, 1, 0, 1]);
const all = { start: 0, stop: 10 };

describe("runs of days", () => {
  it("are measured from the first day to the last", () => {
    expect(longestRun(condition, all)).toBe(3);
    expect(longestRun(condition, all, 4)).toBe(0);
    expect(longestRun(condition, { start: 0, stop: 0 })).toBe(0);
  });

  it("of a length or longer are counted, and their days", () => {
    expect([1, 2, 3, 4].map((length) => runsStarted(condition, all, length))).toEqual([4, 2, 1, 0]);
    expect([1, 2, 3, 4].map((length) => daysInRuns(condition, all, length))).toEqual([7, 5, 3, 0]);
  });

  it("are cut where the period begins and ends", () => {
    expect(longestRun(condition, { start: 4, stop: 8 })).toBe(2);
    expect(runsStarted(condition, { start: 1, stop: 5 })).toBe(2);
    expect(daysInRuns(condition, { start: 1, stop: 5 }, 2)).toBe(2);
  });

  it("are found, of days where a condition holds, or does not", () => {
    expect(firstRun(condition, all, 2)).toBe(0);
    expect(firstRun(condition, { start: 1, stop: 10 }, 2)).toBe(3);
    expect(firstRun(condition, all, 4)).toBe(-1);
    expect(firstRun(condition, { start: 3, stop: 10 }, 1, 0)).toBe(6);
    // The whole run is within the range.
    expect(firstRun(condition, { start: 1, stop: 4 }, 2)).toBe(-1);
  });
});
