import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it, type TestContext } from "vitest";
import { createTwin, type Features, type StreamEvent } from "../../../../core/index.ts";
import { AdaptationOptionsSchema, type Decision } from "../../../../modules/adaptation/index.ts";
import { hdf5 } from "../../../../modules/hdf5/index.ts";
import { calorimeter, loadGeometry } from "../../../../thematic/detector/index.ts";
import { poissonMean } from "./delay-statistics.ts";
import {
  beamFeatures,
  type Followed,
  follow,
  PER_KELVIN,
  PER_SECOND,
  type RampPoint,
  rampBeam,
  readOut,
  readOutAt,
} from "./ramp.ts";
import { COLUMNS, FOLDER, type GanTwin, ganTwin } from "./shower-features.ts";

const IS_LONG = process.env["TWINLOOM_LONG"] === "1";
const SIZES = IS_LONG
  ? { templateShowers: 8000, pool: 10_000, referenceEvents: 20_000 }
  : { templateShowers: 2000, pool: 2000, referenceEvents: 6000 };
const TIMEOUT = { timeout: 3_600_000 };
const SETTINGS = AdaptationOptionsSchema.parse({});
/** The bar: errors of the gain, relative. */
const MOST = 0.003;
/** Of each change of what slow control tells, and of a reference. Quoted is what comes then, and apart from it the worst in between. */
const SETTLING_S = 1;

const ramp = (from: number, to: number, kelvinPerMinute: number): object => ({
  ...{ change: "temperature-ramp", at: { seconds: from }, until: { seconds: to }, kelvinPerMinute },
});
const late = (bySeconds: number, from = 0): object => ({
  change: "slow-control-late",
  at: { seconds: from },
  bySeconds,
});
const missing = (from = 0, until?: number): object => ({
  ...{ change: "slow-control-missing", at: { seconds: from } },
  ...(until !== undefined && { until: { seconds: until } }),
});

/** Up, down below where it began, and up again. */
const TIMES = IS_LONG ? [15, 55, 95, 115, 120] : [5, 9, 16, 18, 19];
const [UP = 0, DOWN = 0, AGAIN = 0, STILL = 0, END = 0] = TIMES;
const RAMP = [ramp(UP, DOWN, 2), ramp(DOWN, AGAIN, -2), ramp(AGAIN, STILL, 2)];
const [GONE, BACK] = IS_LONG ? [35, 75] : [7, 12];
const STEP_AT = IS_LONG ? 50 : 8;
const STEP_END = IS_LONG ? 64 : 15;
const step = (factor: number, layers?: readonly number[]): object => ({
  ...{ change: "gain-step", at: { seconds: STEP_AT }, factor, ...(layers && { layers }) },
});

interface Case {
  readonly slowControl: string;
  readonly history: readonly object[];
  /** When slow control tells something else than before, s. */
  readonly changes?: readonly number[];
}
const CASES: readonly Case[] = [
  { slowControl: "right", history: [] },
  { slowControl: "3 s late", history: [late(3)] },
  { slowControl: "10 s late", history: [late(10)] },
  { slowControl: "missing", history: [missing()] },
  { slowControl: "missing for a while", history: [missing(GONE, BACK)], changes: [GONE, BACK] },
  { slowControl: "10 s late from a time on", history: [late(10, GONE)], changes: [GONE] },
];
/** In short, what is hardest. */
const SOME = IS_LONG
  ? CASES
  : [{ slowControl: "late, and missing for a while", history: [late(10), missing(GONE, BACK)], changes: [GONE, BACK] }];

interface Setup {
  readonly gan: GanTwin;
  readonly pool: Features;
}
let made: Promise<Setup> | undefined;
const measured: Record<string, unknown> = {};

function setup({ skip }: TestContext): Promise<Setup> {
  skip(!existsSync(join(FOLDER, "showers-test.h5")), `No showers in ${FOLDER}. Set TWINLOOM_SHOWERS to their folder.`);
  made ??= makeSetup();
  return made;
}

async function makeSetup(): Promise<Setup> {
  const gan = await ganTwin(SIZES.templateShowers);
  return { gan, pool: await gan.simulated("showers-test.h5", SIZES.pool) };
}

