import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Adaptable, featureWindows, type Marks } from "../../../../core/index.ts";
import { decodeMarks, encodeMarks, gatherMarks } from "../../../../core/streams/intake/marks.ts";
import { adaptable, eventsOf, messagesOf, take, WINDOW_NS } from "./sample.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-marks-"));
});
afterEach(() => rm(folder, { recursive: true }));

const lists = fc.array(fc.uniqueArray(fc.nat({ max: 0xffff_ffff }), { maxLength: 30 }), { maxLength: 8 });

function marksOf(events: readonly (readonly number[])[]): Marks {
  const sorted = events.map((list) => list.toSorted((a, b) => a - b));
  const offsets = new Uint32Array(events.length + 1);
  sorted.forEach(({ length }, i) => {
    offsets[i + 1] = (offsets[i] as number) + length;
  });
  return { offsets, counters: Uint32Array.from(sorted.flat()) };
}

/** Marks no counters. */
const unmarked: Pick<Adaptable, "features"> = {
  features: (events) => ({ ...adaptable.features(events), marks: undefined }),
};

describe("marks in the journal of an intake", () => {
  it("are read as they were written, of counters up to 2^32 - 1", () => {
    fc.assert(
      fc.property(lists, (events) => {
        const marks = marksOf(events);
        expect(decodeMarks(encodeMarks(marks), events.length)).toEqual(marks);
      }),
    );
  });

  it("take one byte each where neighbours are marked", () => {
    const marks = marksOf([Array.from({ length: 200 }, (_, i) => 100 + i)]);
    expect(encodeMarks(marks)).toHaveLength(4 + 200);
  });

  it("are refused where bytes are missing, or too many", () => {
    const bytes = encodeMarks(marksOf([[1, 2, 500], [7]]));
    for (let length = 8; length < bytes.length; length++) {
      expect(() => decodeMarks(bytes.subarray(0, length), 2)).toThrow(RangeError);
    }
    expect(() => decodeMarks(Buffer.concat([bytes, Uint8Array.of(3)]), 2)).toThrow(RangeError);
  });

  it("can be put in another order", () => {
    const marks = marksOf([[1, 2], [], [5]]);
    const rows = [2, 0, 1, 0].map((row) => ({ marks, row }));
    expect(gatherMarks(rows)).toEqual(marksOf([[5], [1, 2], [], [1, 2]]));
  });

  it("are of all events of a journal, or of none, also after a restart", async () => {
    const messages = messagesOf(eventsOf(["a"], 20));
    await take(messages.slice(0, 10), folder);
    const other = take(messages.slice(10), folder, { adaptable: unmarked });
    await expect(other).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringMatching(/mark counters, each of them/),
    });
    const plain = join(folder, "plain");
    await take(messages.slice(0, 10), plain, { adaptable: unmarked });
    await expect(take(messages.slice(10), plain)).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
    for await (const { rows } of featureWindows(plain, { windowNs: WINDOW_NS })) expect(rows.marks).toBeUndefined();
  });

  it("of one journal and not of another cannot be read together", async () => {
    const messages = messagesOf(eventsOf(["a"], 20));
    const [one, two] = [join(folder, "1"), join(folder, "2")];
    await take(messages.slice(0, 10), one, { shared: true });
    await take(messages.slice(10), two, { shared: true, adaptable: unmarked });
    const reading = featureWindows([one, two], { windowNs: 1_000_000n }).next();
    await expect(reading).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringMatching(/10 have marks/),
    });
  });
});
