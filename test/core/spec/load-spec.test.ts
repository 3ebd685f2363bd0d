import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Artifact,
  checkSpec,
  createTwin,
  type Diagnostic,
  exportSpec,
  loadSpec,
  resolveNeeds,
  type SpecError,
  token,
} from "../../../core/index.ts";
import { specDocument } from "../../../core/spec/spec-document.ts";
import { Echo, Folder, importTestPlugin } from "./plugins.ts";

let folder: Folder;
beforeAll(async () => {
  folder = await Folder.make();
});
afterAll(() => folder.remove());

const load = async (text: string) =>
  loadSpec(await folder.write("twin.yaml", text), { importPlugin: importTestPlugin });

async function diagnosticsOf(text: string): Promise<readonly Diagnostic[]> {
  const error = await load(text).then(
    () => undefined,
    (thrown: SpecError) => thrown,
  );
  expect(error).toMatchObject({ code: "TWIN_INVALID_SPEC" });
  return error?.diagnostics ?? [];
}

/** `line:column code message`, short enough to compare. */
async function told(text: string): Promise<string[]> {
  return (await diagnosticsOf(text)).map(({ line, column, code, message }) => `${line}:${column} ${code} ${message}`);
}

describe("a twin.yaml", () => {
  it("becomes a twin", async () => {
    const spec = await load(`
twin: ecal-testbeam
plugins:
  detector: { use: test-plugins/detector, geometry: w-si-45x16x9 }
  files:
    use: test-plugins/echo
    version: ^1.2
    cache: { bytes: 64_000, on: [true, null, 1.5, .inf] }
`);
    expect(spec).toMatchObject({ name: "ecal-testbeam", versions: { files: "^1.2" } });
    await using twin = await createTwin(spec);
    const { detector } = resolveNeeds(twin, { detector: token<Echo>("test/detector") });
    expect(detector.options).toEqual({ geometry: "w-si-45x16x9", layers: 45 });
    expect(resolveNeeds(twin, { echo: Echo }).echo.options).toEqual({
      cache: { bytes: "64_000", on: [true, null, 1.5, Number.POSITIVE_INFINITY] },
    });
  });

  it("finds artifacts relative to itself, whatever the working directory", async () => {
    const digest = `sha256:${"ab".repeat(32)}`;
    const spec = await load(`
plugins:
  a: { use: test-plugins/detector, geometry: pb-sci-20, weights: !artifact models/shower.onnx }
  b: { use: test-plugins/detector, geometry: pb-sci-20, weights: !artifact { path: ../x y.onnx, digest: "${digest}" } }
`);
    const { a, b } = spec.plugins as unknown as Record<"a" | "b", { options: { weights: Artifact } }>;
    expect(a.options.weights.file).toBe(`${folder.path}/models/shower.onnx`);
    expect(b.options.weights).toMatchObject({ file: expect.stringMatching(/\/x y\.onnx$/), digest });
  });

  it("wires parts", async () => {
    const spec = await load(`
plugins:
  a: { use: test-plugins/echo, is: a }
  b: { use: test-plugins/echo, is: b }
  listener: { use: test-plugins/listener, wire: { echo: b } }
`);
    await using twin = await createTwin(spec);
    expect((twin as unknown as { listener: { heard: Echo } }).listener.heard.options).toEqual({ is: "b" });
  });

  it("reads anchors and aliases", async () => {
    const spec = await load(`
plugins:
  a: { use: test-plugins/echo, shared: &shared { x: 1 } }
  b: { use: test-plugins/echo, shared: *shared }
`);
    expect(spec.plugins["b"]?.options).toEqual({ shared: { x: 1 } });
  });

  it("keeps plans as plain data, with their places in the file", async () => {
    const spec = await load(`
plugins: {}
plans:
  first-light:
    simulate: { task: simulate, parameters: { seed: 7 } }
`);
    expect(spec.plans).toEqual({ "first-light": { simulate: { task: "simulate", parameters: { seed: 7 } } } });
    const path = ["plans", "first-light", "simulate", "parameters", "seed"];
    expect(spec.source.locate(path)).toMatchObject({ line: 5, column: 53 });
    expect(spec.source.locate(path, "key")).toMatchObject({ line: 5, column: 47 });
    expect(spec.source.locate([...path.slice(0, -1), "nothing"])).toMatchObject({ line: 5, column: 33 });
  });

  it("keeps tolerances, which are then part of the twin's document", async () => {
    const spec = await load("plugins: {}\ntolerances: { outputs: { simulate.showers: { relative: 1.0e-5 } } }\n");
    expect(spec.tolerances).toEqual({ outputs: { "simulate.showers": { relative: 1e-5 } } });
    expect(specDocument(spec)).toMatchObject({ tolerances: spec.tolerances });
  });

  it("does not hold what it was loaded with in process-wide state: loading twice gives equal compositions", async () => {
    const text = "plugins: { a: { use: test-plugins/echo, x: [1, { y: 2 }] } }";
    const [first, second] = [await load(text), await load(text)];
    expect({ ...second, source: 0 }).toEqual({ ...first, source: 0 });
  });
});

