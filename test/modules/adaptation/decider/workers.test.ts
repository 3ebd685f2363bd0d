import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  encodeEvent,
  featureWindows,
  followFeatureWindows,
  pruneFeatures,
  RandomStream,
  takeEvents,
} from "../../../../core/index.ts";
import { type Decided, type DecideOptions, decide, readDecisions } from "../../../../modules/adaptation/index.ts";
import { MemoryStream } from "../../../../modules/memory/index.ts";
import { Messages } from "../../../core/streams/intake/sample.ts";
import { SyntheticTwin } from "../loop/synthetic-twin.ts";
import { DECIDED_ON, life } from "./life.ts";

const EVENTS = life();
const MESSAGES = EVENTS.map(encodeEvent);
const SETTINGS = { referenceEvents: 1500, windowEvents: 500, acceptIntervalS: 0, checkpointEvents: 1000 };
const WINDOW_NS = 100_000_000n;
const PATIENT_NS = 100_000_000_000n;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-workers-"));
});
afterEach(() => rm(folder, { recursive: true }));

const at = (...names: readonly string[]): readonly string[] => names.map((name) => join(folder, name));

async function take(messages: readonly Uint8Array[], to: string, segmentBytes: number = 1 << 26): Promise<void> {
  const adaptable = new SyntheticTwin();
  await takeEvents(new Messages(messages), { adaptable, folder: to, shared: true, segmentBytes });
}

/** Decides live until the events of all windows that will be complete were decided on. */
async function follow(
  folders: readonly string[],
  options: Partial<DecideOptions> & {
    readonly until?: number;
    readonly patienceNs?: bigint;
    readonly onLate?: () => void;
  } = {},
): Promise<Decided> {
  const {
    until = DECIDED_ON,
    patienceNs = PATIENT_NS,
    onLate = () => expect.fail("nothing may be late"),
    ...own
  } = options;
  const ending = new AbortController();
  const windows = async function* (afterNs: bigint | undefined) {
    try {
      yield* followFeatureWindows(folders, {
        ...{ windowNs: WINDOW_NS, allowedLatenessNs: 0n, patienceNs, pollMs: 5, afterNs, onLate },
        sources: ["left", "right"],
        ...{ log: join(folder, "decisions", "windows.journal"), signal: ending.signal },
      });
    } catch (error) {
      if (!ending.signal.aborted) throw error;
    }
  };
  return await decide(windows, {
    ...{ adaptable: new SyntheticTwin(), folder: join(folder, "decisions"), ...SETTINGS, ...own },
    onProgress: ({ events }) => {
      if (events >= until) ending.abort();
    },
  });
}

const aside = await mkdtemp(join(tmpdir(), "twinloom-workers-"));
/** Of one worker whom nobody disturbs. */
const undisturbed = (async () => {
  await take(MESSAGES, join(aside, "one"));
  const windows = featureWindows(join(aside, "one"), { windowNs: WINDOW_NS });
  const adaptable = new SyntheticTwin();
  return await decide(windows, { adaptable, folder: join(aside, "decisions"), ...SETTINGS });
})();
afterAll(() => rm(aside, { recursive: true }));

