import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type FeatureRows,
  type FeatureWindow,
  LiveWindows,
  type LiveWindowsOptions,
  type StreamEvent,
} from "../../../../core/index.ts";
import { adaptable, eventOf, eventsOf, expectedRows, rowsOf, WINDOW_NS } from "./sample.ts";

const OPTIONS: LiveWindowsOptions = { windowNs: WINDOW_NS, allowedLatenessNs: 10n, patienceNs: 1_000_000n };

function rowsFrom(events: readonly StreamEvent[]): FeatureRows {
  const { values, timesNs, marks } = adaptable.features(events);
  return {
    marks,
    count: events.length,
    columns: 3,
    values,
    timesNs,
    sources: events.map(({ source }) => source),
    sequences: BigUint64Array.from(events, ({ sequence }) => sequence),
    ids: BigUint64Array.from(events, ({ id }) => id),
  };
}

function add(windows: LiveWindows, events: readonly StreamEvent[]): readonly FeatureWindow[] {
  return [...windows.add(rowsFrom(events))];
}

const textsOf = (windows: readonly FeatureWindow[]): readonly string[] => windows.flatMap(rowsOf);
const startsOf = (windows: readonly FeatureWindow[]): readonly bigint[] => windows.map(({ startNs }) => startNs);

describe("windows of events that are still coming", () => {
  it("are the first ones of a sorted recording, however events come: nothing is late", () => {
    const events = eventsOf(["a", "b", "c"], 30);
    const expected = expectedRows(events);
    const arrivals = fc.record({
      keys: fc.array(fc.nat({ max: 1000 }), { minLength: 90, maxLength: 90 }),
      repeats: fc.array(fc.nat({ max: 89 }), { maxLength: 40 }),
      batch: fc.integer({ min: 1, max: 20 }),
      // How far events are out of order: from a little to altogether.
      disorder: fc.constantFrom(0, 0.1, 1, 100),
    });
    fc.assert(
      fc.property(arrivals, ({ keys, repeats, batch, disorder }) => {
        const stream = events
          .map((event, i) => ({ event, key: i + disorder * (keys[i] as number) }))
          .concat(repeats.map((i) => ({ event: events[i] as StreamEvent, key: i + 0.5 })))
          .sort((a, b) => a.key - b.key)
          .map(({ event }) => event);
        const onLate = (): void => expect.fail("nothing may be late");
        const windows = new LiveWindows({ ...OPTIONS, sources: ["a", "b", "c"], onLate, onGivenUp: onLate });
        const closed: FeatureWindow[] = [];
        for (let i = 0; i < stream.length; i += batch) closed.push(...add(windows, stream.slice(i, i + batch)));
        // All have come past 1290 - 10.
        expect(startsOf(closed)).toEqual([1000n, 1100n]);
        expect(textsOf(closed)).toEqual(expected.slice(0, 60));
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it("wait for what is missing, and are complete when it comes", () => {
    const windows = new LiveWindows(OPTIONS);
    const events = eventsOf(["a"], 100);
    const missing = events[4] as StreamEvent;
    expect(
      add(
        windows,
        events.filter((event) => event !== missing),
      ),
    ).toEqual([]);
    const closed = add(windows, [missing]);
    expect(closed).toHaveLength(9);
    expect(textsOf(closed)).toEqual(expectedRows(events).slice(0, 90));
  });

  it("go on without what is missing after their patience, and tell what comes then as late, once", () => {
    const late: unknown[] = [];
    const given: unknown[] = [];
    const windows = new LiveWindows({
      ...OPTIONS,
      patienceNs: 200n,
      onLate: (event) => void late.push(event),
      onGivenUp: (source, gap) => void given.push([source, gap]),
    });
    const events = eventsOf(["a"], 60);
    const kept = events.filter((_, i) => i !== 4 && i !== 5 && i !== 50);
    const closed: FeatureWindow[] = [];
    for (const event of kept.slice(0, 20)) closed.push(...add(windows, [event]));
    expect(closed).toEqual([]);
    for (const event of kept.slice(20)) closed.push(...add(windows, [event]));
    expect(given).toEqual([["a", { from: 4n, to: 5n }]]);
    // Until the next gap.
    expect(startsOf(closed)).toEqual([1000n, 1100n, 1200n, 1300n]);
    expect(textsOf(closed)).toEqual(expectedRows(kept).slice(0, 38));
    for (let i = 0; i < 2; i++) expect(add(windows, events.slice(0, 10))).toEqual([]);
    expect(late).toEqual([4, 5].map((i) => ({ source: "a", sequence: BigInt(i), timeNs: events[i]?.timeNs })));
    expect(textsOf(add(windows, [events[50] as StreamEvent]))).toEqual(expectedRows(events).slice(40, 50));
  });

  it("do not wait for a source that has fallen far behind, and do for one that has not come", () => {
    const late: unknown[] = [];
    const options = { ...OPTIONS, patienceNs: 300n, onLate: (event: unknown) => void late.push(event) };
    const windows = new LiveWindows({ ...options, sources: ["a", "b"] });
    const [a, b] = [eventsOf(["a"], 60), eventsOf(["b"], 60)];
    expect(add(windows, a.slice(0, 30))).toEqual([]);
    // b comes in time, then stays away.
    expect(startsOf(add(windows, b.slice(0, 12)))).toEqual([1000n]);
    expect(startsOf(add(windows, a.slice(30, 41)))).toEqual([]);
    expect(startsOf(add(windows, a.slice(41)))).toEqual([1100n, 1200n, 1300n, 1400n]);
    expect(add(windows, b.slice(12, 14))).toEqual([]);
    expect(late).toHaveLength(2);
    const alone = new LiveWindows({ ...options, sources: ["a", "b"] });
    expect(startsOf(add(alone, a))).toEqual([1000n, 1100n, 1200n, 1300n, 1400n]);
  });

  it("leave out what was read before a restart, without calling it late", () => {
    const onLate = (): void => expect.fail("nothing may be late");
    const windows = new LiveWindows({ ...OPTIONS, afterNs: 1150n, onLate });
    const events = eventsOf(["a"], 50);
    const closed = add(windows, events);
    expect(startsOf(closed)).toEqual([1100n, 1200n, 1300n]);
    expect(textsOf(closed)).toEqual(expectedRows(events.filter(({ timeNs }) => timeNs >= 1150n)).slice(0, 25));
  });

  it("have times before 1970", () => {
    const windows = new LiveWindows(OPTIONS);
    const events = eventsOf(["a"], 60).map((event) => ({ ...event, timeNs: event.timeNs - 1250n }));
    expect(startsOf(add(windows, events))).toEqual([-300n, -200n, -100n, 0n, 100n, 200n]);
  });

  it("refuse a width that is not above 0, and events of different features", () => {
    expect(() => new LiveWindows({ ...OPTIONS, windowNs: 0n })).toThrow("windowNs is 0; a number above 0 is needed.");
    expect(() => new LiveWindows({ ...OPTIONS, patienceNs: -1n })).toThrow("neither can be negative");
    const windows = new LiveWindows(OPTIONS);
    add(windows, [eventOf("a", 0)]);
    const narrow = { ...rowsFrom([eventOf("a", 1)]), columns: 1, values: Float64Array.of(1) };
    expect([...windows.add(narrow)]).toEqual([]);
    expect(() => add(windows, eventsOf(["a"], 50))).toThrow("Read journals of the same features together");
  });
});
