import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canonicalJson, digestBytes, type RunRecord, readRunRecord, type StepRecord } from "../../../../core/index.ts";
import { CrateFiles } from "../../../../core/lifecycle/export/crate-files.ts";
import { CrateGraph } from "../../../../core/lifecycle/export/crate-graph.ts";
import { exportCrate } from "../../../../core/lifecycle/export/export-crate.ts";
import { sealRunRecord } from "../../../../core/run/run-record.ts";
import { sampleRun } from "./sample-run.ts";

let folder = "";
let run = "";
const at = (...names: readonly string[]): string => join(folder, ...names);
const OPTIONS = {
  license: "CC-BY-4.0",
  datePublished: "2026-11-21T18:00:00Z",
  agent: { name: "Ada Lovelace", id: "https://orcid.org/0000-0001-2345-6789" },
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-crate-"));
  run = await sampleRun(folder);
  await exportCrate(run, at("crate"), OPTIONS);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Thing = Readonly<Record<string, unknown>> & { readonly "@id": string };

async function graphOf(crate: string): Promise<ReadonlyMap<string, Thing>> {
  const text = await readFile(join(crate, "ro-crate-metadata.json"), "utf8");
  const { "@graph": graph } = JSON.parse(text) as { readonly "@graph": readonly Thing[] };
  expect(new Set(graph.map((thing) => thing["@id"])).size).toBe(graph.length);
  return new Map(graph.map((thing) => [thing["@id"], thing]));
}

function ofType(graph: ReadonlyMap<string, Thing>, type: string): readonly Thing[] {
  return [...graph.values()].filter((thing) => [thing["@type"]].flat().includes(type));
}

/** Everything that a thing names by its id. */
function namedIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(namedIn);
  if (typeof value !== "object" || value === null) return [];
  const id = "@id" in value ? [String(value["@id"])] : [];
  return [...id, ...Object.entries(value).flatMap(([key, member]) => (key === "@id" ? [] : namedIn(member)))];
}

async function filesBelow(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((file) => file.slice(path.length + 1)).sort((a, b) => (a < b ? -1 : 1));
}

/** What differs from run to run on other machines. */
async function normalised(crate: string): Promise<string> {
  const { id, environment } = await readRunRecord(join(run, "run.json"));
  const text = await readFile(join(crate, "ro-crate-metadata.json"), "utf8");
  const graph = await graphOf(crate);
  const changing = [graph.get("run.json")?.["sha256"], graph.get("#lock")?.["sha256"]] as (string | undefined)[];
  const size = `"contentSize": "${graph.get("run.json")?.["contentSize"]}"`;
  return changing
    .reduce<string>((part, digest) => (digest === undefined ? part : part.replaceAll(digest, "<sha256>")), text)
    .replaceAll(size, '"contentSize": "<bytes>"')
    .replaceAll(id, "<run>")
    .replaceAll(`"softwareVersion": "${environment.engine}"`, '"softwareVersion": "<engine>"')
    .replaceAll(`Twinloom ${environment.engine}`, "Twinloom <engine>");
}

