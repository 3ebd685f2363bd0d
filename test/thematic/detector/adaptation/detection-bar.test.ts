import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it, type TestContext } from "vitest";
import { type Features, RandomStream } from "../../../../core/index.ts";
import { leastDetectionDelay } from "../../../../modules/adaptation/index.ts";
import { Watch } from "../../../../modules/adaptation/loop/watch.ts";
import { sampleParts } from "../sample.ts";
import { type DelaySummary, poissonMean, summaryOf } from "./delay-statistics.ts";
import {
  NormalPool,
  PoolWatch,
  type Reference,
  referenceFrom,
  referenceOf,
  SETTINGS,
  shiftsOf,
} from "./drift-trials.ts";
import { indexOf } from "./gauss-newton.ts";
import { drawn, eventOf, FOLDER, type GanTwin, gained, ganTwin, taken, withGain } from "./shower-features.ts";

const isLong = process.env["TWINLOOM_LONG"] === "1";
const SIZES = isLong
  ? {
      ...{ templateShowers: 8000, generated: 60_000, simulated: 10_000 },
      ...{ references: 20, trialsPerReference: 20, scanReferences: 5 },
      ...{ stationaryReferences: 25, runsPerReference: 4, events: 1_000_000, frequentEvents: 200_000 },
    }
  : {
      ...{ templateShowers: 2000, generated: 2000, simulated: 2000 },
      ...{ references: 1, trialsPerReference: 20, scanReferences: 1 },
      ...{ stationaryReferences: 1, runsPerReference: 1, events: 100_000, frequentEvents: 300_000 },
    };
const LAYERS = isLong ? [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14] : [8, 9];
/** The layer with the most information on its gain. */
const BEST = 9;
const SCANNED = isLong ? [3, 8, 14] : [8];
const STEPS = isLong ? [0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.08] : [0.08];
/** A change that was not noticed after so many events counts as not noticed. */
const MOST = 50_000;
/** For the count of false alarms to be large enough to tell a wrong threshold: the same watch with one in so many events. */
const FREQUENT = isLong ? 100_000 : 10_000;
/** Showers that are looked at once, each, and how frequent the watch on them is. */
const ONCE = { events: 100_000, averageRunLength: 2000 };
/** What is measured, however long it takes. */
const COMMIT = isLong ? execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim() : "";
const TIMEOUT = { timeout: 3_600_000 };

interface Setup {
  /** Showers of full simulation, which the GAN was not trained on. */
  readonly simulated: Features;
  /** From full simulation. */
  readonly references: readonly Reference[];
  /** {@link shiftsOf} of the first of them. */
  readonly shifts: Float64Array;
  /** From the training file: other events than those of the stream. */
  readonly other: readonly Reference[];
  readonly twin: Reference["twin"];
}
let opened: Promise<GanTwin> | undefined;
let made: Promise<Setup> | undefined;
const measured: Record<string, unknown> = {};

function setup({ skip }: TestContext): Promise<Setup> {
  skip(!existsSync(join(FOLDER, "showers-test.h5")), `No showers in ${FOLDER}. Set TWINLOOM_SHOWERS to their folder.`);
  made ??= makeSetup();
  return made;
}

function openTwin(): Promise<GanTwin> {
  opened ??= ganTwin(SIZES.templateShowers);
  return opened;
}

async function makeSetup(): Promise<Setup> {
  const gan = await openTwin();
  const { adaptable } = gan;
  const simulated = await gan.simulated("showers-test.h5", SIZES.simulated);
  const training = isLong ? await gan.simulated("showers-train.h5", 23_000) : undefined;
  const from = async (pool: Features, count: number, id: number): Promise<Reference[]> => {
    const references: Reference[] = [];
    for (let i = 0; i < count; i++) references.push(await referenceFrom(adaptable, pool, randomOf(id + i)));
    return references;
  };
  const references = await from(simulated, SIZES.references, 100);
  const shifts = shiftsOf(references[0] as Reference, simulated);
  const other = training ? await from(training, 5, 200) : [];
  return { simulated, references, shifts, other, twin: adaptable };
}

/** MeV, over all energies of the GAN. */
function logUniform(id: number, count: number): Float64Array {
  const random = randomOf(id);
  return Float64Array.from({ length: count }, () => 1000 * 100 ** random.uniform());
}

/** Streams do not overlap. */
function randomOf(id: number): RandomStream {
  return new RandomStream({ seed: 33n, id: BigInt(id) });
}

interface Delays extends DelaySummary {
  readonly layer: number;
  readonly step: number;
  /** Alarms that named the layer itself. */
  readonly named: number;
  /** Of that layer's score, in its standard deviations. */
  readonly shift: number;
  /** What the mean delay of no detector can be below. */
  readonly leastMean: number;
}

