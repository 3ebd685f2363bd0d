import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
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
  const folders: string[] = [];
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

  it.for(run)("%s works as it is written", async ([, text]) => {
    const folder = await makeReader();
    folders.push(folder);
    await runPage(text, folder, READER_ENVIRONMENT);
  });

  it("compiles, where it is TypeScript", async () => {
    // All pages at once, since most of the time goes to the types of the package.
    const [first = await makeReader()] = folders;
    const include = folders.map((folder) => join(folder, "*.ts"));
    await writeFile(join(first, "tsconfig.pages.json"), JSON.stringify({ extends: "./tsconfig.json", include }));
    await runShell({ text: "tsc --noEmit -p tsconfig.pages.json", line: 0, language: "sh" }, first, READER_ENVIRONMENT);
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
