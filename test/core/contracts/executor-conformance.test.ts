import { executorCases } from "twinloom/testing";
import { describe, expect, it } from "vitest";
import { brokenExecutors, brokenFixture } from "../../modules/local/broken-executors.ts";

describe("the conformance suite for executors", () => {
  it.each(brokenExecutors)("notices one that $fault", async (fault) => {
    const noticing = executorCases.find(({ name }) => name === fault.noticedBy);
    const fixture = await brokenFixture(fault);
    try {
      await expect(noticing?.run(fixture)).rejects.toThrow();
    } finally {
      await fixture.dispose?.();
    }
  });

  it("breaks every case with some fault", () => {
    const noticing = new Set(brokenExecutors.map(({ noticedBy }) => noticedBy));
    expect(executorCases.map(({ name }) => name).filter((name) => !noticing.has(name))).toEqual([]);
  });
});
