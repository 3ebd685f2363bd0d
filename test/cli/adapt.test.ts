import { access, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Adaptable, createTwin, loadVersion, openStore, openTwin, resolveNeeds } from "twinloom";
import { readDecisions } from "twinloom/modules/adaptation";
import { shippedModel } from "twinloom/modules/fastsim";
import { mqttBroker } from "twinloom/modules/mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Outcome, runTwinloom } from "./run-command-line.ts";
import { startTwinloom } from "./stream-process.ts";

/** The stream is of GFLASH, and the twin is the GAN. */
const SCRIPT = `schemaVersion: 1
source: testbeam/ecal
run: gain-1
seed: 7
events: 7200
eventsPerSecond: 1000
history:
  - { change: gain-step, at: { event: 3500 }, layers: [8], factor: 1.06 }
`;
const TWIN = `twin: ecal
plugins:
  network: { use: twinloom/modules/onnx, file: !artifact gan.onnx }
  gan: { use: twinloom/modules/fastsim }
  adaptable: { use: "twinloom/thematic/detector#adaptableDetector", templateShowers: 2000, wire: { generator: gan } }
  now: { use: "twinloom/thematic/detector#adaptedGenerator", wire: { generator: gan } }
`;
const SETTINGS = ["--reference-events", "3000", "--window-events", "1000", "--accept-interval", "0"];
const LAYER_8 = 10;

let cwd = "";
let told: Outcome;
const adapt = (...more: readonly string[]): Promise<Outcome> =>
  runTwinloom(["adapt", "ecal.yaml", "--replay", "beam.twr", ...SETTINGS, ...more], { cwd });

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "twinloom-adapt-"));
  await writeFile(join(cwd, "beam.yaml"), SCRIPT);
  await writeFile(join(cwd, "ecal.yaml"), TWIN);
  await copyFile(shippedModel("gan").file, join(cwd, "gan.onnx"));
  const beam = ["detector", "testbeam", "--script", "beam.yaml", "--model", "gflash", "--rate", "0"];
  const made = await runTwinloom([...beam, "--record", "beam.twr", "--truth", "truth.jsonl"], { cwd });
  expect(made.code, made.stderr).toBe(0);
  told = await adapt("--alias", "champion", "--report", "run.html", "--truth", "truth.jsonl", "--json");
}, 240_000);
afterAll(() => rm(cwd, { recursive: true }));

