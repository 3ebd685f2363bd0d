import { lstat, mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { WriteFailedError } from "../../files/errors.ts";
import { within } from "../../kernel/check-versions.ts";
import type { Composition } from "../../kernel/composition.ts";
import { ENGINE_VERSION } from "../../kernel/version.ts";
import { type LoadedSpec, type LoadSpecOptions, loadSpec } from "../../spec/load-spec.ts";
import { StoreNewerError } from "../errors.ts";
import { writing } from "../fs/failures.ts";
import { systemCode } from "../fs/store-fs.ts";
import { STORE_NAMES } from "../layout.ts";
import { versionName } from "../log/find-version.ts";
import type { VersionEntry } from "../log/twin-state.ts";
import type { TwinStore } from "../store.ts";
import { FolderNotEmptyError, VersionWithdrawnError } from "./errors.ts";
import { readVersion, type SealedVersion } from "./manifest.ts";
import { providePackages } from "./provide-packages.ts";
import { isRestored, restoreVersion } from "./restore.ts";
import { SPEC_FILE } from "./restored-names.ts";

/** How {@link loadVersion} loads. */
export interface LoadVersionOptions extends LoadSpecOptions {
  /**
   * An empty folder, or a new one, for the files of the version; by default one of the store's own, or this user's where the store
   * cannot be written to: it is used again.
   */
  readonly folder?: string | undefined;
  /** Whether a withdrawn version is loaded all the same. */
  readonly force?: boolean | undefined;
  /** Told what may make the twin another than it was: an older engine, other packages. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** A version whose files are there, as what `createTwin` takes. */
export interface LoadedVersion {
  readonly entry: VersionEntry;
  /** Its runs say which version it is. */
  readonly composition: LoadedSpec & Required<Pick<Composition, "restoredFrom">>;
}

/**
 * Restores the files of a version and reads its twin.yaml: `openTwin` without starting anything.
 *
 * @param name - `ecal-testbeam@champion`, `ecal-testbeam@v7`, `ecal-testbeam` (the newest), `sha256:…`.
 * @throws `TWIN_VERSION_NOT_FOUND`; {@link VersionWithdrawnError} without `force`; `TWIN_PACKAGE_MISSING` with the command
 *   that installs what is missing; what {@link restoreVersion} and `loadSpec` throw.
 */
export async function loadVersion(
  store: TwinStore,
  name: string,
  options: LoadVersionOptions = {},
): Promise<LoadedVersion> {
  const { folder, force = false, onNote, ...loading } = options;
  const { signal } = loading;
  const entry = await store.resolve(name);
  if (entry.state === "withdrawn" && !force) {
    throw new VersionWithdrawnError(versionName(entry), entry.digest, entry.stateReason);
  }
  const version = await readVersion(store.objects, entry.digest, entry.twin);
  const file =
    folder === undefined
      ? await checkedOut(store, version, { signal })
      : (await restoreVersion(store, entry.digest, folder, { signal })).file;
  const notes = await providePackages(version, dirname(file), versionName(entry));
  const { engine } = version.config.environment;
  if (!within(ENGINE_VERSION, `^${engine}`)) {
    notes.push(
      `${versionName(entry)} was sealed with Twinloom ${engine}; this is ${ENGINE_VERSION}, which may give other results. For the same engine: npm install twinloom@${engine}`,
    );
  }
  // Before the file is read: they may be why that fails.
  for (const note of notes) onNote?.(note);
  const spec = await loadSpec(file, loading);
  return { entry, composition: { ...spec, restoredFrom: entry.digest } };
}

/** What a system says of what this user may not write. */
const NOT_OURS = new Set(["EROFS", "EACCES", "EPERM"]);

/** The twin.yaml of a version: in the store's own folder for it, or this user's where the store cannot be written. */
async function checkedOut(store: TwinStore, version: SealedVersion, options: CheckOutOptions): Promise<string> {
  try {
    return await checkedOutTo(join(store.folder, STORE_NAMES.checkouts), store, version, {
      ...options,
      // Whoever collects garbage takes what is not used; who cannot say that it is used must not run from there.
      markUsed: (folder) => store.fs.touch(folder, store.clock.now()),
    });
  } catch (error) {
    const cause = error instanceof WriteFailedError ? error.cause : error;
    if (!(error instanceof StoreNewerError) && !NOT_OURS.has(systemCode(cause) ?? "")) throw error;
    return await checkedOutTo(await userFolder(), store, version, options);
  }
}

interface CheckOutOptions {
  readonly signal?: AbortSignal | undefined;
  readonly markUsed?: (folder: string) => Promise<void>;
}

/** The twin.yaml of a version in a folder of versions: the one that is there, if it is as it was sealed. */
async function checkedOutTo(
  base: string,
  store: TwinStore,
  version: SealedVersion,
  { signal, markUsed }: CheckOutOptions,
): Promise<string> {
  const { digest } = version.descriptor;
  const folder = join(base, digest.slice("sha256:".length));
  for (let tries = 0; ; tries++) {
    if (!(await isRestored(version, folder, { signal }))) {
      try {
        await restoreVersion(store, digest, folder, { signal });
      } catch (error) {
        if (!(error instanceof FolderNotEmptyError) || tries === 2) throw error;
        // Not before: another process may have restored it meanwhile, and runs from there.
        if (!(await isRestored(version, folder, { signal }))) await rm(folder, { recursive: true, force: true });
        continue;
      }
    }
    await markUsed?.(folder);
    return join(folder, SPEC_FILE);
  }
}

/**
 * A folder for the files of versions that only this user can write to, used again each time. It lies with the temporary
 * files: those of a system are removed in the end, and a user may have no other place.
 *
 * @throws `TWIN_WRITE_FAILED` where it is somebody else's, who could put in it what is run from there.
 */
async function userFolder(): Promise<string> {
  const uid = process.getuid?.();
  const folder = join(tmpdir(), uid === undefined ? "twinloom" : `twinloom-${uid}`);
  await writing(folder, async () => {
    await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
      if (systemCode(error) !== "EEXIST") throw error;
    });
    const facts = await lstat(folder);
    // On Windows each user has temporary files of their own.
    if (facts.isDirectory() && (uid === undefined || (facts.uid === uid && (facts.mode & 0o022) === 0))) return;
    throw new WriteFailedError(
      folder,
      "it is no folder that only this user can write to. The store cannot be written, so versions are restored there: remove it, or name another folder.",
    );
  });
  return folder;
}
