import { readdir, utimes } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Digest } from "../../../../core/index.ts";
import type { StoreFindings } from "../../../../core/lifecycle/index.ts";

/** Paths of the files of a store that are its truth, sorted: no index, no pin, no quarantine. */
export async function filesOfStore(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => /^(?:blobs|events|oci-layout|twinloom\.json)/.test(path))
    .sort((a, b) => (a < b ? -1 : 1));
}

/** Makes a file so many hours older. */
export async function age(path: string, hours: number): Promise<void> {
  const time = Date.now() / 1000 - hours * 3600;
  await utimes(path, time, time);
}

/** Where an object is. */
export function blob(folder: string, digest: Digest): string {
  return join(folder, "blobs/sha256", digest.slice(7));
}

/** Errors alone, in short. */
export function errorsOf({ problems }: StoreFindings): readonly string[] {
  return problems.filter(({ severity }) => severity === "error").map(({ kind, file }) => `${kind} ${file}`);
}