describe("a wrong twin.yaml", () => {
  it("reports everything together, with file, line and column", async () => {
    const text = `
twinn: demo
plugins:
  detector: { use: test-plugins/detector, geometri: w-si-45, layers: 0 }
  files: { cache: 1 }
  echo: { use: test-plugins/ecko }
  then: { use: test-plugins/echo, version: ^2 }
`;
    const file = await folder.write("wrong.yaml", text);
    const error = (await loadSpec(file, { importPlugin: importTestPlugin }).catch((e) => e)) as SpecError;
    expect(error.message.replaceAll(folder.path, "")).toMatchInlineSnapshot(`
      ""/wrong.yaml" is not a valid twin spec:
        - /wrong.yaml:2:1: Unknown key "twinn". Did you mean "twin"? There are: twin, plans, plugins, tolerances. [TWIN_SPEC_SHAPE]
        - /wrong.yaml:4:3: Part "detector" (test-plugins/detector): option "geometry": Missing; it must be one of: w-si-45x16x9, pb-sci-20. [TWIN_INVALID_OPTIONS]
        - /wrong.yaml:4:43: Part "detector" (test-plugins/detector): option "geometri": Unknown. Did you mean "geometry"? There are: geometry, layers, weights, password. [TWIN_INVALID_OPTIONS]
        - /wrong.yaml:4:70: Part "detector" (test-plugins/detector): option "layers": Too small: expected number to be >=1. [TWIN_INVALID_OPTIONS]
        - /wrong.yaml:5:3: \`use\` is missing: it names the module of the plugin. [TWIN_SPEC_SHAPE]
        - /wrong.yaml:6:16: "test-plugins/ecko" failed while it was imported: There is no test plugin "test-plugins/ecko". [TWIN_PLUGIN_IMPORT_FAILED]
        - /wrong.yaml:7:3: "then" cannot name a part: every twin has something of that name already. Choose another name. [TWIN_NAME_CLASH]
        - /wrong.yaml:7:44: Part "then" (test-plugins/echo): the composition asks for version ^2 of test-plugins/echo, but 1.2.0 is installed. [TWIN_VERSION_MISMATCH]"
    `);
    expect(error.diagnostics.every((each) => each.file === file)).toBe(true);
  });

  it.each([
    ["plugins: [", 1, 11, /./],
    ["plugins:\n  a: {use: x}\n  a: {use: y}", 3, 3, /written twice/],
    [
      "plugins:\n  a: { use: test-plugins/echo, w: !artefact y }",
      2,
      35,
      /Unknown tag "!artefact"\. Did you mean "!artifact"\?/,
    ],
    ["plugins:\n\ta: 1", 2, 1, /[Tt]ab/],
    ["plugins: { ? [a] : 1 }", 1, 14, /A key must be a text/],
    ["a: 1\n---\nb: 2", 2, 1, /one document/],
    ["%YAML 1.1\n---\nplugins: { a: { use: x, b: yes } }", 1, 1, /remove the directive/],
    ["plugins: { a: { use: test-plugins/echo, b: !artifact [c] } }", 1, 44, /does not fit this kind of value/],
  ])("reports YAML that cannot be read: %j", async (text, line, column, message) => {
    const [first] = await diagnosticsOf(text);
    expect(first).toMatchObject({ code: "TWIN_SPEC_SYNTAX", message: expect.stringMatching(message), line, column });
  });

  it.each([
    ["", "1:1 TWIN_SPEC_SHAPE A twin.yaml is a map with the key `plugins`, not nothing."],
    ["- a", "1:1 TWIN_SPEC_SHAPE A twin.yaml is a map with the key `plugins`, not a list."],
    [
      "twin: a",
      "1:1 TWIN_SPEC_SHAPE The key `plugins` is missing: a map from names of parts to plugins, each with `use`.",
    ],
    ["plugins: hdf5", "1:10 TWIN_SPEC_SHAPE `plugins` is a map from names of parts to plugins, not a text."],
    ["plugins:", "1:9 TWIN_SPEC_SHAPE `plugins` is a map from names of parts to plugins, not nothing."],
    ["plugins: {}\ntwin: 7", "2:7 TWIN_SPEC_SHAPE `twin` is the name of the twin: a text."],
    ["plugins: {}\nplans: []", "2:8 TWIN_SPEC_SHAPE `plans` is a map from names of plans to their steps, not a list."],
    [
      "plugins: { a: x }",
      "1:15 TWIN_SPEC_SHAPE A plugin is a map with the key `use`, as in `{ use: twinloom/modules/hdf5 }`, not a text.",
    ],
    ["plugins: { a: { use: 1 } }", "1:22 TWIN_SPEC_SHAPE `use` names the module of the plugin: a text."],
    [
      "plugins: { a: { uses: b } }",
      '1:12 TWIN_SPEC_SHAPE `use` is missing: it names the module of the plugin. Is "uses" meant to be it?',
    ],
    [
      "plugins: { a: { use: test-plugins/echo, version: 1 } }",
      '1:50 TWIN_SPEC_SHAPE `version` is a range of versions, a text: `version: "^1.2"`.',
    ],
    [
      "plugins: { a: { use: test-plugins/echo, wire: b } }",
      "1:47 TWIN_SPEC_SHAPE `wire` is a map from needs to names of parts: `wire: { generator: shower }`.",
    ],
    [
      "plugins: { a: { use: test-plugins/echo, n: 9007199254740993 } }",
      "1:44 TWIN_SPEC_SHAPE This number is beyond ±(2^53 - 1), where numbers are not exact. For a 64-bit option, write `!bigint` before it.",
    ],
    [
      "plugins: { a: { use: test-plugins/echo, n: !bigint 1.5 } }",
      "1:52 TWIN_SPEC_SHAPE `!bigint` takes a whole number.",
    ],
    [
      "plugins: { a: { use: test-plugins/echo, f: !artifact { file: x } } }",
      '1:54 TWIN_SPEC_SHAPE Write `!artifact path`, or `!artifact { path: path, digest: "sha256:…" }`.',
    ],
    [
      "plugins: { a: { use: test-plugins/echo, f: !artifact { path: x, digest: md5 } } }",
      '1:54 TWIN_SPEC_SHAPE The digest of artifact "x" must be "sha256:" and 64 lower-case hexadecimal digits.',
    ],
    ...["!!binary aGk=", "!!timestamp 2001-01-01", "!!set { a }", "!!merge x"].map((value): [string, string] => [
      `plugins: { a: { use: test-plugins/echo, f: ${value} } }`,
      `1:${44 + value.indexOf(" ") + 1} TWIN_SPEC_SHAPE A twin.yaml has no such tag. There are: !artifact, !bigint.`,
    ]),
    [
      "plugins: { a: { use: test-plugins/echo, x: *gone } }",
      "1:44 TWIN_SPEC_SHAPE This alias refers to no anchor before it. A text that begins with an asterisk is written in quotes.",
    ],
    [
      "plugins: *gone",
      "1:10 TWIN_SPEC_SHAPE This alias refers to no anchor before it. A text that begins with an asterisk is written in quotes.",
    ],
    [
      "plugins: { a: &a { use: test-plugins/echo }, b: { use: test-plugins/echo, <<: *a } }",
      "1:75 TWIN_SPEC_SHAPE YAML 1.2 has no merge keys: write the keys out, or refer to a whole value with an alias.",
    ],
    ["plugins: { a: &a { use: test-plugins/echo, x: *a } }", "1:18 TWIN_SPEC_SHAPE This value contains itself."],
  ])("reports YAML that is no spec: %j", async (text, expected) => {
    expect(await told(text)).toEqual([expected]);
  });

  it("takes the anchor that comes last before an alias", async () => {
    const { plugins } = await load("plugins: { a: { use: test-plugins/echo, x: [&v 1, *v, &v 2, *v] } }");
    expect(plugins["a"]?.options).toEqual({ x: [1, 1, 2, 2] });
  });

  it("reads a merge key in quotes as any other key, and writes it so", async () => {
    const spec = await load('plugins: { a: { use: test-plugins/echo, o: { "<<": 1 } } }');
    expect(spec.plugins["a"]?.options).toEqual({ o: { "<<": 1 } });
    expect(await exportSpec(spec)).toContain('"<<": 1');
  });

  it("keeps keys that name properties of every object apart from those", async () => {
    const { plugins } = await load(
      "plugins: { a: { use: test-plugins/echo, o: { __proto__: { polluted: 1 }, constructor: { prototype: 2 } } } }",
    );
    const o = plugins["a"]?.options["o"] as object;
    expect(Object.keys(o)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(o)).toBe(Object.prototype);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it("stops at more values than any twin has", async () => {
    const text = `plugins:\n${Array.from({ length: 10_100 }, (_, i) => `  p${i}: { use: test-plugins/echo }\n`).join("")}`;
    expect((await told(text)).some((line) => line.includes("More than 20000 values"))).toBe(true);
  });

  it("stops at aliases that multiply without end", async () => {
    const levels = Array.from(
      { length: 9 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(", ")}]`,
    );
    const text = `plugins: { a: { use: test-plugins/echo, l0: &l0 x, ${levels.join(", ")} } }`;
    expect((await told(text)).some((line) => line.includes("More than 20000 values"))).toBe(true);
  });

  it("reports options at the key or the value that is wrong", async () => {
    expect(
      await told(`plugins:
  d:
    use: test-plugins/detector
    geometry: w-si-45x16x8
    layer: 3
`),
    ).toEqual([
      '4:15 TWIN_INVALID_OPTIONS Part "d" (test-plugins/detector): option "geometry": It must be one of: w-si-45x16x9, pb-sci-20. Did you mean "w-si-45x16x9"?',
      '5:5 TWIN_INVALID_OPTIONS Part "d" (test-plugins/detector): option "layer": Unknown. Did you mean "layers"? There are: layers, geometry, password, weights.',
    ]);
  });

  it("reports tolerances that are none, each in its place", async () => {
    expect(await told("plugins: {}\ntolerances:\n  outputs:\n    '*': { relative: 1, absolut: 2 }\n")).toEqual([
      expect.stringMatching(/^4:22 TWIN_SPEC_SHAPE It must be less than 1/),
      expect.stringMatching(/^4:25 TWIN_SPEC_SHAPE .*Did you mean "absolute"\?/),
    ]);
    expect(await told("plugins: {}\ntolerances: 3\n")).toEqual([
      "2:13 TWIN_SPEC_SHAPE `tolerances` is a map with the key `outputs`, not a number.",
    ]);
  });

  it("reports a missing option where the part is", async () => {
    expect(await told("plugins:\n  d: { use: test-plugins/detector }")).toEqual([
      expect.stringMatching(/^2:3 TWIN_INVALID_OPTIONS .*"geometry"/),
    ]);
  });

  it("says that a file is not there", async () => {
    await expect(loadSpec(`${folder.path}/none.yaml`)).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
    await expect(loadSpec(folder.path)).rejects.toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
  });

  it("says that a file is no text in UTF-8", async () => {
    const file = await folder.write("latin1.yaml", Buffer.from("plugins: { a: { use: é } }", "latin1"));
    await expect(loadSpec(file)).rejects.toMatchObject({
      code: "TWIN_FILE_UNREADABLE",
      message: expect.stringContaining("UTF-8"),
    });
  });

  it("can be called off", async () => {
    const file = await folder.write("twin.yaml", "plugins: {}");
    const reason = new Error("enough");
    await expect(loadSpec(file, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe("how parts fit together", () => {
  const text = `plugins:
  a: { use: test-plugins/echo }
  b: { use: test-plugins/echo }
  listener: { use: test-plugins/listener }
  other:
    use: test-plugins/listener
    wire: { echo: nobody }
`;

  it("is checked by checkSpec, with places", async () => {
    const file = await folder.write("twin.yaml", text);
    const diagnostics = await checkSpec(file, { importPlugin: importTestPlugin });
    expect(diagnostics.map(({ code, line, column }) => [code, line, column])).toEqual([
      ["TWIN_AMBIGUOUS_PROVIDER", 4, 3],
      ["TWIN_INVALID_WIRE", 7, 19],
    ]);
    const right = await folder.write("right.yaml", "plugins: { a: { use: test-plugins/echo } }");
    expect(await checkSpec(right, { importPlugin: importTestPlugin })).toEqual([]);
  });

  it("is checked by createTwin, whose messages say where in the file", async () => {
    await expect(createTwin(await load(text))).rejects.toThrow(
      /twin\.yaml:4:3: Part "listener" .*\[TWIN_AMBIGUOUS_PROVIDER\]\n.*twin\.yaml:7:19: /,
    );
  });
});
