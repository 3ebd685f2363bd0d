import { createHash } from "node:crypto";
import type { Digest, ObjectStore, StoredObject } from "../../core/index.ts";

/** More than any store reads or writes in one piece. */
export const LARGE = 5_300_001;

/** Bytes that are all different enough; the same for the same length. */
export function bytesOf(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = ((index * 40_503 + length) >>> 7) ^ index;
  return bytes;
}

/** By the platform, not by the engine that is under test. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Puts an object of so many bytes. */
export async function oneObject(store: ObjectStore, bytes: number): Promise<StoredObject> {
  return await store.put(bytesOf(bytes));
}

/** All that an iteration gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Every object of a store. */
export async function everything(store: ObjectStore): Promise<(StoredObject & { readonly storedAtMs: number })[]> {
  return await collect(store.list());
}
