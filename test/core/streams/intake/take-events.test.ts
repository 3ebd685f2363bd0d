import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type DeadLetter,
  encodeEvent,
  followFeatureWindows,
  InvalidArgumentError,
  readDeadLetters,
  replayDeadLetters,
  type TakenEvents,
  takeEvents,
} from "../../../../core/index.ts";
import { MemoryStream } from "../../../../modules/memory/index.ts";
import { RecordedStream, recordStream } from "../../../../modules/recording/index.ts";
import { adaptable, eventOf, eventsOf, expectedRows, Messages, messagesOf, rowsIn, take, WINDOW_NS } from "./sample.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-intake-"));
});
afterEach(() => rm(folder, { recursive: true }));

const EVENTS = eventsOf(["a", "b"], 50);
const MESSAGES = messagesOf(EVENTS);
const letters = async (): Promise<readonly DeadLetter[]> => {
  const all: DeadLetter[] = [];
  for await (const letter of readDeadLetters(folder)) all.push(letter);
  return all;
};

describe("takeEvents", () => {
  it("keeps the features of each event once, in the order of time, source and sequence", async () => {
    const taken = await take([...MESSAGES, ...MESSAGES.slice(3, 40)].reverse(), folder);
    expect(taken).toMatchObject({ events: 100, repeated: 37, deadLetters: 0 });
    expect(taken.sources.map(({ source, next, gaps }) => [source, next, gaps])).toEqual([
      ["a", 50n, []],
      ["b", 50n, []],
    ]);
    expect(await rowsIn(folder)).toEqual(expectedRows(EVENTS));
  });

  it("acknowledges an event only when it can be read from the journal, and every message in the end", async () => {
    const early: unknown[] = [];
    const checks: Promise<void>[] = [];
    const subscription = new Messages([...MESSAGES, new Uint8Array([255])], {
      onAcknowledged: (place) => {
        // A copy shows what was there at that moment at the latest; nothing is written before this returns.
        if (place % 25 !== 0) return;
        const copy = join(folder, `copy-${place}`);
        execFileSync("cp", ["-r", join(folder, "journal"), copy]);
        checks.push(
          (async () => {
            const rows = new Set(await rowsIn(copy));
            if (place < 100 && !rows.has(expectedRows([EVENTS[place] as never])[0] as string)) early.push(place);
          })(),
        );
      },
    });
    await takeEvents(subscription, { adaptable, folder: join(folder, "journal"), batchEvents: 7 });
    await Promise.all(checks);
    expect(checks.length).toBe(5);
    expect(early).toEqual([]);
    expect(subscription.acknowledged.size).toBe(101);
  });

  it("counts nothing twice after a restart, whatever comes again", async () => {
    await take(MESSAGES.slice(0, 60), folder);
    const taken = await take(MESSAGES.slice(20), folder);
    expect(taken).toMatchObject({ events: 40, repeated: 40 });
    expect(await rowsIn(folder)).toEqual(expectedRows(EVENTS));
  });

  it("tells what is missing, and a recording fills it: the rows are those of an intake that lost nothing", async () => {
    const stream = new MemoryStream({ name: "events", roomBytes: 1 << 20, keepBytes: 1 << 20 });
    for (const message of MESSAGES) await stream.publish(message);
    const recorder = await stream.subscribe({ from: "beginning" });
    const file = join(folder, "run.twr");
    await recordStream(recorder, file, {
      onProgress: ({ messages }) => void (messages === 100 && recorder[Symbol.asyncDispose]()),
    });
    const journal = join(folder, "journal");
    const lossy = MESSAGES.filter((_, i) => i % 9 !== 4 && !(i >= 30 && i < 50));
    const before = await take(lossy, journal);
    expect(before.sources[0]?.gaps.length).toBeGreaterThan(3);
    expect(await rowsIn(journal)).toHaveLength(lossy.length);
    const recording = new RecordedStream(file);
    const taken = await takeEvents(await recording.subscribe(), { adaptable, folder: journal });
    await recording.stop();
    expect(taken).toMatchObject({ events: 100 - lossy.length, repeated: lossy.length });
    expect(taken.sources.flatMap(({ gaps }) => gaps)).toEqual([]);
    expect(await rowsIn(journal)).toEqual(expectedRows(EVENTS));
  });

  it("gives up the oldest gap where there are more than may be, and says so", async () => {
    const given: string[] = [];
    const onGivenUp = (source: string, { from, to }: { from: bigint; to: bigint }): void =>
      void given.push(`${source} ${from}-${to}`);
    const odd = Array.from({ length: 10 }, (_, i) => encodeEvent(eventOf("a", 2 * i + 1)));
    const taken = await take(odd, folder, { maxGaps: 4, onGivenUp });
    expect(given).toEqual(["a 0-0", "a 2-2", "a 4-4", "a 6-6", "a 8-8", "a 10-10"]);
    expect(taken.sources[0]).toMatchObject({ givenUp: 6n });
    expect(await take([encodeEvent(eventOf("a", 2))], folder, { maxGaps: 4 })).toMatchObject({
      events: 0,
      repeated: 1,
    });
  });

  it("is refused a folder into which another takes events, and other features than before", async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let taken = 0;
    const first = takeEvents(new Messages(MESSAGES, { after: () => held }), {
      adaptable,
      folder,
      onProgress: ({ events }) => {
        taken = events;
      },
    });
    await expect.poll(() => taken).toBe(100);
    await expect(take(MESSAGES, folder)).rejects.toMatchObject({ code: "TWIN_FILE_LOCKED" });
    release();
    await first;
    const narrow = {
      features: (events: readonly { timeNs: bigint }[]) => ({
        count: events.length,
        values: new Float64Array(events.length),
        timesNs: BigInt64Array.from(events, ({ timeNs }) => timeNs),
      }),
    };
    const other = take([encodeEvent(eventOf("a", 50))], folder, { adaptable: narrow });
    await expect(other).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringContaining("has 3 features of each event"),
    });
    await expect(take([], folder, { shared: true })).rejects.toThrow("was written not as `shared`");
    await expect(take([], folder, { segmentBytes: 0 })).rejects.toThrow(InvalidArgumentError);
    expect(await rowsIn(folder)).toEqual(expectedRows(EVENTS));
  });

  it("takes no more than the subscription's window while the disk is slow", async () => {
    const stream = new MemoryStream({ name: "events", roomBytes: 1 << 20, keepBytes: 0 });
    const subscription = await stream.subscribe({ window: 20 });
    for (const message of MESSAGES) await stream.publish(message);
    let most = 0;
    const end = new AbortController();
    const slow = {
      features: (events: Parameters<typeof adaptable.features>[0]) => {
        most = Math.max(most, subscription.lag.unacknowledged);
        return adaptable.features(events);
      },
    };
    const taking = takeEvents(subscription, {
      adaptable: slow,
      folder,
      signal: end.signal,
      onProgress: ({ events }) => void (events === 100 && end.abort(new Error("done"))),
    });
    await expect(taking).rejects.toThrow("done");
    expect(most).toBeLessThanOrEqual(20);
    expect(most).toBeGreaterThan(1);
    expect(await rowsIn(folder)).toEqual(expectedRows(EVENTS));
  });

  it("throws what the subscription throws, after what had come is taken in", async () => {
    const lost = new Messages(MESSAGES, {
      after: async () => {
        throw new Error("the stream was lost");
      },
    });
    await expect(takeEvents(lost, { adaptable, folder })).rejects.toThrow("the stream was lost");
    expect(lost.acknowledged.size).toBe(100);
    const failing = new Messages(MESSAGES);
    const broken = {
      features: () => {
        throw new TypeError("a defect");
      },
    };
    await expect(takeEvents(failing, { adaptable: broken, folder: join(folder, "x") })).rejects.toThrow("a defect");
    expect(failing.acknowledged.size).toBe(0);
  });
});

