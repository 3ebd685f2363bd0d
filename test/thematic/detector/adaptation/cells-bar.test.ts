import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Adaptable, type Counters, createTwin, type Generator, type StreamEvent } from "twinloom";
import { Adaptation, CounterAdaptation, type CounterDecision } from "twinloom/modules/adaptation";
import { fastsim, shippedModel } from "twinloom/modules/fastsim";
import { hdf5 } from "twinloom/modules/hdf5";
import { onnx } from "twinloom/modules/onnx";
import { adaptableDetector, adaptedGenerator, calorimeter, TestBeam } from "twinloom/thematic/detector";
import { describe, expect, it, type TestContext } from "vitest";
import { decideOn, featuresOf, REFERENCE_EVENTS } from "./decide-on.ts";
import { FOLDER } from "./shower-features.ts";

const IS_LONG = process.env["TWINLOOM_LONG"] === "1";
const CHANGE = 7000;
/** In the middle of the shower, beside it, and far from it. */
const DEAD = [
  [8, 3, 0],
  [12, 9, 2],
] as const;
const HOT = { cell: [22, 5, 7], rate: 0.1, meanMeV: 5 } as const;

interface Living {
  readonly adaptable: Adaptable;
  readonly shower: Generator;
  events(history: readonly object[], count: number): AsyncIterable<StreamEvent>;
}

/** The GAN as the twin; showers of full simulation (EGSnrc) as the events of a test beam. */
async function living({ skip }: TestContext, run: (living: Living) => Promise<void>): Promise<void> {
  skip(!existsSync(join(FOLDER, "showers-train.h5")), `No showers in ${FOLDER}. Set TWINLOOM_SHOWERS to their folder.`);
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
  await using file = await files.open(join(FOLDER, "showers-train.h5"));
  const sets = [{ absorberMm: 1.4, showers: await ecal.showers(file) }];
  const events = (history: readonly object[], count: number): AsyncIterable<StreamEvent> => {
    const script = {
      ...{ schemaVersion: 1, source: "testbeam/ecal", run: "r1", eventsPerSecond: 2000, seed: 3 },
      ...{ events: count, energyRangeMeV: [1000, 100_000], history },
    };
    return new TestBeam(script, ecal.geometry).events(sets);
  };
  await run({ adaptable, shower, events });
}

/** The same twin, as if it counted nothing. */
function withoutCounters(twin: Adaptable): Adaptable {
  return {
    conditions: twin.conditions,
    causes: twin.causes,
    current: twin.current,
    features: (events) => twin.features(events),
    expect: (...given) => twin.expect(...given),
    restore: (expectation) => twin.restore(expectation),
    apply: (conditions) => twin.apply(conditions),
    calibration: (conditions) => twin.calibration(conditions),
  };
}

const indexOf = ([layer, alpha, r]: readonly [number, number, number]): number => (layer * 16 + alpha) * 9 + r;

describe("cells of full simulation that die or grow hot", () => {
  it("are found exactly, no gain is moved for them, and the twin reads them as 0", async (context) => {
    await living(context, async ({ adaptable, shower, events }) => {
      const history = [
        { change: "dead-cells", at: { event: CHANGE }, cells: DEAD },
        { change: "hot-cells", at: { event: CHANGE }, cells: [HOT.cell], rate: HOT.rate, meanMeV: HOT.meanMeV },
      ];
      const { decisions, conditions, faults } = await decideOn(adaptable, events(history, 19_000));
      expect(faults?.silent).toEqual(DEAD.map(indexOf));
      expect(faults?.noisy).toEqual([{ counter: indexOf(HOT.cell), rate: expect.closeTo(HOT.rate, 1) }]);
      const told = decisions.map(({ decision }) => decision);
      expect(told.map(({ kind }) => kind)).toEqual([
        ...["referred", "counters-referred", "counters-alarmed", "counters-alarmed"],
        ...["counters-accepted", "counters-accepted", "referred"],
      ]);
      const delays = told.flatMap((one) =>
        one.kind === "counters-alarmed" ? one.findings.map(({ name, at }) => [name, at - CHANGE] as const) : [],
      );
      // The block in which they died, or the one after; the hot one needs some 16 of its readings, and there are others in its ring.
      expect(new Map(delays)).toEqual(
        new Map([
          ["cell [8, 3, 0]", 280],
          ["cell [12, 9, 2]", 280],
          ["cell [22, 5, 7]", 1048],
        ]),
      );
      expect(conditions).toEqual(Float64Array.from(adaptable.conditions, ({ initial }) => initial));
      const eventIds = BigInt64Array.of(1n, 2n, 3n);
      const incident_energy = new Float64Array(3).fill(50_000);
      for await (const { arrays } of shower.generate({ eventIds, seed: 1n, conditions: { incident_energy } })) {
        const cells = arrays["showers"]?.values() as Float32Array;
        const sums = [...DEAD, HOT.cell, [8, 4, 0] as const].map((cell) => cells[indexOf(cell)]);
        expect(sums).toEqual([0, 0, 0, expect.not.closeTo(0, 3)]);
      }
    });
  }, 300_000);

  it("are not seen in gains that change, and no threshold either", async (context) => {
    await living(context, async ({ adaptable, events }) => {
      const loop = new CounterAdaptation(
        adaptable.counters as Counters,
        new Adaptation(adaptable, { referenceEvents: REFERENCE_EVENTS }).settings,
      );
      const history = [
        { change: "gain-step", at: { event: 7000 }, layers: [8, 9], factor: 0.9 },
        { change: "gain-step", at: { event: 9000 }, factor: 1.2 },
        { change: "gain-step", at: { event: 11_000 }, factor: 0.7 },
      ];
      const decisions: CounterDecision[] = [];
      for await (const { rows } of featuresOf(adaptable, events(history, 13_000))) {
        decisions.push(...loop.add(rows, adaptable.current));
      }
      expect(decisions.map(({ kind }) => kind)).toEqual(["counters-referred"]);
    });
  }, 300_000);

  it.runIf(IS_LONG)(
    "would be taken for the gain of their layer by who counts nothing",
    async (context) => {
      await living(context, async ({ adaptable, events }) => {
        const history = [{ change: "dead-cells", at: { event: CHANGE }, cells: DEAD.slice(0, 1) }];
        const { decisions } = await decideOn(withoutCounters(adaptable), events(history, 22_000));
        const accepted = decisions.map(({ decision }) => decision).find(({ kind }) => kind === "accepted");
        if (accepted?.kind !== "accepted") return expect.fail("nothing was accepted");
        expect(accepted.attribution.best?.moved.map(({ condition }) => condition)).toContain("gain of layer 8");
      });
    },
    600_000,
  );
});
