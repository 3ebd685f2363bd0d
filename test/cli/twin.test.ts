import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, parse } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Event, loadSpec, openStore, readRunRecord, sealVersion, type VersionEntry } from "../../core/index.ts";
import { type Outcome, runTwinloom } from "./run-command-line.ts";

const SPEC = `twin: ecal
plugins:
  files: { use: twinloom/modules/hdf5 }
  shower: { use: "twinloom/thematic/detector#gflash" }
  detector: { use: twinloom/thematic/detector, geometry: w-si-45 }
`;
const PUBLISHED = SPEC.replace('gflash"', 'gflash", constants: published');

/** Each process is quick, and there are some; not where the machine does much else. */
const SLOW = { timeout: 300_000 };
/** A folder that no store is above. */
const OUTSIDE = parse(tmpdir()).root;

const SHOWERS = fileURLToPath(new URL("../../examples/data/showers-sample.h5", import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-cli-twin-"));
  await mkdir(join(folder, "below"));
  await writeFile(join(folder, "twin.yaml"), SPEC);
  await writeFile(join(folder, "published.yaml"), PUBLISHED);
  await using store = await openStore(join(folder, ".twinloom"), { create: true, actor: "ann@here" });
  await sealVersion(store, await loadSpec(join(folder, "twin.yaml")), { alias: "champion", reason: "first" });
  await sealVersion(store, await loadSpec(join(folder, "published.yaml")), { reason: "published constants" });
}, SLOW.timeout);
afterAll(() => rm(folder, { recursive: true }));

/** Below the folder of the store, which is found from there. */
function twinloom(...args: readonly string[]): Promise<Outcome> {
  return runTwinloom(args, { cwd: join(folder, "below") });
}

