import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  digestBytes,
  exportCrate,
  exportProv,
  keepRun,
  openStore,
  openTwin,
  type ReproductionReport,
  type RunRecord,
  readAttestation,
  rerun,
  type TwinStore,
} from "../../../../core/index.ts";
import { attestReproduction } from "../../../../core/lifecycle/reproduce/attest-reproduction.ts";
import { interceptedFs, systemError } from "../log/intercepted-fs.ts";
import { runVersion, sampleVersion, TOLERANCES } from "./sample-version.ts";

let folder = "";
let store: TwinStore;
let name = "";
let record: RunRecord;
const at = (...names: readonly string[]): string => join(folder, ...names);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-rerun-version-"));
  ({ store, name } = await sampleVersion(folder));
  record = await runVersion(store, name, at("run"));
}, 120_000);
afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

describe("rerun with a store", () => {
  it("restores the version that ran, with its data, and keeps the report as evidence about it", async () => {
    const { digest } = await store.resolve(name);
    expect(record.version).toBe(digest);
    const { report, attestation } = await rerun(at("run"), { store: store.folder, out: at("again") });
    expect(report).toMatchObject({ verdict: "identical", original: { version: digest }, repeat: { version: digest } });
    expect(report.outputs[0]).toMatchObject({ step: "simulate", output: "showers", role: "final" });
    expect(await readAttestation(store.objects, attestation?.digest as never)).toEqual({
      schemaVersion: 1,
      kind: "reproduction",
      subject: digest,
      verdict: "passed",
      metrics: {
        outputs: report.outputs.length,
        "outputs.identical": report.outputs.length,
        "outputs.within_tolerance": 0,
        "outputs.different": 0,
        "outputs.largest_relative": 0,
      },
      statement: report,
    });
    const checks = await store.gate(name, "released");
    expect(checks.find(({ demand }) => demand.includes("reproduction"))).toMatchObject({ isMet: true });
  });

  it("repeats the newest run of a version, of which the store has the record", async () => {
    await expect(rerun(name, { store, out: at("none") })).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringContaining("no run of ecal@v1"),
    });
    const kept = await keepRun(store, record);
    expect(await keepRun(store, record)).toEqual(kept);
    const { report } = await rerun(name, { store, out: at("by-version") });
    expect(report).toMatchObject({ verdict: "identical", original: { id: record.id } });
  });

  it("repeats a run by its id, of which the store has the record", async () => {
    await keepRun(store, record);
    const { report } = await rerun(record.id, { store, out: at("by-id") });
    expect(report).toMatchObject({ verdict: "identical", original: { id: record.id } });
    const other = record.id.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
    await expect(rerun(other, { store, out: at("none") })).rejects.toMatchObject({ code: "TWIN_VERSION_NOT_FOUND" });
  });

  it("is evidence within the tolerances of the version alone", async () => {
    const { digest } = await store.resolve(name);
    const { report } = await rerun(at("run"), { store, out: at("near") });
    const kept = async (tolerances: ReproductionReport["tolerances"]): Promise<boolean> =>
      (await attestReproduction(store, { ...report, verdict: "equivalent", tolerances })) !== undefined;
    const known = (await store.log("ecal").read()).attestations.get(digest)?.length;
    expect(await kept({ outputs: { "simulate.showers": { relative: 0.9 } } })).toBe(false);
    expect(await kept({ outputs: { "*": { relative: 0.9 } } })).toBe(false);
    expect(await kept(null)).toBe(false);
    expect((await store.log("ecal").read()).attestations.get(digest)).toHaveLength(known as number);
    expect(report.tolerances).toEqual(TOLERANCES);
    expect(await kept(TOLERANCES)).toBe(true);
  });

  it("works with a store that cannot be written to, and says that the report was not kept", async () => {
    const writes = ["create", "link", "rename", "remove", "makeFolder", "touch"];
    const fs = interceptedFs((call, path) => {
      if (writes.includes(call) && path.startsWith(store.folder)) throw systemError("EROFS");
    });
    await using readOnly = await openStore(store.folder, { fs });
    const { report, attestation, notes } = await rerun(at("run"), { store: readOnly, out: at("read-only") });
    expect(report.verdict).toBe("identical");
    expect({ attestation, notes }).toEqual({
      attestation: undefined,
      notes: [expect.stringContaining("was not kept")],
    });
  });

  it("says of a mistyped name that it is neither a version nor a folder", async () => {
    const told = { code: "TWIN_VERSION_NOT_FOUND", message: expect.stringContaining("Nor is there a folder") };
    await expect(rerun("nosuch", { store, out: at("none") })).rejects.toMatchObject(told);
    await expect(exportCrate("nosuch", at("none"), { store })).rejects.toMatchObject(told);
    await expect(exportProv("nosuch", { store })).rejects.toMatchObject(told);
  });

  it("needs the store of a run of a version", async () => {
    await expect(rerun(at("run"), { out: at("none") })).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringContaining("Give the store"),
    });
  });
});

interface Told {
  readonly entity: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly hadMember: Readonly<Record<string, unknown>>;
}

describe("openTwin", () => {
  it("takes the store of the working directory where none is named", async () => {
    await expect(openTwin(name)).rejects.toMatchObject({
      code: "TWIN_STORE_NOT_FOUND",
      message: expect.stringContaining(".twinloom"),
    });
  });
});

describe("exports with a store", () => {
  const graphOf = async (crate: string): Promise<readonly Record<string, unknown>[]> =>
    JSON.parse(await readFile(join(crate, "ro-crate-metadata.json"), "utf8"))["@graph"];

  it("put the files of the version that ran into the crate of the run", async () => {
    await exportCrate(at("run"), at("crate"), { store });
    const graph = await graphOf(at("crate"));
    expect(graph.find((thing) => thing["@id"] === "./")).toMatchObject({
      license: { "@id": "https://spdx.org/licenses/CC0-1.0" },
      mainEntity: { "@id": "plan.json" },
    });
    for (const path of ["twin_files/twin.yaml", "twin_files/energies.h5"]) {
      const bytes = await readFile(at("crate", path));
      const file = graph.find((thing) => thing["@id"] === path);
      expect(file).toMatchObject({
        "@type": "File",
        sha256: digestBytes(bytes).slice(7),
        description: expect.any(String),
      });
    }
    expect(graph.find((thing) => thing["@id"] === "plan.json")).toMatchObject({ version: record.version });
  });

  it("make a crate of a version alone", async () => {
    await exportCrate(name, at("version"), { store, agent: { name: "Ada" } });
    const graph = await graphOf(at("version"));
    expect(graph.find((thing) => thing["@id"] === "./")).toMatchObject({
      name: 'Version of twin "ecal"',
      mainEntity: { "@id": "twin_files/twin.yaml" },
    });
    expect(await readdir(at("version"))).toEqual(["ro-crate-metadata.json", "twin_files"]);
  });

  it("tell in PROV what a version is made of and comes from", async () => {
    const { digest } = await store.resolve(name);
    const { entity, hadMember } = (await exportProv(name, { store })) as unknown as Told;
    expect(entity).toHaveProperty([`sha256:${digest.slice(7)}`]);
    expect(Object.values(entity).map((each) => each["prov:label"])).toEqual(
      expect.arrayContaining(['Version of twin "ecal"', "twin.yaml", "energies.h5"]),
    );
    expect(Object.values(hadMember).length).toBeGreaterThanOrEqual(2);
    const run = JSON.stringify(await exportProv(at("run"), { store }));
    expect(run).toContain(`"prov:entity":"sha256:${digest.slice(7)}"`);
  });
});
