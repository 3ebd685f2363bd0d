import { readdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Digest } from "../../canonical/digest.ts";
import { digestFile } from "../../canonical/digest.ts";
import { makeFolders } from "../../files/make-folders.ts";
import { flushFolder, partialPath, system, writeFileAtomically } from "../../files/write-atomically.ts";
import type { Descriptor, VersionConfig } from "../schema.ts";
import type { TwinStore } from "../store.ts";
import { FolderNotEmptyError, VersionDamagedError } from "./errors.ts";
import { readVersion, type SealedVersion } from "./manifest.ts";
import { MARKER, SPEC_FILE } from "./restored-names.ts";

/** How {@link restoreVersion} restores. */
export interface RestoreOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes are written, of how many. */
  readonly onProgress?: ((doneBytes: number, ofBytes: number) => void) | undefined;
}

/** What {@link restoreVersion} made. */
export interface RestoredVersion extends SealedVersion {
  /** The twin.yaml. */
  readonly file: string;
}

/**
 * Writes the files of a version into an empty folder or a new one: twin.yaml, what it names, models, code. Every byte is
 * checked. The folder is there complete or not at all. Of packages it has the lock file and package.json, where there was
 * code: `npm ci` installs them.
 *
 * @throws {@link FolderNotEmptyError}; {@link VersionDamagedError}, `TWIN_OBJECT_MISSING`, `TWIN_OBJECT_CORRUPT`,
 *   `TWIN_WRITE_FAILED`, the signal's reason: then nothing is left.
 */
export async function restoreVersion(
  store: TwinStore,
  digest: Digest,
  folder: string,
  options: RestoreOptions = {},
): Promise<RestoredVersion> {
  const { signal, onProgress } = options;
  const target = resolve(folder);
  if ((await entriesOf(target)).length > 0) throw new FolderNotEmptyError(folder);
  const version = await readVersion(store.objects, digest);
  const files = filesOf(version);
  const ofBytes = [...files.values()].reduce((sum, { size }) => sum + size, 0);
  const staging = partialPath(target);
  try {
    let doneBytes = 0;
    for (const [path, { digest, size }] of files) {
      const before = doneBytes;
      await store.objects.checkOut(digest, join(staging, path), {
        signal,
        onProgress: (done) => onProgress?.(before + done, ofBytes),
      });
      doneBytes += size;
      onProgress?.(doneBytes, ofBytes);
    }
    await writeFileAtomically(join(staging, MARKER), `${digest}\n`);
    signal?.throwIfAborted();
    await system(target, () => takePlace(staging, target));
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return { ...version, file: join(target, SPEC_FILE) };
}

/** Whether a folder holds every file of a version, unchanged. Other files in it do not matter. */
export async function isRestored(
  version: SealedVersion,
  folder: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<boolean> {
  for (const [path, { digest }] of filesOf(version)) {
    const found = await digestFile(join(folder, path), options).catch((error: unknown) => {
      options.signal?.throwIfAborted();
      if (error instanceof Error && "code" in error) return undefined;
      throw error;
    });
    if (found?.digest !== digest) return false;
  }
  return true;
}

/** The files of a version by their paths. @throws {@link VersionDamagedError} when two have one path. */
function filesOf({ config, descriptor }: SealedVersion): ReadonlyMap<string, Descriptor> {
  const files = new Map<string, Descriptor>([[SPEC_FILE, config.spec]]);
  for (const { path, descriptor: file } of filesIn(config)) {
    const other = files.get(path);
    if (path === MARKER || (other !== undefined && other.digest !== file.digest)) {
      throw new VersionDamagedError(descriptor.digest, `its config has two files for the path "${path}".`);
    }
    files.set(path, file);
  }
  return files;
}

function filesIn({ code, data, models }: VersionConfig): readonly { path: string; descriptor: Descriptor }[] {
  const cards = models.map(({ card }) => card).filter((card) => card !== undefined);
  return [...code.files, ...data, ...models, ...cards];
}

/** Puts a complete folder in the place of an empty one, or of none. */
async function takePlace(staging: string, target: string): Promise<void> {
  await makeFolders(dirname(target));
  // Who works in a folder would be left in a removed one.
  if (target === process.cwd()) return await moveEntries(staging, target);
  try {
    await rmdir(target).catch(ignoring("ENOENT"));
    await rename(staging, target);
  } catch (error) {
    if (["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(String(codeOf(error)))) throw new FolderNotEmptyError(target);
    throw error;
  }
  await flushFolder(dirname(target));
}

/** The twin.yaml comes last: without it the folder is no version. */
async function moveEntries(staging: string, target: string): Promise<void> {
  const names = (await readdir(staging)).filter((name) => name !== SPEC_FILE);
  const moved: string[] = [];
  try {
    for (const name of [...names, SPEC_FILE]) {
      await rename(join(staging, name), join(target, name));
      moved.push(name);
    }
  } catch (error) {
    for (const name of moved) await rm(join(target, name), { recursive: true, force: true });
    throw error;
  }
  await flushFolder(target);
}

async function entriesOf(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    if (codeOf(error) === "ENOTDIR") throw new FolderNotEmptyError(folder);
    throw error;
  }
}

function ignoring(code: string): (error: unknown) => void {
  return (error) => {
    if (codeOf(error) !== code) throw error;
  };
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
