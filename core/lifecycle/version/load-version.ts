import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { within } from "../../kernel/check-versions.ts";
import type { Composition } from "../../kernel/composition.ts";
import { ENGINE_VERSION } from "../../kernel/version.ts";
import { type LoadedSpec, type LoadSpecOptions, loadSpec } from "../../spec/load-spec.ts";
import { STORE_NAMES } from "../layout.ts";
import { versionName } from "../log/find-version.ts";
import type { VersionEntry } from "../log/twin-state.ts";
import type { TwinStore } from "../store.ts";
import { FolderNotEmptyError, VersionWithdrawnError } from "./errors.ts";
import { readVersion, type SealedVersion } from "./manifest.ts";
import { providePackages } from "./provide-packages.ts";
import { isRestored, restoreVersion } from "./restore.ts";

/** How {@link loadVersion} loads. */
export interface LoadVersionOptions extends LoadSpecOptions {
  /** An empty folder, or a new one, for the files of the version; a folder of the store's own by default. */
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

/** The twin.yaml of a version in the store's own folder for it: the one that is there, if it is as it was sealed. */
async function checkedOut(
  store: TwinStore,
  version: SealedVersion,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<string> {
  const { digest } = version.descriptor;
  const base = store.writable
    ? join(store.folder, STORE_NAMES.checkouts)
    : await mkdtemp(join(tmpdir(), "twinloom-checkout-"));
  const folder = join(base, digest.slice("sha256:".length));
  for (let tries = 0; ; tries++) {
    // A collector leaves what is in use.
    await store.fs.touch(folder, Date.now()).catch(() => undefined);
    if (await isRestored(version, folder, options)) return join(folder, "twin.yaml");
    try {
      return (await restoreVersion(store, digest, folder, options)).file;
    } catch (error) {
      if (!(error instanceof FolderNotEmptyError) || tries === 2) throw error;
    }
    // Not before: another process may have restored it meanwhile, and runs from there.
    if (!(await isRestored(version, folder, options))) await rm(folder, { recursive: true, force: true });
  }
}
