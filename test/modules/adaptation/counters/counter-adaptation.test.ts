import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Features } from "../../../../core/index.ts";
import { CounterAdaptation, type CounterDecision } from "../../../../modules/adaptation/index.ts";
import { adaptationSettings } from "../../../../modules/adaptation/loop/options.ts";
import { poissonInterval } from "../poisson.ts";
import { SETTINGS, type ToyConditions, ToyEvents, toyCounters } from "./toy-counters.ts";

const COUNTERS = toyCounters(8);
const CONDITIONS = Float64Array.of(1);

function run(parts: readonly (readonly [number, ToyConditions])[], seed = 7n): readonly CounterDecision[] {
  const [loop, events] = [new CounterAdaptation(COUNTERS, SETTINGS), new ToyEvents(COUNTERS, seed)];
  return parts.flatMap(([count, conditions]) => loop.add(events.make(count, conditions), CONDITIONS));
}

const kinds = (decisions: readonly CounterDecision[]): readonly string[] => decisions.map(({ kind }) => kind);

describe("CounterAdaptation", () => {
  it("finds exactly the counters that fell silent or became noisy", () => {
    const noisy = new Map([[90, 0.05]]);
    const decisions = run([
      [20_000, {}],
      [20_000, { silent: [3, 40], noisy }],
    ]);
    expect(decisions[0]?.kind).toBe("counters-referred");
    expect(kinds(decisions)).not.toContain("counters-dismissed");
    const accepted = decisions.filter((decision) => decision.kind === "counters-accepted");
    const { faultsAfter } = accepted.at(-1) ?? expect.fail("nothing was accepted");
    expect(faultsAfter.silent).toEqual([3, 40]);
    expect(faultsAfter.noisy).toEqual([{ counter: 90, rate: expect.closeTo(0.05, 2) }]);
    const delays = decisions.flatMap((one) =>
      one.kind === "counters-alarmed" ? one.findings.map(({ counter, at }) => [counter, at - 20_000]) : [],
    );
    // Those that count in nearly each event at once, the noise of 1 event in 20 after some 50 of it.
    const most = new Map([
      [3, 512],
      [40, 512],
      [90, 2000],
    ]);
    expect(delays.map(([counter]) => counter)).toEqual([3, 40, 90]);
    for (const [counter = -1, delay] of delays) expect(delay).toBeLessThanOrEqual(most.get(counter) ?? 0);
    for (const { findings } of accepted) {
      for (const { changedAt } of findings) expect(Math.abs(changedAt - 20_000)).toBeLessThan(600);
    }
  });

  it("says which counters count too seldom, or too often, to be told", () => {
    const [referred] = run([[10_000, {}]]);
    if (referred?.kind !== "counters-referred") return expect.fail("there is no reference");
    // Those of the first two groups count in more than 65 % of the events: noise in all of them would not make much of it.
    expect(referred.blindToNoise).toEqual(Array.from({ length: 32 }, (_, i) => i));
    // The last group counts in one event of 200.
    expect(referred.blindToSilence).toEqual([]);
    const rare = new CounterAdaptation(toyCounters(14), SETTINGS);
    const [decision] = rare.add(new ToyEvents(toyCounters(14), 3n).make(10_000), CONDITIONS);
    const blind = decision?.kind === "counters-referred" ? decision.blindToSilence : [];
    // Group 9 has 8 counts in the reference, on average; group 12 has 0.5.
    expect(Math.min(...blind)).toBeGreaterThanOrEqual(9 * 16);
    expect(blind).toEqual(expect.arrayContaining(Array.from({ length: 32 }, (_, i) => 12 * 16 + i)));
  });

  it("takes a counter back that counts again, or is quiet again", () => {
    const decisions = run([
      [12_000, {}],
      [6000, { silent: [20], noisy: new Map([[70, 0.2]]) }],
      [10_000, {}],
    ]);
    const accepted = decisions.filter((decision) => decision.kind === "counters-accepted");
    const found = accepted.flatMap(({ findings }) =>
      findings.map(({ counter, from, to }) => `${counter} ${from} ${to}`),
    );
    expect(found.toSorted()).toEqual(["20 silent sound", "20 sound silent", "70 noisy sound", "70 sound noisy"]);
    expect(accepted.at(-1)?.faultsAfter).toEqual({ silent: [], noisy: [] });
  });

  it("takes those back that were faulty from the beginning, and holds them for nothing else then", () => {
    const faults = { silent: [20], noisy: [{ counter: 70, rate: 0.2 }] };
    const [loop, events] = [new CounterAdaptation({ ...COUNTERS, faults }, SETTINGS), new ToyEvents(COUNTERS, 13n)];
    const decisions = [[12_000, { silent: [20], noisy: new Map([[70, 0.2]]) }] as const, [30_000, {}] as const].flatMap(
      ([count, conditions]) => loop.add(events.make(count, conditions), CONDITIONS),
    );
    const found = decisions.flatMap((one) =>
      one.kind === "counters-accepted" ? one.findings.map(({ counter, to }) => `${counter} ${to}`) : [],
    );
    expect(found.toSorted()).toEqual(["20 sound", "70 sound"]);
    expect(loop.faults).toEqual({ silent: [], noisy: [] });
    expect(decisions[0]).toMatchObject({ kind: "counters-referred", blindToSilence: [20, 70] });
  });

  it("is not misled by another beam", () => {
    const decisions = run([
      [12_000, {}],
      [15_000, { energy: 0.2 }],
      [15_000, { energy: 0.6 }],
    ]);
    expect(kinds(decisions)).toEqual(["counters-referred"]);
  });

  it("accepts no more often than is wanted, and sees more events until it may", () => {
    const settings = { ...SETTINGS, acceptIntervalS: 5 };
    const [loop, events] = [new CounterAdaptation(COUNTERS, settings), new ToyEvents(COUNTERS, 11n)];
    const decisions = [
      [12_000, {}] as const,
      [3000, { silent: [5] }] as const,
      [15_000, { silent: [5, 6] }] as const,
    ].flatMap(([count, conditions]) => loop.add(events.make(count, conditions), CONDITIONS));
    const accepted = decisions.filter((decision) => decision.kind === "counters-accepted");
    expect(accepted).toHaveLength(2);
    const [first, second] = accepted.map(({ timeNs }) => BigInt(timeNs));
    expect(Number((second as bigint) - (first as bigint)) / 1e9).toBeGreaterThanOrEqual(5);
    expect(accepted[1]?.findings[0]?.proof.events).toBeGreaterThan(8000);
  });

  it("decides the same in batches of any size and across its state", () => {
    const events = new ToyEvents(COUNTERS, 5n);
    const all = [
      events.make(10_500),
      events.make(4000, { silent: [9, 33], noisy: new Map([[100, 0.3]]) }),
      events.make(3000, { silent: [9] }),
    ];
    const settings = adaptationSettings({ ...SETTINGS, windowEvents: 500 });
    const once = new CounterAdaptation(COUNTERS, settings);
    const expected = all.flatMap((features) => once.add(features, CONDITIONS));
    expect(kinds(expected)).toContain("counters-accepted");
    const cuts = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 5, maxLength: 12 });
    fc.assert(
      fc.property(cuts, (sizes) => {
        let loop = new CounterAdaptation(COUNTERS, settings);
        const decisions = all.flatMap((features) =>
          pieces(features, sizes).flatMap((piece) => {
            const decided = loop.add(piece, CONDITIONS);
            const next = new CounterAdaptation(COUNTERS, settings);
            next.restore(JSON.parse(JSON.stringify(loop.state())));
            loop = next;
            return decided;
          }),
        );
        expect(decisions).toEqual(expected);
        expect(loop.state()).toEqual(once.state());
      }),
      { numRuns: 5 },
    );
  });

  it("has no more false alarms than stated, of all counters together", () => {
    // The least rate that is allowed, for there to be something to see.
    const settings = adaptationSettings({ ...SETTINGS, averageRunLength: 1000 });
    const [events, batches] = [new ToyEvents(COUNTERS, 21n), 20];
    const loop = new CounterAdaptation(COUNTERS, settings);
    loop.add(events.make(10_000), CONDITIONS);
    let alarms = 0;
    for (let batch = 0; batch < batches; batch++) {
      const decided = loop.add(events.make(5000), CONDITIONS);
      for (const one of decided) if (one.kind === "counters-alarmed") alarms += one.findings.length;
    }
    const [, most] = poissonInterval((batches * 5000) / settings.averageRunLength);
    expect(alarms).toBeLessThanOrEqual(most);
  });

  it("refuses events without marks, and marks of counters that there are not", () => {
    const loop = new CounterAdaptation(COUNTERS, SETTINGS);
    const features = new ToyEvents(COUNTERS, 1n).make(3);
    const without = { ...features, marks: undefined };
    expect(() => loop.add(without, CONDITIONS)).toThrow("128 counters, and of 3 events none has marks");
    const marks = { offsets: Uint32Array.of(0, 1, 1, 1), counters: Uint32Array.of(128) };
    expect(() => loop.add({ ...features, marks }, CONDITIONS)).toThrow("marks counter 128; there are 128");
    // Of a view, marks of other events are no business of its.
    const view = { offsets: Uint32Array.of(1, 2), counters: Uint32Array.of(128, 5, 200) };
    expect(
      new CounterAdaptation(COUNTERS, SETTINGS).add(
        { count: 1, timesNs: BigInt64Array.of(1n), marks: view },
        CONDITIONS,
      ),
    ).toEqual([]);
    expect(loop.events).toBe(0);
    expect(() => loop.restore({ ...loop.state(), schemaVersion: 2 as never })).toThrow("no state");
  });
});

function pieces(features: Features, sizes: readonly number[]): readonly Features[] {
  const { count, timesNs, marks } = features;
  const parts: Features[] = [];
  for (let [from, i] = [0, 0]; from < count; i++) {
    const to = Math.min(count, from + (sizes[i % sizes.length] as number));
    const offsets = (marks?.offsets ?? new Uint32Array()).slice(from, to + 1);
    const first = offsets[0] as number;
    parts.push({
      count: to - from,
      values: new Float64Array(0),
      timesNs: timesNs.subarray(from, to),
      marks: {
        offsets: offsets.map((offset) => offset - first),
        counters: (marks?.counters ?? new Uint32Array()).subarray(first, offsets.at(-1)),
      },
    });
    from = to;
  }
  return parts;
}
