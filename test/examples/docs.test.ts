import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { REPOSITORY, readRepositoryFile, repositoryFiles } from "../architecture/repository.ts";
import { blocksOf, isRun, matches, runPage, runShell, silentBlocks } from "./docs-page.ts";

const pages = repositoryFiles("*.md").filter((path) => !/^(?:test|\.github|docs\/decisions|CHANGELOG)/.test(path));
const texts = new Map(pages.map((page) => [page, readRepositoryFile(page)]));

/** A tutorial starts from the packed package, so the package's own test runs it. */
const ELSEWHERE = "docs/tutorials/";

describe("code in the documentation", () => {
  it.for([...texts])("%s: every block is run, or says why not", ([, text]) => {
    expect(silentBlocks(text).map(({ line, language }) => `line ${line}: ${language}`)).toEqual([]);
  });

  const run = [...texts].filter(([page, text]) => !page.startsWith(ELSEWHERE) && blocksOf(text).some(isRun));
  describe.for(run)("%s", ([, text]) => {
    let folder: string;
    beforeEach(async () => {
      folder = await makeReader();
    });
    afterEach(() => rm(folder, { recursive: true, force: true }));

    it("works as it is written, and its TypeScript compiles", async () => {
      const path = `${join(REPOSITORY, "node_modules/.bin")}${delimiter}${process.env["PATH"]}`;
      await runPage(text, folder, { ...process.env, PATH: path });
      if (blocksOf(text).some(({ file }) => file?.endsWith(".ts"))) {
        await runShell({ text: "tsc --noEmit -p .", line: 0, language: "sh" }, folder, { ...process.env, PATH: path });
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

/** A reader's folder: what is installed in the repository is installed there, `twinloom` is the repository itself. */
async function makeReader(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-docs-"));
  await mkdir(join(folder, "node_modules"));
  for (const name of await readdir(join(REPOSITORY, "node_modules"))) {
    if (!name.startsWith(".vite"))
      await symlink(join(REPOSITORY, "node_modules", name), join(folder, "node_modules", name));
  }
  await symlink(REPOSITORY, join(folder, "node_modules/twinloom"));
  await symlink(join(REPOSITORY, "examples"), join(folder, "examples"));
  await writeFile(join(folder, "package.json"), `{ "type": "module", "private": true }`);
  const include = ["*.ts"];
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: join(REPOSITORY, "tsconfig.json"),
      compilerOptions: { rootDir: "/", types: ["node"] },
      include,
      exclude: ["examples"],
    }),
  );
  return folder;
}
