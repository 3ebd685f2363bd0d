import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Deduplication, TumblingWindows, WindowSummary } from "../../../core/index.ts";

const WIDTH = 10n;
const OPTIONS = { widthNs: WIDTH, features: 2 };
const text = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** Events with their worker, and two keys to shuffle by. */
const events = fc.array(
  fc.record({
    timeNs: fc.bigInt({ min: -45n, max: 60n }),
    values: fc.tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.double({ min: -1, max: 1, noNaN: true })),
    worker: fc.constantFrom("a", "b", "c"),
    order: fc.nat(),
  }),
  { maxLength: 40 },
);

describe("windows of event time", () => {
  it("merge to the same bits, whichever worker saw which event, and in whatever order", () => {
    fc.assert(
      fc.property(events, fc.array(fc.nat(), { minLength: 40, maxLength: 40 }), (stream, orders) => {
        const alone = new TumblingWindows(OPTIONS);
        for (const { timeNs, values } of stream) alone.add(timeNs, values);
        const emitted = ["a", "b", "c"].flatMap((worker) => {
          const windows = new TumblingWindows(OPTIONS);
          const own = stream.filter((event) => event.worker === worker).sort((x, y) => x.order - y.order);
          for (const { timeNs, values } of own) windows.add(timeNs, values);
          return windows.close(1_000n).map((summary) => ({ worker, summary: text(summary) }));
        });
        const shuffled = emitted
          .map((part, i) => ({ part, order: orders[i % 40] as number }))
          .sort((x, y) => x.order - y.order);
        let merged = new TumblingWindows(OPTIONS);
        shuffled.forEach(({ part: { worker, summary } }, i) => {
          // Some come again, and the decider starts again in between.
          if (i === 5) merged = TumblingWindows.fromJSON(text(merged), OPTIONS);
          expect(merged.merge(worker, WindowSummary.fromJSON(summary))).toBe("merged");
          if (i % 3 === 0) expect(merged.merge(worker, WindowSummary.fromJSON(summary))).toBe("repeated");
        });
        expect(text(merged.close(1_000n))).toEqual(text(alone.close(1_000n)));
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it("count each event once, however often it came, in whatever order, and to which worker its source went", () => {
    const deliveries = fc.array(fc.tuple(fc.constantFrom("s0", "s1", "s2"), fc.integer({ min: 0, max: 15 })), {
      maxLength: 80,
    });
    // An event is a function of its source and its sequence.
    const eventOf = (source: string, sequence: number) => ({
      timeNs: BigInt((sequence * 7 + source.charCodeAt(1)) % 50),
      values: [1 / (sequence + 3), source.charCodeAt(1) * 1e15],
    });
    const workers = fc.array(fc.constantFrom("a", "b"), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(deliveries, workers, (stream, workerOf) => {
        const merged = new TumblingWindows(OPTIONS);
        for (const worker of ["a", "b"]) {
          const seen = new Deduplication();
          const windows = new TumblingWindows(OPTIONS);
          for (const [source, sequence] of stream) {
            if (workerOf[Number(source[1])] !== worker || seen.admit(source, BigInt(sequence)) !== "new") continue;
            const { timeNs, values } = eventOf(source, sequence);
            windows.add(timeNs, values);
          }
          for (const summary of windows.close(100n)) merged.merge(worker, summary);
        }
        const expected = new TumblingWindows(OPTIONS);
        for (const key of new Set(stream.map(([source, sequence]) => `${source} ${sequence}`))) {
          const [source = "", sequence = ""] = key.split(" ");
          const { timeNs, values } = eventOf(source, Number(sequence));
          expected.add(timeNs, values);
        }
        expect(text(merged.close(100n))).toEqual(text(expected.close(100n)));
      }),
      { numRuns: 300, seed: 3 },
    );
  });

  it("sum the events whose times they contain, before 1970 too", () => {
    fc.assert(
      fc.property(events, (stream) => {
        const windows = new TumblingWindows(OPTIONS);
        for (const { timeNs, values } of stream) expect(windows.add(timeNs, values)).toBe(true);
        const closed = windows.close(60n + WIDTH);
        const starts = [...new Set(stream.map(({ timeNs }) => Math.floor(Number(timeNs) / 10) * 10))].sort(
          (a, b) => a - b,
        );
        expect(closed.map(({ startNs }) => Number(startNs))).toEqual(starts);
        for (const { startNs, count, sums } of closed) {
          const inside = stream.filter(({ timeNs }) => timeNs >= startNs && timeNs < startNs + WIDTH);
          expect(count).toBe(inside.length);
          const total = inside.reduce((sum, { values }) => sum + values[1], 0);
          expect(sums[1]?.value).toBeCloseTo(total, 12);
        }
      }),
      { numRuns: 300, seed: 2 },
    );
  });

  it("close when they end at the watermark or before, and take nothing more", () => {
    const windows = new TumblingWindows({ widthNs: WIDTH, features: 0 });
    for (const time of [25n, 10n, 19n, 30n]) windows.add(time, []);
    expect(windows.close(19n)).toEqual([]);
    expect(windows.add(9n, [])).toBe(false);
    expect(windows.add(12n, [])).toBe(true);
    const closed = windows.close(30n).map(({ startNs, count }) => [startNs, count]);
    expect(closed).toEqual([
      [10n, 3],
      [20n, 1],
    ]);
    expect(windows.close(15n)).toEqual([]);
    expect(windows.closedNs).toBe(30n);
    expect([windows.add(29n, []), windows.add(30n, [])]).toEqual([false, true]);
    expect(windows.merge("a", WindowSummary.empty(20n, 0))).toBe("late");
    expect(text(windows)).toEqual({
      closedNs: "30",
      windows: [{ summary: { startNs: "30", count: 2, sums: [] }, workers: [] }],
    });
  });

  const wrong = expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }) as Error;
  it("refuse what is not theirs", () => {
    const windows = new TumblingWindows(OPTIONS);
    expect(() => windows.add(0n, [1])).toThrow("An event came with 1 features; windows have 2.");
    expect(() => windows.merge("a", WindowSummary.empty(5n, 2))).toThrow("No window of 10 ns begins at 5 ns.");
    expect(() => windows.merge("a", WindowSummary.empty(10n, 3))).toThrow(wrong);
    expect(() => WindowSummary.empty(0n, 2).add([1])).toThrow("An event came with 1 features; the summary has 2.");
    expect(() => WindowSummary.empty(0n, 2).merge(WindowSummary.empty(10n, 2))).toThrow(wrong);
    expect(text(windows)).toEqual({ closedNs: null, windows: [] });
    // What was refused is not taken for the worker's summary.
    expect(windows.merge("a", WindowSummary.empty(10n, 2))).toBe("merged");
    expect(() => new TumblingWindows({ widthNs: 0n, features: 1 })).toThrow(wrong);
    expect(() => new TumblingWindows({ widthNs: 1n, features: 0.5 })).toThrow(wrong);
  });

  const summary = { startNs: "10", count: 1, sums: ["1p0", "3p-2"] };
  it.for([
    [{ closedNs: null }],
    [{ closedNs: null, windows: [{ summary, workers: [], more: 1 }] }],
    [{ closedNs: null, windows: [{ summary: { ...summary, startNs: "5" }, workers: [] }] }],
    [{ closedNs: null, windows: [{ summary: { ...summary, sums: ["1p0"] }, workers: [] }] }],
    [{ closedNs: null, windows: [{ summary: { ...summary, sums: ["1p0", "1"] }, workers: [] }] }],
    [{ closedNs: null, windows: [{ summary: { ...summary, count: -1 }, workers: [] }] }],
    [{ closedNs: "20", windows: [{ summary, workers: [] }] }],
    [
      {
        closedNs: null,
        windows: [
          { summary, workers: [] },
          { summary, workers: [] },
        ],
      },
    ],
  ])("refuse the state %j", ([state]) => {
    expect(() => TumblingWindows.fromJSON(state, OPTIONS)).toThrow(wrong);
  });
});
