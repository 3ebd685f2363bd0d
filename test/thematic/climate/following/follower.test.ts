import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  encodeEvent,
  NdArray,
  RandomStream,
  rankFlatness,
  rankHistogram,
  type StreamEvent,
} from "../../../../core/index.ts";
import { MemoryStream } from "../../../../modules/memory/index.ts";
import { analysisRegression } from "../../../../thematic/climate/following/analysis-regression.ts";
import type { Analysis } from "../../../../thematic/climate/following/assimilate.ts";
import { parseEmulator } from "../../../../thematic/climate/following/document.ts";
import { ClimateEmulator } from "../../../../thematic/climate/following/emulator.ts";
import { type FollowOptions, follow } from "../../../../thematic/climate/following/follow.ts";
import { Follower } from "../../../../thematic/climate/following/follower.ts";
import { observeField } from "../../../../thematic/climate/following/observe-field.ts";
import { departuresOf } from "../../../../thematic/climate/following/reference-forecasts.ts";
import { stationNetwork } from "../../../../thematic/climate/following/stations.ts";
import { twinExperiment } from "../../../../thematic/climate/following/twin-experiment.ts";
import { type Sample, sample, stationsAt } from "./shared.ts";

let made: Sample;
let events: readonly StreamEvent[];
let folder: string;

