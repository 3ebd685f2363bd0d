import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importOptional, PackageMissingError } from "../../../core/index.ts";

const what = { package: "no-such-lens", install: "npm install no-such-lens@1.2.3", neededBy: "Looking" };

describe("importOptional", () => {
  let folder: string;
  const load = async (text: string): Promise<unknown> => {
    const file = join(folder, `${Math.abs(hash(text))}.mjs`);
    await writeFile(file, text);
    return import(/* @vite-ignore */ pathToFileURL(file).href);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-"));
    const broken = join(folder, "node_modules/broken-lens");
    await mkdir(broken, { recursive: true });
    await writeFile(join(broken, "package.json"), '{"name":"broken-lens","type":"module","exports":"./index.js"}');
    await writeFile(join(broken, "index.js"), 'import "no-such-glass";');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("gives the module", async () => {
    expect(await importOptional(() => load("export const a = 1;"), what)).toMatchObject({ a: 1 });
  });

  it.each(["no-such-lens", "no-such-lens/node"])("says how to install the package when %s is missing", async (name) => {
    const failure = importOptional(() => load(`export * from "${name}";`), what);
    await expect(failure).rejects.toBeInstanceOf(PackageMissingError);
    await expect(failure).rejects.toMatchObject({
      code: "TWIN_PACKAGE_MISSING",
      message: 'Looking needs the package "no-such-lens", which is not installed. Run: npm install no-such-lens@1.2.3',
      install: "npm install no-such-lens@1.2.3",
      cause: expect.objectContaining({ code: "ERR_MODULE_NOT_FOUND" }),
    });
  });

  it("recognises a missing package of CommonJS too", async () => {
    const require = createRequire(import.meta.url);
    await expect(importOptional(async () => require("no-such-lens"), what)).rejects.toMatchObject({
      code: "TWIN_PACKAGE_MISSING",
    });
  });

  it("passes on that something else is missing, or that the package is broken", async () => {
    const broken = { package: "broken-lens", install: "npm install broken-lens", neededBy: "Looking" };
    await expect(importOptional(() => load('export * from "broken-lens";'), broken)).rejects.toMatchObject({
      code: "ERR_MODULE_NOT_FOUND",
      message: expect.stringContaining("no-such-glass"),
    });
    await expect(importOptional(() => load('throw new RangeError("cracked");'), what)).rejects.toThrow(RangeError);
  });
});

function hash(text: string): number {
  return [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, 7);
}
