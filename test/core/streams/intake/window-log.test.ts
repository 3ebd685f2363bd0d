import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type FollowFeatureWindowsOptions,
  followFeatureWindows,
  pruneFeatures,
  type SequenceGap,
  type StreamEvent,
} from "../../../../core/index.ts";
import { eventsOf, expectedRows, messagesOf, rowsIn, rowsOf, take, WINDOW_NS } from "./sample.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-window-log-"));
});
afterEach(() => rm(folder, { recursive: true }));

const EVENTS = eventsOf(["a", "b"], 120);
/** Of the last window that is complete, when all have come. */
const LAST_NS = 2000n;
/** Less than the events of a test that are missing: they are given up. */
const PATIENCE_NS = 250n;

interface Told {
  readonly starts: readonly bigint[];
  readonly rows: readonly string[];
  readonly givenUp: readonly (SequenceGap & { readonly source: string })[];
  readonly late: readonly string[];
}

/** Follows up to the window that starts at a time. */
async function follow(
  folders: readonly string[],
  untilNs: bigint,
  options: Partial<FollowFeatureWindowsOptions> = {},
): Promise<Told> {
  const [starts, rows, givenUp, late] = [
    [] as bigint[],
    [] as string[],
    [] as Told["givenUp"][number][],
    [] as string[],
  ];
  const windows = followFeatureWindows(folders, {
    ...{ windowNs: WINDOW_NS, allowedLatenessNs: 10n, patienceNs: PATIENCE_NS, pollMs: 2 },
    log: join(folder, "windows.journal"),
    onGivenUp: (source, gap) => void givenUp.push({ source, ...gap }),
    onLate: ({ source, sequence }) => void late.push(`${source} ${sequence}`),
    ...options,
  });
  for await (const window of windows) {
    starts.push(window.startNs);
    rows.push(...rowsOf(window));
    if (window.startNs >= untilNs) break;
  }
  return { starts, rows, givenUp, late };
}

const without = (events: readonly StreamEvent[], from: number, to: number): readonly StreamEvent[] =>
  events.filter(({ source, sequence }) => source !== "a" || sequence < from || sequence > to);

describe("windows that are followed again, with their log", () => {
  it("have what they had, though what was given up has come since, and go on behind it", async () => {
    const [one, two] = [join(folder, "one"), join(folder, "two")];
    const early = EVENTS.filter(({ timeNs }) => timeNs < 1900n);
    await take(messagesOf(without(early, 10, 12)), one, { shared: true });
    const first = await follow([one, two], 1400n);
    expect(first.givenUp).toEqual([{ source: "a", from: 10n, to: 12n }]);
    expect(first.rows).toEqual(expectedRows(without(EVENTS, 10, 12)).slice(0, first.rows.length));
    // What one worker had not acknowledged comes to another.
    await take(messagesOf(EVENTS), two, { shared: true });
    const again = await follow([one, two], LAST_NS);
    expect(again.rows.slice(0, first.rows.length)).toEqual(first.rows);
    expect(again.rows).toEqual(expectedRows(without(EVENTS, 10, 12)).slice(0, again.rows.length));
    expect(again.givenUp).toEqual([]);
    const late = ["a 10", "a 11", "a 12"];
    expect([...again.late, ...first.late].filter((name) => !late.includes(name))).toEqual([]);
    // Without the log nobody knows that they were missing.
    const anew = await follow([one, two], LAST_NS, { log: undefined });
    expect(anew.rows).toEqual(expectedRows(EVENTS).slice(0, anew.rows.length));
    expect(anew.rows).not.toEqual(again.rows);
  });

  it("are the same wherever they were interrupted, whatever came late, however workers shared the events", async () => {
    const sharing = fc.record({
      workers: fc.array(fc.nat({ max: 2 }), { minLength: 240, maxLength: 240 }),
      later: fc.uniqueArray(fc.nat({ max: 239 }), { maxLength: 30 }),
      again: fc.array(fc.tuple(fc.nat({ max: 239 }), fc.nat({ max: 2 })), { maxLength: 20 }),
      written: fc.integer({ min: 120, max: 239 }),
      stop: fc.integer({ min: 0, max: 5 }),
      isRecalled: fc.boolean(),
    });
    let runs = 0;
    let differed = 0;
    await fc.assert(
      fc.asyncProperty(sharing, async ({ workers, later, again, written, stop, isRecalled }) => {
        const root = join(folder, `${runs++}`);
        const folders = ["0", "1", "2"].map((name) => join(root, name));
        const log = join(root, "windows.journal");
        const write = async (places: readonly number[]): Promise<void> => {
          for (const [worker, own] of folders.entries()) {
            const mine = places.filter((place) => workers[place] === worker);
            const twice = again.flatMap(([place, to]) => (to === worker && places.includes(place) ? place : []));
            const events = [...mine, ...twice].map((place) => EVENTS[place] as StreamEvent);
            await take(messagesOf(events), own, { shared: true, segmentBytes: 2000 });
          }
        };
        const places = EVENTS.map((_, place) => place);
        await write(places.filter((place) => place < written && !later.includes(place)));
        // As far as patience lets it go for certain.
        const untilNs = 1000n + BigInt(stop) * 100n;
        const isEnough = (EVENTS[written - 1] as StreamEvent).timeNs - untilNs > 100n + 2n * PATIENCE_NS;
        const first = isEnough ? await follow(folders, untilNs, { log }) : undefined;
        await write(places.filter((place) => place >= written || later.includes(place)));
        const second = await follow(folders, 1600n, { log });
        const third = await follow(folders, LAST_NS, { log });
        if (first) expect(second.rows.slice(0, first.rows.length)).toEqual(first.rows);
        expect(third.rows.slice(0, second.rows.length)).toEqual(second.rows);
        expect(new Set(third.rows).size).toBe(third.rows.length);
        expect(third.rows).toEqual(third.rows.toSorted((a, b) => Number(a.split(" ")[0]) - Number(b.split(" ")[0])));
        // Nothing is left out but what was given up, or was late.
        const all = expectedRows(EVENTS).slice(0, 220);
        if (third.rows.length < 220) differed++;
        expect(third.rows.filter((row) => !all.includes(row))).toEqual([]);
        const told = [first, second, third].flatMap((run) => run?.givenUp ?? []);
        const isTold = (row: string): boolean => {
          const [, source, sequence] = row.split(" ") as [string, string, string];
          return told.some(
            (gap) => gap.source === source && gap.from <= BigInt(sequence) && BigInt(sequence) <= gap.to,
          );
        };
        expect(all.filter((row) => !third.rows.includes(row) && !isTold(row))).toEqual([]);
        // From a time on, as after a checkpoint.
        const afterNs = isRecalled ? 1300n : 1700n;
        const rest = await follow(folders, LAST_NS, { log, afterNs });
        expect(rest.rows).toEqual(third.rows.filter((row) => BigInt(row.split(" ")[0] as string) >= afterNs));
      }),
      { numRuns: 10, seed: 2, endOnFailure: true },
    );
    expect(differed).toBeGreaterThan(2);
  });

  it("may be of another width", async () => {
    const one = join(folder, "one");
    await take(messagesOf(without(EVENTS, 10, 12)), one, { shared: true });
    await follow([one], 1200n);
    await take(messagesOf(EVENTS), one, { shared: true });
    const wide = await follow([one], 1500n, { windowNs: 500n });
    expect(wide.starts.slice(-1)).toEqual([1500n]);
    expect(wide.rows).toEqual(expectedRows(without(EVENTS, 10, 12)).slice(0, wide.rows.length));
  });

  it("cannot be had without a journal that they came from", async () => {
    const [one, two] = [join(folder, "one"), join(folder, "two")];
    await take(messagesOf(EVENTS.filter((_, i) => i % 3 === 0)), one, { shared: true });
    await take(messagesOf(EVENTS.filter((_, i) => i % 3 !== 0)), two, { shared: true });
    await follow([one, two], 1400n);
    await expect(follow([two], LAST_NS)).rejects.toMatchObject({
      code: "TWIN_READ_FAILED",
      message: expect.stringMatching(/starts at 1000 ns had 20 events, and 13 are in the journals/),
    });
  });

  it("are one's at a time", async () => {
    await take(messagesOf(EVENTS), join(folder, "one"));
    const log = join(folder, "windows.journal");
    const windows = followFeatureWindows(join(folder, "one"), {
      ...{ windowNs: WINDOW_NS, allowedLatenessNs: 10n, patienceNs: 1n, log },
    });
    await windows.next();
    await expect(follow([join(folder, "one")], LAST_NS)).rejects.toMatchObject({ code: "TWIN_FILE_LOCKED" });
    await windows.return();
  });
});