async function json<T>(...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await twinloom(...args, "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
}

async function errorOf(exit: number, ...args: readonly string[]): Promise<{ code: string; message: string }> {
  const { code, stdout } = await twinloom(...args, "--json");
  expect(code).toBe(exit);
  return JSON.parse(stdout).error;
}

describe("twinloom twin", SLOW, () => {
  it("seals a twin as the next version, and what is equal not again", async () => {
    await writeFile(join(folder, "third.yaml"), `# the stack of the test beam\n${SPEC}`);
    const same = await json<{ entry: VersionEntry; isNew: boolean }>("twin", "seal", "../third.yaml");
    expect(same).toMatchObject({ isNew: false, entry: { number: 1 } });
    await writeFile(join(folder, "third.yaml"), `${SPEC}  report: { use: twinloom/modules/report }\n`);
    const { code, stdout } = await twinloom("twin", "seal", "../third.yaml", "--parent", "calibrationOf:ecal@v1");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^sealed: ecal@v3 \(sealed\) sha256:[0-9a-f]{12}…\n$/),
    });
    const lineage = await twinloom("twin", "lineage", "ecal@v3");
    expect(lineage.stdout).toBe("ecal@v3 (sealed)\n← calibration of ecal@v1 (sealed, champion)\n");
    expect(await errorOf(2, "twin", "seal", "../third.yaml", "--parent", "childOf:ecal@v1")).toMatchObject({
      message: expect.stringContaining("There are: revision, derivation, calibrationOf, mergeOf."),
    });
  });

  it("lists and shows versions, and names what there is for what there is not", async () => {
    const [first, second] = await json<VersionEntry[]>("twin", "list", "ecal");
    expect(first).toMatchObject({ number: 1, aliases: ["champion"], reason: "first", actor: "ann@here" });
    const { stdout } = await twinloom("twin", "show", "ecal@v2");
    expect(stdout).toContain(`ecal@v2 (sealed)\n${second?.digest}\n`);
    expect(stdout).toMatch(/^spec {2,}twin\.yaml +\d+ +sha256:/m);
    expect(stdout).toMatch(/^revision {2,}ecal@v1$/m);
    expect(await errorOf(1, "twin", "show", "ecal@chmpion")).toMatchObject({
      code: "TWIN_VERSION_NOT_FOUND",
      message: expect.stringContaining('Did you mean "champion"?'),
    });
  });

  it("tells how versions differ, and draws their metrics side by side", async () => {
    await twinloom("twin", "attest", "ecal@v1", "-m", "S.energy=0.02", "-m", "fpd=0.5");
    await twinloom("twin", "attest", "ecal@v2", "-m", "S.energy=0.08", "-m", "fpd=0.5");
    expect((await twinloom("twin", "show", "ecal@v1")).stdout).toMatch(/^validation: S\.energy +0\.02000$/m);
    const { stdout } = await twinloom("twin", "diff", "ecal@v1", "ecal@v2", "--report", "diff.html");
    expect(stdout).toMatchInlineSnapshot(`
      "options
      what              ecal@v1  ecal@v2
      shower.constants  –        published

      parents
      what     ecal@v1  ecal@v2
      ecal@v1  –        revision

      metrics
      metric                ecal@v1  ecal@v2    b - a
      validation: S.energy  0.02000  0.08000  0.06000

      Metrics: 1 equal.

      Report: diff.html
      "
    `);
    const page = await readFile(join(folder, "below/diff.html"), "utf8");
    expect(page).toContain("Metrics side by side");
    expect(page).toMatch(/<text[^>]*>S\.energy<\/text>/);
  });

  it("moves aliases by compare and swap with a reason, and back", async () => {
    expect(await errorOf(1, "twin", "alias", "ecal", "champion", "v2")).toMatchObject({
      message: expect.stringContaining("give a reason"),
    });
    const stale = ["twin", "alias", "ecal", "champion", "v2", "--expect", "v2", "--reason", "try"];
    expect(await errorOf(1, ...stale)).toMatchObject({ code: "TWIN_ALIAS_MOVED" });
    await json("twin", "alias", "ecal", "champion", "v2", "--expect", "v1", "--reason", "try");
    const back = await json<{ version: VersionEntry }>("twin", "rollback", "ecal", "champion", "--reason", "worse");
    expect(back.version).toMatchObject({ number: 1, aliases: ["champion"] });
    const moves = (await json<Event[]>("twin", "log", "ecal")).filter(({ change }) => change.type === "aliasMoved");
    expect(moves.map(({ reason }) => reason)).toEqual(["first", "try", "worse"]);
    expect(await errorOf(2, "twin", "alias", "ecal", "champion")).toMatchObject({ code: "TWIN_USAGE" });
  });

  it("keeps comments in the log, and refuses blank ones", async () => {
    await json("twin", "comment", "ecal@v1", "cell 17 of layer 3 was noisy");
    expect(await errorOf(1, "twin", "comment", "ecal@v1", " ")).toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
    const comments = (await json<Event[]>("twin", "log", "ecal")).filter(({ change }) => change.type === "commented");
    expect(comments).toMatchObject([{ change: { text: "cell 17 of layer 3 was noisy" } }]);
  });

  it("promotes only with evidence, and tells all that is missing", async () => {
    await writeFile(
      join(folder, "gate.yaml"),
      "schemaVersion: 1\nvalidated:\n  metrics:\n    - { metric: separation.layer_energy.value, max: 0.1 }\n",
    );
    const evidence = (value: number): string => JSON.stringify({ separation: [{ of: "layer energy", value }, {}] });
    const promote = ["twin", "promote", "ecal@v1", "validated", "--policy", "../gate.yaml"];
    await writeFile(join(folder, "bad.json"), evidence(0.3));
    expect(await errorOf(1, ...promote, "--evidence", "../bad.json")).toMatchObject({
      code: "TWIN_STATE_REFUSED",
      missing: [expect.stringContaining("separation.layer_energy.value at most 0.1: measured 0.3")],
    });
    await writeFile(join(folder, "good.json"), evidence(0.03));
    const promoted = await twinloom(...promote, "--evidence", "../good.json");
    expect(promoted).toMatchObject({ code: 0, stdout: expect.stringMatching(/^validated: ecal@v1 /) });
    await json("twin", "attest", "ecal@v1", "--kind", "waiver", "--reason", "no audit yet");
    expect(await errorOf(1, "twin", "promote", "ecal@v1", "released")).toMatchObject({
      missing: [expect.stringContaining("a reproduction that is at least equivalent")],
    });
    expect(await errorOf(2, "twin", "promote", "ecal@v1", "production")).toMatchObject({ code: "TWIN_USAGE" });
    expect(await errorOf(2, "twin", "attest", "ecal@v1", "-m", "S=small")).toMatchObject({ code: "TWIN_USAGE" });
  });

  it("takes no evidence that measured nothing, failed, or is of another version, and keeps none of it", async () => {
    const [first, second] = await json<VersionEntry[]>("twin", "list");
    const write = async (path: string, value: unknown): Promise<void> => {
      await mkdir(join(folder, path, ".."), { recursive: true });
      await writeFile(join(folder, path), JSON.stringify(value));
    };
    await write("empty.json", {});
    await write("failed.json", { passed: false, chi2: 9 });
    await write("of-first/run.json", { state: "succeeded", version: first?.digest, durationMs: 3 });
    await write("of-first/validate/metrics.json", { chi2: 1 });
    const before = (await json<Event[]>("twin", "log", "ecal")).length;
    for (const [file, problem] of [
      ["empty.json", "has no number"],
      ["failed.json", 'says "passed": false'],
      ["of-first/run.json", `is about ecal@v1 (${first?.digest}), and not about ecal@v2 (${second?.digest})`],
      ["of-first/validate/metrics.json", "is about ecal@v1"],
    ] as const) {
      for (const command of [
        ["twin", "promote", "ecal@v2", "validated"],
        ["twin", "attest", "ecal@v2"],
      ]) {
        const refused = await errorOf(2, ...command, "--evidence", `../${file}`);
        expect(refused).toMatchObject({ code: "TWIN_USAGE", message: expect.stringContaining(problem) });
      }
    }
    await write("good-enough.json", { chi2: 1 });
    // Decided first: the version cannot have that state, whatever the evidence says, and no such policy can be read.
    expect(
      await errorOf(1, "twin", "promote", "ecal@v2", "released", "--evidence", "../good-enough.json"),
    ).toMatchObject({ code: "TWIN_STATE_REFUSED" });
    const policy = ["--policy", "../good-enough.json"];
    expect(
      await errorOf(1, "twin", "promote", "ecal@v2", "validated", "--evidence", "../good-enough.json", ...policy),
    ).toMatchObject({ code: "TWIN_POLICY_INVALID" });
    expect(await json<Event[]>("twin", "log", "ecal")).toHaveLength(before);
    // What is kept is told.
    await writeFile(
      join(folder, "strict.yaml"),
      "schemaVersion: 1\nvalidated: { metrics: [{ metric: chi2, max: 0.1 }] }\n",
    );
    const args = ["twin", "promote", "ecal@v2", "validated", "--evidence", "../of-second/metrics.json"];
    await write("of-second/run.json", { version: second?.digest });
    await write("of-second/metrics.json", { chi2: 1 });
    const refused = await twinloom(...args, "--policy", "../strict.yaml");
    expect(refused.stderr).toContain("Kept as evidence: ../of-second/metrics.json, 1 metrics (sha256:");
    expect(await json<Event[]>("twin", "log", "ecal")).toHaveLength(before + 1);
  });

  it("keeps the policy that a version is sealed with, and asks for it whoever promotes", async () => {
    await writeFile(join(folder, "gated.yaml"), SPEC.replace("twin: ecal", "twin: gated"));
    await writeFile(
      join(folder, "own-gate.yaml"),
      "schemaVersion: 1\nvalidated:\n  metrics:\n    - { metric: S.layer_energy, max: 0.003 }\n",
    );
    const store = ["--store", "../gated"];
    await twinloom("twin", "seal", "../gated.yaml", "--policy", "../own-gate.yaml", ...store);
    const refused = await errorOf(1, "twin", "promote", "gated@v1", "validated", ...store);
    expect(refused).toMatchObject({
      code: "TWIN_STATE_REFUSED",
      message: expect.stringContaining("S.layer_energy"),
    });
  });

  it("restores a version, which is that version when it is sealed again", async () => {
    const out = join(folder, "restored");
    const { version } = await json<{ version: VersionEntry }>("twin", "restore", "ecal@v2", "--out", out);
    expect(await readdir(out)).toContain("twin.yaml");
    const store = join(folder, ".twinloom");
    const again = await runTwinloom(["twin", "seal", join(out, "twin.yaml"), "--store", store, "--json"]);
    expect(JSON.parse(again.stdout)).toMatchObject({ isNew: false, entry: { digest: version.digest } });
    expect(await errorOf(1, "twin", "restore", "ecal@v2", "--out", out)).toMatchObject({
      code: "TWIN_FOLDER_NOT_EMPTY",
    });
  });
});

