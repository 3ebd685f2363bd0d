import { dirname } from "node:path";
import { type Digest, digestFile } from "../../canonical/digest.ts";
import { findPackage, ownPackage } from "../../spec/resolve-package.ts";
import { readingFile } from "../fs/failures.ts";
import { versionName } from "../log/find-version.ts";
import type { VersionEntry } from "../log/twin-state.ts";
import type { TwinStore } from "../store.ts";
import { readVersion } from "../version/manifest.ts";
import { packageUrl, parsePackageUrl } from "../version/packages.ts";
import { buildProblems } from "./engine-build.ts";
import { EngineNotPackableError } from "./engine-errors.ts";
import { type PackageFile, packageFiles } from "./engine-files.ts";
import { type PlacedPackage, placePackages, readManifestOf } from "./engine-packages.ts";
import { reachablePeers } from "./engine-peers.ts";
import type { PackedEngine } from "./pack-list.ts";
import { currentPlatform } from "./platform.ts";

/** A file of the engine or of a package. */
export interface EngineFile extends PackageFile {
  readonly bytes: number;
  readonly digest: Digest;
}

/** What versions need to run, beside what their store holds. */
export interface GatheredEngine {
  readonly engine: PackedEngine;
  /** Sorted by path. */
  readonly files: readonly EngineFile[];
  /** Optional packages that the plugins of the versions would use, and that are not installed here. */
  readonly absent: readonly string[];
}

/** Where {@link gatherEngine} looks. */
export interface GatherOptions {
  /** Folder of the engine; this one by default. */
  readonly root?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds the engine, the packages that versions were sealed with, and all that these depend on, as they are installed for the
 * folder of the store, the working directory or the engine. Of Twinloom's optional packages come those that the plugins of
 * the versions can reach.
 *
 * @throws {@link EngineNotPackableError} with every problem.
 */
export async function gatherEngine(
  store: TwinStore,
  entries: readonly VersionEntry[],
  options: GatherOptions = {},
): Promise<GatheredEngine> {
  const { root = ownPackage(), signal } = options;
  const problems = await buildProblems(root);
  const roots = await recordedPackages(store, entries, { root, problems });
  if (problems.length > 0) throw new EngineNotPackableError(problems);

  // Also another copy of it, below a plugin that was installed with its own.
  const isEngine = ({ name }: PlacedPackage): boolean => name === "twinloom";
  const needed = await placePackages(roots, (_, dependent) => !isEngine(dependent));
  const peers = await reachablePeers(store, entries, needed.packages);
  const { packages, problems: missing } = await placePackages(
    roots,
    (name, dependent) => !isEngine(dependent) || peers.has(name),
  );
  problems.push(...missing);
  const files: EngineFile[] = [];
  for (const each of packages) {
    const found = await packageFiles(each);
    problems.push(...found.problems);
    for (const file of found.files) {
      files.push({ ...file, ...(await readingFile(file.file, () => digestFile(file.file, { signal }))) });
    }
  }
  if (problems.length > 0) throw new EngineNotPackableError(problems);
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const { version = "0.0.0", engines } = await readManifestOf(root);
  return {
    engine: {
      version,
      node: engines?.node ?? "*",
      platform: isNative(packages, files) ? currentPlatform() : null,
      packages: Object.fromEntries(packages.map((each) => [each.place, urlOf(each)])),
    },
    files,
    absent: [...peers].filter((name) => !packages.some((each) => each.name === name)),
  };
}

/** The packages that versions were sealed with, Twinloom among them. @param to - `problems`: where what does not fit is told. */
async function recordedPackages(
  store: TwinStore,
  entries: readonly VersionEntry[],
  { root, problems }: { readonly root: string; readonly problems: string[] },
): Promise<ReadonlyMap<string, string>> {
  const folders = [dirname(store.folder), process.cwd(), root];
  const roots = new Map([["twinloom", root]]);
  for (const entry of entries) {
    const { config } = await readVersion(store.objects, entry.digest, entry.twin);
    const { engine, packages } = config.environment;
    const urls = new Set([packageUrl("twinloom", engine), ...packages.map(({ purl }) => purl)]);
    for (const purl of urls) {
      const { name, version } = parsePackageUrl(purl);
      const found = roots.get(name) ?? folders.map((folder) => findPackage(name, folder)).find((path) => path);
      const here = found === undefined ? "none" : ((await readManifestOf(found)).version ?? "0.0.0");
      if (found !== undefined && here === version) roots.set(name, found);
      else problems.push(`${versionName(entry)} was sealed with ${name} ${version}; installed here is ${here}.`);
    }
  }
  return roots;
}

/** Whether packages have code of a machine, or say that they are for some machines. */
function isNative(packages: readonly PlacedPackage[], files: readonly EngineFile[]): boolean {
  const says = packages.some(({ manifest }) => manifest.os ?? manifest.cpu ?? manifest.libc);
  return says || files.some(({ path }) => /\.(?:node|so|dylib|dll)(?:\.[\d.]+)?$/.test(path));
}

function urlOf({ name, manifest }: PlacedPackage): string {
  return packageUrl(manifest.name ?? name, manifest.version ?? "0.0.0");
}
