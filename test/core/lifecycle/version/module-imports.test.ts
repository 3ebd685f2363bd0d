import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { codeFiles } from "../../../../core/lifecycle/version/code-files.ts";
import { moduleImports, packageOf } from "../../../../core/lifecycle/version/module-imports.ts";
import { scratchFolder, writeFiles } from "./sample-project.ts";

describe("moduleImports", () => {
  const found: readonly (readonly [string, readonly string[]])[] = [
    ['import a from "./a.ts";', ["./a.ts"]],
    ["import a, { b } from './a.ts'", ["./a.ts"]],
    ['import{a}from"./a.ts"', ["./a.ts"]],
    ['import {\n  a,\n  type B,\n} from "./a.ts";', ["./a.ts"]],
    ['import "./side-effect.js";', ["./side-effect.js"]],
    ['import data from "./d.json" with { type: "json" };', ["./d.json"]],
    ['export * from "./a.ts";\nexport { b } from "./b.ts";', ["./a.ts", "./b.ts"]],
    ['import a /* why */ from /* where */ "./a.ts";', ["./a.ts"]],
    ['const a = await import("./a.ts");', ["./a.ts"]],
    ["const a = await import(`./a.ts`);", ["./a.ts"]],
    ['const a = require("./a.cjs"), b = require.resolve("./b");', ["./a.cjs", "./b"]],
    [
      'const u = new URL("table.bin", import.meta.url), v = new URL("./b.bin", import.meta.url);',
      ["./table.bin", "./b.bin"],
    ],
    ['import { z } from "zod"; import fs from "node:fs";', ["zod", "node:fs"]],
    ['const text = "nothing"; important("./x.ts"); const from = "./y.ts";', []],
  ];
  for (const [text, specifiers] of found) {
    it(`finds ${JSON.stringify(specifiers)} in ${JSON.stringify(text)}`, () => {
      const imports = moduleImports(text);
      expect(new Set(imports.specifiers)).toEqual(new Set(specifiers));
      expect(imports.hasComputed).toBe(false);
    });
  }

  it("knows that a name is made while the module runs", () => {
    expect(moduleImports("await import(name)").hasComputed).toBe(true);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a module.
    expect(moduleImports("await import(`./${name}.ts`)").hasComputed).toBe(true);
    expect(moduleImports("import.meta.url; important(name)").hasComputed).toBe(false);
  });

  it("knows the package of a specifier", () => {
    const specifiers = ["zod", "zod/v4", "@scope/name", "@scope/name/sub/x.js", "./x", "../x", "/x", "node:fs", "#x"];
    expect(specifiers.map(packageOf)).toEqual([
      "zod",
      "zod",
      "@scope/name",
      "@scope/name",
      ...Array.from({ length: 5 }),
    ]);
  });
});

describe("codeFiles", () => {
  it("follows imports, with the package.json that says how Node reads them and its lock file", async () => {
    await using scratch = await scratchFolder();
    const { path } = scratch;
    await writeFiles(path, {
      "package.json": '{"type":"module"}',
      "package-lock.json": "{}",
      "twins/plugin.js":
        'import "./lib/a.js"; import "acme"; import "node:fs"; import "fs/promises"; import "./gone.js";',
      "twins/lib/a.js": 'import "../plugin.js"; import "./b.cjs"; import "#inner"; new URL("t.bin", import.meta.url);',
      "twins/lib/b.cjs": 'require("./c"); require(name);',
      "twins/lib/c.js": "",
      "twins/lib/t.bin": "bytes",
      "twins/lib/package.json": '{"type":"module"}',
    });
    const { files, packages, problems, notes } = await codeFiles([join(path, "twins/plugin.js")], join(path, "twins"));
    expect(new Set(files.keys())).toEqual(
      new Set([
        "lib/a.js",
        "lib/b.cjs",
        "lib/c.js",
        "lib/package.json",
        "lib/t.bin",
        "package-lock.json",
        "package.json",
        "plugin.js",
      ]),
    );
    expect(files.get("package.json")).toBe(join(path, "package.json"));
    expect([...packages]).toEqual(["acme"]);
    expect(problems).toEqual([]);
    expect(notes).toHaveLength(3);
    expect(notes).toEqual(
      expect.arrayContaining([
        expect.stringContaining('lib/a.js imports "#inner"'),
        expect.stringContaining("lib/b.cjs imports what it decides while it runs"),
        expect.stringContaining('plugin.js refers to "./gone.js"'),
      ]),
    );
  });

  it("refuses paths of this machine", async () => {
    await using scratch = await scratchFolder();
    await writeFiles(scratch.path, { "a.js": 'import "/opt/x.js";' });
    const { problems } = await codeFiles([join(scratch.path, "a.js")], scratch.path);
    expect(problems).toEqual([expect.stringContaining('"/opt/x.js"')]);
  });
});
