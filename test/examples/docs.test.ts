import { rm } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readRepositoryFile, repositoryFiles } from "../architecture/repository.ts";
import { blocksOf, isRun, matches, runPage, runShell, silentBlocks } from "./docs-page.ts";
import { makeReader, READER_ENVIRONMENT } from "./reader.ts";

const pages = repositoryFiles("*.md").filter((path) => !/^(?:test|\.github|docs\/decisions|CHANGELOG)/.test(path));
const texts = new Map(pages.map((page) => [page, readRepositoryFile(page)]));

/** These start from the packed package, so test/package/pages.test.ts runs them. */
const ELSEWHERE = [
  "docs/tutorials/ten-minutes.md",
  "docs/how-to/own-showers.md",
  "docs/how-to/offline-node.md",
  "docs/reference/twin-yaml.md",
  "docs/write-a-plugin.md",
];

describe("code in the documentation", () => {
  it.for([...texts])("%s: every block is run, or says why not", ([, text]) => {
    expect(silentBlocks(text).map(({ line, language }) => `line ${line}: ${language}`)).toEqual([]);
  });

  const run = [...texts].filter(([page, text]) => !ELSEWHERE.includes(page) && blocksOf(text).some(isRun));
  describe.for(run)("%s", ([, text]) => {
    let folder: string;
    beforeEach(async () => {
      folder = await makeReader();
    });
    afterEach(() => rm(folder, { recursive: true, force: true }));

    it("works as it is written, and its TypeScript compiles", async () => {
      await runPage(text, folder, READER_ENVIRONMENT);
      if (blocksOf(text).some(({ file }) => file?.endsWith(".ts"))) {
        await runShell({ text: "tsc --noEmit -p .", line: 0, language: "sh" }, folder, READER_ENVIRONMENT);
      }
    });
  });
});

describe("promised output", () => {
  it("is compared line by line, and … stands for what differs from run to run", () => {
    expect(matches("a 1\nb 2\n", "a 1\nb 2")).toBe(true);
    expect(matches("a 1\nb 2\n", "a …\nb 2")).toBe(true);
    expect(matches("a 1\nb\nc 2\n", "a 1\n…\nc 2")).toBe(true);
    expect(matches("a 1\nb 3\n", "a 1\nb 2")).toBe(false);
    expect(matches("a 1\nb 2\n", "a 1")).toBe(false);
  });
});
