import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runTwinloom } from "./run-command-line.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-cli-spec-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);

describe("twinloom spec check", () => {
  it("says that a file is valid, without creating anything", async () => {
    await write("twin.yaml", "plugins: { files: { use: twinloom/modules/memory } }");
    const { code, stdout, stderr } = await runTwinloom(["spec", "check", "twin.yaml"], { cwd: folder });
    expect([code, stdout, stderr]).toEqual([0, "valid: twin.yaml (1 part)\n", ""]);
  });

  it("tells everything that is wrong, for people and for programs", async () => {
    await write(
      "wrong.yaml",
      "plugins:\n  a: { use: twinloom/modules/memory, x: 1 }\n  b: { use: ./none.mjs }\nplans:\n  p: {}\n",
    );
    const people = await runTwinloom(["spec", "check", "wrong.yaml"], { cwd: folder });
    expect(people).toMatchObject({ code: 1, stdout: "" });
    expect(people.stderr).toContain('wrong.yaml:2:38: Part "a" (twinloom/modules/memory): option "x": Unknown.');
    expect(people.stderr).toMatch(/wrong\.yaml:3:13: There is no file "/);
    const programs = await runTwinloom(["spec", "check", "wrong.yaml", "--json"], { cwd: folder });
    const { error } = JSON.parse(programs.stdout);
    expect(programs.code).toBe(1);
    expect(error).toMatchObject({
      code: "TWIN_INVALID_SPEC",
      diagnostics: [
        { code: "TWIN_INVALID_OPTIONS", line: 2, column: 38, path: ["plugins", "a", "x"] },
        { code: "TWIN_PLUGIN_NOT_FOUND", line: 3, column: 13 },
      ],
    });
  });

  it("says where a plan is wrong", async () => {
    const plans = "plans:\n  p:\n    s: { task: paint }\n";
    await write("plan.yaml", `plugins: { files: { use: twinloom/modules/memory } }\n${plans}`);
    const { code, stderr } = await runTwinloom(["spec", "check", "plan.yaml"], { cwd: folder });
    expect(code).toBe(1);
    expect(stderr).toMatch(/plan\.yaml:4:16: Plan "p", s\.task: .*"paint".*\[TWIN_INVALID_PLAN\]/);
  });
});

describe("twinloom spec schema", () => {
  it("prints a JSON Schema that covers Twinloom's plugins, and those of a file", async () => {
    const core = pathToFileURL("core/index.ts").href;
    await write(
      "lens.ts",
      `import { definePlugin, token } from ${JSON.stringify(core)};
export const lens = definePlugin({ name: import.meta.url, version: "1.0.0", provides: token<object>("lens"), create: () => ({}) });`,
    );
    await write("lens.yaml", "plugins: { lens: { use: ./lens.ts } }");
    const { code, stdout } = await runTwinloom(["spec", "schema", "lens.yaml"], { cwd: folder });
    const schema = JSON.parse(stdout);
    expect([code, schema.$schema]).toEqual([0, "http://json-schema.org/draft-07/schema#"]);
    const { use } = schema.properties.plugins.additionalProperties.properties;
    expect(use.anyOf[0].enum).toEqual(
      expect.arrayContaining(["twinloom/modules/hdf5", "twinloom/thematic/detector", "./lens.ts"]),
    );
  });
});

describe("twinloom spec export", () => {
  it("writes a composition made in code as a twin.yaml that loads again", async () => {
    const memory = pathToFileURL("modules/memory/index.ts").href;
    await write(
      "composition.ts",
      `import { memory } from ${JSON.stringify(memory)};\nexport const composition = { name: "demo", plugins: { files: memory() } };`,
    );
    const printed = await runTwinloom(["spec", "export", "composition.ts"], { cwd: folder });
    const text = "twin: demo\nplugins:\n  files: { use: twinloom/modules/memory }\n";
    expect(printed).toEqual({ code: 0, stdout: text, stderr: "" });
    const written = await runTwinloom(["spec", "export", "composition.ts", "--out", "made.yaml"], { cwd: folder });
    expect([written.code, await readFile(join(folder, "made.yaml"), "utf8")]).toEqual([0, text]);
    expect(await runTwinloom(["spec", "check", "made.yaml"], { cwd: folder })).toMatchObject({ code: 0 });
    const again = await runTwinloom(["spec", "export", "made.yaml", "--out", "made.yaml"], { cwd: folder });
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("TWIN_FILE_EXISTS") });
  });

  it("warns when the file it wrote names a plugin that is not found from there", async () => {
    const core = pathToFileURL("core/index.ts").href;
    await write(
      "own.ts",
      `import { definePlugin, token } from ${JSON.stringify(core)};
const own = definePlugin({ name: "nowhere-lens", version: "1.0.0", provides: token<object>("lens"), create: () => ({}) });
export const composition = { plugins: { lens: own() } };`,
    );
    const { code, stderr } = await runTwinloom(["spec", "export", "own.ts", "--out", "own.yaml"], { cwd: folder });
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/^own\.yaml: The package "nowhere-lens" is not installed/),
    ]);
  });

  it.each([
    ["throws.mjs", 'throw new Error("boom"); export const composition = { plugins: {} };', "boom"],
    ["syntax.mjs", "export const x = ;", "Unexpected token"],
    ["imports.mjs", 'import "no-such-package"; export const composition = { plugins: {} };', "no-such-package"],
    ["module.txt", "export const composition = { plugins: {} };", ".txt"],
  ])("tells why the module %s cannot be imported", async (name, text, message) => {
    await write(name, text);
    const { code, stdout } = await runTwinloom(["spec", "export", name, "--json"], { cwd: folder });
    expect(code).toBe(1);
    const { error } = JSON.parse(stdout);
    expect(error).toMatchObject({ code: "TWIN_FILE_UNREADABLE", location: name });
    expect(error.message).toContain(message);
  });

  it("wants a module with one composition", async () => {
    await write("none.mjs", "export const a = 1;");
    await write("two.mjs", "export const a = { plugins: {} }; export const b = { plugins: {} };");
    const none = await runTwinloom(["spec", "export", "none.mjs"], { cwd: folder });
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining("exports no composition")]);
    const two = await runTwinloom(["spec", "export", "two.mjs"], { cwd: folder });
    expect([two.code, two.stderr]).toEqual([2, expect.stringContaining("exports several compositions")]);
  });
});
