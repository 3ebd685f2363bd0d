import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FollowFeatureWindowsOptions, featureWindows, followFeatureWindows } from "../../../../core/index.ts";
import { eventsOf, expectedRows, messagesOf, rowsIn, rowsOf, take, WINDOW_NS } from "./sample.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-intake-"));
});
afterEach(() => rm(folder, { recursive: true }));

const EVENTS = eventsOf(["a", "b", "c"], 40);
const MESSAGES = messagesOf(EVENTS);

/** Follows until so many rows have come. */
async function follow(
  folders: string | readonly string[],
  most: number,
  options: Partial<FollowFeatureWindowsOptions> = {},
): Promise<readonly string[]> {
  const rows: string[] = [];
  const onLate = (): void => expect.fail("nothing may be late");
  const waits = { windowNs: WINDOW_NS, allowedLatenessNs: 10n, patienceNs: 1_000_000n, sources: ["a", "b", "c"] };
  for await (const window of followFeatureWindows(folders, { ...waits, pollMs: 5, onLate, ...options })) {
    rows.push(...rowsOf(window));
    if (rows.length >= most) break;
  }
  return rows;
}

describe("featureWindows", () => {
  it("gives the same rows however events came, were repeated and were shared by workers that were killed", async () => {
    const expected = expectedRows(EVENTS);
    const sharing = fc.record({
      workers: fc.array(fc.nat({ max: 2 }), { minLength: 120, maxLength: 120 }),
      keys: fc.array(fc.nat({ max: 1000 }), { minLength: 120, maxLength: 120 }),
      // Events that a worker had written down, and not acknowledged: another gets them too.
      again: fc.array(fc.tuple(fc.nat({ max: 119 }), fc.nat({ max: 2 })), { maxLength: 40 }),
      kill: fc.nat({ max: 120 }),
      segmentBytes: fc.constantFrom(1, 700, 1_000_000),
    });
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(sharing, async ({ workers, keys, again, kill, segmentBytes }) => {
        const root = join(folder, `${runs++}`);
        const folders = ["0", "1", "2"].map((name) => join(root, name));
        for (const [worker, own] of folders.entries()) {
          const parts = MESSAGES.map((message, i) => ({ message, key: keys[i] as number, worker: workers[i] }))
            .concat(again.map(([i, to]) => ({ message: MESSAGES[i] as Uint8Array, key: i, worker: to })))
            .filter((part) => part.worker === worker)
            .sort((a, b) => a.key - b.key)
            .map(({ message }) => message);
          const options = { shared: true, segmentBytes, batchEvents: 16 };
          await take(parts.slice(0, kill), own, options);
          // What was not acknowledged comes again.
          await take(parts.slice(Math.max(0, kill - 5)), own, options);
        }
        expect(await rowsIn(folders)).toEqual(expected);
        expect(await follow(folders, 90)).toEqual(expected.slice(0, 90));
      }),
      { numRuns: 12, seed: 1 },
    );
  });

  it("gives windows of multiples of their width, without those that are empty", async () => {
    await take(messagesOf(EVENTS.filter(({ timeNs }) => timeNs < 1100n || timeNs >= 1200n)), folder);
    const starts: bigint[] = [];
    for await (const { startNs, widthNs } of featureWindows(folder, { windowNs: 100n })) {
      expect(widthNs).toBe(100n);
      starts.push(startNs);
    }
    expect(starts).toEqual([1000n, 1200n, 1300n]);
    expect(await rowsIn(join(folder, "nothing"))).toEqual([]);
  });
});

describe("followFeatureWindows", () => {
  it("reads what another process writes, across segments and kills, as it is written", {
    timeout: 120_000,
  }, async () => {
    const script = join(import.meta.dirname, "taker-process.ts");
    let hasFailed = false;
    const writing = (async () => {
      // Each is killed somewhere, and the next goes on.
      for (const afterEvents of ["17", "50", "71", "never"]) {
        if (hasFailed) return;
        const child = spawn(process.execPath, ["--conditions=@twinloom/source", script, folder, afterEvents], {
          stdio: "inherit",
        });
        await once(child, "exit");
      }
    })();
    try {
      expect(await follow(folder, 90)).toEqual(expectedRows(EVENTS).slice(0, 90));
    } catch (error) {
      hasFailed = true;
      throw error;
    } finally {
      // Where the disk is slow, the first two have written 90 when they are killed: the others write the rest.
      await writing;
    }
    expect(await rowsIn(folder)).toEqual(expectedRows(EVENTS));
  });

  it("goes on when a write that it had read was undone", async () => {
    await take(MESSAGES.slice(0, 90), folder);
    const iterator = followFeatureWindows(folder, {
      ...{ windowNs: WINDOW_NS, allowedLatenessNs: 10n, patienceNs: 1_000_000n, pollMs: 5 },
      onLate: () => expect.fail("nothing may be late"),
    });
    const rows: string[] = [];
    for (let i = 0; i < 2; i++) rows.push(...rowsOf((await iterator.next()).value as never));
    const next = iterator.next();
    await truncate(join(folder, "00000001.journal"), 400);
    await take(MESSAGES.slice(0, 30), folder);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await take(MESSAGES, folder);
    rows.push(...rowsOf((await next).value as never));
    expect(rows).toEqual(expectedRows(EVENTS).slice(0, 90));
    await iterator.return();
  });

  it("waits for a journal that is not there yet, and ends with its signal", async () => {
    const end = new AbortController();
    const following = follow(join(folder, "later"), 30, { signal: end.signal });
    await take(MESSAGES, join(folder, "later"));
    expect(await following).toHaveLength(30);
    const waiting = follow(join(folder, "never"), 30, { signal: end.signal });
    end.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });
});
