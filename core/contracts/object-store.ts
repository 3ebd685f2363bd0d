import type { Digest } from "../canonical/digest.ts";
import { type Token, token } from "./token.ts";

/** An object that a store holds. */
export interface StoredObject {
  readonly digest: Digest;
  readonly bytes: number;
}

/** How an object is written or read. */
export interface ObjectOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes are done, of how many. */
  readonly onProgress?: ((doneBytes: number, ofBytes: number) => void) | undefined;
}

/**
 * Holds bytes under their digest, for ever the same. Free of what the bytes mean.
 *
 * An object is there completely or not at all, whatever is killed or full; equal bytes are one object. Several processes,
 * on several machines, may use one store at the same time without a lock.
 */
export interface ObjectStore {
  /** Keeps bytes; a text in UTF-8. Durable after the next {@link flush}. @throws `TWIN_WRITE_FAILED` */
  put(bytes: Uint8Array | string, options?: ObjectOptions): Promise<StoredObject>;
  /**
   * Keeps a copy of a file, read once and streamed. Durable after the next {@link flush}.
   *
   * @throws `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE`, also when the file changed meanwhile; `TWIN_WRITE_FAILED`;
   *   the signal's reason. Nothing is left of what failed.
   */
  putFile(path: string, options?: ObjectOptions): Promise<StoredObject>;
  /** Whether an object is there, by name and length alone; `undefined` where not. */
  find(digest: Digest): Promise<StoredObject | undefined>;
  /**
   * As {@link find}; and one that is there is as safe from a collector, and after the next {@link flush} as durable, as one
   * that is put now. To be asked before something is written that names an object that was there.
   */
  keep(digest: Digest): Promise<StoredObject | undefined>;
  /**
   * The bytes of an object, checked.
   *
   * @throws `TWIN_OBJECT_MISSING`; `TWIN_OBJECT_CORRUPT`, and the object is put in quarantine; `TWIN_INVALID_ARGUMENT` for
   *   one of more than `limitBytes` (16 MiB by default): stream that one.
   */
  get(digest: Digest, options?: { readonly limitBytes?: number }): Promise<Uint8Array>;
  /** The bytes of an object in pieces. What is wrong is known at the end: then it throws as {@link get} does. */
  stream(digest: Digest, options?: ObjectOptions): AsyncIterable<Uint8Array>;
  /**
   * Writes an object to a new file, checked; a copy, never a link. Where the file system can, the copy shares its blocks.
   *
   * @throws as {@link get}, and nothing is left; `TWIN_FILE_EXISTS`, `TWIN_WRITE_FAILED`.
   */
  checkOut(digest: Digest, path: string, options?: ObjectOptions): Promise<void>;
  /** Every object, in no order. `storedAtMs`: when it was last put, milliseconds since 1970. */
  list(options?: {
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterable<StoredObject & { readonly storedAtMs: number }>;
  /** Reads an object and compares; a corrupt one is put in quarantine. */
  verify(digest: Digest, options?: ObjectOptions): Promise<"sound" | "corrupt" | "missing">;
  /** Makes everything put so far durable: what is told of it afterwards outlives a power cut. */
  flush(): Promise<void>;
  /**
   * Removes an object for good. Only a collector that knows every reference may.
   *
   * @param listed - What {@link list} said of it: it stays if it was put again since.
   * @returns Whether it was removed; not where it is not there.
   */
  remove(digest: Digest, listed?: { readonly storedAtMs?: number }): Promise<boolean>;
}
export const ObjectStore: Token<ObjectStore> = token("object-store");
