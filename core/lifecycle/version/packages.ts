import { readFile } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { ownValue } from "../../kernel/check-part.ts";
import { findPackage } from "../../spec/resolve-package.ts";
import type { VersionConfig } from "../schema.ts";

/** A package of a version: `pkg:npm/…`. */
export type VersionPackage = VersionConfig["environment"]["packages"][number];

/** A package that is installed here. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  /** Its folder. */
  readonly root: string;
}

/** The package of a name that modules in a folder would get, or else the engine. */
export async function installedPackage(name: string, folder: string): Promise<InstalledPackage | undefined> {
  const root = findPackage(name, folder) ?? findPackage(name, dirname(fileURLToPath(import.meta.url)));
  if (root === undefined) return undefined;
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { readonly version?: unknown };
  return { name, version: typeof version === "string" ? version : "0.0.0", root };
}

/** The package URL of a package. @see https://github.com/package-url/purl-spec, type npm */
export function packageUrl(name: string, version: string): string {
  return `pkg:npm/${name.split("/").map(encodeURIComponent).join("/")}@${encodeURIComponent(version)}`;
}

/** Name and version of a package URL of npm. */
export function parsePackageUrl(purl: string): { readonly name: string; readonly version: string } | undefined {
  const [, name, version] = /^pkg:npm\/(.+)@([^@?#]+)/.exec(purl) ?? [];
  if (name === undefined || version === undefined) return undefined;
  return { name: decodeURIComponent(name), version: decodeURIComponent(version) };
}

interface LockFile {
  readonly packages?: Readonly<Record<string, { readonly version?: unknown; readonly integrity?: unknown }>>;
}

/** The digest of a package that a lock file of npm states. Other lock files are kept, but not read. */
export async function lockedIntegrity(lock: string, found: InstalledPackage): Promise<string | undefined> {
  if (!["package-lock.json", "npm-shrinkwrap.json"].includes(basename(lock))) return undefined;
  const place = relative(dirname(lock), found.root).split(sep).join("/");
  const { packages } = JSON.parse(await readFile(lock, "utf8")) as LockFile;
  const entry = ownValue(packages, place);
  // A lock file of another time would vouch for another package.
  const vouches = entry?.version === found.version && typeof entry.integrity === "string";
  return vouches ? (entry.integrity as string) : undefined;
}