describe("dead letters", () => {
  const bad = [
    new Uint8Array([255, 255]),
    Buffer.from("{ no JSON"),
    encodeEvent(eventOf("a", 3, { y: 1 })),
    new Uint8Array(0),
    encodeEvent(eventOf("b", 5, {})),
  ];
  const mixed = MESSAGES.flatMap((message, i) => {
    if (i === 6) return [bad[2] as Uint8Array];
    if (i === 11) return [bad[4] as Uint8Array];
    return i % 40 === 1 ? [message, bad[0] as Uint8Array, bad[1] as Uint8Array, bad[3] as Uint8Array] : [message];
  });
  const good = EVENTS.filter((_, i) => i !== 6 && i !== 11);

  it("have the bytes, the reason and the order of what could not be used, and are acknowledged", async () => {
    const subscription = new Messages(mixed);
    const taken = await takeEvents(subscription, { adaptable, folder, batchEvents: 7 });
    expect(taken).toMatchObject({ events: 98, repeated: 0, deadLetters: 11 });
    expect(taken.sources.map(({ source, gaps }) => [source, gaps])).toEqual([
      ["a", [{ from: 3n, to: 3n }]],
      ["b", [{ from: 5n, to: 5n }]],
    ]);
    expect(subscription.acknowledged.size).toBe(mixed.length);
    const dead = await letters();
    const unusable = mixed.filter((payload) => bad.includes(payload as never));
    expect(dead.map(({ payload }) => Buffer.from(payload).toString("hex"))).toEqual(
      unusable.map((payload) => Buffer.from(payload).toString("hex")),
    );
    expect(dead.map(({ reason }) => reason)).toContain("This is no event: conditions.x is missing.");
    expect(dead[1]?.reason).toContain("is no JSON");
    expect(await rowsIn(folder)).toEqual(expectedRows(good));
  });

  it("are taken in when what was wrong is put right; the others stay", async () => {
    await take(mixed, folder);
    const lenient = {
      features: (events: Parameters<typeof adaptable.features>[0]) =>
        adaptable.features(events.map((event) => eventOf(event.source, Number(event.sequence)))),
    };
    const taken = await replayDeadLetters({ adaptable: lenient, folder, batchEvents: 3 });
    expect(taken).toMatchObject({ events: 2, deadLetters: 9 });
    expect(taken.sources.flatMap(({ gaps }) => gaps)).toEqual([]);
    expect(await rowsIn(folder)).toEqual(expectedRows(EVENTS));
    expect((await letters()).length).toBe(9);
    const again = await replayDeadLetters({ adaptable: lenient, folder });
    expect(again).toMatchObject({ events: 0, deadLetters: 9 });
    expect((await readdir(folder)).sort()).toEqual(["00000001.journal", "dead-letters.journal"]);
  });

  it("are gone when all were taken in, and none is no failure", async () => {
    expect(await replayDeadLetters({ adaptable, folder })).toMatchObject({ events: 0, deadLetters: 0 });
    await take([bad[2] as Uint8Array], folder);
    const lenient = {
      features: ([event]: Parameters<typeof adaptable.features>[0]) =>
        adaptable.features([eventOf("a", Number(event?.sequence))]),
    };
    expect(await replayDeadLetters({ adaptable: lenient, folder })).toMatchObject({ events: 1, deadLetters: 0 });
    await expect(letters()).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
  });

  it("are as they were when replaying them fails", async () => {
    await take(mixed, folder);
    const before = await letters();
    let calls = 0;
    const failing = {
      features: (events: Parameters<typeof adaptable.features>[0]) => {
        if (++calls > 1) throw new TypeError("a defect");
        return adaptable.features(events);
      },
    };
    await expect(replayDeadLetters({ adaptable: failing, folder, batchEvents: 1 })).rejects.toThrow("a defect");
    expect(await letters()).toEqual(before);
  });

  it("have sources that find no room", async () => {
    const messages = ["a", "b", "c"].map((source) => encodeEvent(eventOf(source, 0)));
    const taken = await take(messages, folder, { maxSources: 2 });
    expect(taken).toMatchObject({ events: 2, repeated: 0, deadLetters: 1 });
    expect((await letters())[0]?.reason).toContain("Raise `maxSources`");
    expect(await replayDeadLetters({ adaptable, folder, maxSources: 3 })).toMatchObject({ events: 1, deadLetters: 0 });
  });
});

