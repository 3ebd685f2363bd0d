import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { type Digest, digestBytes } from "../../canonical/digest.ts";
import type { ObjectOptions, ObjectStore, StoredObject } from "../../contracts/object-store.ts";
import { FileExistsError, FileUnreadableError, ReadFailedError } from "../../files/errors.ts";
import { readingFile, writing } from "../fs/failures.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { isThere, makeStoreFolder, publish, removeIfThere, temporaryPath } from "../fs/publish.ts";
import { closeRead, type FileFacts, type StoreFile, type StoreFs, systemCode } from "../fs/store-fs.ts";
import { checkLimit } from "./check-limit.ts";
import { checkUnchanged } from "./check-unchanged.ts";
import { copyHashed } from "./copy-hashed.ts";
import { ObjectCorruptError, ObjectMissingError } from "./errors.ts";
import { ObjectFiles } from "./object-files.ts";

const PIECE_BYTES = 1 << 20;
/** Objects are written once. The mode keeps honest editors off; nothing is concluded from it. */
const OBJECT_MODE = 0o444;
const FILE_MODE = 0o644;

/** Objects as files in the folder of a store: `blobs/sha256/<hex>`, as an OCI image layout has them. */
export class FileObjects implements ObjectStore {
  readonly #folder: string;
  readonly #fs: StoreFs;
  readonly #files: ObjectFiles;

  /** @param folder - Of the store; what is missing in it is made when the first object is put. */
  constructor(folder: string, fs: StoreFs = nodeFs) {
    this.#folder = folder;
    this.#fs = fs;
    this.#files = new ObjectFiles(folder, fs);
  }