beforeAll(async () => {
  made = await sample();
  const { field, network, test } = made;
  events = [...observeField(field, { network, years: test.slice(0, 1), seed: 3n })].slice(0, 40);
  folder = await mkdtemp(join(tmpdir(), "twinloom-follow-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

const options = { seed: 11n, members: 40 };

function follower(change: object = {}): Follower {
  return new Follower(made.emulator, made.network, { ...options, ...change });
}

function followAll(by: Follower, given: readonly StreamEvent[]): readonly Analysis[] {
  return [...given.flatMap((event) => by.take(event).analyses), ...by.finish()];
}

function withValues(
  event: StreamEvent,
  change: (values: Float64Array) => Float64Array,
  sequence = event.sequence,
): StreamEvent {
  const values = change((event.tensors["values"] as NdArray).toFloat64().slice());
  const tensor = new NdArray(values, { dtype: "float64", shape: [values.length], dims: ["station"] });
  return { ...event, sequence, tensors: { values: tensor } };
}

describe("an emulator", () => {
  it("is plain JSON: read again it has the same digest, and what is none is refused", () => {
    const again = parseEmulator(JSON.parse(JSON.stringify(made.emulator.document)));
    expect(new ClimateEmulator(again).digest).toBe(made.emulator.digest);
    expect(() => parseEmulator({ ...again, patterns: again.patterns.slice(1) })).toThrow("do not fit together");
    expect(() => parseEmulator({})).toThrow("no emulator");
  });

  it("has the variance of the data at each place: what modes, residual and yearly cycle say together", () => {
    const { emulator, field } = made;
    const { coupled, covariance } = emulator.document.dynamics;
    const years = new Set(emulator.document.data.years);
    for (let p = 0; p < emulator.places; p++) {
      let [said, found, count] = [(emulator.residual[p] as number) ** 2, 0, 0];
      for (let k = 0; k < emulator.modes; k++) {
        for (let l = 0; l < emulator.modes; l++) {
          const both =
            k < coupled && l < coupled
              ? (covariance[k * coupled + l] as number)
              : k === l
                ? (emulator.deviations[k] as number) ** 2
                : 0;
          said +=
            (emulator.synthesis[k * emulator.places + p] as number) *
            both *
            (emulator.synthesis[l * emulator.places + p] as number);
        }
      }
      field.steps.forEach((step, i) => {
        if (!years.has(field.axis.year[i] as number)) return;
        const { mean, spread } = emulator.cycle(step);
        found +=
          (((field.values[i * emulator.places + p] as number) - (mean[p] as number)) / (spread[p] as number)) ** 2;
        count++;
      });
      // The stationary covariance is that of the data but for pairs at the ends, and for what was clipped.
      expect(Math.abs(said / (found / count) - 1)).toBeLessThan(0.02);
    }
  });
});

describe("a follower", () => {
  it("with nothing to assimilate is the free forecast, bit for bit", () => {
    const observed = follower();
    for (const event of events.slice(0, 5)) observed.take(event);
    const nothing = withValues(events[5] as StreamEvent, (values) => values.fill(Number.NaN));
    observed.take(nothing);
    const before = observed.forecast(1).mean;
    const [analysis] = observed.finish();
    expect(analysis?.mean).toEqual(analysis?.forecast.mean);
    expect(analysis?.spread).toEqual(analysis?.forecast.spread);
    expect(analysis?.used).toBe(0);
    expect(analysis?.missing).toBe(10);
    // And its expectation is that of the emulator: the ensemble's mean but for its noise, five standard errors of 40 members.
    analysis?.mean.forEach((mean, p) => {
      expect(Math.abs(mean - (before[p] as number))).toBeLessThan((5 * (analysis.spread[p] as number)) / Math.sqrt(40));
    });
  });

  it("has the free climate as its first forecast, and less spread when it has seen some days", () => {
    const analyses = followAll(follower({ members: 400 }), events.slice(0, 10));
    const [first, last] = [analyses[0] as Analysis, analyses.at(-1) as Analysis];
    const { mean, spread } = made.emulator.cycle(first.step);
    first.forecast.mean.forEach((value, p) => {
      expect(Math.abs(value - (mean[p] as number))).toBeLessThan((5 * (spread[p] as number)) / 20);
      expect(Math.abs((first.forecast.spread[p] as number) / (spread[p] as number) - 1)).toBeLessThan(0.25);
    });
    for (const place of made.network.places) expect(last.spread[place]).toBeLessThan(0.5 * (spread[place] as number));
  });

  it("does not use gross errors, and counts them", () => {
    const wrong = events.map((event, i) => (i === 20 ? withValues(event, (values) => values.with(3, 5000)) : event));
    const without = events.map((event, i) =>
      i === 20 ? withValues(event, (values) => values.with(3, Number.NaN)) : event,
    );
    const [by, other] = [follower(), follower()];
    const [found, expected] = [followAll(by, wrong), followAll(other, without)];
    expect(found.map(({ mean }) => mean)).toEqual(expected.map(({ mean }) => mean));
    expect(by.counts.rejected - other.counts.rejected).toBe(1);
    expect(found[20]?.rejected).toEqual(["station 6"]);
    expect(followAll(follower({ grossErrors: 1000 * 1000 }), wrong)[20]?.rejected).toEqual([]);
  });

  it("takes repeated events once, leaves out late ones, and waits for them where it is told to", () => {
    const expected = followAll(follower(), events).map(({ mean }) => mean);
    const repeated = follower();
    expect(
      followAll(
        repeated,
        events.flatMap((event) => [event, event]),
      ).map(({ mean }) => mean),
    ).toEqual(expected);
    expect(repeated.counts.repeated).toBe(40);
    const swapped = [...events];
    [swapped[10], swapped[11]] = [swapped[11] as StreamEvent, swapped[10] as StreamEvent];
    const patient = follower({ allowedLateSteps: 1 });
    expect(followAll(patient, swapped).map(({ mean }) => mean)).toEqual(expected);
    expect(patient.counts.late).toBe(0);
    const hasty = follower();
    const found = followAll(hasty, [
      ...events.slice(0, 20),
      { ...(events[5] as StreamEvent), sequence: 900n },
      ...events.slice(20),
    ]);
    expect(hasty.counts.late).toBe(1);
    expect(found.map(({ mean }) => mean)).toEqual(expected);
  });

  it("refuses a time far ahead, which would make all others late, and values that are none", () => {
    const by = follower();
    by.take(events[0] as StreamEvent);
    const ahead = { ...(events[1] as StreamEvent), timeNs: (events[1] as StreamEvent).timeNs * 2n };
    expect(by.take(ahead)).toMatchObject({ taken: "invalid", why: expect.stringContaining("ahead of the newest") });
    expect(by.take(withValues(events[1] as StreamEvent, () => Float64Array.of(1)))).toMatchObject({ taken: "invalid" });
    expect(by.take(events[1] as StreamEvent).taken).toBe("taken");
  });

  it.each([-1, 0, 1.5, 5000])("does not forecast %d steps", (leads) => {
    const by = follower();
    followAll(by, events.slice(0, 2));
    expect(() => by.forecast(leads)).toThrow(`Forecasts are for 1 to 4096 steps; got ${leads}.`);
  });

  it("goes on from its state, through JSON, with the same numbers, and from no other", () => {
    const whole = followAll(follower(), events);
    const first = follower();
    const before = events.slice(0, 17).flatMap((event) => first.take(event).analyses);
    const state = JSON.parse(JSON.stringify(first.toJSON())) as unknown;
    const second = Follower.restore(made.emulator, made.network, { ...options, state });
    expect([...before, ...followAll(second, events.slice(15))]).toEqual(whole);
    const restoreWith = (change: object) => () =>
      Follower.restore(made.emulator, made.network, { ...options, state, ...change });
    for (const change of [
      { seed: 12n },
      { members: 41 },
      { inflation: 1.1 },
      { shift: { offsets: [0.1], spread: 1 } },
    ]) {
      expect(restoreWith(change)).toThrow("other options");
    }
    expect(restoreWith({ state: {} })).toThrow("no state of a follower");
  });

  it("follows a climate that has shifted, where it is told so", () => {
    // The mean of the truth moves by two standard deviations of mode 0.
    const shift = { offsets: [2], spread: 1 };
    const { emulator } = made;
    const moved = events.map((event) => {
      const { spread } = emulator.cycle(emulator.stepOf(event.timeNs));
      const offset = emulator.offsetOf(shift);
      return withValues(event, (values) =>
        values.map((value, s) => {
          const place = made.network.places[s] as number;
          return value + (spread[place] as number) * (offset[place] as number);
        }),
      );
    });
    const [plain, shifted] = [followAll(follower(), events), followAll(follower({ shift }), moved)];
    plain.forEach(({ step, mean }, i) => {
      const { spread } = emulator.cycle(step);
      const offset = emulator.offsetOf(shift);
      mean.forEach((value, p) => {
        expect(shifted[i]?.mean[p]).toBeCloseTo(value + (spread[p] as number) * (offset[p] as number), 8);
      });
    });
  });
});

describe("in the perfect-model case", () => {
  it("is calibrated: ranks are flat, and the spread is as large as errors", () => {
    const { emulator } = made;
    const network = stationNetwork(emulator, stationsAt(made.field, [0, 7, 13, 19], 1));
    const by = new Follower(emulator, network, { seed: 5n, members: 79 });
    const [days, every, p] = [1500, 6, 9];
    const noise = new RandomStream({ seed: 99n, id: 0n });
    // The truth is a trajectory of the emulator, with a noise of its own.
    let truth = emulator.propagateAll(new Float64Array(emulator.modes), Number.POSITIVE_INFINITY, {
      seed: 77n,
      purpose: 1,
      key: 0,
    });
    const members: number[] = [];
    const truths: number[] = [];
    let [errors, variances] = [0, 0];
    for (let day = 0; day < days; day++) {
      const step = 12_000 + day;
      truth = emulator.propagateAll(truth, 1, { seed: 77n, purpose: 1, key: day + 1 });
      const departure = emulator.departure(truth);
      const field = emulator.field(
        departure.map((value, q) => value + (emulator.residual[q] as number) * noise.normal()),
        step,
        { offsets: [], spread: 1 },
      );
      const values = Float64Array.from(network.places, (place) => (field[place] as number) + noise.normal());
      by.take(eventOf(step, BigInt(day), values));
      if (by.step === undefined || day < 30 || day % every !== 0) continue;
      const forecast = by.forecast(1);
      // What is analysed is the day before; the forecast is for today.
      const drawn = forecast.members.subarray(p * 79, (p + 1) * 79);
      members.push(...drawn);
      truths.push(field[p] as number);
      const mean = forecast.mean[p] as number;
      errors += ((field[p] as number) - mean) ** 2;
      variances += drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 79;
    }
    const { counts, cases } = rankHistogram(members, truths, { seed: 1n });
    const eight = new Float64Array(8);
    counts.forEach((count, rank) => {
      eight[Math.floor(rank / 10)] = (eight[Math.floor(rank / 10)] as number) + count;
    });
    expect(cases).toBeGreaterThan(200);
    expect(rankFlatness({ counts: eight, cases }).pValue).toBeGreaterThan(0.01);
    // The ratio of two mean squares of 245 cases has a standard error of 9 %.
    expect(Math.abs(variances / errors - 1)).toBeLessThan(0.27);
    expect(by.counts.rejected).toBeLessThan(3);
  });
});

function eventOf(step: number, sequence: bigint, values: Float64Array): StreamEvent {
  return {
    ...{
      source: "stations",
      sequence,
      id: sequence,
      run: "",
      conditions: {},
      timeNs: BigInt(step) * 86_400_000_000_000n,
    },
    tensors: { values: new NdArray(values, { dtype: "float64", shape: [values.length], dims: ["station"] }) },
  };
}

describe("a twin experiment", () => {
  it("beats persistence and climatology of a made-up climate in years that it was not fitted to", async () => {
    const { field, emulator, network, test } = made;
    const { leads, forecasts, blocks } = await twinExperiment(field, {
      ...{ emulator, network, years: test, leads: 3, every: 4, members: 40, seed: 1n, resamplings: 300 },
    });
    expect(forecasts).toBeGreaterThan(200);
    expect(blocks).toBe(12);
    for (const lead of leads) {
      // Of 95 %, from seasons; persistence knows the whole field.
      expect(lead.rmseSkill["persistence of the analysis"].low).toBeGreaterThan(0);
      expect(lead.crpsSkill.persistence.low).toBeGreaterThan(0);
      expect(Math.abs(lead.spreadOverError - 1)).toBeLessThan(0.15);
    }
    expect(leads[1]?.rmseSkill.persistence.low).toBeGreaterThan(0);
    expect(leads[0]?.rmseSkill.climatology.low).toBeGreaterThan(0);
    expect(leads[1]?.rmseSkill.climatology.low).toBeGreaterThan(0);
    expect(leads[0]?.anomalyCorrelation.value).toBeGreaterThan(0.5);
  });
});

describe("analysisRegression", () => {
  const years = (): readonly number[] => made.emulator.document.data.years.slice(0, 3);

  it("is the regression of the field on itself a step before, where it is measured everywhere without errors", () => {
    const { field, emulator } = made;
    const everywhere = stationNetwork(emulator, stationsAt(field, [...field.places.keys()], 1e-3));
    // The residual that modes leave is an error as well: next to nothing here.
    const found = analysisRegression(field, { ...options, emulator, network: everywhere, years: years(), leads: 2 });
    const departures = departuresOf(field, emulator);
    const { places } = emulator;
    for (let p = 0; p < places; p++) {
      let [product, square] = [0, 0];
      field.steps.forEach((_, i) => {
        if (i < 30 || !years().includes(field.axis.year[i + 1] as number)) return;
        const now = departures[i * places + p] as number;
        product += now * (departures[(i + 1) * places + p] as number);
        square += now * now;
      });
      expect(Math.abs((found[p] as number) - product / square)).toBeLessThan(0.03);
    }
  });

  it("is what a twin experiment compares with, where it is given", async () => {
    const { field, emulator, network, test } = made;
    const given = { ...options, emulator, leads: 2 };
    const analysisDamping = analysisRegression(field, { ...given, network, years: years() });
    const experiment = { ...given, network, years: test.slice(0, 1), every: 6, resamplings: 2 };
    const [plain, fitted] = [
      await twinExperiment(field, experiment),
      await twinExperiment(field, { ...experiment, analysisDamping }),
    ];
    const name = "damped persistence of the analysis";
    expect(fitted.leads[0]?.rmse).toEqual(plain.leads[0]?.rmse);
    expect(fitted.leads[0]?.referenceRmse[name]).not.toBe(plain.leads[0]?.referenceRmse[name]);
    await expect(twinExperiment(field, { ...experiment, leads: 3, analysisDamping })).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
    });
  });
});

describe("follow", () => {
  async function run(name: string, given: readonly StreamEvent[], change: Partial<FollowOptions> = {}) {
    const stream = new MemoryStream({ name, roomBytes: 1e6, keepBytes: 1e6 });
    for (const event of given) await stream.publish(encodeEvent(event));
    await stream.publish(new TextEncoder().encode("{no event"));
    const stop = new AbortController();
    const found: Analysis[] = [];
    const invalid: string[] = [];
    // The last event completes the step before it.
    const last = made.emulator.stepOf((given.at(-2) as StreamEvent).timeNs);
    const subscription = await stream.subscribe({ name: "twin", from: "beginning", signal: stop.signal });
    const following = follow(subscription, {
      ...{ ...options, emulator: made.emulator, stations: made.network.stations, folder: join(folder, name), leads: 2 },
      onAnalysis: (analysis, forecast) => {
        expect(forecast?.mean).toHaveLength(2 * made.emulator.places);
        found.push(analysis);
        if (analysis.step === last) setTimeout(() => stop.abort(new Error("enough")), 20);
      },
      onInvalid: (why) => invalid.push(why),
      ...change,
    });
    const outcome = await following.catch((error: unknown) => error);
    return { found, invalid, outcome };
  }

  it("analyses what comes by a stream as a follower does, and counts what is no event", async () => {
    const { found, invalid, outcome } = await run("whole", events);
    expect(found).toEqual(followAll(follower(), events).slice(0, -1));
    expect(invalid).toHaveLength(1);
    expect(outcome).toMatchObject({ message: "enough" });
    const state = JSON.parse(await readFile(join(folder, "whole", "follower.json"), "utf8")) as { counts: object };
    expect(state.counts).toMatchObject({ analyses: 39 });
  });

  it("hears its signal while nothing comes, and then lets the stream and the folder go", async () => {
    const stream = new MemoryStream({ name: "quiet", roomBytes: 1e6, keepBytes: 1e6 });
    const stop = new AbortController();
    const how = { ...options, emulator: made.emulator, stations: made.network.stations, folder: join(folder, "quiet") };
    const following = follow(await stream.subscribe({ name: "twin" }), {
      ...{ ...how, onAnalysis: () => undefined, signal: stop.signal },
    });
    setTimeout(() => stop.abort(new Error("enough")), 50);
    await expect(following).rejects.toThrow("enough");
    const again = new AbortController();
    const next = follow(await stream.subscribe({ name: "twin", signal: again.signal }), {
      ...{ ...how, onAnalysis: () => undefined },
    });
    setTimeout(() => again.abort(new Error("again")), 50);
    await expect(next).rejects.toThrow("again");
  });

  it("goes on where the window of its subscription is full before a step is", async () => {
    const stream = new MemoryStream({ name: "narrow", roomBytes: 1e6, keepBytes: 1e6 });
    const [first, second] = events as [StreamEvent, StreamEvent];
    const same = Array.from({ length: 4 }, (_, i) => withValues(first, (values) => values, BigInt(i)));
    for (const event of [...same, { ...second, sequence: 9n }]) await stream.publish(encodeEvent(event));
    const stop = new AbortController();
    const subscription = await stream.subscribe({ name: "twin", from: "beginning", window: 3, signal: stop.signal });
    const following = follow(subscription, {
      ...{ ...options, emulator: made.emulator, stations: made.network.stations, folder: join(folder, "narrow") },
      onAnalysis: () => stop.abort(new Error("analysed")),
    });
    const late = setTimeout(() => stop.abort(new Error("stuck")), 10_000);
    await expect(following).rejects.toThrow("analysed");
    clearTimeout(late);
  });

  it("goes on after a crash with the same numbers: what was told and not written down is told again", async () => {
    const crash = async (analysis: Analysis): Promise<void> => {
      if (analysis.step === made.emulator.stepOf((events[12] as StreamEvent).timeNs)) throw new Error("killed");
    };
    const first = await run("crashed", events.slice(0, 20), { onAnalysis: crash });
    expect(first.outcome).toMatchObject({ message: "killed" });
    const again = await run("crashed", events);
    expect(again.found).toEqual(followAll(follower(), events).slice(12, -1));
    const other = await run("crashed", events, { seed: 1n });
    expect(other.outcome).toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
  });
});