describe("a full disk", () => {
  it("says so, loses nothing that was acknowledged, and goes on when there is room", async ({ skip }) => {
    const disk = join(folder, "disk");
    await mkdir(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], { stdio: "ignore" });
    } catch {
      skip("mounting a small disk needs root");
    }
    try {
      await writeFile(join(disk, "ballast"), Buffer.alloc(980_000));
      const events = eventsOf(["a", "b"], 1000);
      const payloads = messagesOf(events);
      const journal = join(disk, "journal");
      const full = new Messages(payloads);
      // Small segments: it may be the next of them that finds no room.
      const options = { adaptable, folder: journal, batchEvents: 50, segmentBytes: 20_000 };
      await expect(takeEvents(full, options)).rejects.toMatchObject({
        code: "TWIN_WRITE_FAILED",
        message: expect.stringContaining("ENOSPC"),
      });
      expect(full.acknowledged.size).toBeGreaterThan(50);
      expect(full.acknowledged.size).toBeLessThan(2000);
      const rows = new Set(await rowsIn(journal));
      for (const place of full.acknowledged) expect(rows).toContain(expectedRows([events[place] as never])[0]);
      await rm(join(disk, "ballast"));
      const rest: TakenEvents = await takeEvents(
        new Messages(payloads.filter((_, place) => !full.acknowledged.has(place))),
        options,
      );
      expect(rest.sources.flatMap(({ gaps }) => gaps)).toEqual([]);
      expect(await rowsIn(journal)).toEqual(expectedRows(events));
    } finally {
      execFileSync("umount", [disk]);
    }
  });
});

