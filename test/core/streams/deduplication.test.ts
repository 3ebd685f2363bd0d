import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Deduplication, type SequenceGap } from "../../../core/index.ts";

/** A stream of few sources as it comes: shuffled within reach, with repeats, with losses. */
const streams = fc.array(fc.tuple(fc.constantFrom("a", "b", "__proto__"), fc.bigInt({ min: 0n, max: 60n })), {
  maxLength: 150,
});

function missing(seen: ReadonlySet<bigint>): bigint[] {
  const highest = [...seen].reduce((most, sequence) => (sequence > most ? sequence : most), -1n);
  return Array.from({ length: Number(highest) + 1 }, (_, i) => BigInt(i)).filter((sequence) => !seen.has(sequence));
}

function members(gaps: readonly SequenceGap[]): bigint[] {
  return gaps.flatMap(({ from, to }) => Array.from({ length: Number(to - from) + 1 }, (_, i) => from + BigInt(i)));
}

describe("deduplication", () => {
  it("tells what a set of all sequences would, and what is missing, through its state as text", () => {
    fc.assert(
      fc.property(streams, fc.nat({ max: 150 }), (stream, restart) => {
        let seen = new Deduplication();
        const model = new Map<string, Set<bigint>>();
        stream.forEach(([source, sequence], i) => {
          if (i === restart) seen = Deduplication.fromJSON(JSON.parse(JSON.stringify(seen)));
          const set = model.get(source) ?? new Set();
          model.set(source, set);
          expect(seen.admit(source, sequence)).toBe(set.has(sequence) ? "repeated" : "new");
          set.add(sequence);
        });
        for (const [source, set] of model) {
          const { gaps = [], givenUp } = seen.progress(source) ?? {};
          expect(members(gaps)).toEqual(missing(set));
          expect(givenUp).toBe(0n);
        }
        expect(seen.sources.map(({ source }) => source)).toEqual(
          ["__proto__", "a", "b"].filter((name) => model.has(name)),
        );
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it("within bounds counts nothing twice, and tells of everything that it will not count", () => {
    fc.assert(
      fc.property(streams, fc.integer({ min: 1, max: 4 }), (stream, maxGaps) => {
        const lost = new Map<string, bigint[]>();
        const onGivenUp = (source: string, gap: SequenceGap): void => {
          lost.set(source, [...(lost.get(source) ?? []), ...members([gap])]);
        };
        const seen = new Deduplication({ maxGaps, onGivenUp });
        const counted = new Map<string, bigint[]>();
        for (const [source, sequence] of stream) {
          const before = counted.get(source) ?? [];
          const isKnown = before.includes(sequence) || lost.get(source)?.includes(sequence);
          const admission = seen.admit(source, sequence);
          expect(admission).toBe(isKnown ? "repeated" : "new");
          if (admission === "new") counted.set(source, [...before, sequence]);
        }
        for (const { source, next, gaps, givenUp } of seen.sources) {
          expect(gaps.length).toBeLessThanOrEqual(maxGaps);
          expect(givenUp).toBe(BigInt(lost.get(source)?.length ?? 0));
          const all = [...(counted.get(source) ?? []), ...(lost.get(source) ?? []), ...members(gaps)];
          expect(all.sort((a, b) => Number(a - b))).toEqual(Array.from({ length: Number(next) }, (_, i) => BigInt(i)));
        }
      }),
      { numRuns: 500, seed: 2 },
    );
  });

  it("gives up what is missing below a sequence, when told so", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.bigInt({ min: 0n, max: 20n })), fc.bigInt({ min: 0n, max: 25n }), (came, below) => {
        const seen = new Deduplication();
        for (const sequence of came) seen.admit("a", sequence);
        const given = members(seen.giveUp("a", below));
        const all = Array.from({ length: 30 }, (_, i) => BigInt(i));
        expect(given).toEqual(all.filter((sequence) => sequence < below && !came.includes(sequence)));
        expect(seen.progress("a")?.givenUp).toBe(BigInt(given.length));
        for (const sequence of all) {
          expect(seen.admit("a", sequence)).toBe(sequence < below || came.includes(sequence) ? "repeated" : "new");
        }
      }),
      { numRuns: 300, seed: 3 },
    );
  });

  it("refuses a source beyond the most, until another is forgotten", () => {
    const seen = new Deduplication({ maxSources: 2 });
    expect(["a", "b", "c", "a"].map((source) => seen.admit(source, 0n))).toEqual(["new", "new", "refused", "repeated"]);
    expect(() => seen.giveUp("c", 5n)).toThrow(expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }));
    seen.forget("a");
    expect(["c", "a"].map((source) => seen.admit(source, 0n))).toEqual(["new", "refused"]);
    expect(seen.progress("a")).toBeUndefined();
  });

  it("takes all sequences of 64 bits, and keeps them exactly", () => {
    const seen = new Deduplication();
    const last = 2n ** 64n - 1n;
    expect(seen.admit("a", last)).toBe("new");
    expect(seen.admit("a", 2n ** 53n + 1n)).toBe("new");
    const again = Deduplication.fromJSON(JSON.parse(JSON.stringify(seen)));
    expect(again.progress("a")).toEqual({
      source: "a",
      next: 2n ** 64n,
      gaps: [
        { from: 0n, to: 2n ** 53n },
        { from: 2n ** 53n + 2n, to: last - 1n },
      ],
      givenUp: 0n,
    });
    expect([again.admit("a", last), again.admit("a", 2n ** 53n + 1n), again.admit("a", 5n)]).toEqual([
      "repeated",
      "repeated",
      "new",
    ]);
  });

  it("has equal states for equal events, in whatever order they came", () => {
    const states = [
      ["b2", "a0", "b0"],
      ["b0", "b2", "b0", "a0", "b2"],
    ].map((events) => {
      const seen = new Deduplication();
      for (const [source, sequence] of events as unknown as readonly string[][])
        seen.admit(source as string, BigInt(sequence as string));
      return JSON.stringify(seen);
    });
    expect(states[0]).toBe(states[1]);
    expect(states[0]).toBe(
      '{"sources":[{"source":"a","next":"1","gaps":[],"givenUp":"0"},{"source":"b","next":"3","gaps":[["1","1"]],"givenUp":"0"}]}',
    );
  });

  const state = (change: object): unknown => ({
    sources: [{ source: "a", next: "9", gaps: [], givenUp: "0", ...change }],
  });
  it.for([
    [{}, "sources: Missing"],
    [state({ next: "-1" }), "sources.0.next: Digits are needed"],
    [state({ extra: 1 }), "sources.0.extra: Unknown"],
    [state({ gaps: [["5", "4"]] }), 'the gaps of source "a" do not ascend below 9'],
    [state({ gaps: [["5", "8"]] }), 'the gaps of source "a" do not ascend below 9'],
    [
      state({
        gaps: [
          ["1", "2"],
          ["3", "4"],
        ],
      }),
      'the gaps of source "a" do not ascend below 9',
    ],
    [
      { sources: [...(state({}) as { sources: [] }).sources, ...(state({}) as { sources: [] }).sources] },
      'source "a" is there twice',
    ],
  ] as const)("refuses the state %j", ([wrong, problem]) => {
    expect(() => Deduplication.fromJSON(wrong)).toThrow(`This is no state of a deduplication: ${problem}`);
  });

  it.for([0, 1.5, Number.NaN])("refuses %d as a bound", (most) => {
    expect(() => new Deduplication({ maxGaps: most })).toThrow("maxGaps is");
    expect(() => new Deduplication({ maxSources: most })).toThrow("maxSources is");
  });
});
