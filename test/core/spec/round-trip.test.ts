// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to secrets look like that.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Artifact,
  artifact,
  type Composition,
  constant,
  createTwin,
  env,
  exportSpec,
  loadSpec,
  type Plugin,
  type Plugins,
} from "../../../core/index.ts";
import { detector, Echo, echo, Folder, importTestPlugin, listener } from "./plugins.ts";

let folder: Folder;
beforeAll(async () => {
  folder = await Folder.make();
});
afterAll(() => folder.remove());

/** Through the text of a file and back. */
async function reload(composition: Composition): Promise<{ text: string; loaded: Composition }> {
  const text = await exportSpec(composition, { file: `${folder.path}/twin.yaml` });
  const file = await folder.write("twin.yaml", text);
  const { source: _, ...loaded } = await loadSpec(file, { importPlugin: importTestPlugin });
  return { text, loaded };
}

const partName = fc
  .stringMatching(/^[a-zé][a-zA-Zß0-9_-]{0,8}$/)
  .filter((name) => !(name in Object.prototype) && !["then", "stop", "run", "seal", "spec"].includes(name));

// Texts that YAML could take for something else, beside arbitrary ones.
const trickyText = fc.constantFrom(
  ...[
    "",
    " ",
    "null",
    "~",
    "true",
    "no",
    "1",
    "1e3",
    "0x1f",
    ".nan",
    "- a",
    "a: b",
    "# c",
    "a #b",
    "!artifact x",
    "&a",
  ],
  ...[
    "*a",
    "<<",
    "? x",
    "|",
    ">",
    "%",
    "@",
    "`",
    '"',
    "'",
    "a\nb",
    "a\n",
    "\t",
    "\r\n",
    "\u0000",
    "\u2028",
    "\ufeff",
    "\u0085",
  ],
  ...[
    "${env:X}",
    "$${env:X}",
    "$$${env:X}",
    "${env:",
    "a ${env:X} b",
    "${other}",
    "2001-01-01",
    "---",
    "...",
    "é",
    "日本",
  ],
);
const text = fc.oneof(fc.string({ unit: "binary" }), fc.string(), trickyText);
const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`);
const path = fc.stringMatching(/^(\.\.\/)?[a-z #:é]{1,8}(\/[a-z.]{1,4})?$/).filter((each) => each.trim() === each);
const artifactValue = fc
  .record({ path, digest: fc.option(digest, { nil: undefined }) })
  .map((given): Artifact => artifact(given.path, { base: folder.path, ...(given.digest && { digest: given.digest }) }));
const scalar = fc.oneof(
  text,
  fc.boolean(),
  fc.constant(null),
  fc.double(),
  fc.integer(),
  fc.constantFrom(-0, 1e21, 2 ** 60, -(2 ** 53), Number.MAX_SAFE_INTEGER, 5e-324, Number.NaN),
  fc.bigInt(),
  fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,9}$/).map((name) => env(name)),
  fc.constant(undefined).chain(() => artifactValue),
);
const options = fc.dictionary(
  fc.oneof(text, partName).filter((key) => !["use", "version", "wire", "__proto__"].includes(key)),
  fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      scalar,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(text, tie("value"), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).value,
  { maxKeys: 5, noNullPrototype: true },
);

const composition: fc.Arbitrary<Composition> = fc
  .record({
    name: fc.option(
      text.filter((each) => each.trim() !== ""),
      { nil: undefined },
    ),
    parts: fc.uniqueArray(fc.tuple(partName, options), { selector: ([name]) => name, minLength: 1, maxLength: 4 }),
    pinned: fc.boolean(),
    wired: fc.boolean(),
    plans: fc.option(
      fc.dictionary(partName, fc.dictionary(text, fc.oneof(text, fc.integer()), { noNullPrototype: true }), {
        noNullPrototype: true,
      }),
      {
        nil: undefined,
      },
    ),
    tolerances: fc.option(
      fc.dictionary(
        text,
        fc.record({ relative: fc.double({ min: 0, max: 0.5, noNaN: true }) }, { noNullPrototype: true }),
        {
          noNullPrototype: true,
        },
      ),
      { nil: undefined },
    ),
  })
  .map(({ name, parts, pinned, wired, plans, tolerances }): Composition => {
    const plugins: [string, Plugin][] = parts.map(([part, given]) => [part, echo(given)]);
    const [first] = parts[0] as (typeof parts)[number];
    return {
      ...(name !== undefined && { name }),
      plugins: { ...Object.fromEntries(plugins), ...(wired && { theListener: listener() }) },
      ...(wired && { wire: { theListener: { echo: first } } }),
      ...(pinned && { versions: { [first]: "^1.0" } }),
      ...(plans !== undefined && { plans }),
      ...(tolerances !== undefined && { tolerances: { outputs: tolerances } }),
    };
  });

describe("composition → twin.yaml → composition", () => {
  it("loses nothing, whatever the options", async () => {
    await fc.assert(
      fc.asyncProperty(composition, async (given) => {
        const { text: written, loaded } = await reload(given);
        expect(loaded).toStrictEqual(given);
        expect((await reload(loaded)).text).toBe(written);
      }),
      { numRuns: 300, seed: 7 },
    );
  }, 60_000);

  it("keeps the very plugins, so that the twin is the same", async () => {
    const given = { plugins: { a: echo({ is: "a" }), listener: listener() } };
    const { loaded } = await reload(given);
    expect(loaded.plugins["a"]?.definition).toBe(echo.definition);
    await using twin = await createTwin(loaded);
    expect(twin).toMatchObject({ listener: { heard: { options: { is: "a" } } } });
  });

  it("leaves out options that are undefined", async () => {
    const { loaded } = await reload({ plugins: { d: detector({ geometry: "pb-sci-20", layers: undefined }) } });
    expect(loaded.plugins["d"]?.options).toStrictEqual({ geometry: "pb-sci-20" });
  });

  it("writes a text that people like to read", async () => {
    const { text: written } = await reload({
      name: "ecal-testbeam",
      plugins: {
        files: echo(),
        shower: detector({
          geometry: "w-si-45x16x9",
          weights: artifact("models/shower.onnx", { base: folder.path }),
          password: env("DETECTOR_PASSWORD"),
        }),
        listener: listener(),
        "other-files": echo({ cache: { bytes: 64e6 }, note: "first\nsecond", seed: 2n ** 63n }),
      },
      wire: { listener: { echo: "files" } },
      versions: { files: "^1.2" },
      plans: { "first-light": { simulate: { task: "simulate", parameters: { seed: 7 } } } },
    });
    expect(written).toMatchInlineSnapshot(`
      "twin: ecal-testbeam
      plugins:
        files: { use: test-plugins/echo, version: ^1.2 }
        shower:
          use: test-plugins/detector
          geometry: w-si-45x16x9
          weights: !artifact models/shower.onnx
          password: "\${env:DETECTOR_PASSWORD}"
        listener:
          use: test-plugins/listener
          wire: { echo: files }
        other-files:
          use: test-plugins/echo
          cache: { bytes: 64000000 }
          note: "first\\nsecond"
          seed: !bigint 9223372036854775808
      plans:
        first-light:
          simulate:
            task: simulate
            parameters: { seed: 7 }
      "
    `);
  });
});

describe("twin.yaml → composition → twin.yaml", () => {
  it("gives an equal composition", async () => {
    const file = await folder.write(
      "hand.yaml",
      `# Written by hand.
