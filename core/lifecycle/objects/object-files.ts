import { join } from "node:path";
import { performance } from "node:perf_hooks";
import type { Digest } from "../../canonical/digest.ts";
import { isThere, makeStoreFolder, publish } from "../fs/publish.ts";
import { type FileFacts, type StoreFs, systemCode } from "../fs/store-fs.ts";
import { STORE_NAMES } from "../layout.ts";
import { checkDigest } from "./check-digest.ts";
import { type PutAside, Quarantine } from "./quarantine.ts";

/** So many files are looked at together. */
const TOGETHER = 64;

/** Where the objects of a store are, and how they come and go: names of files, never their bytes. */
export class ObjectFiles {
  /** Where objects are. */
  readonly blobs: string;
  readonly #leaving: string;
  readonly #absent: string;
  readonly #quarantine: Quarantine;
  readonly #fs: StoreFs;
  #unsyncedNames = 0;

  constructor(folder: string, fs: StoreFs) {
    this.blobs = join(folder, STORE_NAMES.blobs, "sha256");
    this.#leaving = join(folder, STORE_NAMES.leaving);
    this.#absent = join(folder, STORE_NAMES.absent);
    this.#quarantine = new Quarantine(folder, fs);
    this.#fs = fs;
  }

  pathOf(digest: Digest): string {
    return join(this.blobs, hexOf(digest));
  }

  async facts(digest: Digest): Promise<FileFacts | undefined> {
    return await this.found(digest, (path) => this.#fs.stat(path));
  }

  /** Does something with the file of an object; `undefined` where there is none. */
  async found<T>(digest: Digest, call: (path: string) => Promise<T>): Promise<T | undefined> {
    const path = this.pathOf(digest);
    const first = await unlessMissing(() => call(path));
    if (first !== undefined) return first;
    await this.#takeBack(digest);
    // Also where there was nothing to take back: the collector may have done so itself.
    return await unlessMissing(() => call(path));
  }

  /** Puts a complete temporary file of verified bytes in the place of an object, whatever is there: nothing is better. */
  async settle(temporary: string, digest: Digest): Promise<void> {
    await this.#fs.rename(temporary, this.pathOf(digest));
    this.#unsyncedNames++;
  }

  /**
   * Makes an object that is there as good as put now: safe from a collector, and durable after the next flush even if its
   * writer did not come so far.
   */
  async refresh(digest: Digest): Promise<"refreshed" | "missing" | "foreign"> {
    this.#unsyncedNames++;
    try {
      // Two moments within a millisecond are told apart.
      await this.#fs.touch(this.pathOf(digest), Date.now() + (performance.now() % 1));
      return "refreshed";
    } catch (error) {
      const code = systemCode(error);
      if (code === "ENOENT") return "missing";
      if (code === "EPERM" || code === "EACCES") return "foreign";
      throw error;
    }
  }

  async *list(): AsyncGenerator<readonly [Digest, FileFacts]> {
    const entries = (await unlessMissing(() => this.#fs.list(this.blobs))) ?? [];
    const digests = entries.map(({ name }): Digest => `sha256:${name}`).filter(isDigest);
    for (let start = 0; start < digests.length; start += TOGETHER) {
      const together = digests.slice(start, start + TOGETHER);
      const facts = await Promise.all(together.map((digest) => this.facts(digest)));
      for (const [index, each] of facts.entries()) {
        // What is gone since is no object any more, and a folder never was one.
        if (each?.kind === "file") yield [together[index] as Digest, each];
      }
    }
  }

  /** Makes the names of objects durable. What a failed try left is done by the next. */
  async flush(): Promise<void> {
    const names = this.#unsyncedNames;
    if (names === 0) return;
    await this.#fs.syncFolder(this.blobs);
    this.#unsyncedNames -= names;
  }

  /**
   * Removes by way of another folder: whoever misses the object meanwhile takes it back, and so does this when it was put
   * again after it was listed. A put between the look and the removal is thus never lost, and nor is one when this is killed.
   */
  async remove(digest: Digest, storedAtMs: number | undefined): Promise<boolean> {
    const leaving = join(this.#leaving, hexOf(digest));
    await makeStoreFolder(this.#fs, this.#leaving);
    const moved = await unlessMissing(async () => {
      await this.#fs.rename(this.pathOf(digest), leaving);
      return true;
    });
    if (!moved) return false;
    const facts = await unlessMissing(() => this.#fs.stat(leaving));
    if (facts === undefined) return false;
    if (storedAtMs !== undefined && facts.modifiedMs !== storedAtMs) {
      await this.#takeBack(digest);
      return false;
    }
    await unlessMissing(() => this.#fs.remove(leaving));
    return true;
  }

  /** What is known of an object that is not there: sentences, or nothing. */
  async aboutMissing(digest: Digest): Promise<string> {
    const marked = join(this.#absent, hexOf(digest));
    if (await isThere(this.#fs, marked)) return "This version was left where this store was packed.";
    const aside = await this.#quarantine.find(digest);
    return aside === undefined ? "" : `It was corrupt; its corrupt bytes are kept in ${aside}.`;
  }

  /** Puts an object aside that was found corrupt. */
  async quarantine(digest: Digest): Promise<PutAside> {
    return await this.#quarantine.put(digest, this.pathOf(digest));
  }

  async #takeBack(digest: Digest): Promise<void> {
    const leaving = join(this.#leaving, hexOf(digest));
    if (!(await isThere(this.#fs, leaving))) return await this.#quarantine.takeBack(digest, this.pathOf(digest));
    // A link, since a rename would pull the file from under a collector that is about to look at it. It may go meanwhile.
    await unlessMissing(() => publish(this.#fs, leaving, this.pathOf(digest)));
  }
}

function hexOf(digest: Digest): string {
  return checkDigest(digest).slice("sha256:".length);
}

function isDigest(digest: Digest): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(digest);
}

async function unlessMissing<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
