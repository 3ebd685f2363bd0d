import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Digest, digestBytes } from "../../../../core/canonical/digest.ts";
import { diffVersions } from "../../../../core/lifecycle/compare/diff-versions.ts";
import { type LineageNode, lineage } from "../../../../core/lifecycle/compare/lineage.ts";
import { lineageDot, lineageText } from "../../../../core/lifecycle/compare/lineage-text.ts";
import { openStore, type TwinStore } from "../../../../core/lifecycle/store.ts";
import { SPEC, sealSample } from "./sample-versions.ts";

let folder: string;
let store: TwinStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-compare-"));
  store = await openStore(join(folder, "store"), { create: true, actor: "me@here" });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

describe("lineage", () => {
  it("follows parents through twins, and tells a version that is met twice only once", async () => {
    const first = await sealSample(store, "ecal", []);
    const calibration = await sealSample(store, "beam", []);
    const second = await sealSample(store, "ecal", [{ digest: first, relation: "revision" }]);
    const fitted = await sealSample(store, "ecal", [
      { digest: first, relation: "revision" },
      { digest: calibration, relation: "calibrationOf" },
    ]);
    const merged = await sealSample(store, "ecal", [
      { digest: second, relation: "mergeOf" },
      { digest: fitted, relation: "mergeOf" },
    ]);
    const last = await sealSample(store, "ecal", [{ digest: merged, relation: "revision" }]);
    await store.moveAlias("ecal@champion", last);
    const graph = await lineage(store, "ecal@champion");
    expect(graph.of).toBe(last);
    expect(graph.nodes.map(({ name }) => name)).toEqual([
      "ecal@v5",
      "ecal@v4",
      "ecal@v2",
      "ecal@v3",
      "ecal@v1",
      "beam@v1",
    ]);
    expect(graph.edges).toHaveLength(6);
    expect(lineageText(graph)).toMatchInlineSnapshot(`
      "ecal@v5 (sealed, champion)
      ← revision of ecal@v4 (sealed)
        ├─ merge of ecal@v2 (sealed)
        │  ← revision of ecal@v1 (sealed)
        └─ merge of ecal@v3 (sealed)
             ├─ revision of ecal@v1, as above
             └─ calibration of beam@v1 (sealed)"
    `);
    expect(
      lineageDot(graph).replaceAll(/sha256:[0-9a-f]{64}/g, (digest) => named(graph, digest)),
    ).toMatchInlineSnapshot(`
      "digraph lineage {
        node [shape=box];
        "ecal@v5" [label="ecal@v5\\nchampion\\nsealed"];
        "ecal@v4" [label="ecal@v4\\nsealed"];
        "ecal@v2" [label="ecal@v2\\nsealed"];
        "ecal@v3" [label="ecal@v3\\nsealed"];
        "ecal@v1" [label="ecal@v1\\nsealed"];
        "beam@v1" [label="beam@v1\\nsealed"];
        "ecal@v5" -> "ecal@v4" [label="revision"];
        "ecal@v4" -> "ecal@v2" [label="mergeOf"];
        "ecal@v4" -> "ecal@v3" [label="mergeOf"];
        "ecal@v2" -> "ecal@v1" [label="revision"];
        "ecal@v3" -> "ecal@v1" [label="revision"];
        "ecal@v3" -> "beam@v1" [label="calibrationOf"];
      }"
    `);
  });

  it("tells a parent that the store does not have", async () => {
    const elsewhere = digestBytes("sealed elsewhere");
    await sealSample(store, "ecal", [{ digest: elsewhere, relation: "derivation" }]);
    const graph = await lineage(store, "ecal");
    expect(graph.nodes[1]).toEqual({ digest: elsewhere, name: elsewhere, version: null });
    expect(lineageText(graph)).toBe(`ecal@v1 (sealed)\n← derived from ${elsewhere} (not in this store)`);
    expect(lineageDot(graph)).toContain("style=dashed");
  });

  it("stays narrow over a long history", () => {
    const digests = Array.from({ length: 1000 }, (_, n) => digestBytes(String(n)));
    const nodes = digests.map((digest, n): LineageNode => ({ digest, name: `ecal@v${1000 - n}`, version: null }));
    const edges = digests.slice(1).map((to, n) => ({ from: digests[n] as Digest, to, relation: "revision" as const }));
    const lines = lineageText({ of: digests[0] as Digest, nodes, edges }).split("\n");
    expect(lines).toHaveLength(1000);
    expect(lines.at(-1)).toBe("← revision of ecal@v1 (not in this store)");
  });
});

describe("diffVersions", () => {
  it("reads two versions of a store, of any twin", async () => {
    await sealSample(store, "ecal", []);
    await sealSample(store, "hcal", [], SPEC.replace("refitted", "published"));
    const attestation = { schemaVersion: 1, kind: "validation", verdict: "passed", statement: {} } as const;
    const { digest: subject } = await store.resolve("hcal");
    await store.attest("hcal", { ...attestation, subject, metrics: { S: 0.1 } });
    const { a, b, changes, metrics } = await diffVersions(store, "ecal@v1", "hcal");
    expect([a.twin, b.twin]).toEqual(["ecal", "hcal"]);
    expect(changes.options).toMatchObject([{ part: "shower", path: "constants", a: "refitted", b: "published" }]);
    expect(metrics).toEqual([{ source: "validation", metric: "S", a: null, b: 0.1 }]);
  });
});

function named({ nodes }: Awaited<ReturnType<typeof lineage>>, digest: string): string {
  return nodes.find((node) => node.digest === digest)?.name ?? digest;
}
