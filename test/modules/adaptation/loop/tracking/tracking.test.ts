import { describe, expect, it } from "vitest";
import { type Features, RandomStream } from "../../../../../core/index.ts";
import {
  Adaptation,
  type AdaptationOptions,
  type AdaptationState,
  type Decision,
} from "../../../../../modules/adaptation/index.ts";
import {
  CHANNELS,
  COLUMNS,
  COMMON,
  concatenated,
  conditionsWith,
  PER_KELVIN,
  SyntheticTwin,
  simulate,
} from "../synthetic-twin.ts";

const OPTIONS: AdaptationOptions = {
  ...{ referenceEvents: 8000, windowEvents: 1500, acceptIntervalS: 0, trackIntervalS: 4 },
  track: ["common gain", "coefficient"],
};
const TRUE = { [PER_KELVIN]: -0.02 };
const PER_SECOND = 2000;
/** Quiet until 5 s; up by 2 K/min until 20 s, down until 35 s. */
const kelvinAt = (seconds: number): number => (15 - Math.abs(Math.min(35, Math.max(5, seconds)) - 20)) / 30;
const EVENTS = 40 * PER_SECOND;

/** What slow control says of an event; NaN where it says nothing. */
type Thermometer = (seconds: number) => number;

/** Events with a true temperature, and what slow control says of it; from an event on, other conditions. */
function ramp(id: bigint, told: Thermometer, after: Readonly<Record<number, number>> = {}, from = EVENTS): Features {
  const random = new RandomStream({ seed: 20_261_122n, id });
  const part = (changes: Readonly<Record<number, number>>, first: number, count: number): Features =>
    simulate({
      ...{ random, count, conditions: conditionsWith({ ...TRUE, ...changes }) },
      startNs: 1_700_000_000_000_000_000n + BigInt(first) * 500_000n,
      temperature: (event) => kelvinAt((first + event) / PER_SECOND),
    });
  const features = concatenated([part({}, 0, from), part(after, from, EVENTS - from)].filter(({ count }) => count > 0));
  for (let event = 0; event < features.count; event++) {
    features.values[event * COLUMNS + CHANNELS] = told(event / PER_SECOND);
  }
  return features;
}

const right: Thermometer = kelvinAt;
const late: Thermometer = (seconds) => kelvinAt(seconds - 3);
const missing: Thermometer = () => Number.NaN;
const gap: Thermometer = (seconds) => (seconds > 12 && seconds < 28 ? Number.NaN : kelvinAt(seconds));
const goesLate: Thermometer = (seconds) => (seconds > 12 ? late(seconds) : kelvinAt(seconds));

function slice({ values, timesNs }: Features, from: number, to: number): Features {
  const [rows, times] = [values.slice(from * COLUMNS, to * COLUMNS), timesNs.slice(from, to)];
  return { count: times.length, values: rows, timesNs: times };
}

interface Followed {
  readonly decisions: readonly Decision[];
  /** Of the response beside the true one, relative, from 1 s after the reference on. */
  readonly errors: readonly number[];
  /** In standard errors, mean square. */
  readonly pull: number;
  readonly loop: Adaptation;
}

async function follow(features: Features, stepTo = 1, from = EVENTS): Promise<Followed> {
  const loop = new Adaptation(new SyntheticTwin(), OPTIONS);
  const [decisions, errors]: [Decision[], number[]] = [[], []];
  let pulls = 0;
  for (let at = 0; at < features.count; at += 200) {
    decisions.push(...(await loop.add(slice(features, at, at + 200))));
    const response = loop.tracked[0]?.response;
    if (!response || loop.events < 10_000) continue;
    const truth = (1 - 0.02 * kelvinAt(loop.events / PER_SECOND)) * (loop.events > from ? stepTo : 1);
    errors.push((response.value - truth) / truth);
    pulls += ((response.value - truth) / response.error) ** 2;
  }
  return { decisions, errors, pull: pulls / errors.length, loop };
}