plugins:
  a: &a
    use: test-plugins/echo
    "quoted key": 'single'
    folded: >
      some
      text
    octal: 0o17
    password: "\${env:PASSWORD}"
    file: !artifact {path: "./models/../x.onnx"}
  b: *a
`,
    );
    const { source: _, ...first } = await loadSpec(file, { importPlugin: importTestPlugin });
    expect((await reload(first)).loaded).toStrictEqual(first);
    expect(first.plugins["b"]?.options).toMatchObject({ octal: 15, folded: "some text\n" });
  });
});

describe("what no twin.yaml can hold", () => {
  it("is reported together, by path", async () => {
    const circle: Record<string, unknown> = {};
    circle["around"] = [circle];
    const given: Composition = {
      plugins: {
        fake: constant(Echo, { options: {} }),
        a: echo({
          when: new Date(0),
          deep: [{ run: () => 1 }],
          use: "x",
          tag: Symbol("t"),
          holes: [undefined],
          circle,
        }),
      },
      wire: { nobody: {} },
    };
    await expect(exportSpec(given)).rejects.toThrowErrorMatchingInlineSnapshot(`
      [SpecExportError: This composition cannot be written as a twin.yaml:
        - plugins.fake: A constant is a value made in code; no module exports it.
        - plugins.a.when: A Date is no plain data.
        - plugins.a.deep.0.run: A function is no plain data.
        - plugins.a.use: An option of the name "use" cannot be told from the key.
        - plugins.a.tag: A symbol is no plain data.
        - plugins.a.holes.0: undefined is no plain data.
        - plugins.a.circle.around.0: This value contains itself.
        - wire.nobody: There is no part "nobody".]
    `);
  });

  it("is a part that is no plugin, too", async () => {
    const plugins = { empty: {}, none: null, factory: echo } as unknown as Plugins;
    await expect(exportSpec({ plugins })).rejects.toMatchObject({
      code: "TWIN_SPEC_NOT_EXPORTABLE",
      problems: [
        { path: ["plugins", "empty"] },
        { path: ["plugins", "none"] },
        { path: ["plugins", "factory"], message: expect.stringContaining("call it") },
      ],
    });
  });
});