  async put(data: Uint8Array | string, { signal, onProgress }: ObjectOptions = {}): Promise<StoredObject> {
    signal?.throwIfAborted();
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    const object = { digest: digestBytes(bytes), bytes: bytes.length };
    await writing(this.#files.pathOf(object.digest), async () => {
      if ((await this.#isSound(object)) && (await this.#files.refresh(object.digest)) === "refreshed") return;
      await this.#write(async (temporary) => {
        await this.#create(temporary, OBJECT_MODE, (file) => file.write(bytes));
        signal?.throwIfAborted();
        return object;
      });
    });
    onProgress?.(bytes.length, bytes.length);
    return object;
  }

  async putFile(path: string, options: ObjectOptions = {}): Promise<StoredObject> {
    options.signal?.throwIfAborted();
    const source = await readingFile(path, () => this.#fs.open(path));
    try {
      const before = await readingFile(path, () => source.stat());
      if (before.kind !== "file") throw new FileUnreadableError(path, "it is no file.");
      return await writing(this.#files.blobs, () =>
        this.#write(async (temporary) => {
          const object = await this.#copyIn(path, source, before.bytes, temporary, options);
          await checkUnchanged(path, before, [() => source.stat(), () => this.#fs.stat(path)]);
          return object;
        }),
      );
    } finally {
      await closeRead(source);
    }
  }

  async find(digest: Digest): Promise<StoredObject | undefined> {
    const facts = await this.#reading(digest, () => this.#files.facts(digest));
    return facts && { digest, bytes: facts.bytes };
  }

  async get(digest: Digest, options: { readonly limitBytes?: number } = {}): Promise<Uint8Array> {
    return await this.#open(digest, async (file, facts) => {
      checkLimit(digest, facts.bytes, options.limitBytes);
      const bytes = new Uint8Array(facts.bytes);
      const count = await this.#reading(digest, () => file.read(bytes, 0));
      await this.#check(digest, { digest: digestBytes(bytes.subarray(0, count)), bytes: count });
      return bytes;
    });
  }

  async *stream(digest: Digest, { signal, onProgress }: ObjectOptions = {}): AsyncGenerator<Uint8Array> {
    signal?.throwIfAborted();
    const file = await this.#opened(digest);
    try {
      const facts = await this.#reading(digest, () => file.stat());
      const hash = createHash("sha256");
      let bytes = 0;
      for (;;) {
        // A new one each time: the reader may keep what it gets.
        const piece = new Uint8Array(PIECE_BYTES);
        const count = await this.#reading(digest, () => file.read(piece, bytes));
        signal?.throwIfAborted();
        if (count === 0) break;
        hash.update(piece.subarray(0, count));
        bytes += count;
        onProgress?.(bytes, Math.max(bytes, facts.bytes));
        yield piece.subarray(0, count);
      }
      await this.#check(digest, { digest: `sha256:${hash.digest("hex")}`, bytes });
    } finally {
      await closeRead(file);
    }
  }

  async checkOut(digest: Digest, path: string, options: ObjectOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    await this.#open(digest, async (object, facts) => {
      const folder = dirname(path);
      const temporary = temporaryPath(path);
      await writing(path, async () => {
        if (await isThere(this.#fs, path)) throw new FileExistsError(path);
        await makeStoreFolder(this.#fs, folder);
        try {
          const source = { read: this.#readerOf(digest, object) };
          const from = this.#files.pathOf(digest);
          const copy = await this.#copy(from, source, facts.bytes, temporary, FILE_MODE, options);
          await this.#check(digest, copy);
          if (!(await publish(this.#fs, temporary, path))) throw new FileExistsError(path);
        } finally {
          await removeIfThere(this.#fs, temporary);
        }
        await this.#fs.syncFolder(folder);
      });
    });
  }

  async *list({
    signal,
  }: {
    readonly signal?: AbortSignal | undefined;
  } = {}): AsyncGenerator<StoredObject & { readonly storedAtMs: number }> {
    signal?.throwIfAborted();
    for await (const [digest, { bytes, modifiedMs }] of this.#files.list()) {
      signal?.throwIfAborted();
      yield { digest, bytes, storedAtMs: modifiedMs };
    }
  }

  async verify(digest: Digest, options: ObjectOptions = {}): Promise<"sound" | "corrupt" | "missing"> {
    options.signal?.throwIfAborted();
    try {
      await this.#open(digest, async (file, facts) => {
        const source = { read: this.#readerOf(digest, file) };
        await this.#check(digest, await copyHashed(source, undefined, facts.bytes, options));
      });
      return "sound";
    } catch (error) {
      if (error instanceof ObjectMissingError) return "missing";
      if (error instanceof ObjectCorruptError) return error.isSoundNow ? "sound" : "corrupt";
      throw error;
    }
  }

  async keep(digest: Digest): Promise<StoredObject | undefined> {
    const path = this.#files.pathOf(digest);
    const facts = await this.#reading(digest, () => this.#files.facts(digest));
    if (facts === undefined) return undefined;
    const kept = await writing(path, () => this.#files.refresh(digest));
    if (kept === "missing") return undefined;
    // Another user's file is replaced by an own one.
    if (kept === "foreign") await this.#check(digest, await this.putFile(path));
    return { digest, bytes: facts.bytes };
  }

  async flush(): Promise<void> {
    await writing(this.#files.blobs, () => this.#files.flush());
  }

  async remove(digest: Digest, listed: { readonly storedAtMs?: number } = {}): Promise<boolean> {
    return await writing(this.#files.pathOf(digest), () => this.#files.remove(digest, listed.storedAtMs));
  }

  /** Whether an object is there with the bytes that its name says: only then need it not be written. */
  async #isSound({ digest, bytes }: StoredObject): Promise<boolean> {
    if ((await this.#files.facts(digest))?.bytes !== bytes) return false;
    return (await this.verify(digest).catch(() => undefined)) === "sound";
  }

  /**
   * Makes an object of a temporary file that `fill` writes: it replaces what is there, which nobody has read and which may
   * be corrupt. Nothing is left of what fails.
   */
  async #write(fill: (temporary: string) => Promise<StoredObject>): Promise<StoredObject> {
    await makeStoreFolder(this.#fs, this.#files.blobs);
    const temporary = temporaryPath(join(this.#files.blobs, "object"));
    try {
      const object = await fill(temporary);
      const present = await this.#files.facts(object.digest);
      // What cannot be sound is kept in quarantine; a folder could not be replaced, either.
      if (present !== undefined && (present.kind !== "file" || present.bytes !== object.bytes)) {
        await this.#files.quarantine(object.digest);
      }
      await this.#settle(temporary, object);
      return object;
    } finally {
      await removeIfThere(this.#fs, temporary);
    }
  }

  /** Windows and folders with a sticky bit let nobody replace some files; then what is there must be as good. */
  async #settle(temporary: string, object: StoredObject): Promise<void> {
    try {
      await this.#files.settle(temporary, object.digest);
    } catch (error) {
      if (!["EPERM", "EACCES"].includes(systemCode(error) ?? "")) throw error;
      if ((await this.#isSound(object)) && (await this.#files.refresh(object.digest)) === "refreshed") return;
      // A corrupt one has been put aside.
      await this.#files.settle(temporary, object.digest);
    }
  }

  async #copyIn(
    path: string,
    source: StoreFile,
    ofBytes: number,
    temporary: string,
    options: ObjectOptions,
  ): Promise<StoredObject> {
    const reader = {
      read: (into: Uint8Array, position: number) => readingFile(path, () => source.read(into, position)),
    };
    return await this.#copy(path, reader, ofBytes, temporary, OBJECT_MODE, options);
  }

  /** Copies and hashes; where blocks can be shared, the copy is what is hashed. */
  async #copy(
    from: string,
    source: Pick<StoreFile, "read">,
    ofBytes: number,
    temporary: string,
    mode: number,
    options: ObjectOptions,
  ): Promise<StoredObject> {
    if (await this.#clone(from, temporary, mode)) {
      const copy = await this.#fs.open(temporary);
      try {
        const object = await copyHashed(copy, undefined, ofBytes, options);
        await copy.sync();
        return object;
      } finally {
        await closeRead(copy);
      }
    }
    return await this.#create(temporary, mode, (file) => copyHashed(source, file, ofBytes, options));
  }

  async #clone(from: string, to: string, mode: number): Promise<boolean> {
    try {
      await this.#fs.clone(from, to, mode);
      return true;
    } catch {
      // Most file systems cannot; what else is wrong is told by the copy that is made instead.
      await removeIfThere(this.#fs, to);
      return false;
    }
  }

  async #create<T>(path: string, mode: number, fill: (file: StoreFile) => Promise<T>): Promise<T> {
    const file = await this.#fs.create(path, mode);
    try {
      const result = await fill(file);
      await file.sync();
      return result;
    } finally {
      await file.close();
    }
  }

  async #open<T>(digest: Digest, use: (file: StoreFile, facts: FileFacts) => Promise<T>): Promise<T> {
    const file = await this.#opened(digest);
    try {
      return await use(file, await this.#reading(digest, () => file.stat()));
    } finally {
      await closeRead(file);
    }
  }

  async #opened(digest: Digest): Promise<StoreFile> {
    const file = await this.#reading(digest, () => this.#files.found(digest, (path) => this.#fs.open(path)));
    if (file === undefined) {
      const about = await this.#reading(digest, () => this.#files.aboutMissing(digest));
      throw new ObjectMissingError(digest, this.#folder, about);
    }
    return file;
  }

  #readerOf(digest: Digest, file: StoreFile): StoreFile["read"] {
    return (into, position) => this.#reading(digest, () => file.read(into, position));
  }

  async #reading<T>(digest: Digest, calls: () => Promise<T>): Promise<T> {
    try {
      return await calls();
    } catch (error) {
      const code = systemCode(error);
      if (code === undefined || code.startsWith("TWIN_")) throw error;
      throw new ReadFailedError(this.#files.pathOf(digest), `${(error as Error).message}.`, { cause: error });
    }
  }

  async #check(digest: Digest, found: StoredObject): Promise<void> {
    if (found.digest === digest) return;
    const aside = await this.#files.quarantine(digest);
    throw new ObjectCorruptError(digest, {
      found: `there are ${found.bytes} bytes of digest ${found.digest}`,
      ...aside,
    });
  }
}
