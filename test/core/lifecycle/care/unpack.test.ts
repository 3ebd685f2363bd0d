import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestBytes } from "../../../../core/index.ts";
import type { PackList } from "../../../../core/lifecycle/care/pack-list.ts";
import { readTar, TAR_END, tarHeader, tarPadding } from "../../../../core/lifecycle/care/tar.ts";
import { collectGarbage, packStore, unpackStore, verifyStore } from "../../../../core/lifecycle/index.ts";
import { openStore, type TwinStore } from "../../../../core/lifecycle/store.ts";
import { interceptedFs } from "../log/intercepted-fs.ts";
import { sampleStore, seal } from "../log/sample-store.ts";
import { age, blob, errorsOf, filesOfStore } from "./files-of-store.ts";
import { fullStore } from "./full-store.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "twinloom-pack-"));
});
afterAll(() => rm(root, { recursive: true }));
let names = 0;
const fresh = (end = ""): string => join(root, `${names++}${end}`);

/** An archive of a store, altered on the way. */
async function altered(
  store: TwinStore,
  change: (list: PackList, files: Map<string, string>) => void,
): Promise<string> {
  const sound = fresh(".tar");
  await packStore(store, { file: sound });
  const bytes = await readFile(sound);
  const files = new Map<string, string>();
  for await (const { path, position, bytes: length } of readTar(async (into, at) => bytes.copy(into, 0, at))) {
    files.set(path, bytes.toString("latin1", position, position + length));
  }
  const list = JSON.parse(files.get("pack.json") as string) as PackList;
  change(list, files);
  files.set("pack.json", JSON.stringify(list));
  const parts = [...files].flatMap(([path, text]) => [
    tarHeader({ path, bytes: text.length }),
    Buffer.from(text, "latin1"),
    tarPadding(text.length),
  ]);
  const file = fresh(".tar");
  await writeFile(file, Buffer.concat([...parts, TAR_END]));
  return file;
}

