import { describe, expect, it } from "vitest";
import { type Features, RandomStream } from "../../../../core/index.ts";
import {
  Adaptation,
  type AdaptationOptions,
  type AdaptationState,
  type Decision,
} from "../../../../modules/adaptation/index.ts";
import { poissonInterval } from "../poisson.ts";
import {
  COLUMNS,
  COMMON,
  concatenated,
  conditionsWith,
  heavyTails,
  PER_KELVIN,
  SHAPE,
  type Simulation,
  SyntheticTwin,
  simulate,
} from "./synthetic-twin.ts";

const IS_LONG = process.env["TWINLOOM_LONG"] === "1";
const OPTIONS: AdaptationOptions = { referenceEvents: 8000, windowEvents: 1500, acceptIntervalS: 0 };
const still = conditionsWith({});

type Part = readonly [changes: Readonly<Record<number, number>>, count: number, more?: Partial<Simulation>];

/** One part after the other, 2,000 events per second. */
function history(id: bigint, parts: readonly Part[]): Features {
  const random = new RandomStream({ seed: 20_261_122n, id });
  const stepNs = 500_000n;
  let startNs = 1_700_000_000_000_000_000n;
  return concatenated(
    parts.map(([changes, count, more]) => {
      const part = simulate({ random, conditions: conditionsWith(changes), count, startNs, stepNs, ...more });
      startNs += BigInt(count) * stepNs;
      return part;
    }),
  );
}

function slice({ values, timesNs }: Features, from: number, to: number): Features {
  const [rows, times] = [values.slice(from * COLUMNS, to * COLUMNS), timesNs.slice(from, to)];
  return { count: times.length, values: rows, timesNs: times };
}

function decide(features: Features, options: AdaptationOptions = {}): Promise<readonly Decision[]> {
  return new Adaptation(new SyntheticTwin(), { ...OPTIONS, ...options }).add(features);
}

function kinds(decisions: readonly Decision[]): readonly string[] {
  return decisions.map((decision) => (decision.kind === "refused" ? `refused: ${decision.reason}` : decision.kind));
}

function only<K extends Decision["kind"]>(decisions: readonly Decision[], kind: K): Extract<Decision, { kind: K }> {
  const [found, another] = decisions.filter((decision) => decision.kind === kind);
  if (!found || another) throw new Error(`not one decision ${kind}: ${kinds(decisions)}`);
  return found as Extract<Decision, { kind: K }>;
}

const ADAPTED = ["referred", "alarmed", "proposed", "accepted", "referred"];