const lines = ({ stdout }: Outcome): Record<string, unknown>[] =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("twinloom adapt", () => {
  it("finds the step of a gain, proves it and accepts it", async () => {
    expect(told.code, told.stderr).toBe(0);
    const [referred, alarmed, proposed, accepted] = lines(told).filter(({ kind }) => !`${kind}`.startsWith("counters"));
    expect(referred).toMatchObject({ kind: "referred", events: 3000, blind: ["temperature coefficient"] });
    expect(alarmed).toMatchObject({ kind: "alarmed", alarm: { condition: "gain of layer 8", direction: "up" } });
    expect(proposed).toMatchObject({ kind: "proposed", attribution: { best: { causes: ["gain of layer 8"] } } });
    expect(accepted).toMatchObject({ kind: "accepted", outcome: { name: "ecal@v2", alias: "champion" } });
    const after = accepted?.["after"] as readonly number[];
    expect(Math.abs((after[LAYER_8] as number) - 1.06)).toBeLessThan(0.015);
    expect(lines(told).at(-1)).toMatchObject({ events: 7200, accepted: 1, rolledBack: 0 });
  });

  it("seals a version that is a calibration of the twin, and begins where the twin is now", async () => {
    await using store = await openStore(join(cwd, ".twinloom"));
    const { entry } = await loadVersion(store, "ecal@champion");
    expect(entry.number).toBe(2);
    const lineage = await runTwinloom(["twin", "lineage", "ecal@champion"], { cwd });
    expect(lineage.stdout).toMatch(/ecal@v2[\s\S]*calibration of[\s\S]*ecal@v1/);
    await using twin = await openTwin("ecal@champion", { store });
    const { adaptable } = resolveNeeds(twin, { adaptable: Adaptable });
    const accepted = lines(told).find(({ kind }) => kind === "accepted") as { readonly after: readonly number[] };
    expect(adaptable.current[LAYER_8]).toBe(accepted.after[LAYER_8]);
  });

  it("draws what it found on a page", async () => {
    const page = await readFile(join(cwd, "run.html"), "utf8");
    for (const text of ["gain of layer 8", "accepted", "true", "deviance falls by"]) expect(page).toContain(text);
  });

  it("decides the same of the same recording, bit for bit, and tells only, where no alias is given", async () => {
    const again = lines(await adapt("--folder", "again", "--json"));
    expect(again.at(-1)?.["digest"]).toBe(lines(told).at(-1)?.["digest"]);
    expect((await readDecisions(join(cwd, "again", "decisions"))).every(({ outcome }) => outcome === undefined)).toBe(
      true,
    );
    // And where they are known already.
    const known = lines(await adapt("--folder", "again", "--json"));
    expect(known).toEqual(again);
  }, 120_000);

  it("decides the same of the stream, live, and ends cleanly when it is interrupted", async () => {
    await using twin = await createTwin({ plugins: { broker: mqttBroker() } });
    const address = `${twin.broker.url}/beam`;
    const live = ["ecal.yaml", "--from", address, "--folder", "live", "--patience", "1", ...SETTINGS];
    await using adapting = startTwinloom(["adapt", ...live], cwd);
    await adapting.printed("listening to");
    const replay = ["stream", "replay", "beam.twr", "--to", address, "--rate", "0"];
    expect((await runTwinloom(replay, { cwd })).code).toBe(0);
    // The last window is complete only when something comes behind it.
    await adapting.printed("watching  7000 events");
    const { code, stdout } = await adapting.end("SIGINT");
    expect(code).toBe(0);
    expect(stdout).toContain("a window is complete when something comes behind it");
    expect(stdout).toContain(String(lines(told).at(-1)?.["digest"]));
  }, 120_000);

  it("says what is missing", async () => {
    const both = await runTwinloom(["adapt", "ecal.yaml"], { cwd });
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining("--replay")]);
    const sealed = await adapt("--store", "elsewhere");
    expect([sealed.code, sealed.stderr]).toEqual([2, expect.stringContaining("--alias")]);
    const truth = await adapt("--truth", "truth.jsonl");
    expect([truth.code, truth.stderr]).toEqual([2, expect.stringContaining("--report")]);
  });

  it("fails before it reads the recording", async () => {
    const misspelt = await adapt("--folder", "unread", "--track", "gane");
    expect([misspelt.code, misspelt.stderr]).toEqual([1, expect.stringContaining('"gane" cannot be tracked')]);
    const truth = await adapt("--folder", "unread", "--report", "run.html", "--truth", "no.jsonl");
    expect([truth.code, truth.stderr]).toEqual([1, expect.stringContaining('no file "')]);
    await expect(access(join(cwd, "unread"))).rejects.toMatchObject({ code: "ENOENT" });
    const other = await adapt("--folder", "beam.adaptation", "--reference-events", "2000");
    expect(other.stderr).toContain("settings.referenceEvents: 3000, and now 2000");
    expect(other.stderr).not.toContain("reading");
    await mkdir(join(cwd, "empty"));
    const empty = await runTwinloom(["adapt", "ecal.yaml", "--features", "empty", "--end"], { cwd });
    expect([empty.code, empty.stderr]).toEqual([1, expect.stringContaining('no features in "empty"')]);
  }, 60_000);

  it("does not take events of another recording for those that it knows", async () => {
    await mkdir(join(cwd, "other"));
    const beam = ["detector", "testbeam", "--script", "beam.yaml", "--model", "gflash", "--rate", "0", "--seed", "8"];
    const record = ["--record", join("other", "beam.twr"), "--count", "10"];
    expect((await runTwinloom([...beam, ...record], { cwd })).code).toBe(0);
    const folder = ["--folder", "beam.adaptation", ...SETTINGS];
    const { code, stderr } = await runTwinloom(["adapt", "ecal.yaml", "--replay", "other/beam.twr", ...folder], {
      cwd,
    });
    expect([code, stderr]).toEqual([2, expect.stringContaining("another recording")]);
  });
});
