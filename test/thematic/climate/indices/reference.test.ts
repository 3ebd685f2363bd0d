import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { climateReference, INDEX_FAMILIES } from "../../../../scripts/climate-reference.ts";
import { INDICES } from "../../../../thematic/climate/index.ts";

it("docs/reference/climate-indices.md is what scripts/make-climate-reference.ts writes", async () => {
  const page = await readFile(new URL("../../../../docs/reference/climate-indices.md", import.meta.url), "utf8");
  expect(page).toBe(climateReference(INDEX_FAMILIES));
});

it("has every index once", () => {
  expect(INDEX_FAMILIES.flatMap(({ indices }) => indices.map(({ name }) => name))).toEqual(
    INDICES.map(({ name }) => name),
  );
});