describe("a version's name in place of a twin.yaml", SLOW, () => {
  it("runs the version, and its record says so", async () => {
    const out = join(folder, "run");
    const args = ["run", "ecal@v1", "simulate", "-p", "energyMeV=1000", "-p", "count=2", "--out", out];
    const { code, stderr } = await twinloom(...args);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const [first] = await json<VersionEntry[]>("twin", "list");
    expect((await readRunRecord(join(out, "run.json"))).version).toBe(first?.digest);
    const { runs } = await json<{ runs: unknown[] }>("twin", "show", "ecal@v1");
    expect(runs).toHaveLength(1);
  });

  it("is taken by spec and data, too; a file that is there wins", async () => {
    expect(await json("spec", "schema", "ecal@v1")).toHaveProperty("$schema");
    expect(await json("spec", "check", "ecal@v2")).toMatchObject({ parts: ["files", "shower", "detector"] });
    const { stdout } = await twinloom("spec", "export", "ecal@v2");
    expect(stdout).toContain("constants: published");
    const data = await json("data", "info", SHOWERS, "--twin", "ecal@v2");
    expect(JSON.stringify(data)).toContain("incident_energies");
    await writeFile(join(folder, "below/ecal@v2"), SPEC.replace("twin: ecal", "twin: file"));
    expect(await json("spec", "check", "ecal@v2")).toMatchObject({ file: join(folder, "below/ecal@v2") });
    await rm(join(folder, "below/ecal@v2"));
  });

  it("is refused for a withdrawn version, unless forced", async () => {
    await json("twin", "alias", "ecal", "wrong", "v2");
    const withdrawn = await twinloom("twin", "promote", "ecal@v2", "withdrawn", "--reason", "wrong units");
    expect(withdrawn.stderr).toContain("On it are still: wrong;");
    const run = ["run", "ecal@v2", "simulate", "-p", "energyMeV=1000", "-p", "count=1"];
    expect(await errorOf(1, ...run)).toMatchObject({ code: "TWIN_VERSION_WITHDRAWN" });
    expect((await twinloom(...run, "--force", "--out", "forced")).code).toBe(0);
    for (const reading of [
      ["spec", "check", "ecal@v2"],
      ["twin", "diff", "ecal@v1", "ecal@v2"],
      ["export", "prov", "ecal@v2"],
    ]) {
      expect((await twinloom(...reading)).stderr).toContain("ecal@v2 was withdrawn: wrong units");
    }
  });

  it("says of what is neither a file nor a version that it is neither", async () => {
    expect((await errorOf(1, "run", "hcal", "simulate")).message).toContain(
      'the store has no twin "hcal". Did you mean "ecal"? There is: ecal. Nor is there a file of that name.',
    );
    const outside = await runTwinloom(["run", "hcal@v1", "simulate"], { cwd: OUTSIDE });
    expect(outside.code).toBe(1);
    expect(outside.stderr).toContain('"hcal@v1" is neither a file nor a version');
    const list = await runTwinloom(["twin", "list"], { cwd: OUTSIDE });
    expect(list.stderr).toContain("TWIN_STORE_NOT_FOUND");
  });
});
