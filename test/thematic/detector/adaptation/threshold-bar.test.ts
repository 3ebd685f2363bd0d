import { existsSync } from "node:fs";
import { join } from "node:path";
import { createTwin, type NdArray } from "twinloom";
import { fastsim, shippedModel } from "twinloom/modules/fastsim";
import { hdf5 } from "twinloom/modules/hdf5";
import { onnx } from "twinloom/modules/onnx";
import {
  adaptableDetector,
  adaptedGenerator,
  calorimeter,
  type DetectorCalibration,
  TestBeam,
} from "twinloom/thematic/detector";
import { describe, expect, it } from "vitest";
import { decideOn } from "./decide-on.ts";
import { FOLDER } from "./shower-features.ts";

const [RISE, FALL, END] = [6500, 10_600, 14_250];

describe("the readout threshold of full simulation", () => {
  it("is found where it rises and where it falls, each as one change, and no gain is moved", async ({ skip }) => {
    const path = join(FOLDER, "showers-train.h5");
    skip(!existsSync(path), `No showers in ${FOLDER}. Set TWINLOOM_SHOWERS to their folder.`);
    await using twin = await createTwin({
      plugins: {
        files: hdf5(),
        network: onnx({ file: shippedModel("gan") }),
        gan: fastsim(),
        adaptable: adaptableDetector({ templateShowers: 2000 }),
        shower: adaptedGenerator(),
        ecal: calorimeter(),
      },
      wire: { adaptable: { generator: "gan" }, shower: { generator: "gan" }, ecal: { generator: "gan" } },
    });
    const { adaptable, ecal, files, shower } = twin;
    await using file = await files.open(path);
    const sets = [{ absorberMm: 1.4, showers: await ecal.showers(file) }];
    const script = {
      ...{ schemaVersion: 1, source: "testbeam/ecal", run: "r1", eventsPerSecond: 2000, seed: 3 },
      ...{ events: END, energyRangeMeV: [1000, 100_000] },
      history: [
        { change: "threshold", at: { event: RISE }, thresholdMeV: 0.1 },
        { change: "threshold", at: { event: FALL }, thresholdMeV: 0.05 },
      ],
    };
    const events = new TestBeam(script, ecal.geometry).events(sets);
    const { decisions, conditions } = await decideOn(adaptable, events);
    const told = decisions.map(({ decision }) => decision);
    expect(told.filter(({ kind }) => kind === "counters-accepted")).toHaveLength(2);
    const others = told.flatMap((one) =>
      "findings" in one ? one.findings.filter(({ name }) => !name.startsWith("readings of ")) : [],
    );
    expect(others).toEqual([]);
    const found = told.flatMap((one): readonly object[] => {
      if (one.kind === "counters-alarmed") return [{ alarm: one.events }];
      if (one.kind !== "counters-accepted") return [];
      const calibration: unknown = adaptable.calibration(conditions, one.faultsAfter);
      return [{ accepted: one.events, thresholdMeV: (calibration as DetectorCalibration).response.thresholdMeV }];
    });
    // The edge below the truth, and the one above: of the bin that 50 keV are in, a part is read.
    expect(found).toEqual([
      ...[6768, 7024, 7280, 7536, 7792].map((alarm) => ({ alarm })),
      { accepted: 10_352, thresholdMeV: 0.09765625 },
      ...[10_864, 11_120].map((alarm) => ({ alarm })),
      { accepted: 13_680, thresholdMeV: 0.05078125 },
    ]);
    const eventIds = BigInt64Array.of(1n, 2n, 3n);
    const incident_energy = new Float64Array(3).fill(50_000);
    for await (const { arrays } of shower.generate({ eventIds, seed: 1n, conditions: { incident_energy } })) {
      const readings = (arrays["showers"] as NdArray<"float32">).values().filter((energy) => energy > 0);
      expect(Math.min(...readings)).toBeGreaterThanOrEqual(0.05078125);
    }
    expect(conditions).toEqual(Float64Array.from(adaptable.conditions, ({ initial }) => initial));
  }, 300_000);
});