describe("pruneFeatures", () => {
  it("deletes what is needed no longer, and nothing counts twice; windows go on behind it", async () => {
    const [one, two] = [join(folder, "one"), join(folder, "two")];
    const options = { segmentBytes: 700 };
    await take(messagesOf(without(EVENTS, 3, 4)), one, options);
    await take(messagesOf(EVENTS.filter((_, i) => i % 2 === 0)), two, options);
    const all = await follow([one, two], LAST_NS);
    const before = await readdir(one);
    for (const own of [one, two]) {
      const { segments, bytes } = await pruneFeatures(own, { beforeNs: 1500n });
      expect(segments).toBeGreaterThan(2);
      expect(bytes).toBeGreaterThan(700 * segments);
    }
    expect((await readdir(one)).length).toBeLessThan(before.length);
    // No event since then has gone.
    const since = (rows: readonly string[]): readonly string[] => rows.filter((row) => row >= "1500 ");
    expect(since(await rowsIn([one, two]))).toEqual(since(expectedRows(EVENTS)));
    expect((await follow([one, two], LAST_NS, { afterNs: 1500n })).rows).toEqual(since(all.rows));
    await expect(follow([one, two], LAST_NS)).rejects.toMatchObject({ code: "TWIN_READ_FAILED" });
    expect(await take(messagesOf(EVENTS), one, options)).toMatchObject({ events: 2, repeated: 238 });
  });

  it("keeps the newest two segments, and those of which one event is needed", async () => {
    const one = join(folder, "one");
    await take(messagesOf(EVENTS), one, { segmentBytes: 1, batchEvents: 20 });
    await pruneFeatures(one, { beforeNs: (EVENTS[0] as StreamEvent).timeNs });
    expect(await rowsIn(one)).toEqual(expectedRows(EVENTS));
    const { length } = await readdir(one);
    expect(await pruneFeatures(one, { beforeNs: 10_000n })).toMatchObject({ segments: length - 2 });
    expect(await take(messagesOf(EVENTS), one)).toMatchObject({ events: 0, repeated: 240 });
    expect(await pruneFeatures(join(folder, "none"), { beforeNs: 1n })).toEqual({ segments: 0, bytes: 0 });
  });
});
