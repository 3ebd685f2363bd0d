import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadGeometry, loadTestBeam, TestBeam } from "twinloom/thematic/detector";
import { describe, expect, it, onTestFinished } from "vitest";

const geometry = await loadGeometry("w-si-45");
const BASE = `schemaVersion: 1
source: testbeam/ecal
events: 1000
eventsPerSecond: 100
`;

async function load(text: string): Promise<TestBeam> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-beam-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "drift.yaml");
  await writeFile(path, text);
  return await loadTestBeam(path, geometry);
}

describe("the script of a test beam", () => {
  it("needs little, and is told in full", async () => {
    const { script, durationSeconds } = await load(BASE);
    expect(script).toMatchObject({
      ...{ source: "testbeam/ecal", run: "", seed: 1, events: 1000, eventsPerSecond: 100 },
      ...{ startsAt: "2026-01-01T00:00:00Z", energyRangeMeV: [1000, 100_000], absorberMm: 1.4, history: [] },
    });
    expect(script.response).toMatchObject({ gains: new Array(45).fill(1), deadCells: [], thresholdMeV: 0 });
    expect(durationSeconds).toBe(9.99);
  });

  it("is plain JSON, and as it is told it may be given again", async () => {
    const { script } = await load(
      `${BASE}energyMeV: 5000\nresponse: { responsePerKelvin: -0.02 }\nhistory:\n  - { change: gain-walk, at: { event: 5 }, perRootHour: 0.1 }\n`,
    );
    const again = new TestBeam(JSON.parse(JSON.stringify(script)), geometry);
    expect(again.script).toEqual(script);
    expect(script.energyMeV).toEqual([5000]);
  });

  it.for<readonly [string, string, string, RegExp]>([
    ["no version", "source: x\n", "1:1", /schemaVersion: .*must be 1/],
    ["no events", "schemaVersion: 1\nsource: x\neventsPerSecond: 3\n", "1:1", /events: Missing/],
    ["half an event", BASE.replace("1000", "0.5"), "3:9", /events: It must be an integer from 1 to 1000000000/],
    ["a slip", `${BASE}evnts: 3\n`, "5:8", /evnts: Unknown\. Did you mean "events"\?/],
    ["an empty source", BASE.replace("testbeam/ecal", '""'), "2:9", /source: It must be a text, not empty/],
    ["a rate of 0", BASE.replace("100\n", "0\n"), "4:18", /eventsPerSecond: It must be a number from 0\.000001/],
    ["a local time", `${BASE}startsAt: 2026-11-22 08:00\n`, "5:11", /It must be a time in UTC, such as/],
    ["a seed beyond 64 bits", `${BASE}seed: "18446744073709551616"\n`, "5:7", /0 to 2\^64 - 1/],
    ["energies twice", `${BASE}energyMeV: 1\nenergyRangeMeV: [1, 2]\n`, "6:17", /There is energyMeV, too/],
    ["energies turned round", `${BASE}energyRangeMeV: [2, 1]\n`, "5:17", /smaller end first/],
    [
      "a response that cannot be",
      `${BASE}response:\n  gains: [1]\n`,
      "6:10",
      /response\.gains: It has 1 values; give one for/,
    ],
    ["no list", `${BASE}history: 3\n`, "5:10", /history: It must be a list of changes/],
    [
      "an unknown change",
      `${BASE}history:\n  - { change: gain-stp, at: { event: 1 } }\n`,
      "6:15",
      /history\.0\.change: It must be one of: temperature-ramp, gain-step, .*Did you mean "gain-step"\?/,
    ],
    [
      "an unknown key of a change",
      `${BASE}history:\n  - change: gain-step\n    at: { event: 1 }\n    layer: 3\n    factor: 1\n`,
      "8:12",
      /history\.0\.layer: Unknown\. Did you mean "layers"\?/,
    ],
    [
      "a change without a time",
      `${BASE}history:\n  - { change: threshold, thresholdMeV: 1 }\n`,
      "6:5",
      /history\.0\.at: It must be \{ event: … \}, an integer from 0, or \{ seconds: … \}/,
    ],
    [
      "a time of neither kind",
      `${BASE}history:\n  - { change: threshold, at: 3, thresholdMeV: 1 }\n`,
      "6:30",
      /history\.0\.at: It must be \{ event: … \}/,
    ],
    [
      "a ramp without an end",
      `${BASE}history:\n  - { change: temperature-ramp, at: { seconds: 1 }, kelvinPerMinute: 1 }\n`,
      "6:5",
      /history\.0\.until: It must be \{ event/,
    ],
    [
      "an end before the beginning",
      `${BASE}history:\n  - { change: dead-cells, at: { seconds: 2 }, until: { event: 200 }, cells: [[1, 2, 3]] }\n`,
      "6:54",
      /history\.0\.until: It must be after `at`: that is 2 s after the first event, this 2 s/,
    ],
    [
      "a change that no event sees",
      `${BASE}history:\n  - { change: absorber, at: { event: 1000 }, absorberMm: 1.5 }\n`,
      "6:29",
      /history\.0\.at: No event comes after it: the last one, 999, comes 9\.99 s after the first/,
    ],
    [
      "a layer that is not there",
      `${BASE}history:\n  - { change: gain-step, at: { event: 1 }, layers: [3, 45], factor: 1.1 }\n`,
      "6:56",
      /history\.0\.layers\.1: There is no layer 45 in geometry "w-si-45": layers are 0 to 44/,
    ],
    [
      "a layer twice",
      `${BASE}history:\n  - { change: gain-step, at: { event: 1 }, layers: [3, 3], factor: 1.1 }\n`,
      "6:56",
      /history\.0\.layers\.1: Layer 3 is there twice/,
    ],
    [
      "a cell that is not there",
      `${BASE}history:\n  - { change: dead-cells, at: { event: 1 }, cells: [[3, 16, 0]] }\n`,
      "6:53",
      /history\.0\.cells\.0: There is no cell \[3, 16, 0\].*alpha 0 to 15/,
    ],
    [
      "steps that leave no gain",
      `${BASE}history:\n  - { change: gain-step, at: { event: 1 }, factor: 0.2 }\n  - { change: gain-step, at: { event: 9 }, factor: 0.2 }\n`,
      "7:5",
      /history\.1: 0\.09 s after the first event the gain of layer 0 would be 0\.04.*from 0\.1 to 10/,
    ],
    [
      "a ramp that leaves no response",
      `${BASE}response: { responsePerKelvin: -0.02 }\nhistory:\n  - { change: temperature-ramp, at: { seconds: 0 }, until: { seconds: 9 }, kelvinPerMinute: 400 }\n`,
      "7:5",
      /history\.0: At 80 °C the response of layer 0 would be -0\.2/,
    ],
    [
      "a walk out of all bounds",
      `${BASE}history:\n  - { change: gain-walk, at: { event: 0 }, perRootHour: 1000 }\n`,
      "6:5",
      /history\.0: \S+ s after the first event the gain of layer \d+ would be/,
    ],
    [
      "a walk of too many steps",
      `${BASE}history:\n  - { change: gain-walk, at: { event: 0 }, perRootHour: 0.1, everySeconds: 0.001 }\n`.replace(
        "events: 1000\n",
        "events: 1000000\n",
      ),
      "6:76",
      /history\.0\.everySeconds: A walk of 9999\.99 s has \d+ steps; at most 100000 are allowed/,
    ],
    ["no YAML", "schemaVersion: [1\n", "", /drift\.yaml the script: line 2, column 1: /],
  ])("is refused with its place and what is allowed: %s", async ([, text, place, message]) => {
    const failure = await load(text).then(
      () => undefined,
      (error: Error) => error,
    );
    expect(failure).toMatchObject({ code: "TWIN_TESTBEAM_INVALID" });
    expect(failure?.message).toMatch(message);
    if (place !== "") expect(failure?.message).toContain(`drift.yaml:${place} `);
  });

  it("tells all that is wrong at once", async () => {
    const history =
      "  - { change: gain-step, at: { event: 1 }, factor: 100 }\n  - { change: threshold, at: { event: 1 } }\n";
    await expect(load(`${BASE}history:\n${history}`)).rejects.toMatchObject({
      problems: [{ path: ["history", 0, "factor"] }, { path: ["history", 1, "thresholdMeV"] }],
    });
  });

  it("is a file that is there", async () => {
    await expect(loadTestBeam("/none/drift.yaml", geometry)).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
    await expect(loadTestBeam(tmpdir(), geometry)).rejects.toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
  });
});
