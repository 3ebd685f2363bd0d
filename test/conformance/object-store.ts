import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { access, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Digest, ObjectStore } from "../../core/index.ts";
import { assertAborted, assertRejects } from "./compare.ts";
import { corruptObjectCases } from "./object-store-corrupt-cases.ts";
import { bytesOf, collect, digestOf, everything, LARGE, oneObject } from "./object-store-sample.ts";
import { type ConformanceCase, type ConformanceOptions, register } from "./register.ts";

/** An empty store under test. */
export interface ObjectStoreFixture {
  readonly store: ObjectStore;
  /** An empty folder, for files that the suite stores and checks out. */
  readonly folder: string;
  /**
   * Changes the bytes of an object behind the back of the store, as a failing disk does: time and mode stay. Where nothing
   * but the store can reach them, leave it out and skip the cases of corrupt objects.
   */
  damage?(digest: Digest, change: (bytes: Uint8Array) => Uint8Array): Promise<void>;
  /** Stops the store and removes what the fixture made. */
  dispose?(): Promise<void>;
}

/** Every promise of {@link ObjectStore}, except durability, which no program can see while it runs. */
export const objectStoreCases: readonly ConformanceCase<ObjectStoreFixture>[] = [
  {
    name: "keeps bytes and texts under their SHA-256, and gives them back",
    async run({ store }) {
      for (const data of [new Uint8Array(0), bytesOf(1), bytesOf(100_000), "Größe: 5 µm"]) {
        const bytes = typeof data === "string" ? Buffer.from(data) : data;
        const object = await store.put(data);
        const expected = { digest: digestOf(bytes), bytes: bytes.length };
        assert.deepEqual(object, expected, "what put says");
        assert.deepEqual(await store.find(object.digest), expected, "what find says");
        assert.deepEqual(Buffer.from(await store.get(object.digest)), Buffer.from(bytes), "what get gives");
        assert.equal(await store.verify(object.digest), "sound");
      }
    },
  },
  {
    name: "holds its own bytes: what a caller does with what it gave or got changes nothing",
    async run({ store }) {
      const given = bytesOf(5000);
      const { digest } = await store.put(given);
      given.fill(1);
      (await store.get(digest)).fill(2);
      for await (const piece of store.stream(digest)) piece.fill(3);
      assert.equal(digestOf(await store.get(digest)), digest, "bytes got afterwards");
    },
  },
  {
    name: "keeps a copy of a file, which may be changed or removed afterwards",
    async run({ store, folder }) {
      const path = join(folder, "model.bin");
      for (const bytes of [bytesOf(0), bytesOf(LARGE)]) {
        await writeFile(path, bytes);
        const told: number[] = [];
        const object = await store.putFile(path, { onProgress: (done) => told.push(done) });
        assert.deepEqual(object, { digest: digestOf(bytes), bytes: bytes.length });
        if (bytes.length > 0) assert.equal(told.at(-1), bytes.length, "progress at the end");
        await writeFile(path, "something else");
        assert.equal(await store.verify(object.digest), "sound", "after the file was changed");
      }
      assert.deepEqual(await readdir(folder), ["model.bin"], "files beside the one that was stored");
    },
  },
  {
    name: "refuses a file that is not there, and what is no file",
    async run({ store, folder }) {
      await mkdir(join(folder, "a-folder"));
      await assertRejects(store.putFile(join(folder, "none")), "TWIN_FILE_NOT_FOUND", "no file", ["none"]);
      await assertRejects(store.putFile(join(folder, "a-folder")), "TWIN_FILE_UNREADABLE", "a folder", ["a-folder"]);
      assert.deepEqual(await everything(store), [], "objects afterwards");
    },
  },
  {
    name: "refuses a file that changes while it is read, and keeps nothing of it",
    async run({ store, folder }) {
      const path = join(folder, "growing.bin");
      await writeFile(path, bytesOf(LARGE));
      const storing = store.putFile(path, { onProgress: () => appendFileSync(path, "more") });
      await assertRejects(storing, "TWIN_FILE_UNREADABLE", "a file that grows", ["growing.bin", "changed"]);
      assert.deepEqual(await everything(store), [], "objects afterwards");
    },
  },
  {
    name: "has equal bytes once, however and by however many they are put",
    async run({ store, folder }) {
      const bytes = bytesOf(70_000);
      await writeFile(join(folder, "same.bin"), bytes);
      const puts = Array.from({ length: 8 }, () => [store.put(bytes), store.putFile(join(folder, "same.bin"))]);
      for (const put of await Promise.allSettled(puts.flat())) {
        assert.equal(put.status === "fulfilled" ? put.value.digest : put.reason, digestOf(bytes));
      }
      const all = await everything(store);
      assert.deepEqual(
        all.map(({ digest, bytes: length }) => ({ digest, length })),
        [{ digest: digestOf(bytes), length: bytes.length }],
      );
    },
  },
  {
    name: "gives an object in pieces, and tells how far it is",
    async run({ store }) {
      const { digest } = await oneObject(store, LARGE);
      const told: (readonly [number, number])[] = [];
      const pieces = await collect(store.stream(digest, { onProgress: (...progress) => told.push(progress) }));
      assert.equal(digestOf(Buffer.concat(pieces)), digest, "the pieces together");
      assert.ok(pieces.length > 1, "an object of several MiB in one piece");
      assert.deepEqual(told.at(-1), [LARGE, LARGE], "progress at the end");
      assert.ok(
        told.every(([done], index) => done >= (told[index - 1]?.[0] ?? 0)),
        "progress goes forwards",
      );
      const { digest: empty } = await store.put("");
      assert.equal(Buffer.concat(await collect(store.stream(empty))).length, 0, "bytes of the empty object");
    },
  },
  {
    name: "writes an object to a new file of the user's own, and makes its folder",
    async run({ store, folder }) {
      const { digest } = await oneObject(store, LARGE);
      const path = join(folder, "restored", "deep", "model.bin");
      await store.checkOut(digest, path);
      assert.equal(digestOf(await readFile(path)), digest, "bytes of the file");
      // Fails for a link, and for a file that cannot be written.
      await writeFile(path, "changed by the user");
      assert.equal(await store.verify(digest), "sound", "the object, after the user wrote to the file");
      assert.deepEqual(await readdir(join(folder, "restored", "deep")), ["model.bin"], "files beside it");
    },
  },
  {
    name: "never writes over a file",
    async run({ store, folder }) {
      const { digest } = await oneObject(store, 10);
      const path = join(folder, "kept.bin");
      await writeFile(path, "mine");
      await assertRejects(store.checkOut(digest, path), "TWIN_FILE_EXISTS", "a file that is there", ["kept.bin"]);
      assert.equal(await readFile(path, "utf8"), "mine");
    },
  },
  {
    name: "says what is missing, by name, and leaves nothing",
    async run({ store, folder }) {
      const digest = digestOf(bytesOf(33));
      const path = join(folder, "never.bin");
      const words = [digest];
      assert.equal(await store.find(digest), undefined, "find");
      assert.equal(await store.keep(digest), undefined, "keep");
      assert.equal(await store.verify(digest), "missing", "verify");
      assert.equal(await store.remove(digest), false, "remove");
      await assertRejects(store.get(digest), "TWIN_OBJECT_MISSING", "get", words);
      await assertRejects(collect(store.stream(digest)), "TWIN_OBJECT_MISSING", "stream", words);
      await assertRejects(store.checkOut(digest, path), "TWIN_OBJECT_MISSING", "checkOut", words);
      await assertRejects(access(path), "ENOENT", "the file");
    },
  },
  {
    name: "takes nothing but digests as names",
    async run({ store, folder }) {
      const upper = `sha256:${"AB".repeat(32)}`;
      for (const name of ["", "sha256:", "sha256:../../../etc/passwd", "sha512:00", upper] as Digest[]) {
        const path = join(folder, "out");
        const code = "TWIN_INVALID_ARGUMENT";
        await assertRejects(store.find(name), code, `find(${name})`);
        await assertRejects(store.keep(name), code, `keep(${name})`);
        await assertRejects(store.get(name), code, `get(${name})`);
        await assertRejects(collect(store.stream(name)), code, `stream(${name})`);
        await assertRejects(store.checkOut(name, path), code, `checkOut(${name})`);
        await assertRejects(store.verify(name), code, `verify(${name})`);
        await assertRejects(store.remove(name), code, `remove(${name})`);
      }
    },
  },
  {
    name: "gives no more at once than it is told to",
    async run({ store }) {
      const { digest } = await oneObject(store, 1000);
      await assertRejects(store.get(digest, { limitBytes: 999 }), "TWIN_INVALID_ARGUMENT", "999 of 1000", [digest]);
      assert.equal((await store.get(digest, { limitBytes: 1000 })).length, 1000);
      const large = await oneObject(store, (16 << 20) + 1);
      await assertRejects(store.get(large.digest), "TWIN_INVALID_ARGUMENT", "more than 16 MiB", [large.digest]);
    },
  },
  {
    name: "lists every object with its length and when it was put",
    async run({ store }) {
      assert.deepEqual(await everything(store), [], "objects of an empty store");
      const before = Date.now();
      const objects = [];
      for (let count = 0; count < 70; count++) objects.push(await store.put(bytesOf(count)));
      const listed = await everything(store);
      const wanted = new Map(objects.map(({ digest, bytes }) => [digest, bytes]));
      assert.deepEqual(new Map(listed.map(({ digest, bytes }) => [digest, bytes])), wanted);
      assert.equal(listed.length, objects.length, "objects listed");
      for (const { storedAtMs } of listed) {
        // The clock of a file system may be another machine's.
        assert.ok(Math.abs(storedAtMs - before) < 3_600_000, `stored at ${storedAtMs}, and it is ${before}`);
      }
    },
  },
  {
    name: "removes an object, but not one that was put again since it was listed",
    async run({ store, folder }) {
      const { digest } = await oneObject(store, 5000);
      await writeFile(join(folder, "same.bin"), bytesOf(5000));
      const keeps = [
        () => store.put(bytesOf(5000)),
        () => store.putFile(join(folder, "same.bin")),
        async () => assert.deepEqual(await store.keep(digest), { digest, bytes: 5000 }),
      ];
      for (const again of keeps) {
        const [listed] = await everything(store);
        assert.ok(listed);
        await again();
        assert.equal(await store.remove(digest, listed), false, "removed, although it was put again");
        assert.equal(await store.verify(digest), "sound");
      }
      const [listed] = await everything(store);
      assert.equal(await store.remove(digest, listed), true, "removed");
      assert.equal(await store.find(digest), undefined);
      assert.deepEqual(await everything(store), []);
      await oneObject(store, 5000);
      assert.equal(await store.remove(digest), true, "removed without a look");
    },
  },
  {
    name: "does nothing for a signal that is aborted already",
    async run({ store, folder }) {
      const { digest } = await oneObject(store, 10);
      await writeFile(join(folder, "in.bin"), "bytes");
      const signal = AbortSignal.abort(new Error("called off"));
      await assertAborted(store.put("text", { signal }), signal, "put");
      await assertAborted(store.putFile(join(folder, "in.bin"), { signal }), signal, "putFile");
      await assertAborted(collect(store.stream(digest, { signal })), signal, "stream");
      await assertAborted(store.checkOut(digest, join(folder, "out.bin"), { signal }), signal, "checkOut");
      await assertAborted(store.verify(digest, { signal }), signal, "verify");
      await assertAborted(collect(store.list({ signal })), signal, "list");
      assert.deepEqual(await readdir(folder), ["in.bin"], "files");
      assert.equal((await everything(store)).length, 1, "objects");
    },
  },
  {
    name: "stops storing a file when it is called off, keeps nothing of it, and stores it when asked again",
    async run({ store, folder }) {
      const path = join(folder, "large.bin");
      await writeFile(path, bytesOf(LARGE));
      const abort = new AbortController();
      const onProgress = (): void => abort.abort(new Error("called off"));
      await assertAborted(store.putFile(path, { signal: abort.signal, onProgress }), abort.signal, "putFile");
      assert.deepEqual(await everything(store), []);
      assert.equal((await store.putFile(path)).bytes, LARGE);
      await store.flush();
    },
  },
  {
    name: "flushes whenever it is asked to",
    async run({ store }) {
      await store.flush();
      const { digest } = await oneObject(store, 10);
      await Promise.all([store.flush(), store.flush(), store.put("more")]);
      await store.flush();
      assert.equal(await store.verify(digest), "sound");
    },
  },
  ...corruptObjectCases,
];

/**
 * Registers the conformance suite for object stores.
 *
 * @param setup - Makes a fixture with an empty store; called for every case.
 *
 * @example
 * testObjectStore(async () => ({ store: new MyObjects(), folder: await mkdtemp(join(tmpdir(), "objects-")) }), {
 *   skip: Object.fromEntries(corruptObjectCases.map(({ name }) => [name, "its bytes cannot be reached"])),
 * });
 */
export function testObjectStore(setup: () => Promise<ObjectStoreFixture>, options?: ConformanceOptions): void {
  register("ObjectStore", objectStoreCases, setup, options);
}