describe("segments", () => {
  it("begin anew at their size, and the older ones may be deleted: nothing counts twice", async () => {
    const taken: TakenEvents = await take(MESSAGES, folder, { segmentBytes: 1 });
    expect(taken.events).toBe(100);
    const files = (await readdir(folder)).sort();
    expect(files.length).toBeGreaterThan(10);
    expect(await rowsIn(folder)).toEqual(expectedRows(EVENTS));
    for (const file of files.slice(0, -1)) await rm(join(folder, file));
    const again = await take(MESSAGES, folder, { segmentBytes: 1 });
    expect(again).toMatchObject({ events: 0, repeated: 100 });
  });

  it("must not be missing between others", async () => {
    await take(MESSAGES, folder, { segmentBytes: 1 });
    await rm(join(folder, "00000004.journal"));
    for (const call of [() => take(MESSAGES, folder), () => rowsIn(folder)]) {
      await expect(call()).rejects.toMatchObject({
        code: "TWIN_READ_FAILED",
        message: expect.stringContaining("00000004.journal"),
      });
    }
  });

  it("are not read over where one in the middle is damaged, and the newest goes on", async () => {
    await take(MESSAGES.slice(0, 80), folder, { segmentBytes: 1, batchEvents: 20 });
    const damaged = join(folder, "00000003.journal");
    const bytes = await readFile(damaged);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 100) ^ 1, bytes.length - 100);
    await writeFile(damaged, bytes);
    const windows = followFeatureWindows(folder, { windowNs: WINDOW_NS, allowedLatenessNs: 10n, patienceNs: 1n });
    const followed = async (): Promise<void> => {
      for await (const _ of windows);
    };
    for (const read of [() => rowsIn(folder), followed]) {
      await expect(read()).rejects.toMatchObject({
        code: "TWIN_READ_FAILED",
        message: expect.stringContaining("00000003.journal"),
      });
    }
    expect(await take(MESSAGES, folder)).toMatchObject({ events: 20, repeated: 80 });
  });

  it("are whole whichever step of a rotation a kill comes at", async () => {
    await take(MESSAGES.slice(0, 60), folder, { segmentBytes: 1, batchEvents: 20 });
    const files = (await readdir(folder)).sort();
    const last = files.at(-1) as string;
    const { size } = await stat(join(folder, last));
    let states = 0;
    // The newest segment cut after its header and anywhere later: without its head, with a part of it, with all of it.
    for (let bytes = HEADER_BYTES; bytes <= size; bytes += bytes < HEADER_BYTES + 250 ? 9 : 90) {
      const state = join(folder, `state-${bytes}`);
      await mkdir(state);
      for (const file of files) await cp(join(folder, file), join(state, file));
      await truncate(join(state, last), bytes);
      const taken = await take(MESSAGES, state, { batchEvents: 50 });
      expect(taken.events + taken.repeated, `cut at ${bytes}`).toBe(100);
      expect(taken.events, `cut at ${bytes}`).toBeLessThanOrEqual(60);
      expect(await rowsIn(state), `cut at ${bytes}`).toEqual(expectedRows(EVENTS));
      states++;
    }
    expect(states).toBeGreaterThan(30);
    // The header is written under another name first; with the newest segment gone, the one before it goes on.
    await rm(join(folder, last));
    await take(MESSAGES, folder, { segmentBytes: 1 });
    expect(await rowsIn(folder)).toEqual(expectedRows(EVENTS));
  });
});

/** Of a journal of this kind: fixed part, kind, checksum. */
const HEADER_BYTES = 28 + "twinloom.intake.v1".length + 4;