describe("the loop of adaptation", () => {
  it.each<readonly [string, Readonly<Record<number, number>>, readonly string[]]>([
    ["a step of a gain", { 3: 0.97 }, ["gain of channel 3"]],
    ["steps of two gains", { 3: 0.97, 8: 1.02 }, ["gain of channel 3", "gain of channel 8"]],
    ["a step of the common gain", { [COMMON]: 1.02 }, ["common gain"]],
    ["a step of the coefficient", { [PER_KELVIN]: -0.01 }, ["coefficient"]],
    ["a step of the shape", { [SHAPE]: 0.2 }, ["shape"]],
  ])("follows %s and is quiet from then on", async (_, changes, causes) => {
    const decisions = await decide(
      history(1n, [
        [{}, 10_000],
        [changes, 25_000],
      ]),
    );
    expect(kinds(decisions)).toEqual(ADAPTED);
    const { alarm } = only(decisions, "alarmed");
    expect(alarm.at).toBeGreaterThan(10_000);
    expect(alarm.at).toBeLessThan(11_500);
    expect(Math.abs(alarm.changedAt - 10_000)).toBeLessThan(300);
    const { before, after, attribution, comparison, events } = only(decisions, "accepted");
    // Windows A and B after the event that raised the alarm.
    expect(events).toBe(alarm.at + 1 + 2 * attribution.events);
    expect(attribution.best?.causes.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(causes);
    expect(comparison.verdict).toBe("better");
    expect(before).toEqual(Array.from(still));
    const errors = new Map(attribution.best?.moved.map(({ index, error }) => [index, error ?? 0]));
    conditionsWith(changes).forEach((truth, index) => {
      expect(Math.abs((after[index] as number) - truth)).toBeLessThanOrEqual(4 * (errors.get(index) ?? 0));
    });
  });

  it("follows what has heavy tails", async () => {
    const more = { spread: heavyTails };
    const decisions = await decide(
      history(2n, [
        [{}, 10_000, more],
        [{ 5: 1.03 }, 25_000, more],
      ]),
    );
    expect(kinds(decisions)).toEqual(ADAPTED);
    expect(only(decisions, "accepted").attribution.best?.causes).toEqual(["gain of channel 5"]);
  });

  it("follows one change after the other, each from the conditions that it left", async () => {
    const parts: Part[] = [
      [{}, 10_000],
      [{ 3: 0.97 }, 20_000],
      [{ 3: 0.97, [SHAPE]: 0.1 }, 20_000],
    ];
    const decisions = await decide(history(3n, parts));
    expect(kinds(decisions)).toEqual([...ADAPTED, ...ADAPTED.slice(1)]);
    const last = decisions.at(-1)?.after ?? [];
    expect(Math.abs((last[3] as number) - 0.97)).toBeLessThan(0.008);
    expect(Math.abs((last[SHAPE] as number) - 0.1)).toBeLessThan(0.01);
  });

  it("takes back what was right when the change reverts, and is quiet from then on", async () => {
    const decisions = await decide(
      history(4n, [
        [{}, 10_000],
        [{ 3: 0.97 }, 6000],
        [{}, 25_000],
      ]),
    );
    expect(kinds(decisions)).toEqual(["referred", "alarmed", "proposed", "accepted", "rolled-back"]);
    expect(decisions.at(-1)?.after).toEqual(Array.from(still));
    expect(only(decisions, "rolled-back").comparison.verdict).toBe("better");
  });

  it("takes back what was wrong, though it was accepted", async () => {
    const twin = new SyntheticTwin();
    const features = history(5n, [
      [{}, 10_000],
      [{ 3: 0.97 }, 15_000],
    ]);
    const before = new Adaptation(twin, OPTIONS);
    const decisions = await before.add(slice(features, 0, 14_000));
    expect(before.phase).toBe("settling");
    const { after } = only(decisions, "accepted");
    const state = JSON.parse(JSON.stringify(before.state())) as AdaptationState;
    const wrong = after.with(7, 1.06);
    const loop = new Adaptation(twin, OPTIONS);
    if (!state.standing) throw new Error("it has no reference");
    loop.restore({ ...state, standing: { ...state.standing, conditions: wrong } });
    expect(Array.from(loop.conditions)).toEqual(wrong);
    const [first] = await loop.add(slice(features, 14_000, 25_000));
    expect(first).toMatchObject({ kind: "rolled-back", before: wrong, after: Array.from(still) });
  });

  it("asks for retraining once, and then watches what there is now", async () => {
    const more = { correlation: 0.3 };
    const decisions = await decide(
      history(6n, [
        [{}, 10_000],
        [{}, 25_000, more],
        [{ 4: 0.97 }, 20_000, more],
      ]),
    );
    expect(kinds(decisions)).toEqual(["referred", "alarmed", "retraining-requested", ...ADAPTED]);
    expect(only(decisions, "retraining-requested").after).toEqual(Array.from(still));
    expect(only(decisions, "accepted").attribution.best?.causes).toEqual(["gain of channel 4"]);
  });

  it("dismisses an alarm that a passing disturbance raised", async () => {
    const decisions = await decide(
      history(7n, [
        [{}, 10_000],
        [{ 3: 0.8 }, 60],
        [{}, 10_000],
      ]),
    );
    expect(kinds(decisions)).toEqual(["referred", "alarmed", "dismissed"]);
  });

  it("refuses what is not worth a version", async () => {
    const twin = new SyntheticTwin();
    const conditions = twin.conditions.map((condition) => ({ ...condition, worth: 0.05 }));
    const coarse = Object.defineProperty(twin, "conditions", { value: conditions });
    const decisions = await new Adaptation(coarse, OPTIONS).add(
      history(8n, [
        [{}, 10_000],
        [{ 3: 0.97 }, 4000],
      ]),
    );
    expect(kinds(decisions).slice(0, 3)).toEqual(["referred", "alarmed", "refused: not-worth"]);
  });

  it("refuses what does not prove itself, and holds it off for a while", async () => {
    // It has gone when window B begins, and comes back each time.
    const parts: Part[] = [
      [{}, 10_000],
      [{ 3: 0.97 }, 2000],
      [{}, 2000],
      [{ 3: 0.97 }, 3000],
      [{}, 3000],
    ];
    const decisions = await decide(history(9n, [...parts, [{ 3: 0.97 }, 3000]]));
    expect(kinds(decisions).slice(0, 6)).toEqual([
      "referred",
      "alarmed",
      "proposed",
      "refused: not-better",
      "alarmed",
      "refused: held-off",
    ]);
    expect(decisions.every(({ after }) => after.every((value, i) => value === still[i]))).toBe(true);
    const again = await decide(history(9n, parts), { holdOffEvents: 0 });
    expect(kinds(again)).not.toContain("refused: held-off");
  });

  it("accepts no more often than it may, by the time of events", async () => {
    const features = history(10n, [
      [{}, 10_000],
      [{ 3: 0.97 }, 15_000],
      [{ 3: 0.97, 9: 1.03 }, 10_000],
    ]);
    // The second change comes 7.5 s after the first.
    const decisions = await decide(features, { acceptIntervalS: 30 });
    expect(kinds(decisions).slice(0, 8)).toEqual([...ADAPTED, "alarmed", "proposed", "refused: too-soon"]);
    expect(kinds(await decide(features, { acceptIntervalS: 3 }))).toEqual([...ADAPTED, ...ADAPTED.slice(1)]);
  });

  it("tells which conditions events say nothing of, and does not watch them", async () => {
    const decisions = await decide(history(11n, [[{}, 10_000, { temperature: () => Number.NaN }]]));
    expect(only(decisions, "referred").blind).toEqual(["coefficient"]);
  });
});

describe("decisions", () => {
  const features = history(20n, [
    [{}, 9000],
    [{ 3: 0.97 }, 6000],
    [{}, 8000],
    [{ [SHAPE]: 0.2 }, 12_000],
  ]);

  it("are the same, bit for bit, in batches of any size", async () => {
    const whole = await decide(features);
    expect(kinds(whole)).toContain("rolled-back");
    expect(kinds(whole)).toContain("accepted");
    for (const size of [7, 1000, 4099]) {
      const loop = new Adaptation(new SyntheticTwin(), OPTIONS);
      const decisions: Decision[] = [];
      for (let from = 0; from < features.count; from += size) {
        decisions.push(...(await loop.add(slice(features, from, from + size))));
      }
      expect(JSON.stringify(decisions)).toBe(JSON.stringify(whole));
      expect(loop.events).toBe(features.count);
    }
  });

  it("are the same, bit for bit, when the loop is restored at each thousandth event", async () => {
    const whole = await decide(features);
    let text: string | undefined;
    const [decisions, phases]: [Decision[], Set<string>] = [[], new Set()];
    for (let from = 0; from < features.count; from += 1000) {
      const loop = new Adaptation(new SyntheticTwin(), OPTIONS);
      if (text) loop.restore(JSON.parse(text) as AdaptationState);
      decisions.push(...(await loop.add(slice(features, from, from + 1000))));
      phases.add(loop.phase);
      text = JSON.stringify(loop.state());
    }
    expect(JSON.stringify(decisions)).toBe(JSON.stringify(whole));
    expect(phases).toEqual(new Set(["referring", "watching", "estimating", "proving", "settling"]));
  });
});

describe("false alarms", () => {
  it("are no more frequent than stated", async () => {
    const [runs, events] = IS_LONG ? [20, 1_000_000] : [4, 40_000];
    const averageRunLength = IS_LONG ? 1e6 : 20_000;
    let alarms = 0;
    for (let run = 0; run < runs; run++) {
      const random = new RandomStream({ seed: 20_261_122n, id: 100n + BigInt(run) });
      const loop = new Adaptation(new SyntheticTwin(), { averageRunLength });
      for (let from = 0; from < events + 20_000; from += 20_000) {
        const decisions = await loop.add(simulate({ random, conditions: still, count: 20_000 }));
        alarms += decisions.filter(({ kind }) => kind === "alarmed").length;
        expect(kinds(decisions).filter((kind) => /accepted|retraining/.test(kind))).toEqual([]);
      }
    }
    const [, most] = poissonInterval((runs * events) / averageRunLength);
    expect(alarms).toBeLessThanOrEqual(most);
  }, 3_600_000);
});

describe("a loop", () => {
  it("takes one batch at a time", async () => {
    const loop = new Adaptation(new SyntheticTwin(), OPTIONS);
    const features = history(30n, [[{}, 9000]]);
    const first = loop.add(features);
    await expect(loop.add(features)).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
    expect(kinds(await first)).toEqual(["referred"]);
  });

  it("makes no reference for a signal that is aborted, and one afterwards", async () => {
    const loop = new Adaptation(new SyntheticTwin(), OPTIONS);
    const features = history(31n, [[{}, 9000]]);
    const reason = new Error("called off");
    await expect(loop.add(features, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(kinds(await loop.add(slice(features, 0, 1)))).toEqual(["referred"]);
  });

  it("names all options that are not allowed", () => {
    const options = { windowEvents: 5, shifts: [] as number[], averageRunLenght: 1 } as AdaptationOptions;
    expect(() => new Adaptation(new SyntheticTwin(), options)).toThrow(
      /averageRunLenght.*shifts.*windowEvents|windowEvents/s,
    );
    expect(() => new Adaptation(new SyntheticTwin(), { windowEvents: 500, maxWindowEvents: 400 })).toThrow(
      expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }),
    );
  });

  it("refuses states of others, and stays as it was", async () => {
    const loop = new Adaptation(new SyntheticTwin(), OPTIONS);
    await loop.add(history(32n, [[{}, 9000]]));
    const before = JSON.stringify(loop.state());
    const state = JSON.parse(before) as AdaptationState;
    const wrong: readonly unknown[] = [
      { ...state, schemaVersion: 2 },
      { ...state, phase: { name: "proving" } },
      { ...state, standing: { ...state.standing, conditions: [1] } },
      { ...state, standing: { ...state.standing, expectation: {} } },
      { ...state, watch: { ...state.watch, up: [0] } },
    ];
    for (const each of wrong) {
      expect(() => loop.restore(each as AdaptationState)).toThrow(
        expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }),
      );
    }
    expect(JSON.stringify(loop.state())).toBe(before);
  });
});
