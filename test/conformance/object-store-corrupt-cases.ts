import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Digest, ObjectStore } from "../../core/index.ts";
import { assertRejects } from "./compare.ts";
import type { ObjectStoreFixture } from "./object-store.ts";
import { bytesOf, collect, LARGE, oneObject } from "./object-store-sample.ts";
import type { ConformanceCase } from "./register.ts";

/** What is wrong with the bytes. */
const DAMAGES: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  "one bit of the first byte": (bytes) => bytes.with(0, (bytes[0] as number) ^ 1),
  "one bit of the last byte": (bytes) => bytes.with(-1, (bytes.at(-1) as number) ^ 0x80),
  "the last byte missing": (bytes) => bytes.slice(0, -1),
  "a byte too many": (bytes) => Uint8Array.of(...bytes, 0),
  "nothing left": () => new Uint8Array(0),
};

/** Promises about objects whose bytes are not what their name says; they need a fixture that can damage. */
export const corruptObjectCases: readonly ConformanceCase<ObjectStoreFixture>[] = [
  {
    name: "notices a corrupt object however it is read, names it, and gives nothing of it",
    async run({ store, folder, damage }) {
      assert.ok(damage, "the fixture needs damage(), or this case a reason to be skipped");
      const reads: Readonly<Record<string, (digest: Digest) => Promise<unknown>>> = {
        get: (digest) => store.get(digest),
        stream: (digest) => collect(store.stream(digest)),
        checkOut: (digest) => store.checkOut(digest, join(folder, "out.bin")),
      };
      for (const [what, change] of Object.entries(DAMAGES)) {
        for (const [how, read] of Object.entries(reads)) {
          const { digest } = await oneObject(store, 3000);
          await damage(digest, change);
          await assertRejects(read(digest), "TWIN_OBJECT_CORRUPT", `${how}, ${what}`, [digest]);
          assert.deepEqual(await readdir(folder), [], `${how}, ${what}: files`);
          assert.equal(await store.find(digest), undefined, `${how}, ${what}: find afterwards`);
        }
      }
    },
  },
  {
    name: "verifies by reading: a corrupt object is told apart from a sound and a missing one",
    async run({ store, damage }) {
      assert.ok(damage, "the fixture needs damage(), or this case a reason to be skipped");
      for (const [what, change] of Object.entries(DAMAGES)) {
        const { digest } = await oneObject(store, LARGE % 4096);
        assert.equal(await store.verify(digest), "sound", what);
        await damage(digest, change);
        assert.equal(await store.verify(digest), "corrupt", what);
        assert.equal(await store.verify(digest), "missing", `${what}: once it is in quarantine`);
      }
    },
  },
  {
    name: "takes sound bytes in the place of a corrupt object",
    async run({ store, folder, damage }) {
      assert.ok(damage, "the fixture needs damage(), or this case a reason to be skipped");
      const path = join(folder, "sound.bin");
      await writeFile(path, bytesOf(2000));
      const repairs: readonly ((store: ObjectStore) => Promise<unknown>)[] = [
        (each) => oneObject(each, 2000),
        (each) => each.putFile(path),
      ];
      for (const repair of repairs) {
        const { digest } = await oneObject(store, 2000);
        await damage(digest, (bytes) => bytes.slice(0, -1));
        await repair(store);
        assert.equal(await store.verify(digest), "sound", "after bytes went missing");
        await damage(digest, (bytes) => bytes.with(7, (bytes[7] as number) ^ 2));
        await repair(store);
        assert.equal(await store.verify(digest), "sound", "after a bit was turned");
      }
    },
  },
];