async function followed(
  { gan, pool }: Setup,
  { history, seed, seconds = END }: { history: readonly object[]; seed: number; seconds?: number },
): Promise<Followed> {
  const geometry = await loadGeometry("w-si-45");
  const ramps = RAMP.filter((each) => (each as { at: { seconds: number } }).at.seconds < seconds);
  const beam = rampBeam({ seconds, seed, history: [...ramps, ...history] }, geometry);
  return follow(gan.adaptable, beamFeatures(beam, pool), beam, SIZES.referenceEvents);
}

function kinds(decisions: readonly Decision[]): readonly string[] {
  return decisions.map(({ kind }) => kind).filter((kind) => kind !== "tracked");
}

function offBy({ gain, truth }: RampPoint): number {
  return (gain - truth) / truth;
}

/** Per cent. */
function summary({ points, decisions }: Followed, changes: readonly number[]) {
  const from = (decisions.length === 0 ? 0 : (decisions[0]?.events as number) / PER_SECOND) + SETTLING_S;
  const isSettled = ({ seconds }: RampPoint): boolean =>
    seconds >= from && changes.every((at) => seconds < at || seconds >= at + SETTLING_S);
  const settled = points.filter(isSettled);
  const worst = (some: readonly RampPoint[]): number => Math.max(...some.map((point) => Math.abs(offBy(point))));
  const mean = (of: (point: RampPoint) => number): number =>
    settled.reduce((sum, point) => sum + of(point), 0) / settled.length;
  const last = settled.at(-1) as RampPoint;
  const perCent = (value: number): number => Number((100 * value).toFixed(3));
  return {
    points: settled.length,
    maxPercent: perCent(worst(settled)),
    maxWithSettlingPercent: perCent(worst(points.filter(({ seconds }) => seconds >= from))),
    rmsPercent: perCent(Math.sqrt(mean((point) => offBy(point) ** 2))),
    statedErrorPercent: perCent(mean(({ error, truth }) => error / truth)),
    rmsInStatedErrors: Number(Math.sqrt(mean((point) => ((point.gain - point.truth) / point.error) ** 2)).toFixed(2)),
    coefficientPerKelvin: Number(last.coefficient.toFixed(5)),
    coefficientError: Number(last.coefficientError.toFixed(5)),
    trackedDecisions: decisions.filter(({ kind }) => kind === "tracked").length,
    alarms: decisions.filter(({ kind }) => kind === "alarmed").length,
  };
}