describe("Unpacking", { timeout: 300_000 }, () => {
  it("whose list is altered is refused: an object under another name, or not all that a version needs", async () => {
    await using sample = await sampleStore();
    const entry = await seal(sample.store, "one");
    const renamed = await altered(sample.store, (list, files) => {
      const path = `blobs/sha256/${digestBytes("one").slice(7)}`;
      const file = list.files[path] as PackList["files"][string];
      list.files[path] = { ...file, digest: digestBytes("eno") };
      files.set(path, "eno");
    });
    await expect(unpackStore(renamed, fresh())).rejects.toThrow("is listed under another digest.");
    for (const text of ["one", "{}"]) {
      const partial = await altered(sample.store, (list, files) => {
        const digest = text === "one" ? digestBytes("one") : entry.digest;
        const path = `blobs/sha256/${digest.slice(7)}`;
        delete list.files[path];
        files.delete(path);
      });
      const folder = fresh();
      await expect(unpackStore(partial, folder)).rejects.toMatchObject({
        code: "TWIN_ARCHIVE_INVALID",
        message: expect.stringContaining("is needed, and neither in it nor in the store."),
      });
      expect(await (await openStore(folder, { index: false })).list()).toEqual([]);
    }
  });

  it("keeps what it relies on from a collector that comes before its events", async () => {
    await using sample = await sampleStore();
    await seal(sample.store, "one");
    const spec = digestBytes("one");
    const file = await altered(sample.store, (list, files) => {
      delete list.files[`blobs/sha256/${spec.slice(7)}`];
      files.delete(`blobs/sha256/${spec.slice(7)}`);
    });
    await using target = await sampleStore();
    await target.store.objects.put("one");
    await age(blob(target.folder, spec), 1000);
    let collected = 0;
    const fs = interceptedFs(async (call, path) => {
      if (call !== "link" || !path.includes("events")) return;
      await collectGarbage(await openStore(target.folder, { index: false }), { graceMs: 0 });
      collected++;
    });
    expect(await unpackStore(file, target.folder, { fs })).toMatchObject({ events: 1 });
    expect(collected).toBe(1);
    expect(errorsOf(await verifyStore(target.store))).toEqual([]);
  });

  it("adds no event when it was taken for dead on the way", async () => {
    await using sample = await sampleStore();
    await seal(sample.store, "one");
    const file = fresh(".tar");
    await packStore(sample.store, { file });
    await using target = await sampleStore();
    let skewMs = 0;
    const fs = interceptedFs((call, path) => {
      if (call === "syncFolder" && path.includes("blobs")) skewMs = 7_200_000;
    });
    const clock = { now: () => Date.now() + skewMs };
    await expect(unpackStore(file, target.folder, { fs, clock })).rejects.toMatchObject({ code: "TWIN_PIN_LOST" });
    expect(await target.store.list()).toEqual([]);
  });

  it("is unpacked by several at the same time, and beside a twin whose log is broken", async () => {
    await using sample = await sampleStore();
    for (let count = 0; count < 5; count++) await seal(sample.store, `spec ${count}`);
    const file = fresh(".tar");
    await packStore(sample.store, { file });
    await using target = await sampleStore();
    await seal(target.store, "other", { twin: "hcal" });
    await writeFile(join(target.folder, "events/hcal/00000001.json"), "{}");
    const unpacked = await Promise.all([1, 2, 3].map(() => unpackStore(file, target.folder)));
    expect(unpacked.map(({ versions }) => versions.length)).toEqual([5, 5, 5]);
    expect(unpacked.reduce((sum, { events }) => sum + events, 0)).toBe(5);
    expect(await target.store.list("ecal")).toHaveLength(5);
    // Nor does that twin stop what is packed of another.
    expect(await packStore(target.store, { file: fresh(".tar"), versions: ["ecal"] })).toMatchObject({ objects: 3 });
  });

  it("mends a broken log, and says when another history is in the way or it does not reach so far", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    for (const text of ["one", "two"]) await seal(store, text);
    const [short, long] = [fresh(".tar"), fresh(".tar")];
    await packStore(store, { file: short, versions: ["ecal@v1"] });
    await store.comment("ecal@v1", "three");
    await store.comment("ecal@v1", "four");
    await packStore(store, { file: long });
    const event = (number: number): string => join(sample.folder, `events/ecal/0000000${number}.json`);
    const texts = await Promise.all([1, 2, 3, 4].map((number) => readFile(event(number), "utf8")));
    const damages: readonly (readonly [readonly number[], string | undefined])[] = [
      [[2], undefined],
      [[2], "{"],
      [[1, 3], ""],
      [[2, 3], texts[2]?.replace("three", "thr33")],
    ];
    for (const [numbers, text] of damages) {
      for (const number of numbers) {
        await rm(event(number));
        if (text !== undefined) await writeFile(event(number), text);
      }
      expect(errorsOf(await verifyStore(store))).toEqual([`log events/ecal/0000000${numbers[0]}.json`]);
      expect(await unpackStore(long, sample.folder)).toMatchObject({ events: numbers.length });
      expect(errorsOf(await verifyStore(store))).toEqual([]);
      expect(await Promise.all([1, 2, 3, 4].map((number) => readFile(event(number), "utf8")))).toEqual(texts);
    }
    // The archive ends before the damage.
    await rm(event(3));
    await expect(unpackStore(short, sample.folder)).rejects.toMatchObject({ code: "TWIN_LOG_BROKEN", sequence: 3 });
    await writeFile(event(3), texts[2] as string);
    // Damaged, and followed by what another wrote.
    await using other = await sampleStore();
    await unpackStore(short, other.folder);
    await other.store.comment("ecal@v1", "other");
    await rm(join(other.folder, "events/ecal/00000002.json"));
    const diverged = { code: "TWIN_LOG_DIVERGED", sequence: 3 };
    await expect(unpackStore(long, other.folder)).rejects.toMatchObject(diverged);
    await rm(event(2));
    const otherShort = fresh(".tar");
    await using third = await sampleStore();
    for (const text of ["one", "other two"]) await seal(third.store, text);
    await packStore(third.store, { file: otherShort });
    await expect(unpackStore(otherShort, sample.folder)).rejects.toMatchObject({ code: "TWIN_LOG_DIVERGED" });
    expect(await readdir(join(sample.folder, "events/ecal"))).toHaveLength(3);
  });

  it("stops at its signal wherever it is, tells how far it is, and does not extract what is there", async () => {
    await using sample = await fullStore();
    const file = fresh(".tar");
    await packStore(sample.store, { file });
    let checks = 0;
    const counting = new Proxy(new AbortController().signal, {
      get: (signal, name) => {
        if (name === "throwIfAborted") checks++;
        const value: unknown = Reflect.get(signal, name);
        return typeof value === "function" ? value.bind(signal) : value;
      },
    });
    const told: number[] = [];
    await unpackStore(file, fresh(), { signal: counting, onProgress: (done, of) => told.push(done / of) });
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told.at(-1)).toBe(1);
    // The object of 3 MB is told of in parts.
    expect(told.length).toBeGreaterThan(
      (await filesOfStore(sample.folder)).filter((path) => path.startsWith("blobs")).length + 3,
    );
    for (let at = 1; at < checks; at += Math.ceil(checks / 12)) {
      const folder = fresh();
      let count = 0;
      const signal = new Proxy(new AbortController().signal, {
        get: (of, name) => {
          if (name === "throwIfAborted" && ++count >= at) throw new Error("enough");
          const value: unknown = Reflect.get(of, name);
          return typeof value === "function" ? value.bind(of) : value;
        },
      });
      await expect(unpackStore(file, folder, { signal }), `check ${at} of ${checks}`).rejects.toThrow("enough");
      const left = (await filesOfStore(folder).catch(() => [])).filter((path) => path.endsWith(".partial"));
      expect(left).toEqual([]);
    }
    const made: string[] = [];
    const fs = interceptedFs((call, path) => void (call === "create" && made.push(path)));
    expect(await unpackStore(file, sample.folder, { fs })).toMatchObject({ events: 0 });
    expect(made.filter((path) => path.includes(".unpack.") || path.includes("blobs"))).toEqual([]);
  });
});
