import { access, mkdir, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Digest, RandomStream } from "../../../../core/index.ts";
import { nodeFs } from "../../../../core/lifecycle/fs/node-fs.ts";
import type { FileFacts, StoreFs } from "../../../../core/lifecycle/fs/store-fs.ts";
import { collectGarbage, verifyStore } from "../../../../core/lifecycle/index.ts";
import { openStore, type TwinStore } from "../../../../core/lifecycle/store.ts";
import { readVersion } from "../../../../core/lifecycle/version/manifest.ts";
import { interceptedFs } from "../log/intercepted-fs.ts";
import { attestation, sampleStore, seal } from "../log/sample-store.ts";
import { age, blob, errorsOf } from "./files-of-store.ts";

const IS_LONG = process.env["TWINLOOM_LONG"] === "1";
const HOUR_MS = 3_600_000;

async function put(store: TwinStore, folder: string, text: string, hours: number): Promise<Digest> {
  const { digest } = await store.objects.put(text);
  await age(blob(folder, digest), hours);
  return digest;
}

async function all(store: TwinStore): Promise<Set<Digest>> {
  const digests = new Set<Digest>();
  for await (const { digest } of store.objects.list()) digests.add(digest);
  return digests;
}

/** Makes every object of a store so old that only its being reached keeps it. */
async function ageAll(store: TwinStore, folder: string): Promise<void> {
  for (const digest of await all(store)) await age(blob(folder, digest), 100);
}

