import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Digest } from "../../canonical/digest.ts";
import { reasonOf } from "../../errors/reason.ts";
import { isThere, makeStoreFolder, publish } from "../fs/publish.ts";
import { closeRead, type FileFacts, type StoreFs, systemCode } from "../fs/store-fs.ts";
import { STORE_NAMES } from "../layout.ts";
import { copyHashed } from "./copy-hashed.ts";

/** Names of objects in quarantine: the digits of the digest; a second corrupt copy has a random end. */
const NAME = /^([0-9a-f]{64})(?:\.[0-9a-f]{8})?$/;

/** What became of an object that was found corrupt. */
export interface PutAside {
  /** Where its bytes are now; `undefined` where they were left. */
  readonly quarantinedAt: string | undefined;
  /** Whether it was sound when it was read again: a disk, a network or memory erred once, or a sound copy came. */
  readonly isSoundNow: boolean;
  /** Why they were left. */
  readonly notMoved?: string;
}

/** A file in quarantine. */
interface QuarantinedFile {
  readonly digest: Digest;
  readonly path: string;
  /** The path in the store, with forward slashes. */
  readonly name: string;
}

/** Corrupt objects, kept. One that turns out to be sound goes back to its place. */
export class Quarantine {
  readonly #folder: string;
  readonly #fs: StoreFs;
  /** Files that were read here already, so that a large one is not read whenever its object is looked for. */
  readonly #corrupt = new Set<string>();

  /** @param store - Its folder. */
  constructor(store: string, fs: StoreFs) {
    this.#folder = join(store, STORE_NAMES.quarantine, "sha256");
    this.#fs = fs;
  }

  /** What is there. */
  async list(): Promise<readonly QuarantinedFile[]> {
    try {
      return (await this.#fs.list(this.#folder)).flatMap(({ name }) => {
        const hex = NAME.exec(name)?.[1];
        if (hex === undefined) return [];
        const within = `${STORE_NAMES.quarantine}/sha256/${name}`;
        return [{ digest: `sha256:${hex}` as const, path: join(this.#folder, name), name: within }];
      });
    } catch (error) {
      if (systemCode(error) === "ENOENT") return [];
      throw error;
    }
  }

  /** Where corrupt bytes of an object are. */
  async find(digest: Digest): Promise<string | undefined> {
    return (await this.list()).find((file) => file.digest === digest)?.path;
  }

  /** Puts the file of an object aside that was found corrupt, if it is when it is read again. */
  async put(digest: Digest, path: string): Promise<PutAside> {
    try {
      for (;;) {
        const seen = await this.#unlessSound(digest, path);
        if (seen === undefined) return { quarantinedAt: undefined, isSoundNow: true };
        const target = await this.#move(digest, path, seen);
        if (target !== undefined) return { quarantinedAt: target, isSoundNow: false };
      }
    } catch (error) {
      // Of several that find it, one is the first.
      const quarantinedAt = systemCode(error) === "ENOENT" ? await this.find(digest) : undefined;
      return { quarantinedAt, isSoundNow: false, notMoved: reasonOf(error) };
    }
  }

  /** Puts a file back in its place whose bytes are those of the object, as far as the store can be written. */
  async takeBack(digest: Digest, path: string): Promise<void> {
    for (const file of await this.list()) {
      if (file.digest !== digest) continue;
      try {
        if (this.#corrupt.has(keyOf(digest, await this.#fs.stat(file.path)))) continue;
        if ((await this.#unlessSound(digest, file.path)) !== undefined) continue;
        // As young as what is put now: whoever looks for it may be about to name it.
        await this.#fs.touch(file.path, Date.now());
        await publish(this.#fs, file.path, path);
        return;
      } catch {
        // What cannot be read or put back is as missing as before.
      }
    }
  }

  /** @returns Where it is; `undefined` where another file took its place since it was read, and is there again. */
  async #move(digest: Digest, path: string, seen: FileFacts): Promise<string | undefined> {
    await makeStoreFolder(this.#fs, this.#folder);
    const first = join(this.#folder, digest.slice("sha256:".length));
    const target = (await isThere(this.#fs, first)) ? `${first}.${randomBytes(4).toString("hex")}` : first;
    await this.#fs.rename(path, target);
    if ((await this.#fs.stat(target)).identity === seen.identity) return target;
    // Where this is killed before, whoever misses the object takes it back.
    await publish(this.#fs, target, path);
    return undefined;
  }

  /** The facts of a file whose bytes are not those of the object. What is no file cannot be. */
  async #unlessSound(digest: Digest, path: string): Promise<FileFacts | undefined> {
    const named = await this.#fs.stat(path);
    if (named.kind !== "file") return named;
    const file = await this.#fs.open(path);
    try {
      const facts = await file.stat();
      if ((await copyHashed(file, undefined, facts.bytes)).digest === digest) return undefined;
      this.#corrupt.add(keyOf(digest, facts));
      return facts;
    } finally {
      await closeRead(file);
    }
  }
}

function keyOf(digest: Digest, { identity, bytes, modifiedMs }: FileFacts): string {
  return [digest, identity, bytes, modifiedMs].join(" ");
}