function delaysOf(
  { simulated, twin, shifts }: Setup,
  references: readonly Reference[],
  { layer, step }: Pick<Delays, "layer" | "step">,
): Delays {
  const changed = gained(simulated, 1 + step, (each) => each === layer);
  const condition = `gain of layer ${layer}`;
  const trials = SIZES.trialsPerReference;
  let named = 0;
  const delays = references.flatMap((reference, i) => {
    const pool = new NormalPool(reference, changed);
    const watch = new PoolWatch(reference);
    // The same draws for each layer and step: what differs is the change.
    return Array.from({ length: trials }, (_, trial) => {
      const found = watch.untilAlarm(pool, drawing(1000 + i * trials + trial, pool), MOST);
      if (found.condition === condition) named++;
      return found.alarm ? found.events : null;
    });
  });
  const shift = Math.abs(step) * (shifts[indexOf(twin, condition)] as number);
  const leastMean = Math.round(leastDetectionDelay(shift, SETTINGS.averageRunLength));
  return { layer, step, ...summaryOf(delays), named, shift: Number(shift.toPrecision(4)), leastMean };
}

/** Numbers of events, drawn with replacement. */
function drawing(id: number, { count }: NormalPool): () => number {
  const random = randomOf(id);
  return () => Math.floor(random.uniform() * count);
}

/** What a count of false alarms says of their rate. */
function rateOf(averageRunLength: number, events: number, alarms: number): Rate {
  const interval95 = poissonMean(alarms).map((end) => Number(end.toFixed(2))) as [number, number];
  return { averageRunLength, events, alarms, stated: events / averageRunLength, interval95 };
}

interface Rate {
  readonly averageRunLength: number;
  readonly events: number;
  readonly alarms: number;
  /** Alarms that are expected at the stated rate. */
  readonly stated: number;
  readonly interval95: readonly [low: number, high: number];
}

function expectAsStated({ alarms, stated, interval95: [low, high] }: Rate): void {
  expect(low, `${alarms} alarms`).toBeLessThanOrEqual(stated);
  // Not far less either: what is too quiet is also too slow.
  expect(high, `${alarms} alarms`).toBeGreaterThanOrEqual(stated / 2);
}

