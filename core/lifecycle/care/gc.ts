import { join } from "node:path";
import type { Digest } from "../../canonical/digest.ts";
import type { StoredObject } from "../../contracts/object-store.ts";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { writing } from "../fs/failures.ts";
import { isTemporary, removeIfThere, removeTree, temporaryPath } from "../fs/publish.ts";
import { type FileFacts, type FolderEntry, systemCode } from "../fs/store-fs.ts";
import { STORE_NAMES } from "../layout.ts";
import type { TwinStore } from "../store.ts";
import { readManifest, referencesOf, referencesOfManifest } from "./references.ts";

/** How {@link collectGarbage} collects. */
export interface CollectOptions {
  /** What was stored so lately stays, milliseconds; 24 hours by default. More than the clocks of the writers differ by. */
  readonly graceMs?: number | undefined;
  /** Whether nothing is removed, and what would be is told. */
  readonly dryRun?: boolean | undefined;
  /** Told how many things are removed, of how many. */
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What {@link collectGarbage} removed, or would. */
export interface Collected {
  readonly dryRun: boolean;
  /** Objects that no event reaches, by digest. */
  readonly objects: readonly StoredObject[];
  /** What killed writers left, files and folders, as paths in the store, sorted. */
  readonly temporaryFiles: readonly string[];
  /** Restored versions that no command was run from since, as paths in the store, sorted. */
  readonly checkouts: readonly string[];
  /** In all. */
  readonly bytes: number;
  /** Unreached objects that stay, because they are young or a writer may be about to name them. */
  readonly kept: number;
}

const HEX = /^[0-9a-f]{64}$/;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * Removes the objects that no event of any twin reaches, temporary files of killed writers, and restored versions that were
 * not used within the grace period: they are made anew when they are needed. What was stored within the grace period stays, and so does everything that was stored since the oldest living writer began: writers need not wait,
 * and lose nothing. Temporary files stay for an hour whatever the grace period is: that of a pin is there before the pin.
 * Quarantine is never touched.
 *
 * @throws `TWIN_LOG_BROKEN`, `TWIN_OBJECT_MISSING`, `TWIN_OBJECT_CORRUPT`, `TWIN_VERSION_DAMAGED` where it cannot be known
 *   what is reached, and nothing is removed; `TWIN_WRITE_FAILED`; `TWIN_STORE_NEWER`.
 */
export async function collectGarbage(store: TwinStore, options: CollectOptions = {}): Promise<Collected> {
  const { graceMs = DAY_MS, dryRun = false, signal, onProgress } = options;
  if (!(graceMs >= 0)) throw new InvalidArgumentError(`graceMs is ${graceMs}; it must be 0 or more.`);
  signal?.throwIfAborted();
  await takeBackLeaving(store);
  // In this order: a writer that is not pinned yet stores after this moment, one that is pinned no more has its event.
  const beforeMs = Math.min(store.clock.now() - graceMs, await momentOf(store, dryRun), ...(await pinned(store)));
  const reached = await reachedBy(store, signal);
  const unreached: (StoredObject & { readonly storedAtMs: number })[] = [];
  for await (const object of store.objects.list({ signal })) {
    if (!reached.has(object.digest)) unreached.push(object);
  }
  const garbage = unreached
    .filter(({ storedAtMs }) => storedAtMs < beforeMs)
    .sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const temporary = await oldTemporaries(store, Math.min(beforeMs, store.clock.now() - HOUR_MS));
  const restored = await oldEntries(store, STORE_NAMES.checkouts, beforeMs, (name) => HEX.test(name));
  const of = garbage.length + temporary.length + restored.length;
  let done = 0;
  const next = (): void => {
    signal?.throwIfAborted();
    onProgress?.(++done, of);
  };
  const objects: StoredObject[] = [];
  let bytes = 0;
  for (const { digest, bytes: length, storedAtMs } of garbage) {
    next();
    if (!dryRun && !(await store.objects.remove(digest, { storedAtMs }))) continue;
    objects.push({ digest, bytes: length });
    bytes += length;
  }
  const removeOld = async (entries: readonly OldEntry[]): Promise<readonly string[]> => {
    const removed: string[] = [];
    for (const { path, bytes: length, modifiedMs } of entries) {
      next();
      const facts = await factsOf(store, path);
      // Gone, or used since.
      if (facts?.modifiedMs !== modifiedMs) continue;
      if (!dryRun) await writing(path, () => removeTree(store.fs, join(store.folder, path)));
      removed.push(path);
      bytes += length;
    }
    return removed;
  };
  const temporaryFiles = await removeOld(temporary);
  const checkouts = await removeOld(restored);
  return { dryRun, objects, temporaryFiles, checkouts, bytes, kept: unreached.length - objects.length };
}

/** Every object that an event reaches. */
async function reachedBy(store: TwinStore, signal: AbortSignal | undefined): Promise<ReadonlySet<Digest>> {
  const reached = new Set<Digest>();
  const read = new Set<Digest>();
  const absent = await store.absent();
  for (const twin of await store.twins()) {
    for await (const { change } of store.log(twin).events()) {
      signal?.throwIfAborted();
      const { version, references } = referencesOf(change);
      for (const { digest, is } of references) {
        reached.add(digest);
        if (is === "blob" || read.has(digest)) continue;
        read.add(digest);
        const isAbsent = version !== null && absent.has(version) && (await store.objects.find(digest)) === undefined;
        if (isAbsent) continue;
        for (const named of referencesOfManifest(await readManifest(store.objects, digest))) reached.add(named.digest);
      }
    }
  }
  return reached;
}

async function pinned(store: TwinStore): Promise<readonly number[]> {
  return (await store.livePins()).map(({ sinceMs }) => sinceMs);
}

/** Now, by the clock of the file system, which gives objects their times and may go slower than this machine's. */
async function momentOf(store: TwinStore, dryRun: boolean): Promise<number> {
  const probe = temporaryPath(join(store.folder, "gc"));
  try {
    return await writing(store.folder, async () => {
      await (await store.fs.create(probe, 0o644)).close();
      return (await store.fs.stat(probe)).modifiedMs;
    });
  } catch (error) {
    if (!dryRun) throw error;
    // A store that cannot be written is looked at as it would be by one who can.
    return store.clock.now();
  } finally {
    await removeIfThere(store.fs, probe);
  }
}

/** A collector that was killed half-way leaves an object here: it is one like the others again. */
async function takeBackLeaving(store: TwinStore): Promise<void> {
  for (const { name } of await entriesOf(store, STORE_NAMES.leaving)) {
    if (HEX.test(name)) await store.objects.find(`sha256:${name}`);
  }
}

/** A file or folder, as a path in the store, and how many bytes are in it. */
interface OldEntry {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

async function oldTemporaries(store: TwinStore, beforeMs: number): Promise<readonly OldEntry[]> {
  const logs = (await entriesOf(store, STORE_NAMES.events)).filter(({ kind }) => kind === "folder");
  const folders = [
    ".",
    `${STORE_NAMES.blobs}/sha256`,
    STORE_NAMES.pins,
    STORE_NAMES.absent,
    STORE_NAMES.checkouts,
    ...logs.map(({ name }) => `${STORE_NAMES.events}/${name}`),
  ];
  const found: OldEntry[] = [];
  for (const folder of folders) found.push(...(await oldEntries(store, folder, beforeMs, isTemporary)));
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** What is in a folder of the store under such names, and was last changed before a time. */
async function oldEntries(
  store: TwinStore,
  folder: string,
  beforeMs: number,
  isMeant: (name: string) => boolean,
): Promise<readonly OldEntry[]> {
  const found: OldEntry[] = [];
  for (const { name } of await entriesOf(store, folder)) {
    if (!isMeant(name)) continue;
    const path = folder === "." ? name : `${folder}/${name}`;
    const facts = await factsOf(store, path);
    if (facts === undefined || facts.modifiedMs >= beforeMs) continue;
    const bytes = facts.kind === "folder" ? await bytesIn(store, path) : facts.bytes;
    found.push({ path, bytes, modifiedMs: facts.modifiedMs });
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function bytesIn(store: TwinStore, folder: string): Promise<number> {
  let bytes = 0;
  for (const { name, kind } of await entriesOf(store, folder)) {
    const path = `${folder}/${name}`;
    if (kind === "folder") bytes += await bytesIn(store, path);
    else if (kind === "file") bytes += (await factsOf(store, path))?.bytes ?? 0;
  }
  return bytes;
}

/** Others may remove what is old at the same time. */
async function factsOf(store: TwinStore, path: string): Promise<FileFacts | undefined> {
  return await store.fs.stat(join(store.folder, path)).catch(() => undefined);
}

async function entriesOf(store: TwinStore, folder: string): Promise<readonly FolderEntry[]> {
  try {
    return await store.fs.list(join(store.folder, folder));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  }
}