function kinds(decisions: readonly Decision[]): readonly string[] {
  return decisions.map(({ kind }) => kind).filter((kind) => kind !== "tracked");
}

function worst(errors: readonly number[]): number {
  return Math.max(...errors.map(Math.abs));
}

describe("conditions that are tracked", () => {
  it.each([
    ["right", right, 1n],
    ["late", late, 2n],
    ["missing", missing, 3n],
    ["missing for a while", gap, 4n],
    ["late from a time on", goesLate, 5n],
  ])("follow a ramp without an alarm while slow control is %s", async (_, told, id) => {
    const { errors, decisions, pull } = await follow(ramp(id, told));
    expect(worst(errors)).toBeLessThan(0.003);
    expect(pull).toBeLessThan(2);
    expect(kinds(decisions)).toEqual(["referred"]);
  });

  it("stay within their bounds when they are found at one of them, and go on", async () => {
    const features = ramp(20n, missing, { [COMMON]: 0.79 }, 22 * PER_SECOND);
    const twin = new SyntheticTwin();
    const loop = new Adaptation(twin, OPTIONS);
    const decisions: Decision[] = [];
    for (let at = 0; at < features.count; at += 200) {
      decisions.push(...(await loop.add(slice(features, at, at + 200))));
      await twin.apply(loop.conditions);
    }
    const accepted = decisions.find(({ kind }) => kind === "accepted");
    expect(accepted?.after[COMMON]).toBe(0.8);
    expect(loop.events).toBe(EVENTS);
  });

  it("are known less well without slow control, and the coefficient then not at all", async () => {
    const [with_, without] = [await follow(ramp(6n, right)), await follow(ramp(6n, missing))];
    const [gain, coefficient] = with_.loop.tracked;
    const [alone, unknown] = without.loop.tracked;
    expect(alone?.response?.error).toBeGreaterThan(1.1 * (gain?.response?.error as number));
    expect(Math.abs((coefficient?.value as number) + 0.02)).toBeLessThan(3 * (coefficient?.error as number));
    expect(coefficient?.error).toBeLessThan(0.01);
    expect(unknown?.value).toBe(0);
    expect(unknown?.error).toBeGreaterThan(0.025);
  });

  it("are told when they have moved by what is worth it, no more often than they may, and each time from where they were", async () => {
    const { decisions } = await follow(ramp(7n, missing));
    const tracked = decisions.filter((decision) => decision.kind === "tracked");
    expect(tracked.length).toBeGreaterThan(2);
    let told = decisions[0]?.after;
    for (const { before, after, comparison } of tracked) {
      expect(before).toEqual(told);
      expect(Math.abs((after[COMMON] as number) - (before[COMMON] as number))).toBeGreaterThanOrEqual(0.003);
      expect(comparison.meanDifference).toBeGreaterThan(3 * comparison.error);
      told = after;
    }
    const times = tracked.map(({ timeNs }) => BigInt(timeNs));
    for (const [i, time] of times.entries())
      expect(i === 0 || time - (times[i - 1] as bigint) >= 4_000_000_000n).toBe(true);
  });

  it("do not swallow a step: it is noticed at once, explained, proven and then followed", async () => {
    const from = 15 * PER_SECOND;
    const { decisions, loop, errors } = await follow(ramp(8n, right, { [COMMON]: 0.97 }, from), 0.97, from);
    expect(kinds(decisions)).toEqual(["referred", "alarmed", "proposed", "accepted", "referred"]);
    const alarmed = decisions.find(({ kind }) => kind === "alarmed");
    expect(alarmed?.events).toBeLessThan(from + 256);
    const accepted = decisions.find((decision) => decision.kind === "accepted");
    expect(accepted?.attribution.best?.causes).toEqual(["common gain"]);
    expect(worst(errors.slice(-50))).toBeLessThan(0.003);
    expect(loop.tracked[0]?.value).toBeCloseTo(0.97, 2);
  });

  it("leave a step of something else to be found within a ramp, also without slow control", async () => {
    for (const [id, told] of [
      [9n, right],
      [10n, missing],
    ] as const) {
      const { decisions, errors } = await follow(ramp(id, told, { 3: 0.97 }, 15 * PER_SECOND));
      expect(kinds(decisions)).toEqual(["referred", "alarmed", "proposed", "accepted", "referred"]);
      const accepted = decisions.find((decision) => decision.kind === "accepted");
      expect(accepted?.attribution.best?.causes).toEqual(["gain of channel 3"]);
      expect(Math.abs((accepted?.after[3] as number) - 0.97)).toBeLessThan(0.01);
      expect(worst(errors.slice(-50))).toBeLessThan(0.003);
    }
  });

  it("are where the events are after a step that was refused", async () => {
    const from = 15 * PER_SECOND;
    const features = ramp(11n, right, { [COMMON]: 0.98 }, from);
    const loop = new Adaptation(new SyntheticTwin(), { ...OPTIONS, betterSigmas: 20, windowEvents: 300 });
    const decisions = await loop.add(features);
    expect(kinds(decisions)).toEqual(["referred", "alarmed", "proposed", "refused"]);
    expect(loop.tracked[0]?.value).toBeCloseTo(0.98, 2);
  });

  it("are only those that drift", () => {
    const twin = new SyntheticTwin();
    expect(() => new Adaptation(twin, { track: ["shape"] })).toThrow(/"common gain", "coefficient"/);
    expect(() => new Adaptation(twin, { track: ["unknown"] })).toThrow(
      expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }),
    );
    expect(new Adaptation(twin, { track: ["coefficient"] }).tracked).toEqual([]);
  });
});

