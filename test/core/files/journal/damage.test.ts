import { type FileHandle, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FrameReader, readHeader } from "../../../../core/files/journal/frame-reader.ts";
import { openJournal, RandomStream } from "../../../../core/index.ts";
import { isPrefix, KIND, readAll, recordOf, writeJournal } from "./sample.ts";

/** Records of each group: the last group is the one that a crash may tear. */
const GROUPS = [1, 3, 2, 6];
const COUNT = 12;
const BEFORE_LAST = 6;
/** Every bit takes a minute; every seventh has each bit of a byte about as often. */
const BIT_STEP = process.env["TWINLOOM_LONG"] === undefined ? 7 : 1;

let folder: string;
let closed: Buffer;
let killed: Buffer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-journal-"));
  await writeJournal(join(folder, "closed"), GROUPS);
  closed = await readFile(join(folder, "closed"));
  // What a writer leaves that is killed after its last group.
  killed = closed.subarray(0, closed.length - 16);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function readBytes(bytes: Uint8Array): ReturnType<typeof readAll> {
  const path = join(folder, "damaged");
  await writeFile(path, bytes);
  return await readAll(path);
}

/** The offsets at which records begin, and the end. */
function starts(): readonly number[] {
  const offsets = [closed.length - 16];
  for (let index = COUNT - 1; index >= 0; index--)
    offsets.unshift((offsets[0] as number) - 16 - recordOf(index).length);
  return offsets;
}

describe("a damaged journal", () => {
  it("gives exactly the records that are whole, wherever it is cut", async () => {
    const ends = starts().slice(1);
    const [first] = starts() as [number];
    for (let length = 0; length < closed.length; length++) {
      const { records, end } = await readBytes(closed.subarray(0, length));
      expect(isPrefix(records), `cut at ${length}`).toBe(true);
      if (length < first) {
        expect(end, `cut at ${length}`).toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
        continue;
      }
      expect(records.length, `cut at ${length}`).toBe(ends.filter((each) => each <= length).length);
      expect(end, `cut at ${length}`).toMatchObject({ records: records.length, isClosed: false });
    }
  });

  it("never gives a wrong record, whichever bit flips: of a closed one, all or an error that names the place", async () => {
    const offsets = starts();
    const [first] = offsets as [number];
    for (let bit = 0; bit < closed.length * 8; bit += BIT_STEP) {
      const byte = bit >> 3;
      const { records, end } = await readBytes(closed.with(byte, (closed[byte] as number) ^ (1 << (bit & 7))));
      expect(isPrefix(records), `bit ${bit}`).toBe(true);
      if (byte < first) {
        expect(end, `bit ${bit}`).toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
      } else if (byte >= closed.length - 16) {
        // The mark at the end: no record is in it.
        expect(end, `bit ${bit}`).toMatchObject({ records: COUNT, isClosed: false });
      } else {
        const damaged = offsets.findLastIndex((offset) => offset <= byte);
        expect(records.length, `bit ${bit}`).toBe(damaged);
        expect(end, `bit ${bit}`).toMatchObject({
          code: "TWIN_READ_FAILED",
          message: expect.stringContaining(`damaged at byte ${offsets[damaged]}, after ${damaged} records`),
        });
      }
    }
  });

  it("tells damage of what was durable from the last group, which a crash may have torn", async () => {
    const offsets = starts();
    for (let damaged = 0; damaged < COUNT; damaged++) {
      const bytes = Buffer.from(killed);
      bytes.fill(0, offsets[damaged], (offsets[damaged] as number) + 16);
      const { records, end } = await readBytes(bytes);
      expect(records.length).toBe(damaged);
      if (damaged < BEFORE_LAST) expect(end).toMatchObject({ code: "TWIN_READ_FAILED" });
      // Pages of one group reach the disk in any order: later records of it may be whole.
      else expect(end).toMatchObject({ records: damaged, tornBytes: killed.length - (offsets[damaged] as number) });
    }
  });

  it("is not opened for appending, and stays as it is, where what is damaged was durable", async () => {
    const path = join(folder, "refused");
    const bytes = closed.with(starts()[4] as number, 0xee);
    await writeFile(path, bytes);
    for (let times = 0; times < 2; times++) {
      await expect(openJournal(path, { kind: KIND })).rejects.toMatchObject({
        code: "TWIN_READ_FAILED",
        message: expect.stringContaining(`damaged at byte ${starts()[4]}`),
      });
    }
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  it("takes no frame of elsewhere for one of its own, though its checksum is right there", async () => {
    // A record that holds a whole journal, torn: the frames in it show nothing.
    const path = join(folder, "nested");
    const journal = await openJournal(path, { kind: KIND });
    await journal.append(recordOf(0));
    await journal.append(closed);
    await journal.close();
    const bytes = await readFile(path);
    const { records, end } = await readBytes(bytes.subarray(0, bytes.length - 17));
    expect(records.length).toBe(1);
    expect(end).toMatchObject({ records: 1 });
    // Its own frames, moved.
    const [, second, third] = starts() as [number, number, number];
    const moved = Buffer.concat([closed.subarray(0, second), closed.subarray(third)]);
    expect(await readBytes(moved)).toMatchObject({ records: [recordOf(0)] });
  });

  it("reads what is torn a few times at most, whatever it holds", async () => {
    const path = join(folder, "torn");
    const journal = await openJournal(path, { kind: KIND });
    // Numbers of cells as 64-bit integers: each looks like the head of a frame, which begins a group and is that long.
    const random = new RandomStream({ seed: 29n, id: 0n });
    const cells = BigInt64Array.from({ length: 1 << 15 }, () => BigInt(random.uint32() >>> 12));
    // And others: some look like heads of long groups.
    const words = Uint32Array.from({ length: 1 << 20 }, () => random.uint32());
    await journal.append(Buffer.concat([new Uint8Array(cells.buffer), new Uint8Array(words.buffer)]));
    await journal.close();
    const file = await open(path);
    let bytesRead = 0;
    const counted = {
      read: async (...asked: [Buffer, number, number, number]) => {
        bytesRead += asked[2];
        return await file.read(...asked);
      },
    };
    const header = await readHeader(file);
    if (typeof header === "string") throw new Error(header);
    const { size } = await file.stat();
    const reader = new FrameReader(counted as FileHandle, header.seed, { from: header.bytes, end: size - 17 });
    expect(await reader.next()).toEqual([]);
    expect(await reader.findLater()).toBeUndefined();
    expect(bytesRead).toBeLessThan(4 * size);
    await file.close();
  });

  it("finds what follows damage in a large file", async () => {
    const path = join(folder, "large");
    const journal = await openJournal(path, { kind: KIND });
    const record = Buffer.alloc(3_000_000);
    for (let index = 0; index < 3; index++) await journal.append(record);
    await journal.close();
    const bytes = await readFile(path);
    bytes[100] = (bytes[100] as number) ^ 1;
    expect((await readBytes(bytes)).end).toMatchObject({ code: "TWIN_READ_FAILED" });
  });
});
