import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Watermark, type WatermarkOptions } from "../../../core/index.ts";

const streams = fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.bigInt({ min: -50n, max: 100n })), {
  maxLength: 60,
});
const delays = fc.record({
  allowedLatenessNs: fc.bigInt({ min: 0n, max: 20n }),
  idleAfterNs: fc.bigInt({ min: 0n, max: 80n }),
});

/** The watermark after each event, by its definition: all events are kept, and looked through each time. */
function byDefinition(stream: readonly (readonly [string, bigint])[], options: WatermarkOptions): bigint[] {
  const newest: Record<string, bigint> = {};
  let mark: bigint | undefined;
  return stream.map(([source, time]) => {
    newest[source] = (newest[source] ?? time) > time ? (newest[source] as bigint) : time;
    const times = Object.values(newest).sort((a, b) => Number(a - b));
    const latest = times.at(-1) as bigint;
    const slowest = times.find((each) => latest - each <= options.idleAfterNs) as bigint;
    const next = slowest - options.allowedLatenessNs;
    if (mark === undefined || next > mark) mark = next;
    return mark;
  });
}

describe("a watermark", () => {
  it("is what its definition says, after each event, and tells late events; through its state as text", () => {
    fc.assert(
      fc.property(streams, delays, fc.nat({ max: 60 }), (stream, options, restart) => {
        const expected = byDefinition(stream, options);
        let watermark = new Watermark(options);
        stream.forEach(([source, time], i) => {
          if (i === restart) watermark = Watermark.fromJSON(JSON.parse(JSON.stringify(watermark)), options);
          const before = expected[i - 1];
          expect(watermark.observe(source, time)).toBe(before === undefined || time >= before);
          expect(watermark.timeNs).toBe(expected[i]);
        });
      }),
      { numRuns: 1_000, seed: 1 },
    );
  });

  it("is held back by the slowest source, until that is idle", () => {
    const watermark = new Watermark({ allowedLatenessNs: 5n, idleAfterNs: 100n });
    expect(watermark.timeNs).toBeUndefined();
    watermark.observe("a", 1_000n);
    watermark.observe("b", 990n);
    // The watermark of one source was there before the other came, and does not go back.
    expect(watermark.timeNs).toBe(995n);
    watermark.observe("a", 1_080n);
    expect(watermark.timeNs).toBe(995n);
    watermark.observe("b", 1_010n);
    expect(watermark.timeNs).toBe(1_005n);
    watermark.observe("a", 1_111n);
    expect(watermark.timeNs).toBe(1_106n);
    expect(watermark.observe("b", 1_020n)).toBe(false);
    expect(watermark.observe("b", 1_110n)).toBe(true);
    expect(watermark.toJSON()).toEqual({
      timeNs: "1106",
      sources: [
        ["a", "1111"],
        ["b", "1110"],
      ],
    });
  });

  it("refuses negative delays and what is no state", () => {
    const wrong = expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" });
    expect(() => new Watermark({ allowedLatenessNs: -1n, idleAfterNs: 0n })).toThrow(wrong);
    expect(() => Watermark.fromJSON({ timeNs: 5, sources: [] }, { allowedLatenessNs: 0n, idleAfterNs: 0n })).toThrow(
      wrong,
    );
  });
});
