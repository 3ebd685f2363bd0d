import { type Digest, digestBytes } from "../../canonical/digest.ts";
import type { ObjectOptions, ObjectStore, StoredObject } from "../../contracts/object-store.ts";
import { FileUnreadableError } from "../../files/errors.ts";
import { writeFileAtomically } from "../../files/write-atomically.ts";
import { readingFile } from "../fs/failures.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { checkDigest } from "./check-digest.ts";
import { checkLimit } from "./check-limit.ts";
import { checkUnchanged } from "./check-unchanged.ts";
import { copyHashed } from "./copy-hashed.ts";
import { ObjectMissingError } from "./errors.ts";

const PIECE_BYTES = 1 << 20;

/** Objects of this process alone: for tests, and for stores that need not outlive it. */
export class MemoryObjects implements ObjectStore {
  readonly #objects = new Map<Digest, { readonly bytes: Uint8Array; readonly storedAtMs: number }>();
  #lastMs = 0;

  async put(data: Uint8Array | string, { signal, onProgress }: ObjectOptions = {}): Promise<StoredObject> {
    signal?.throwIfAborted();
    const bytes = typeof data === "string" ? Buffer.from(data) : data.slice();
    const digest = digestBytes(bytes);
    // Puts within a millisecond are told apart all the same.
    this.#lastMs = Math.max(Date.now(), this.#lastMs + 0.001);
    this.#objects.set(digest, { bytes, storedAtMs: this.#lastMs });
    onProgress?.(bytes.length, bytes.length);
    return { digest, bytes: bytes.length };
  }

  async putFile(path: string, options: ObjectOptions = {}): Promise<StoredObject> {
    options.signal?.throwIfAborted();
    const file = await readingFile(path, () => nodeFs.open(path));
    try {
      const before = await readingFile(path, () => file.stat());
      if (before.kind !== "file") throw new FileUnreadableError(path, "it is no file.");
      const pieces: Uint8Array[] = [];
      const sink = { write: async (piece: Uint8Array) => void pieces.push(piece.slice()) };
      await readingFile(path, () => copyHashed(file, sink, before.bytes, options));
      await checkUnchanged(path, before, [() => file.stat(), () => nodeFs.stat(path)]);
      return await this.put(Buffer.concat(pieces), { signal: options.signal });
    } finally {
      await file.close();
    }
  }

  async find(digest: Digest): Promise<StoredObject | undefined> {
    const found = this.#objects.get(checkDigest(digest));
    return found && { digest, bytes: found.bytes.length };
  }

  async keep(digest: Digest): Promise<StoredObject | undefined> {
    const found = this.#objects.get(checkDigest(digest));
    return found && (await this.put(found.bytes));
  }

  async get(digest: Digest, options: { readonly limitBytes?: number } = {}): Promise<Uint8Array> {
    const bytes = this.#bytesOf(digest);
    checkLimit(digest, bytes.length, options.limitBytes);
    return bytes.slice();
  }

  async *stream(digest: Digest, { signal, onProgress }: ObjectOptions = {}): AsyncGenerator<Uint8Array> {
    signal?.throwIfAborted();
    const bytes = this.#bytesOf(digest);
    for (let done = 0; done < bytes.length; done += PIECE_BYTES) {
      signal?.throwIfAborted();
      const piece = bytes.slice(done, done + PIECE_BYTES);
      onProgress?.(done + piece.length, bytes.length);
      yield piece;
    }
  }

  async checkOut(digest: Digest, path: string, { signal, onProgress }: ObjectOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    const bytes = this.#bytesOf(digest);
    await writeFileAtomically(path, bytes, { signal });
    onProgress?.(bytes.length, bytes.length);
  }

  async *list({
    signal,
  }: {
    readonly signal?: AbortSignal | undefined;
  } = {}): AsyncGenerator<StoredObject & { readonly storedAtMs: number }> {
    signal?.throwIfAborted();
    for (const [digest, { bytes, storedAtMs }] of this.#objects) {
      signal?.throwIfAborted();
      yield { digest, bytes: bytes.length, storedAtMs };
    }
  }

  async verify(digest: Digest, { signal }: ObjectOptions = {}): Promise<"sound" | "missing"> {
    signal?.throwIfAborted();
    return this.#objects.has(checkDigest(digest)) ? "sound" : "missing";
  }

  async flush(): Promise<void> {
    // Nothing outlives the process.
  }

  async remove(digest: Digest, listed: { readonly storedAtMs?: number } = {}): Promise<boolean> {
    const found = this.#objects.get(checkDigest(digest));
    if (listed.storedAtMs !== undefined && found?.storedAtMs !== listed.storedAtMs) return false;
    return this.#objects.delete(digest);
  }

  #bytesOf(digest: Digest): Uint8Array {
    const found = this.#objects.get(checkDigest(digest));
    if (found === undefined) throw new ObjectMissingError(digest, "in memory");
    return found.bytes;
  }
}
