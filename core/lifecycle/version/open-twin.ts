import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import satisfies from "semver/functions/satisfies.js";
import { Log } from "../../contracts/log.ts";
import { makeFolders } from "../../files/make-folders.ts";
import { createTwin, type TwinOptions } from "../../kernel/create-twin.ts";
import { PackageMissingError } from "../../kernel/errors.ts";
import { resolveNeeds, type Twin } from "../../kernel/twin.ts";
import { ENGINE_VERSION } from "../../kernel/version.ts";
import { type LoadSpecOptions, loadSpec } from "../../spec/load-spec.ts";
import { findPackage, ownPackage } from "../../spec/resolve-package.ts";
import { STORE_NAMES } from "../layout.ts";
import { versionName } from "../log/find-version.ts";
import { openStore, type TwinStore } from "../store.ts";
import { VersionWithdrawnError } from "./errors.ts";
import { readVersion, type SealedVersion } from "./manifest.ts";
import { installedPackage, parsePackageUrl } from "./packages.ts";
import { isRestored, restoreVersion } from "./restore.ts";

/** How {@link openTwin} opens. */
export interface OpenTwinOptions
  extends Pick<TwinOptions, "signal" | "startTimeoutMs" | "stopTimeoutMs">,
    Pick<LoadSpecOptions, "importPlugin"> {
  /** Where the version is: the folder of a store, or an open one. */
  readonly store: string | TwinStore;
  /** An empty folder, or a new one, for the files of the version; a folder of the store's own by default. */
  readonly folder?: string | undefined;
  /** Whether a withdrawn version is opened all the same. */
  readonly force?: boolean | undefined;
  /** Told what may make the twin another than it was: an older engine, other packages. The twin's log is told by default. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/**
 * Makes a running twin of a sealed version, from what its store holds; packages must be installed.
 *
 * @param name - `ecal-testbeam@champion`, `ecal-testbeam@v7`, `ecal-testbeam` (the newest), `sha256:…`.
 * @throws `TWIN_STORE_NOT_FOUND`, `TWIN_VERSION_NOT_FOUND`; {@link VersionWithdrawnError} without `force`;
 *   `TWIN_PACKAGE_MISSING` with the command that installs what is missing; what {@link restoreVersion}, `loadSpec` and
 *   `createTwin` throw.
 *
 * @example
 * await using twin = await openTwin("ecal-testbeam@champion", { store: ".twinloom" });
 * await runTask(twin, "simulate", { parameters: { seed: 7 }, out: "run-1" });
 */
export async function openTwin(name: string, options: OpenTwinOptions): Promise<Twin> {
  if (typeof options.store !== "string") return await openFrom(options.store, name, options);
  await using store = await openStore(options.store);
  return await openFrom(store, name, options);
}

async function openFrom(store: TwinStore, name: string, options: OpenTwinOptions): Promise<Twin> {
  const { folder, force = false, importPlugin, onNote, ...creation } = options;
  const { signal } = creation;
  const entry = await store.resolve(name);
  if (entry.state === "withdrawn" && !force) {
    throw new VersionWithdrawnError(versionName(entry), entry.digest, entry.stateReason);
  }
  const version = await readVersion(store.objects, entry.digest);
  const file =
    folder === undefined
      ? await checkedOut(store, version, { signal })
      : (await restoreVersion(store, entry.digest, folder, { signal })).file;
  const notes = await providePackages(version, dirname(file), versionName(entry));
  const { engine } = version.config.environment;
  if (!satisfies(ENGINE_VERSION, `^${engine}`, { includePrerelease: true })) {
    notes.push(
      `${versionName(entry)} was sealed with Twinloom ${engine}; this is ${ENGINE_VERSION}, which may give other results. For the same engine: npm install twinloom@${engine}`,
    );
  }
  for (const note of notes) onNote?.(note);
  const spec = await loadSpec(file, { ...(importPlugin && { importPlugin }), ...(signal && { signal }) });
  const { store: _, ...timing } = creation;
  const twin = await createTwin({ ...spec, ...timing, restoredFrom: entry.digest });
  if (onNote === undefined) {
    const { log } = resolveNeeds(twin, { log: Log });
    for (const note of notes) log.warn({ version: entry.digest, note }, "The twin may not be as it was sealed");
  }
  return twin;
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
    if (await isRestored(version, folder, options)) return join(folder, "twin.yaml");
    await rm(folder, { recursive: true, force: true });
    try {
      return (await restoreVersion(store, digest, folder, options)).file;
    } catch (error) {
      // Another process was faster; what it made is looked at.
      const wasTaken = (error as { readonly code?: unknown }).code === "TWIN_FOLDER_NOT_EMPTY";
      if (!wasTaken || tries === 2) throw error;
    }
  }
}

/**
 * Makes the packages that code of the version imports reachable from its folder: those that are installed for the working
 * directory or for the engine are linked.
 *
 * @returns Where a package is another version than the one that was sealed.
 */
async function providePackages(version: SealedVersion, folder: string, shown: string): Promise<string[]> {
  const { code, environment } = version.config;
  const notes: string[] = [];
  const missing: string[] = [];
  for (const { purl } of environment.packages) {
    const wanted = parsePackageUrl(purl);
    if (wanted === undefined) continue;
    const isEngine = wanted.name === "twinloom";
    const root = isEngine ? ownPackage() : await rootFor(wanted.name, folder);
    if (root === undefined) {
      missing.push(`${wanted.name}@${wanted.version}`);
      continue;
    }
    if (code.files.length > 0 && findPackage(wanted.name, folder) === undefined) await link(wanted.name, root, folder);
    const found = isEngine ? undefined : await installedPackage(wanted.name, folder);
    if (found !== undefined && found.version !== wanted.version) {
      notes.push(`${shown} was sealed with ${wanted.name} ${wanted.version}; ${found.version} is installed here.`);
    }
  }
  if (missing.length > 0) {
    throw new PackageMissingError({
      package: missing.map((each) => each.replace(/@[^@]*$/, "")).join('", "'),
      install: `npm install ${missing.join(" ")}`,
      neededBy: `${shown} (sealed with Twinloom ${environment.engine}, Node ${environment.node})`,
    });
  }
  return notes;
}

async function rootFor(name: string, folder: string): Promise<string | undefined> {
  return (await installedPackage(name, folder))?.root ?? findPackage(name, process.cwd());
}

async function link(name: string, root: string, folder: string): Promise<void> {
  const path = join(folder, "node_modules", name);
  await makeFolders(dirname(path));
  // Left by an earlier opening, with another place of the package.
  await rm(path, { force: true });
  // A junction needs no rights on Windows; elsewhere the type does not matter.
  await symlink(root, path, "junction").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}
