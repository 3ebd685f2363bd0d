import { describe, expect, it } from "vitest";
import { TwinError } from "../../../../core/index.ts";
import { isTemporary } from "../../../../core/lifecycle/fs/publish.ts";
import { collectGarbage, verifyStore } from "../../../../core/lifecycle/index.ts";
import { type OpenStoreOptions, openStore, type TwinStore } from "../../../../core/lifecycle/store.ts";
import { errorsOf } from "../care/files-of-store.ts";
import { systemError } from "../log/intercepted-fs.ts";
import { commit } from "./commit.ts";
import { type Before, MemoryFs } from "./memory-fs.ts";

const IS_LONG = process.env["TWINLOOM_LONG"] === "1";
const FOLDER = "/disk/.twinloom";
const MODEL = "/disk/model.onnx";
const MODEL_BYTES = 1_200_000;

/** A disk with a file to seal and a store with one version. */
async function prepared(): Promise<MemoryFs> {
  const fs = new MemoryFs();
  await fs.makeFolder("/disk");
  const file = await fs.create(MODEL);
  await file.write(new Uint8Array(MODEL_BYTES).fill(7));
  await file.sync();
  await fs.syncFolder("/disk");
  await fs.syncFolder("/");
  await commit(await open(fs, { create: true }), "first", MODEL);
  return fs;
}

/** Calls whose failure hurts nobody: sharing blocks, clearing away, closing what was only read. */
const IN_PASSING = /^(?:clone |remove |file\.close \/disk\/model\.onnx$)/;

async function open(fs: MemoryFs, options: Pick<OpenStoreOptions, "create" | "clock"> = {}): Promise<TwinStore> {
  return await openStore(FOLDER, { fs, index: false, ...options });
}

/** The calls of a commit, as `create /disk/…`. */
async function callsOf(disk: MemoryFs): Promise<readonly string[]> {
  const calls: string[] = [];
  await commit(await open(disk.watched((call, path) => void calls.push(`${call} ${path}`))), "second", MODEL);
  return calls;
}

/** An observer that counts, and does something at one call and perhaps those after it. */
function at(number: number, then: () => void | Promise<void>, andAfter = false): Before {
  let count = 0;
  return () => {
    const here = count++;
    return here === number || (andAfter && here > number) ? then() : undefined;
  };
}

/** Sound, with the first version and perhaps the second; the second can then be sealed. */
async function expectOldOrNew(fs: MemoryFs, what: string): Promise<number> {
  const store = await open(fs);
  expect(errorsOf(await verifyStore(store)), what).toEqual([]);
  const versions = (await store.list()).map(({ number }) => number);
  expect([[1], [1, 2]], what).toContainEqual(versions);
  await commit(store, "second", MODEL);
  expect(
    (await store.list()).map(({ number }) => number),
    what,
  ).toEqual([1, 2]);
  if (IS_LONG) expect(errorsOf(await verifyStore(store)), what).toEqual([]);
  return versions.length;
}

const first = await prepared();
/** A disk of its own, with everything on it durable. */
const preparedDisk = (): MemoryFs => first.afterPowerCut("all");
const calls = await callsOf(preparedDisk());