describe("drift of a calorimeter, with the thresholds of a loop that is told nothing", () => {
  it("is seen in features, and by scores looked up, as in the events themselves", TIMEOUT, async (context) => {
    const { references, simulated, twin } = await setup(context);
    const [sample] = await sampleParts([0, 50]);
    const cells = (await sample?.variables["showers"]?.read())?.values() as Float32Array;
    const energies = (await sample?.variables["incident_energies"]?.read())?.values() as Float32Array;
    const featuresOf = (factor: number): Features =>
      twin.features(
        Array.from(energies, (energy, i) =>
          eventOf(withGain(cells.subarray(i * 6480, (i + 1) * 6480), 8, factor), energy, i),
        ),
      );
    const inFeatures = gained(featuresOf(1), 1.03, (layer) => layer === 8).values;
    featuresOf(1.03).values.forEach((value, i) => {
      // Cells are single precision.
      if (!Number.isNaN(value)) expect(Math.abs(value / (inFeatures[i] as number) - 1 || 0)).toBeLessThan(1e-6);
    });

    const reference = references[0] as Reference;
    const changed = gained(simulated, 1.08, (layer) => layer === 8);
    const pool = new NormalPool(reference, changed);
    const lookedUp = new PoolWatch(reference).untilAlarm(pool, drawing(1, pool), 2000);
    const watch = new Watch(reference.normal, SETTINGS);
    const found = watch.take(taken(changed, drawn(randomOf(1), changed.count, 2000)), { ...reference, first: 0 });
    expect(found.taken).toBe(lookedUp.events);
    expect(found.alarm?.value).toBe(lookedUp.alarm?.value);
    expect([found.alarm?.condition, lookedUp.condition]).toEqual(["gain of layer 8", "gain of layer 8"]);
  });

  it("raises false alarms as stated, not more, in a stream of the GAN's own showers", TIMEOUT, async () => {
    const gan = await openTwin();
    const generated = await gan.generated(logUniform(0, SIZES.generated), 7);
    const { stationaryReferences, runsPerReference, events, frequentEvents } = SIZES;
    const byRun: number[] = [];
    let frequent = 0;
    for (let i = 0; i < stationaryReferences; i++) {
      const reference = await referenceFrom(gan.adaptable, generated, randomOf(300 + i));
      const pool = new NormalPool(reference, generated);
      for (let j = 0; j < runsPerReference; j++) {
        const run = i * runsPerReference + j;
        byRun.push(new PoolWatch(reference).alarms(pool, drawing(5000 + run, pool), events));
        frequent += new PoolWatch(reference, FREQUENT).alarms(pool, drawing(6000 + run, pool), frequentEvents);
      }
    }
    const alarms = byRun.reduce((sum, count) => sum + count);
    const rates = [
      rateOf(SETTINGS.averageRunLength, byRun.length * events, alarms),
      rateOf(FREQUENT, byRun.length * frequentEvents, frequent),
    ];
    measured["stationary"] = { references: stationaryReferences, runs: byRun.length, rates, byRun };
    const [stated, often] = rates as [Rate, Rate];
    expect(stated.interval95[0], `${alarms} alarms`).toBeLessThanOrEqual(stated.stated);
    expectAsStated(often);
  });

  it.runIf(isLong)("does so where each shower comes once, too", TIMEOUT, async () => {
    const gan = await openTwin();
    const before = await gan.generated(logUniform(2, SETTINGS.referenceEvents), 8);
    const reference = await referenceOf(gan.adaptable, before);
    const pool = new NormalPool(reference, await gan.generated(logUniform(3, ONCE.events), 9));
    let next = 0;
    const alarms = new PoolWatch(reference, ONCE.averageRunLength).alarms(pool, () => next++, ONCE.events);
    const rate = rateOf(ONCE.averageRunLength, ONCE.events, alarms);
    measured["stationaryOnce"] = { references: 1, runs: 1, rates: [rate] };
    expectAsStated(rate);
  });

  it("of 3 % in the gain of one layer is seen within 2,500 events, in most trials", TIMEOUT, async (context) => {
    const all = await setup(context);
    const steps = LAYERS.flatMap((layer) => [0.03, -0.03].map((step) => ({ layer, step })));
    const delays = steps.map((step) => delaysOf(all, all.references, step));
    measured["step3Percent"] = delays;
    if (all.other.length > 0) {
      measured["step3PercentReferenceOfOtherEvents"] = steps.map((step) => delaysOf(all, all.other, step));
    }
    for (const { layer, step, median } of delays) {
      expect(median ?? Infinity, `layer ${layer}, step ${step}`).toBeLessThan(2500);
    }
  });

  it("of 1 % in the best layer is seen within 10,000 events, in most trials", TIMEOUT, async (context) => {
    const all = await setup(context);
    const delays = [0.01, -0.01].map((step) => delaysOf(all, all.references, { layer: BEST, step }));
    measured["step1PercentBestLayer"] = delays;
    for (const { step, median } of delays) expect(median ?? Infinity, `step ${step}`).toBeLessThan(10_000);
  });

  it("is seen sooner the larger it is, and not sooner than information allows", TIMEOUT, async (context) => {
    const all = await setup(context);
    const some = all.references.slice(0, SIZES.scanReferences);
    const signed = [...STEPS.map((step) => -step), ...STEPS];
    const delays = SCANNED.flatMap((layer) => signed.map((step) => delaysOf(all, some, { layer, step })));
    measured["bySize"] = delays;
    for (const { layer, step, mean, meanError, leastMean } of delays) {
      if (mean === null || meanError === null) continue;
      expect(mean + 4 * meanError, `layer ${layer}, step ${step}`).toBeGreaterThan(leastMean);
    }
  });
});

afterAll(async () => {
  await (await opened)?.[Symbol.asyncDispose]();
  if (!isLong) return;
  const file = fileURLToPath(new URL("../../../../docs/measurements/drift-detection.json", import.meta.url));
  // With `-t` only some are measured anew.
  const before = existsSync(file) ? (JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>) : {};
  const made = {
    date: new Date().toISOString().slice(0, 10),
    commit: COMMIT,
    machine: { processor: cpus()[0]?.model, cores: cpus().length, node: process.version },
  };
  const { shifts, averageRunLength, referenceEvents } = SETTINGS;
  const report = {
    command: "npm run test:long -- test/thematic/detector/adaptation/detection-bar.test.ts",
    twin: "the shipped GAN",
    watch: { shifts, averageRunLength, referenceEvents },
    streams: {
      stationary: `${SIZES.generated} showers of the GAN, log-uniform 1 to 100 GeV; references and runs drawn from them with replacement`,
      stationaryOnce: "showers of the GAN, each of them looked at once, after a reference of others",
      delays: `${SIZES.simulated} showers of EGSnrc (showers-test.h5); references and trials drawn from them with replacement; sums begin at 0`,
      step3PercentReferenceOfOtherEvents:
        "references drawn from the 23,000 showers of showers-train.h5 with replacement",
      mostEvents: MOST,
    },
    made: { ...(before["made"] as object), ...Object.fromEntries(Object.keys(measured).map((name) => [name, made])) },
    results: { ...(before["results"] as object), ...measured },
  };
  await writeFile(file, `${JSON.stringify(report, undefined, 1)}\n`);
});