describe("a loop that tracks", () => {
  it("refuses states of others, and stays as it was", async () => {
    const loop = new Adaptation(new SyntheticTwin(), OPTIONS);
    await loop.add(slice(ramp(13n, right), 0, 9000));
    const before = JSON.stringify(loop.state());
    const state = JSON.parse(before) as AdaptationState;
    const { tracker } = state;
    if (!tracker) throw new Error("it has no tracker");
    const wrong: readonly AdaptationState[] = [
      { ...state, tracker: null },
      { ...state, tracker: { ...tracker, filter: { mean: [1], covariance: [1] } } },
      { ...state, tracker: { ...tracker, block: { ...tracker.block, count: 3 } } },
    ];
    for (const each of wrong) {
      expect(() => loop.restore(each)).toThrow(expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }));
      expect(JSON.stringify(loop.state())).toBe(before);
    }
    const without = new Adaptation(new SyntheticTwin(), { ...OPTIONS, track: [] });
    expect(() => without.restore(state)).toThrow(expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }));
  });
});

describe("decisions while conditions are tracked", () => {
  const features = ramp(12n, gap, { 3: 0.97 }, 15 * PER_SECOND);

  it("are the same, bit for bit, in batches of any size, and when the loop is restored in between", async () => {
    const whole = new Adaptation(new SyntheticTwin(), OPTIONS);
    const expected = await whole.add(features);
    expect(kinds(expected)).toContain("accepted");
    const [loop, found]: [Adaptation, Decision[]] = [new Adaptation(new SyntheticTwin(), OPTIONS), []];
    for (let from = 0; from < features.count; from += 97) {
      found.push(...(await loop.add(slice(features, from, from + 97))));
    }
    expect(JSON.stringify(found)).toBe(JSON.stringify(expected));
    expect(JSON.stringify(loop.state())).toBe(JSON.stringify(whole.state()));

    const restored: Decision[] = [];
    let text: string | undefined;
    for (let from = 0; from < features.count; from += 1999) {
      const again = new Adaptation(new SyntheticTwin(), OPTIONS);
      if (text) again.restore(JSON.parse(text) as AdaptationState);
      restored.push(...(await again.add(slice(features, from, from + 1999))));
      text = JSON.stringify(again.state());
    }
    expect(JSON.stringify(restored)).toBe(JSON.stringify(expected));
    expect(text).toBe(JSON.stringify(whole.state()));
  });
});