describe(`A commit of ${calls.length} calls to the file system`, { timeout: 600_000 }, () => {
  it("that is killed at any of them leaves the old state or the new one, and a collector clears the rest away", async () => {
    const found = new Set<number>();
    for (const [number, call] of calls.entries()) {
      const disk = preparedDisk();
      const died = Promise.withResolvers<void>();
      const never = at(
        number,
        () => {
          died.resolve();
          return new Promise(() => undefined);
        },
        true,
      );
      void open(disk.watched(never)).then((store) => commit(store, "second", MODEL));
      await died.promise;
      found.add(await expectOldOrNew(disk, `killed at call ${number}, ${call}`));
      for (const { name } of await disk.list(`${FOLDER}/pins`)) await disk.remove(`${FOLDER}/pins/${name}`);
      await later();
      // Temporary files are left alone for an hour.
      const store = await open(disk, { clock: { now: () => Date.now() + 7_200_000 } });
      await collectGarbage(store, { graceMs: 0 });
      const left = (await disk.list(`${FOLDER}/blobs/sha256`)).filter(({ name }) => name.startsWith("."));
      expect(left, `killed at call ${number}, ${call}`).toEqual([]);
      expect(errorsOf(await verifyStore(store))).toEqual([]);
    }
    expect(found).toEqual(new Set([1, 2]));
  });

  it.each(["ENOSPC", "EIO", "EROFS"])(
    "reports %s at any of them once, leaves nothing half, and can be repeated",
    async (code) => {
      for (const [number, call] of calls.entries()) {
        // Most calls fail alike, whatever the code is: of two codes a third will do.
        if (!IS_LONG && code !== "ENOSPC" && number % 3 !== 0) continue;
        const disk = preparedDisk();
        const what = `${code} at call ${number}, ${call}`;
        const fs = disk.watched(
          at(number, () => {
            throw systemError(code);
          }),
        );
        const store = await openOrUndefined(fs);
        const error: unknown = await (store && commit(store, "second", MODEL).catch((thrown: unknown) => thrown));
        // What can be done without is not reported, and everything else is, by a code, with the system's own words.
        if (store && error === undefined) expect(call, what).toMatch(IN_PASSING);
        if (error !== undefined) {
          expect(error, what).toBeInstanceOf(TwinError);
          expect((error as Error).message, what).toContain(code);
        }
        // Nothing half is left, but where removing it was what failed.
        if (!call.startsWith("remove ")) expect(await leftovers(disk), what).toEqual([]);
        await expectOldOrNew(disk, what);
        // The same open store goes on, too.
        if (store) await commit(store, "second", MODEL);
      }
    },
  );

  it("keeps what it acknowledged through a power cut at any later call, and the old or the new state before", async () => {
    const found = new Set<number>();
    for (const names of ["synced", "all"] as const) {
      for (let number = 0; number <= calls.length; number++) {
        const disk = preparedDisk();
        let after: MemoryFs | undefined;
        const cut = (): void => {
          after = disk.afterPowerCut(names);
        };
        await commit(await open(disk.watched(at(number, cut))), "second", MODEL);
        const what = `power cut (${names}) at call ${number}, ${calls[number] ?? "after the last"}`;
        const versions = await expectOldOrNew(after ?? disk.afterPowerCut(names), what);
        if (after === undefined) expect(versions, what).toBe(2);
        found.add(versions);
      }
    }
    expect(found).toEqual(new Set([1, 2]));
  });
});

describe("Making a store", () => {
  it("is completed by the next one where it was killed, or the power cut, at any call", async () => {
    const all: string[] = [];
    await open(new MemoryFs((call, path) => void all.push(`${call} ${path}`)), { create: true });
    for (let number = 0; number <= all.length; number++) {
      const disk = new MemoryFs();
      const states: MemoryFs[] = [];
      const look = (): void => void states.push(disk.afterPowerCut("synced"), disk.afterPowerCut("all"));
      await open(disk.watched(at(number, look)), { create: true });
      for (const state of states) {
        const store = await open(state, { create: true });
        expect(errorsOf(await verifyStore(store)), all[number]).toEqual([]);
      }
    }
    expect(all.length).toBeGreaterThan(10);
  });
});

/** Temporary files and pins. */
async function leftovers(disk: MemoryFs): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of ["", "/blobs/sha256", "/events", "/events/ecal", "/pins", "/leaving"]) {
    for (const { name, kind } of await disk.list(`${FOLDER}${folder}`).catch(() => [])) {
      if (isTemporary(name) || (folder === "/pins" && kind === "file")) found.push(`${folder}/${name}`);
    }
  }
  return found;
}

async function openOrUndefined(fs: MemoryFs): Promise<TwinStore | undefined> {
  try {
    return await open(fs);
  } catch (error) {
    expect(error).toBeInstanceOf(TwinError);
    return undefined;
  }
}

/** The clock of the file system has gone on. */
async function later(): Promise<void> {
  const start = Date.now();
  while (Date.now() < start + 2) await new Promise(setImmediate);
}
