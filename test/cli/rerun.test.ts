import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createTwin,
  keepRun,
  loadSpec,
  loadVersion,
  openStore,
  type Rerun,
  runTask,
  sealVersion,
  type TwinState,
} from "../../core/index.ts";
import { type Outcome, runTwinloom } from "./run-command-line.ts";

const SPEC = `twin: ecal
plugins:
  files: { use: twinloom/modules/hdf5 }
  shower: { use: "twinloom/thematic/detector#gflash" }
  detector: { use: twinloom/thematic/detector, geometry: w-si-45 }
`;

/** Each process is quick, and there are some; not where the machine does much else. */
const SLOW = { timeout: 300_000 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-cli-rerun-"));
  await writeFile(join(folder, "twin.yaml"), SPEC);
  await writeFile(join(folder, "other.yaml"), SPEC.replace('gflash"', 'gflash", constants: published'));
  await using store = await openStore(join(folder, ".twinloom"), { create: true });
  await sealVersion(store, await loadSpec(join(folder, "twin.yaml")), { alias: "champion" });
  const { composition } = await loadVersion(store, "ecal@champion");
  await using twin = await createTwin(composition);
  const parameters = { energyMeV: 1000, count: 2, seed: 7 };
  await keepRun(store, await runTask(twin, "simulate", { parameters, out: join(folder, "first") }));
}, SLOW.timeout);
afterAll(() => rm(folder, { recursive: true }));

function twinloom(...args: readonly string[]): Promise<Outcome> {
  return runTwinloom(args, { cwd: folder });
}

function stderrOf({ code, stderr }: Outcome): string {
  expect(code).toBe(1);
  return stderr;
}

async function evidence(): Promise<readonly string[]> {
  await using store = await openStore(join(folder, ".twinloom"));
  const { attestations }: TwinState = await store.log("ecal").read();
  return [...attestations.values()].flat().map(({ kind, verdict }) => `${kind} ${verdict}`);
}

describe("twinloom rerun", SLOW, () => {
  it("repeats the run of a version, says that it is identical, and keeps that as evidence", async () => {
    const { code, stdout } = await twinloom("rerun", "first", "--out", "again", "--json");
    expect(code).toBe(0);
    const { report, attestation } = JSON.parse(stdout) as Rerun;
    expect(report.verdict).toBe("identical");
    // HDF5 may write equal content in other bytes.
    expect(report.outputs).toContainEqual(
      expect.objectContaining({ output: "showers", match: expect.stringMatching(/^(bitwise|canonical)$/) }),
    );
    expect(attestation).toMatchObject({ digest: expect.stringMatching(/^sha256:/) });
    expect(await evidence()).toEqual(["reproduction passed"]);
    expect(stderrOf(await twinloom("rerun", "first", "--out", "again"))).toMatch(/Choose another folder\.$/m);
    expect(stderrOf(await twinloom("rerun", "first", "--out", "first"))).toMatch(
      /stays as it is\. Choose another folder\.$/m,
    );
    const byName = await twinloom("rerun", "ecal@champion", "--out", "by-name");
    expect(byName).toMatchObject({ code: 0, stdout: expect.stringMatching(/^identical: by-name$/m) });
  });

  it("fails for another twin, and names what explains it", async () => {
    const { code, stdout, stderr } = await twinloom("rerun", "first", "--twin", "other.yaml", "--out", "other");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^simulate\.showers +different/m);
    expect(stderr).toContain('The repeat of "first" is different.');
    expect(stderr).toContain("plugins.shower.options.constants");
    expect(stderr).toContain("TWIN_NOT_REPRODUCED");
  });

  it("allows what the tolerances allow", async () => {
    const tolerances = 'outputs:\n  "*": { absolute: 100, ignore: ["@model", /model] }\n';
    await writeFile(join(folder, "wide.yaml"), tolerances);
    const args = ["rerun", "first", "--twin", "other.yaml", "--out", "wide", "--tolerances", "wide.yaml"];
    const { code, stdout } = await twinloom(...args);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^equivalent: wide$/m) });
    await writeFile(join(folder, "wrong.yaml"), "outputs:\n  showers: { relativ: 1 }\n");
    const wrong = await twinloom("rerun", "first", "--out", "none", "--tolerances", "wrong.yaml");
    expect(wrong.stderr).toMatch(/wrong\.yaml:2:\d+ outputs\.showers/);
    expect(wrong.stderr).toContain("TWIN_INVALID_RULES");
  });
});

describe("twinloom export", SLOW, () => {
  it("writes a crate and PROV of a run", async () => {
    const crate = await twinloom(
      "export",
      "crate",
      "first",
      "--out",
      "crate",
      "--license",
      "CC0-1.0",
      "--agent",
      "Ann",
    );
    expect(crate).toMatchObject({ code: 0, stdout: "exported: crate/ro-crate-metadata.json\n" });
    const metadata = JSON.parse(await readFile(join(folder, "crate/ro-crate-metadata.json"), "utf8"));
    expect(metadata["@graph"].length).toBeGreaterThan(5);
    const again = await twinloom("export", "crate", "first", "--out", "crate", "--license", "CC0-1.0");
    expect(stderrOf(again)).toMatch(/Name another folder\.$/m);
    expect(stderrOf(await twinloom("export", "crate", "first", "--out", "x"))).toContain("give --license, as in");
    const prov = await twinloom("export", "prov", "first", "--out", "first.prov.json");
    expect(prov).toMatchObject({ code: 0, stdout: "written: first.prov.json\n" });
    const version = await twinloom("export", "prov", "ecal@v1");
    expect(JSON.parse(version.stdout)).toHaveProperty("entity");
    const usage = await twinloom("export", "crate", "first", "--out", "x", "--orcid", "https://orcid.org/0");
    expect(usage.code).toBe(2);
  });
});

describe("twinloom rerun of a withdrawn version", SLOW, () => {
  it("takes --force", async () => {
    await using store = await openStore(join(folder, ".twinloom"));
    await store.changeState("ecal@v1", "withdrawn", { reason: "wrong units" });
    const refused = await twinloom("rerun", "first", "--out", "refused");
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('("wrong units"). Use another version, or give --force.'),
    });
    expect(await twinloom("rerun", "first", "--out", "forced", "--force")).toMatchObject({ code: 0 });
  });
});
