import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Composition, exportSpec, type LoadedSpec, loadSpec, type SpecError } from "../../../core/index.ts";
import { memory } from "../../../modules/memory/index.ts";
import { Folder } from "./plugins.ts";

let folder: Folder;
beforeAll(async () => {
  folder = await Folder.make();
});
afterAll(() => folder.remove());

const core = pathToFileURL("core/index.ts").href;
/** A module with plugins of these names, each exported under the last word of its name. */
const moduleOf = (...names: string[]): string =>
  names
    .map((name, index) => {
      const definition = `{ name: ${name}, version: "1.0.0", provides: Symbol.for("twinloom/x${index}"), create: () => ({}) }`;
      return `export const plugin${index} = Object.assign(() => ({}), { definition: ${definition} });`;
    })
    .join("\n");

async function load(use: string, file = "twin.yaml"): Promise<LoadedSpec> {
  return loadSpec(await folder.write(file, `plugins: { a: { use: ${JSON.stringify(use)} } }`));
}
const messageOf = async (use: string): Promise<string> => {
  const error = (await load(use).catch((thrown) => thrown)) as SpecError;
  expect(error.code).toBe("TWIN_INVALID_SPEC");
  const [{ code, message, line, column } = { code: "", message: "" }] = error.diagnostics;
  expect([line, column]).toEqual([1, 22]);
  return `${code} ${message}`.replaceAll(folder.path, "");
};
const nameIn = (spec: Composition): string | undefined => spec.plugins["a"]?.definition.name;

describe("use", () => {
  it("takes Twinloom's own modules from this very copy of the engine", async () => {
    const spec = await load("twinloom/modules/memory");
    expect(spec.plugins["a"]?.definition).toBe(memory.definition);
  });

  it("finds a module relative to the twin.yaml, and writes it relative again", async () => {
    await folder.write("lib/lens.mjs", moduleOf('"lens"'));
    const spec = await load("./lib/lens.mjs");
    expect(nameIn(spec)).toBe("lens");
    expect(await exportSpec(spec)).toContain("use: ./lib/lens.mjs");
    expect(await exportSpec(spec, { file: `${folder.path}/other/deep/twin.yaml` })).toContain(
      "use: ../../lib/lens.mjs",
    );
    expect(nameIn(await load("../lib/lens.mjs", "sub/twin.yaml"))).toBe("lens");
  });

  it("lets a local plugin be named by its own URL, which a twin.yaml writes as a path", async () => {
    await folder.write("own.mjs", moduleOf("import.meta.url", 'import.meta.url + "#b"'));
    const spec = await load("./own.mjs#b");
    expect(await exportSpec(spec)).toContain('use: "./own.mjs#b"'.replaceAll('"', ""));
    expect(nameIn(await load("./own.mjs"))).toBe(pathToFileURL(`${folder.path}/own.mjs`).href);
  });

  it("looks for packages from the folder of the twin.yaml, also those that export `import` alone", async () => {
    await folder.write("node_modules/lens-plugins/index.mjs", moduleOf('"lens-plugins"'));
    await folder.write(
      "node_modules/lens-plugins/wide.mjs",
      moduleOf('"lens-plugins/wide"', '"lens-plugins/wide#zoom"'),
    );
    await folder.write(
      "node_modules/lens-plugins/package.json",
      JSON.stringify({
        name: "lens-plugins",
        exports: {
          ".": { require: "./none.cjs", import: { types: "./index.d.ts", node: "./index.mjs" } },
          "./wide": [{ import: "./wide.mjs" }],
          "./all/*": "./*.mjs",
          "./all/secret/*": null,
        },
      }),
    );
    await folder.write(
      "node_modules/@lab/old/main.js",
      moduleOf('"@lab/old"').replaceAll("export const plugin0", "exports.x"),
    );
    await folder.write("node_modules/@lab/old/package.json", JSON.stringify({ name: "@lab/old", main: "main.js" }));
    expect(nameIn(await load("lens-plugins"))).toBe("lens-plugins");
    expect(nameIn(await load("lens-plugins/wide"))).toBe("lens-plugins/wide");
    expect(nameIn(await load("lens-plugins/wide#zoom"))).toBe("lens-plugins/wide#zoom");
    expect(nameIn(await load("lens-plugins/all/wide#zoom"))).toBe("lens-plugins/wide#zoom");
    expect(await exportSpec(await load("lens-plugins/wide#zoom"))).toContain("use: lens-plugins/wide#zoom");
    expect(nameIn(await load("@lab/old"))).toBe("@lab/old");
    expect(await messageOf("lens-plugins/narrow")).toMatch(/^TWIN_PLUGIN_NOT_FOUND .*does not export "\.\/narrow"/);
    expect(await messageOf("lens-plugins/all/secret/x")).toMatch(/does not export/);
    expect(await messageOf("lens-plugins/wide#tele")).toBe(
      'TWIN_PLUGIN_NOT_FOUND "lens-plugins/wide" exports no plugin "tele". There are: zoom, plugin0.',
    );
  });

  it.each([
    [
      "no-such-package/x",
      /^TWIN_PLUGIN_NOT_FOUND The package "no-such-package" is not installed.* npm install no-such-package$/,
    ],
    ["@lab/none", /npm install @lab\/none$/],
    ["./none.mjs", /^TWIN_PLUGIN_NOT_FOUND There is no file "\/none\.mjs"\.$/],
    ["twinloom/modules/none", /^TWIN_PLUGIN_NOT_FOUND .*does not export "\.\/modules\/none"/],
    ["node:fs", /neither a package nor a path/],
    ["https://example.org/x.js", /neither a package nor a path/],
  ])("says what is missing: %s", async (use, message) => {
    expect(await messageOf(use)).toMatch(message);
  });

  it("tells a module that fails from one that is missing", async () => {
    await folder.write("broken.mjs", 'throw new Error("cracked glass");');
    await folder.write("dependent.mjs", 'import "no-such-glass";');
    expect(await messageOf("./broken.mjs")).toBe(
      'TWIN_PLUGIN_IMPORT_FAILED "./broken.mjs" failed while it was imported: cracked glass',
    );
    expect(await messageOf("./dependent.mjs")).toMatch(/^TWIN_PLUGIN_IMPORT_FAILED .*no-such-glass/);
  });

  it("wants a plugin, and to know which", async () => {
    await folder.write("empty.mjs", "export const a = 1; export function hdf5() {}");
    await folder.write("two.mjs", moduleOf('"x#near"', '"x#far"'));
    expect(await messageOf("./empty.mjs")).toBe(
      'TWIN_PLUGIN_NOT_FOUND "./empty.mjs" exports no plugin (no result of definePlugin).',
    );
    expect(await messageOf("./two.mjs")).toBe(
      'TWIN_PLUGIN_NOT_FOUND "./two.mjs" exports several plugins. Say which: "./two.mjs#near", "./two.mjs#far".',
    );
    expect(nameIn(await load("./two.mjs#far"))).toBe("x#far");
    expect(nameIn(await load("./two.mjs#plugin0"))).toBe("x#near");
  });

  it("loads TypeScript sources that import the engine", async () => {
    await folder.write(
      "typed.ts",
      `import { definePlugin, token } from ${JSON.stringify(core)};
export const typed = definePlugin({ name: "typed", version: "1.0.0", provides: token<object>("typed"), create: () => ({}) });`,
    );
    expect(nameIn(await load("./typed.ts"))).toBe("typed");
  });
});
