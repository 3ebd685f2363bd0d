import { describe, expect, it } from "vitest";
import { digestBytes } from "../../../../core/canonical/digest.ts";
import { compareVersions, type VersionDiff } from "../../../../core/lifecycle/compare/version-diff.ts";
import type { Attestation, VersionConfig } from "../../../../core/lifecycle/schema.ts";
import { descriptorOf, SPEC, sampleConfig } from "./sample-versions.ts";

interface Side {
  readonly spec?: string;
  readonly config?: Partial<VersionConfig>;
  readonly attestations?: readonly Pick<Attestation, "kind" | "metrics">[];
}

async function diffOf(a: Side, b: Side): Promise<VersionDiff> {
  const [one, other] = [a, b].map(({ spec = SPEC, config = {}, attestations = [] }, index) => ({
    entry: {
      twin: "ecal",
      number: index + 1,
      digest: digestBytes(String(index)),
      state: "sealed" as const,
      aliases: [],
    },
    config: sampleConfig(config, spec),
    spec,
    attestations,
  }));
  return await compareVersions(one as never, other as never);
}

/** The sections that hold something. */
function told({ changes }: VersionDiff): Record<string, unknown> {
  return Object.fromEntries(Object.entries(changes).filter(([, list]) => list.length > 0));
}

function model(text: string, more: Partial<VersionConfig["models"][number]> = {}): VersionConfig["models"][number] {
  return { path: "models/gan.onnx", part: "network", descriptor: descriptorOf(text), ...more };
}