describe("one decider of several workers", () => {
  it.each([1, 2, 3])("decides the same however %i of a group share the events, live", async (count) => {
    const stream = new MemoryStream({ name: "beam", roomBytes: 1 << 26, keepBytes: 0 });
    const begin = async (name: string) => {
      const subscription = await stream.subscribe({ group: "workers", window: 50 });
      const ending = new AbortController();
      const options = { adaptable: new SyntheticTwin(), folder: join(folder, name), shared: true, batchEvents: 16 };
      const taking = takeEvents(subscription, { ...options, signal: ending.signal }).catch(() => undefined);
      return async (): Promise<void> => {
        ending.abort(new Error("enough"));
        await taking;
      };
    };
    const names = ["one", "two", "three"].slice(0, count);
    const ends = await Promise.all(names.map(begin));
    const deciding = follow(at(...names));
    for (const [place, message] of MESSAGES.entries()) {
      await stream.publish(message);
      // In memory, a group lasts as long as one stays.
      if (count === 1 || place % 1000 !== 999) continue;
      await sleep(10);
      // What it had not acknowledged comes to the others.
      const index = Math.floor(place / 1000) % count;
      await ends[index]?.();
      ends[index] = await begin(names[index] as string);
    }
    expect((await deciding).digest).toBe((await undisturbed).digest);
    for (const end of ends) await end();
    await stream.stop();
  });

  it("counts once what came to another worker when one had died", async () => {
    const random = new RandomStream({ seed: 1n, id: 1n });
    const shared = MESSAGES.map((message) => ({
      message,
      isMine: random.uniform() < 0.5,
      isTwice: random.uniform() < 0.1,
    }));
    await take(
      shared.filter(({ isMine, isTwice }) => isMine || isTwice).map(({ message }) => message),
      join(folder, "one"),
    );
    await take(
      shared.filter(({ isMine, isTwice }) => !isMine || isTwice).map(({ message }) => message),
      join(folder, "two"),
    );
    expect((await follow(at("one", "two"))).digest).toBe((await undisturbed).digest);
  });

  it("waits for a worker that comes back, and decides the same; for one that does not, as long as is stated", async () => {
    // Each third event is another worker's, who stays away from the 4000th on.
    const isTheirs = (place: number): boolean => place % 3 === 0 && place >= 4000;
    await take(
      MESSAGES.filter((_, place) => !isTheirs(place)),
      join(folder, "one"),
    );
    const deciding = follow(at("one", "two"));
    await sleep(300);
    await take(
      MESSAGES.filter((_, place) => isTheirs(place)),
      join(folder, "two"),
    );
    expect((await deciding).digest).toBe((await undisturbed).digest);

    await rm(join(folder, "two"), { recursive: true });
    await rm(join(folder, "decisions"), { recursive: true });
    // As much event time as is there comes behind the last window, and all that is missing is given up.
    const events = EVENTS.filter((_, place) => !isTheirs(place) && place < 9000).length;
    const impatient = { patienceNs: 2_000_000_000n, until: events, onLate: () => undefined };
    const first = await follow(at("one", "two"), impatient);
    expect(first.digest).not.toBe((await undisturbed).digest);
    expect(first.decisions.length).toBeGreaterThan(4);
    // He is back: what he brings is late, also when it is decided anew; nothing is decided otherwise than it was.
    await take(
      MESSAGES.filter((_, place) => isTheirs(place)),
      join(folder, "two"),
    );
    const again = await follow(at("one", "two"), impatient);
    expect(again.decisions.slice(0, first.decisions.length)).toEqual(first.decisions);
    const all = featureWindows(at("one", "two"), { windowNs: WINDOW_NS });
    const anew = await decide(all, { adaptable: new SyntheticTwin(), folder: join(folder, "anew"), ...SETTINGS });
    expect(anew).toEqual(await undisturbed);
  });

  it("goes on from its checkpoint when what is needed no longer was deleted", async () => {
    const half = MESSAGES.length / 2;
    const segmentBytes = 20_000;
    for (const [place, name] of ["one", "two"].entries()) {
      await take(
        MESSAGES.slice(0, half).filter((_, i) => i % 2 === place),
        join(folder, name),
        segmentBytes,
      );
    }
    const files = async (): Promise<number> => (await readdir(join(folder, "one"))).length;
    const before = await files();
    const onCheckpoint = async (beforeNs: bigint): Promise<void> => {
      for (const one of at("one", "two")) await pruneFeatures(one, { beforeNs });
    };
    await follow(at("one", "two"), { until: 5000, onCheckpoint });
    expect(await files()).toBeLessThan(before / 2);
    for (const [place, name] of ["one", "two"].entries()) {
      await take(
        MESSAGES.slice(half).filter((_, i) => i % 2 === place),
        join(folder, name),
        segmentBytes,
      );
    }
    expect((await follow(at("one", "two"), { onCheckpoint })).digest).toBe((await undisturbed).digest);
  });

  it("ends where its disk is full, and decides the same when there is room", async ({ skip }) => {
    const disk = join(folder, "decisions");
    await mkdir(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], { stdio: "ignore" });
    } catch {
      skip("mounting a small disk needs root");
    }
    try {
      // Some windows and decisions find room.
      await writeFile(join(disk, "ballast"), Buffer.alloc(236_000));
      await take(MESSAGES, join(folder, "one"));
      const options = { checkpointEvents: 1e9 };
      await expect(follow(at("one"), options)).rejects.toMatchObject({
        code: "TWIN_WRITE_FAILED",
        message: expect.stringContaining("ENOSPC"),
      });
      expect((await readDecisions(disk)).length).toBeGreaterThan(0);
      await rm(join(disk, "ballast"));
      expect((await follow(at("one"), options)).digest).toBe((await undisturbed).digest);
    } finally {
      execFileSync("umount", [disk]);
    }
  });
});
