import { objectStoreCases } from "twinloom/testing";
import { describe, expect, it } from "vitest";
import { brokenFixture, brokenObjectStores } from "../../conformance/broken/broken-object-stores.ts";

describe("the conformance suite for object stores", () => {
  it.each(brokenObjectStores)("notices one that $fault", async ({ break: fault, noticedBy }) => {
    const noticing = objectStoreCases.find(({ name }) => name === noticedBy);
    const fixture = await brokenFixture(fault);
    try {
      await expect(noticing?.run(fixture)).rejects.toThrow();
    } finally {
      await fixture.dispose?.();
    }
  });

  it("breaks every case with some fault", () => {
    const noticing = new Set(brokenObjectStores.map(({ noticedBy }) => noticedBy));
    expect(objectStoreCases.map(({ name }) => name).filter((name) => !noticing.has(name))).toEqual([]);
  });
});