describe("the difference of two versions", () => {
  it("is empty for equal content, whatever their numbers and digests", async () => {
    const diff = await diffOf({}, {});
    expect(told(diff)).toEqual({});
    expect([diff.a.number, diff.b.number]).toEqual([1, 2]);
  });

  it("does not depend on how a twin.yaml is written", async () => {
    const rewritten = SPEC.replace("{ generator: shower }", '{ "generator": [shower] }').replace("[shower]", "shower");
    expect(told(await diffOf({ spec: SPEC }, { spec: `# a comment\n${rewritten}` }))).toEqual({});
  });

  it("tells options by part and path, with both values", async () => {
    const spec = SPEC.replace("refitted", "published").replace("[1, 2, 3]", "[1, 5, 3]").replace("w-si-45", "w-si-30");
    expect(told(await diffOf({}, { spec }))).toEqual({
      options: [
        { part: "shower", path: "constants", change: "changed", a: "refitted", b: "published" },
        { part: "shower", path: "layers[1]", change: "changed", a: 2, b: 5 },
        { part: "detector", path: "geometry", change: "changed", a: "w-si-45", b: "w-si-30" },
      ],
    });
  });

  it("tells a list of another length as a whole, and options that come and go", async () => {
    const spec = SPEC.replace("constants: refitted, layers: [1, 2, 3]", "layers: [2, 3], fallback: null");
    expect((await diffOf({}, { spec })).changes.options).toEqual([
      { part: "shower", path: "constants", change: "removed", a: "refitted" },
      { part: "shower", path: "fallback", change: "added", b: null },
      { part: "shower", path: "layers", change: "changed", a: [1, 2, 3], b: [2, 3] },
    ]);
  });

  it("tells parts, wiring and plans", async () => {
    const spec = SPEC.replace("  shower:", "  files: { use: twinloom/modules/hdf5 }\n  gan:")
      .replace("generator: shower", "generator: gan")
      .replace("count: 10", "count: 20");
    expect(told(await diffOf({}, { spec }))).toEqual({
      parts: [
        { part: "shower", path: "use", change: "removed", a: "twinloom/thematic/detector#gflash" },
        { part: "files", path: "use", change: "added", b: "twinloom/modules/hdf5" },
        { part: "gan", path: "use", change: "added", b: "twinloom/thematic/detector#gflash" },
      ],
      wiring: [{ part: "detector", path: "generator", change: "changed", a: "shower", b: "gan" }],
      plans: [{ path: "compare.simulate.parameters.count", change: "changed", a: 10, b: 20 }],
    });
  });

  it("takes an artifact for what it is, by its digest and not by its path", async () => {
    const digest = digestBytes("weights");
    const named = (path: string, by: string): string =>
      SPEC.replace("refitted", `!artifact { path: ${path}, digest: "${by}" }`);
    expect(told(await diffOf({ spec: named("a.onnx", digest) }, { spec: named("b.onnx", digest) }))).toEqual({});
    const other = digestBytes("others");
    const diff = await diffOf({ spec: named("a.onnx", digest) }, { spec: named("a.onnx", other) });
    expect(diff.changes.options).toMatchObject([{ path: "constants", a: { artifact: { digest } } }]);
  });

  it("tells a model that was replaced, also under another name, and keeps several of one part apart", async () => {
    const card = { path: "models/gan.card.json", descriptor: descriptorOf("{}") };
    const renamed = await diffOf(
      { config: { models: [model("one", { card })] } },
      { config: { models: [model("two", { path: "models/new.onnx" })] } },
    );
    expect(renamed.changes.models).toEqual([
      {
        part: "network",
        path: "models/new.onnx",
        change: "changed",
        a: { path: "models/gan.onnx", digest: digestBytes("one"), card: digestBytes("{}") },
        b: { path: "models/new.onnx", digest: digestBytes("two") },
      },
    ]);
    const several = await diffOf(
      { config: { models: [model("one"), model("x", { path: "x.onnx" })] } },
      { config: { models: [model("two"), model("y", { path: "y.onnx" }), model("z", { path: "z.onnx" })] } },
    );
    expect(several.changes.models.map(({ path, change }) => [path, change])).toEqual([
      ["models/gan.onnx", "changed"],
      ["x.onnx", "removed"],
      ["y.onnx", "added"],
      ["z.onnx", "added"],
    ]);
  });

  it("puts metrics of cards and of validations side by side, the newest validation first", async () => {
    const validation = (metrics: Record<string, number>): Pick<Attestation, "kind" | "metrics"> => ({
      kind: "validation",
      metrics,
    });
    const { metrics } = await diffOf(
      {
        config: { models: [model("one", { metrics: { "fpd.full": 0.06, old: 1 } })] },
        attestations: [validation({ "S.energy": 0.3, only: 1 }), validation({ "S.energy": 0.2 })],
      },
      {
        config: { models: [model("two", { metrics: { "fpd.full": 0.02 } })] },
        attestations: [validation({ "S.energy": 0.1 }), { kind: "reproduction", metrics: { "S.energy": 9 } }],
      },
    );
    expect(metrics).toEqual([
      { source: "card", part: "network", metric: "fpd.full", a: 0.06, b: 0.02 },
      { source: "card", part: "network", metric: "old", a: 1, b: null },
      { source: "validation", metric: "S.energy", a: 0.2, b: 0.1 },
      { source: "validation", metric: "only", a: 1, b: null },
    ]);
  });

  it("tells data, code, packages, environment, parents and annotations", async () => {
    const digest = digestBytes("parent");
    const file = (path: string, text: string): VersionConfig["code"]["files"][number] => {
      return { path, descriptor: descriptorOf(text) };
    };
    const environment = { engine: "0.1.0", node: "24.1" };
    const diff = await diffOf(
      {
        config: {
          data: [
            { ...file("a.h5", "1"), role: "input" },
            { ...file("b.h5", "1"), role: "input" },
          ],
          code: { files: [file("plugin.js", "1")], vcs: { commit: "c0ffee", dirty: false } },
          environment: { ...environment, packages: [{ purl: "pkg:npm/%40acme/gain@1.0.0", integrity: "sha512-A" }] },
        },
      },
      {
        config: {
          data: [
            { ...file("b.h5", "2"), role: "input" },
            { ...file("c.h5", "1"), role: "option" },
          ],
          code: {
            files: [file("plugin.js", "2")],
            vcs: { commit: "c0ffee", dirty: true, diff: descriptorOf("diff") },
          },
          environment: {
            ...environment,
            node: "20.11",
            packages: [{ purl: "pkg:npm/%40acme/gain@1.1.0", integrity: "sha512-B" }],
          },
          parents: [{ digest, relation: "revision" }],
          annotations: { license: "CC0-1.0" },
        },
      },
    );
    expect(diff.changes.data.map(({ path, change }) => [path, change])).toEqual([
      ["a.h5", "removed"],
      ["b.h5", "changed"],
      ["c.h5", "added"],
    ]);
    expect(diff.changes.code.map(({ path, change }) => [path, change])).toEqual([
      ["plugin.js", "changed"],
      ["git.diff", "added"],
      ["git.dirty", "changed"],
    ]);
    expect(diff.changes.environment).toEqual([{ path: "node", change: "changed", a: "24.1", b: "20.11" }]);
    expect(diff.changes.packages).toEqual([
      {
        path: "@acme/gain",
        change: "changed",
        a: { version: "1.0.0", integrity: "sha512-A" },
        b: { version: "1.1.0", integrity: "sha512-B" },
      },
    ]);
    expect(diff.changes.parents).toEqual([{ path: digest, change: "added", b: "revision" }]);
    expect(diff.changes.annotations).toEqual([{ path: "license", change: "added", b: "CC0-1.0" }]);
  });
});