describe("Collecting garbage", { timeout: 300_000 }, () => {
  it("removes what no event reaches and is older than a day, and nothing else", async () => {
    await using sample = await sampleStore();
    const { store, folder } = sample;
    const version = await seal(store, "kept", { policy: "validated: {}\n" });
    await store.attest("ecal", attestation(version.digest, "validation"));
    const reached = await all(store);
    await ageAll(store, folder);
    const old = await put(store, folder, "garbage", 25);
    const young = await put(store, folder, "young", 23);
    expect(await collectGarbage(store, { dryRun: true })).toMatchObject({
      objects: [{ digest: old, bytes: 7 }],
      kept: 1,
    });
    expect(await store.objects.verify(old)).toBe("sound");
    expect(await collectGarbage(store)).toEqual({
      dryRun: false,
      objects: [{ digest: old, bytes: 7 }],
      temporaryFiles: [],
      checkouts: [],
      bytes: 7,
      kept: 1,
    });
    expect(await all(store)).toEqual(new Set([...reached, young]));
    expect((await verifyStore(store)).sound).toBe(true);
    expect(await collectGarbage(store, { graceMs: 22 * HOUR_MS })).toMatchObject({ objects: [{ digest: young }] });
  });

  it("removes what killed writers left, and takes back what a killed collector had in its hand", async () => {
    await using sample = await sampleStore();
    const { store, folder } = sample;
    const version = await seal(store, "kept");
    const left = [
      ".ecal.0123456789ab.partial",
      "blobs/sha256/.object.0123456789ab.partial",
      "events/ecal/.00000002.json.0123456789ab.partial",
    ];
    for (const path of left) {
      await writeFile(join(folder, path), "half");
      await age(join(folder, path), 30);
    }
    const fresh = "blobs/sha256/.object.ba9876543210.partial";
    await writeFile(join(folder, fresh), "half");
    await mkdir(join(folder, "leaving"), { recursive: true });
    await rename(blob(folder, version.digest), join(folder, "leaving", version.digest.slice(7)));
    expect(await collectGarbage(store)).toMatchObject({ objects: [], temporaryFiles: left, bytes: 12 });
    expect(await readdir(join(folder, "leaving"))).toEqual([]);
    expect(await readVersion(store.objects, version.digest)).toMatchObject({ config: { twin: "ecal" } });
    await access(join(folder, fresh));
  });

  it("removes half-made folders, restored versions that were not used lately, and nothing that a link leads to", async () => {
    await using sample = await sampleStore();
    const { store, folder } = sample;
    await seal(store, "kept");
    const [old, used] = ["a", "b"].map((digit) => `checkouts/${digit.repeat(64)}`) as [string, string];
    const left = ["checkouts/.a.0123456789ab.partial", "events/ecal/.00000002.json.claim.0123456789ab.partial"];
    const outside = join(folder, "blobs/kept");
    for (const path of [...left, old, used]) {
      await mkdir(join(folder, path, "deep"), { recursive: true });
      await writeFile(join(folder, path, "deep/file"), "1234");
      await symlink(join(folder, "blobs"), join(folder, path, "link"));
      await age(join(folder, path), 30);
    }
    await writeFile(outside, "kept");
    await age(join(folder, used), 23);
    const told: (readonly [number, number])[] = [];
    const dry = await collectGarbage(store, { dryRun: true });
    await access(join(folder, old, "deep/file"));
    const collected = await collectGarbage(store, { onProgress: (...progress) => told.push(progress) });
    expect(collected).toMatchObject({ objects: [], temporaryFiles: left, checkouts: [old], bytes: 12 });
    expect(dry).toEqual({ ...collected, dryRun: true });
    expect(told).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
    expect(await readdir(join(folder, "checkouts"))).toEqual(["b".repeat(64)]);
    await access(outside);
    expect(await readdir(join(folder, "events/ecal"))).toEqual(["00000001.json"]);
  });

  it("is not stopped by another collector, nor by a folder under the name of an object", async () => {
    await using sample = await sampleStore();
    const { store, folder } = sample;
    await seal(store, "kept");
    for (let count = 0; count < 9; count++) {
      const path = join(folder, `blobs/sha256/.object.${String(count).repeat(12)}.partial`);
      await writeFile(path, "half");
      await age(path, 30);
    }
    const stray = join(folder, "blobs/sha256", "0".repeat(64));
    await mkdir(stray);
    await age(stray, 100);
    const both = await Promise.all([collectGarbage(store), collectGarbage(await openStore(folder, { index: false }))]);
    expect(new Set(both.flatMap(({ temporaryFiles }) => temporaryFiles)).size).toBe(9);
    await access(stray);
  });

  it("goes by the clock of the file system, which gives objects their times", async () => {
    await using sample = await sampleStore();
    const { store, folder } = sample;
    await seal(store, "kept");
    // A server whose clock goes ten minutes late: what is put this moment looks ten minutes old.
    const behindMs = 600_000;
    const behind = (facts: FileFacts): FileFacts => ({ ...facts, modifiedMs: facts.modifiedMs - behindMs });
    const fs: StoreFs = { ...nodeFs, stat: async (path) => behind(await nodeFs.stat(path)) };
    const digest = await put(store, folder, "put a while ago", 0.01);
    let wasLate = false;
    const late = await openStore(folder, {
      index: false,
      fs: {
        ...fs,
        list: async (path) => {
          // A writer comes when everything that is reached is known.
          if (path.endsWith("blobs/sha256") && !wasLate) {
            wasLate = true;
            await store.objects.put("put while it collects");
          }
          return await fs.list(path);
        },
      },
    });
    const collected = await collectGarbage(late, { graceMs: 0 });
    expect(wasLate).toBe(true);
    expect(collected.objects.map((each) => each.digest)).toEqual([digest]);
    expect(collected.kept).toBe(1);
  });

  it("removes nothing where it cannot know what is reached", async () => {
    await using sample = await sampleStore();
    const { store, folder } = sample;
    await seal(store, "one");
    const second = await seal(store, "two");
    const old = await put(store, folder, "garbage", 25);
    await rm(blob(folder, second.digest));
    await expect(collectGarbage(store)).rejects.toMatchObject({ code: "TWIN_OBJECT_MISSING" });
    await rm(join(folder, "events/ecal/00000001.json"));
    await expect(collectGarbage(store)).rejects.toMatchObject({ code: "TWIN_LOG_BROKEN" });
    await expect(collectGarbage(store, { graceMs: -1 })).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
    expect(await store.objects.verify(old)).toBe("sound");
  });

  it("leaves what was stored since a living writer began, however old it looks", async () => {
    await using sample = await sampleStore();
    const { store, folder } = sample;
    const before = await put(store, folder, "before", 2);
    const pin = await store.pin();
    const since = (await store.objects.put("since")).digest;
    // Months later, as far as the collector can tell.
    const later = await openStore(folder, { clock: { now: () => Date.now() + 3000 * HOUR_MS }, index: false });
    expect((await collectGarbage(later)).objects).toMatchObject([{ digest: before }]);
    await pin[Symbol.asyncDispose]();
    expect((await collectGarbage(later)).objects).toMatchObject([{ digest: since }]);
  });

  it("loses nothing of a writer that is held at any call while it seals", async () => {
    // What is to be sealed was in the store before, old and unreached: the worst case.
    let calls = 0;
    const counting = interceptedFs(() => void calls++);
    await using reference = await sampleStore({ fs: counting });
    calls = 0;
    await sealPinned(reference.store);
    const step = IS_LONG ? 1 : Math.ceil(calls / 12);
    for (let held = 0; held < calls; held += step) {
      await using sample = await sampleStore();
      const { folder } = sample;
      for (const text of ["shared spec", "{}"]) await put(sample.store, folder, text, 100);
      let count = 0;
      const fs = interceptedFs(async () => {
        if (count++ === held) await collectGarbage(await openStore(folder, { index: false }), { graceMs: 0 });
      });
      await sealPinned(await openStore(folder, { fs, index: false }));
      const findings = await verifyStore(sample.store);
      expect(errorsOf(findings), `held at call ${held}`).toEqual([]);
      expect(findings.checked.versions).toBe(1);
    }
  });

  it("agrees with a reference mark set over random stores, and a dry run with the real one", async () => {
    const random = new RandomStream({ seed: 9n, id: 0n });
    for (let round = 0; round < (IS_LONG ? 40 : 3); round++) {
      await using sample = await sampleStore();
      const { store, folder } = sample;
      const reached = new Set<Digest>();
      const garbage = new Set<Digest>();
      for (let step = 0; step < 12; step++) {
        const dice = random.uniform();
        if (dice < 0.4) {
          const entry = await seal(store, `spec ${Math.floor(dice * 10)}`, { twin: dice < 0.2 ? "ecal" : "hcal" });
          const { manifest } = await readVersion(store.objects, entry.digest);
          for (const { digest } of [entry, manifest.config, ...manifest.layers]) reached.add(digest);
          if (dice > 0.3) {
            const evidence = await store.attest(
              entry.digest,
              attestation(entry.digest, "audit", { metrics: { step } }),
            );
            const names = JSON.parse(Buffer.from(await store.objects.get(evidence.digest)).toString());
            for (const { digest } of [evidence, names.config, ...names.layers]) reached.add(digest);
          }
        } else garbage.add((await store.objects.put(`loose ${dice < 0.7 ? step : dice}`)).digest);
      }
      await ageAll(store, folder);
      const wanted = [...garbage].filter((digest) => !reached.has(digest)).sort((a, b) => (a < b ? -1 : 1));
      const told = await collectGarbage(store, { dryRun: true });
      expect(told.objects.map(({ digest }) => digest)).toEqual(wanted);
      expect(await collectGarbage(store)).toEqual({ ...told, dryRun: false });
      expect(await all(store)).toEqual(reached);
    }
  });
});

/** As `sealVersion` does: pinned, objects first, the event last. */
async function sealPinned(store: TwinStore): Promise<void> {
  await using pin = await store.pin();
  await seal(store, "shared spec");
  await pin.check();
}