describe("exportCrate of a run", () => {
  it("writes the crate that it always wrote", async () => {
    await expect(await normalised(at("crate"))).toMatchFileSnapshot("../../../fixtures/ro-crate/golden-crate.json");
  });

  it("holds every file once, with its digest and size, and no file that the graph does not name", async () => {
    const graph = await graphOf(at("crate"));
    const files = ofType(graph, "File");
    expect(files.map((file) => decodeURIComponent(file["@id"])).sort()).toEqual(
      (await filesBelow(at("crate"))).filter((path) => path !== "ro-crate-metadata.json"),
    );
    for (const file of files) {
      const bytes = await readFile(at("crate", decodeURIComponent(file["@id"])));
      expect(file["sha256"], file["@id"]).toBe(createHash("sha256").update(bytes).digest("hex"));
      expect(file["contentSize"]).toBe(String(bytes.length));
    }
    const parts = graph.get("./")?.["hasPart"] as readonly Thing[];
    expect(new Set(parts.map((part) => part["@id"]))).toEqual(new Set(files.map((file) => file["@id"])));
  });

  it("gives back the outputs with the digests that the record states", async () => {
    const record = await readRunRecord(at("crate", "run.json"));
    for (const { outputs } of Object.values(record.steps)) {
      for (const { path, fileDigest } of Object.values(outputs)) {
        expect(digestBytes(await readFile(at("crate", path)))).toBe(fileDigest);
      }
    }
  });

  it("names nothing that is not there, but pages of the web", async () => {
    const graph = await graphOf(at("crate"));
    const named = [...graph.values()].flatMap((thing) => namedIn(thing));
    const missing = named.filter((id) => !graph.has(id) && !/^https?:\/\//.test(id));
    expect(missing).toEqual([]);
  });

  it("tells the steps in an order in which each comes after those that it reads from", async () => {
    const graph = await graphOf(at("crate"));
    const position = (step: string): number => Number(graph.get(`plan.json#step/${step}`)?.["position"]);
    expect(position("scale")).toBeLessThan(position("page"));
    const [connection] = ofType(graph, "ParameterConnection");
    expect(connection).toMatchObject({
      sourceParameter: { "@id": "#task/scale/output/scaled" },
      targetParameter: { "@id": "#task/page/input/numbers" },
    });
  });

  it("has no secret in it, and no path of this machine but in the sealed record", async () => {
    for (const path of await filesBelow(at("crate"))) {
      const text = await readFile(at("crate", path), "utf8");
      expect(text).not.toContain("correct horse");
      if (path !== "run.json") expect(text).not.toContain(folder);
    }
  });

  it("says that a run failed, why, and what was not started", async () => {
    const place = await mkdtemp(join(folder, "failed-"));
    await exportCrate(await sampleRun(place, { factor: 13 }), join(place, "crate"), OPTIONS);
    const graph = await graphOf(join(place, "crate"));
    const actions = ofType(graph, "CreateAction");
    expect(actions.map(({ actionStatus, error }) => [actionStatus, error])).toEqual(
      Array(2).fill(["http://schema.org/FailedActionStatus", "13 is not allowed"]),
    );
    expect(ofType(graph, "HowToStep").map(({ name }) => name)).toEqual(["scale", "page"]);
    expect(ofType(graph, "ControlAction")).toHaveLength(1);
    expect(ofType(graph, "OrganizeAction")).toMatchObject([{ error: "13 is not allowed" }]);
  });

  it("has digest and size of an input that is another by now, and not its bytes", async () => {
    const place = await mkdtemp(join(folder, "changed-"));
    const changed = await sampleRun(place);
    await writeFile(join(place, "numbers of today.json"), "[4]");
    await exportCrate(changed, join(place, "crate"), OPTIONS);
    const hex = digestBytes("[1, 2, 3]").slice(7);
    const graph = await graphOf(join(place, "crate"));
    expect(graph.get(`#input/${hex}`)).toMatchObject({ "@type": "CreativeWork", sha256: hex, contentSize: "9" });
    expect(await filesBelow(join(place, "crate"))).not.toContainEqual(expect.stringContaining("input_files/"));
  });

  it("puts no file outside of the crate, whatever a record of somebody else names", async () => {
    const place = await mkdtemp(join(folder, "foreign-"));
    const foreign = await sampleRun(join(place));
    await writeFile(join(place, "PLANTED"), "payload");
    const { digest: _, ...record } = await readRunRecord(foreign);
    const planted = { path: "../../PLANTED", bytes: 7, fileDigest: digestBytes("payload"), contentDigest: null };
    const { page } = record.steps as Required<typeof record.steps>;
    const bad: readonly Partial<RunRecord>[] = [
      { steps: { ...record.steps, page: { ...(page as StepRecord), outputs: { page: planted } } } },
      { steps: { ...record.steps, "../page": page as StepRecord } },
      {
        steps: {
          ...record.steps,
          page: { ...(page as StepRecord), inputs: { "../../x": { ...planted, path: at("foreign") } } },
        },
      },
    ];
    await writeFile(at("foreign"), "payload");
    for (const change of bad) {
      await writeFile(join(foreign, "run.json"), canonicalJson(sealRunRecord({ ...record, ...change })));
      await expect(exportCrate(foreign, join(place, "crate"), OPTIONS)).rejects.toMatchObject({
        code: expect.stringMatching(/^TWIN_(RUN_RECORD_DAMAGED|READ_FAILED)$/),
      });
    }
    expect((await readdir(place)).sort()).toEqual(["PLANTED", "numbers of today.json", "run"]);
    expect(await readdir(folder)).not.toContain("PLANTED");
  });

  it("packs the crate into a bag, of which every list fits", async () => {
    const place = await mkdtemp(join(folder, "bag of 100%-"));
    await exportCrate(await sampleRun(place), join(place, "bag"), { ...OPTIONS, bagit: true });
    const bag = join(place, "bag");
    const metadata = (crate: string): Promise<Buffer> => readFile(join(crate, "ro-crate-metadata.json"));
    expect(JSON.parse(String(await metadata(join(bag, "data"))))["@graph"]).toBeInstanceOf(Array);
    const listed: string[] = [];
    for (const list of ["manifest-sha256.txt", "tagmanifest-sha256.txt"]) {
      for (const line of (await readFile(join(bag, list), "utf8")).trimEnd().split("\n")) {
        const [, hex, path = ""] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
        const name = path.replaceAll("%25", "%");
        expect(
          createHash("sha256")
            .update(await readFile(join(bag, name)))
            .digest("hex"),
          name,
        ).toBe(hex);
        listed.push(name);
      }
    }
    expect(new Set([...listed, "tagmanifest-sha256.txt"])).toEqual(new Set(await filesBelow(bag)));
    const sizes = (await filesBelow(join(bag, "data"))).map(
      async (path) => (await readFile(join(bag, "data", path))).length,
    );
    const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    expect(await readFile(join(bag, "bag-info.txt"), "utf8")).toContain(`Payload-Oxum: ${bytes}.${sizes.length}\n`);
    expect(await readFile(join(bag, "bagit.txt"), "utf8")).toMatch(/^BagIt-Version: 1\.0\n/);
  });

  it("hears a signal while it copies, and leaves nothing", async () => {
    const place = await mkdtemp(join(folder, "aborted-"));
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(exportCrate(run, join(place, "crate"), { ...OPTIONS, signal })).rejects.toThrow("enough");
    const files = new CrateFiles(await mkdtemp(join(folder, "half-")), new CrateGraph(), signal);
    const facts = { bytes: 9, digest: digestBytes("[1, 2, 3]") };
    await expect(files.copy(at("numbers of today.json"), "a", facts)).rejects.toThrow("enough");
    expect(await readdir(place)).toEqual([]);
  });

  it("names as the place of the failure where it could not write, not what it read", async () => {
    const files = new CrateFiles(await mkdtemp(join(folder, "long-")), new CrateGraph());
    const facts = { bytes: 9, digest: digestBytes("[1, 2, 3]") };
    // A name that no file system takes.
    const tooLong = "x".repeat(300);
    await expect(files.copy(at("numbers of today.json"), tooLong, facts)).rejects.toMatchObject({
      code: "TWIN_WRITE_FAILED",
      location: expect.stringContaining(tooLong),
    });
  });

  it("refuses an output that was changed since, a folder that is there, and no licence; and leaves nothing", async () => {
    const place = await mkdtemp(join(folder, "refused-"));
    const changed = await sampleRun(place);
    await writeFile(join(changed, "page", "page.html"), "<p>better</p>");
    await expect(exportCrate(changed, join(place, "crate"), OPTIONS)).rejects.toMatchObject({
      code: "TWIN_READ_FAILED",
    });
    await expect(exportCrate(run, join(place, "crate"))).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringContaining("licence"),
    });
    await expect(exportCrate(run, join(place, "crate"), { license: "my licence" })).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringContaining("SPDX"),
    });
    expect((await readdir(place)).sort()).toEqual(["numbers of today.json", "run"]);
    await expect(exportCrate(run, at("crate"), OPTIONS)).rejects.toMatchObject({ code: "TWIN_FILE_EXISTS" });
    await expect(exportCrate(place, join(place, "crate"), OPTIONS)).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
    });
  });
});