describe("a ramp of -2 %/K at 2 K/min, 2,000 events per second, with a coefficient that is not known", () => {
  it("has features that are those of the events of the test beam", TIMEOUT, async (context) => {
    const { gan, pool } = await setup(context);
    const script = { seconds: 1, seed: 3, history: [ramp(0, 1, 600)] };
    const beam = rampBeam(script, await loadGeometry("w-si-45"));
    const twin = await createTwin({ plugins: { files: hdf5(), ecal: calorimeter() } });
    const events: StreamEvent[] = [];
    const until = new AbortController();
    {
      await using file = await twin.files.open(join(FOLDER, "showers-sample.h5"));
      const sets = [{ absorberMm: 1.4, showers: await twin.ecal.showers(file) }];
      for await (const event of beam.events(sets, { signal: until.signal })) if (events.push(event) === 60) break;
    }
    await twin[Symbol.asyncDispose]();
    const sample = await gan.simulated("showers-sample.h5", 200);
    const found = gan.adaptable.features(events).values;
    events.forEach((event, i) => {
      const energy = event.conditions["incident_energy"] as number;
      const row = Array.from({ length: sample.count }, (_, at) => at).find(
        (at) => sample.values[at * COLUMNS] === energy,
      );
      const shower = sample.values.slice((row as number) * COLUMNS, ((row as number) + 1) * COLUMNS);
      const expected = readOut(shower, readOutAt(beam, beam.secondsOf(i)));
      // Cells are single precision.
      expected.forEach((value, k) => {
        expect(Math.abs((found[i * COLUMNS + k] as number) / value - 1 || 0)).toBeLessThan(1e-6);
      });
    });
    expect(pool.count).toBe(SIZES.pool);
  });

  it("is followed within 0.3 % of the gain, without an alarm", TIMEOUT, async (context) => {
    const all = await setup(context);
    const rows = [];
    const raised: unknown[] = [];
    for (const [i, { slowControl, history, changes = [] }] of SOME.entries()) {
      const result = await followed(all, { history, seed: 10 + i });
      const row = { slowControl, ...summary(result, changes) };
      rows.push(row);
      for (const decision of result.decisions) {
        if (decision.kind !== "alarmed") continue;
        raised.push({ slowControl, seconds: decision.events / PER_SECOND, ...decision.alarm });
      }
      expect(row.maxPercent, slowControl).toBeLessThan(100 * MOST);
      expect(kinds(result.decisions).filter((kind) => kind === "accepted")).toEqual([]);
      // What it says of its own error is not too small.
      expect(row.rmsInStatedErrors, slowControl).toBeLessThan(1.5);
    }
    measured["ramp"] = rows;
    const alarms = rows.reduce((sum, row) => sum + row.alarms, 0);
    const events = SOME.length * END * PER_SECOND;
    measured["falseAlarms"] = {
      ...{ events, alarms, mostExpected: events / SETTINGS.averageRunLength, raised },
      interval95: poissonMean(alarms).map((end) => Number(end.toFixed(2))),
    };
    expect(poissonMean(alarms)[0]).toBeLessThanOrEqual(events / SETTINGS.averageRunLength);
  });

  it("does not hide a step of 3 % in the gain of layer 8, nor one of all layers", TIMEOUT, async (context) => {
    const all = await setup(context);
    const steps = [
      { of: "gain of layer 8", slowControl: "right", history: [step(0.97, [8])] },
      { of: "gain of layer 8", slowControl: "missing", history: [step(0.97, [8]), missing()] },
      { of: "common gain", slowControl: "right", history: [step(0.97)] },
    ];
    const rows = [];
    for (const [i, { of, slowControl, history }] of (IS_LONG ? steps : steps.slice(0, 1)).entries()) {
      const { decisions, points } = await followed(all, { history, seed: 20 + i, seconds: STEP_END });
      const alarmed = decisions.find((decision) => decision.kind === "alarmed");
      const accepted = decisions.find((decision) => decision.kind === "accepted");
      const delay = (alarmed?.events as number) - STEP_AT * PER_SECOND;
      const [moved] = accepted?.attribution.best?.moved ?? [];
      const acceptedS = (accepted?.events as number) / PER_SECOND;
      const after = points
        .filter(({ seconds }) => seconds > acceptedS + SETTLING_S)
        .map((point) => Math.abs(offBy(point)));
      rows.push({
        ...{ of, slowControl, delayEvents: delay, causes: accepted?.attribution.best?.causes },
        ...{ value: moved?.value, error: moved?.error },
        maxAfterwardsPercent: Number((100 * Math.max(...after)).toFixed(3)),
      });
      expect(delay, of).toBeGreaterThan(0);
      expect(delay, of).toBeLessThan(2500);
      expect(accepted?.attribution.best?.causes).toEqual([of]);
      expect(kinds(decisions)).toEqual(["referred", "alarmed", "proposed", "accepted", "referred"]);
      expect(Math.max(...after), of).toBeLessThan(MOST);
    }
    measured["steps"] = rows;
  });
});

afterAll(async () => {
  await (await made)?.gan[Symbol.asyncDispose]();
  if (!IS_LONG || Object.keys(measured).length === 0) return;
  const { track: _, ...settings } = SETTINGS;
  const file = fileURLToPath(new URL("../../../../docs/measurements/tracking.json", import.meta.url));
  // With `-t` only some are measured anew.
  const before = existsSync(file) ? (JSON.parse(await readFile(file, "utf8")) as { results?: object }) : {};
  const report = {
    // Without its module runner, which looks up imported names each time, events take a third of the time.
    command:
      "npm run test:long -- test/thematic/detector/adaptation/tracking-bar.test.ts --experimental.viteModuleRunner=false",
    date: new Date().toISOString().slice(0, 10),
    commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim(),
    machine: { processor: cpus()[0]?.model, cores: cpus().length, node: process.version },
    twin: "the shipped GAN; common gain and temperature coefficient are tracked, from 1 and 0",
    instrument: `${SIZES.pool} showers of EGSnrc (showers-test.h5), drawn with replacement; 2,000 per second of event time`,
    script: {
      perKelvin: PER_KELVIN,
      seconds: END,
      history: RAMP,
      slowControlGoesAt: GONE,
      comesBackAt: BACK,
      stepAt: STEP_AT,
    },
    settings,
    settlingS: SETTLING_S,
    results: { ...before.results, ...measured },
  };
  await writeFile(file, `${JSON.stringify(report, undefined, 1)}\n`);
});
