import { sourceCases } from "twinloom/testing";
import { describe, expect, it } from "vitest";
import { brokenSources } from "../../conformance/broken/broken-sources.ts";
import { sampleFolder } from "../sources/sample-folder.ts";

describe("the conformance suite for sources", () => {
  it.each(brokenSources)("notices one that $fault", async ({ source, noticedBy }) => {
    const { folder, dispose } = await sampleFolder();
    const failed: string[] = [];
    for (const { name, run } of sourceCases) await run({ source, folder }).catch(() => failed.push(name));
    await dispose();
    expect(failed).toContain(noticedBy);
  });

  it("breaks every case with some fault", () => {
    const notNeeded = new Set([
      "serves the locations that begin as it says",
      "opens every file with its location and length, and reads it whole",
      "settles a read that is aborted while it runs, and goes on serving others",
      "lists a file as itself",
    ]);
    const noticing = new Set(brokenSources.map(({ noticedBy }) => noticedBy));
    expect(sourceCases.map(({ name }) => name).filter((name) => !noticing.has(name) && !notNeeded.has(name))).toEqual(
      [],
    );
  });
});
