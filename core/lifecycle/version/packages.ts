import { readFile } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { FileUnreadableError } from "../../files/errors.ts";
import { ownValue } from "../../kernel/check-part.ts";
import { ENGINE_VERSION } from "../../kernel/version.ts";
import { findPackage, ownPackage } from "../../spec/resolve-package.ts";
import { PACKAGE_URL, type VersionConfig } from "../schema.ts";

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
  const { version } = await readJson<{ readonly version?: unknown }>(join(root, "package.json"));
  return { name, version: typeof version === "string" ? version : "0.0.0", root };
}

/** The packages that a twin needs. */
export interface NeededPackages {
  /** Sorted. */
  readonly packages: readonly VersionPackage[];
  /** What keeps the twin from being brought together elsewhere. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Finds the packages that a twin needs as they are installed, Twinloom among them.
 *
 * @param needed - `byPart`: what brings plugins; `imported`: what code of the twin imports.
 * @param where - `folder` of the twin.yaml; `lock`: path of the lock file.
 */
export async function neededPackages(
  needed: { readonly byPart: ReadonlyMap<string, string>; readonly imported: ReadonlySet<string> },
  where: { readonly folder: string; readonly lock: string | undefined },
): Promise<NeededPackages> {
  const { byPart, imported } = needed;
  const { folder, lock } = where;
  const problems: string[] = [];
  const notes: string[] = [];
  const packages: VersionPackage[] = [];
  const own = new Set(["twinloom", ...byPart.values()]);
  const wanted: readonly { readonly name: string; readonly part?: string }[] = [
    { name: "twinloom" },
    ...[...byPart].map(([part, name]) => ({ name, part })).filter(({ name }) => name !== "twinloom"),
    ...[...imported].filter((name) => !own.has(name)).map((name) => ({ name })),
  ];
  for (const { name, part } of wanted) {
    const found =
      name === "twinloom"
        ? { name, version: ENGINE_VERSION, root: ownPackage() }
        : await installedPackage(name, folder);
    if (found === undefined && part !== undefined) {
      problems.push(
        `Part "${part}": there is no package "${name}" that could bring its plugin. Put the plugin in a module of its own and load the twin from a twin.yaml that names it (use: ./module.js), or install the package.`,
      );
    } else if (found === undefined) {
      notes.push(`The package "${name}", which the code imports, is not installed here.`);
    } else if (!PACKAGE_URL.test(packageUrl(name, found.version))) {
      problems.push(
        `The package "${name}" is installed in the version "${found.version}"; npm could not install it elsewhere: it needs a name of npm and a semantic version, such as 1.0.0.`,
      );
    } else {
      const integrity = lock === undefined ? undefined : await lockedIntegrity(lock, found);
      packages.push({
        purl: packageUrl(name, found.version),
        ...(integrity !== undefined && { integrity }),
        ...(part !== undefined && { part }),
      });
    }
  }
  const order = ({ purl, part = "" }: VersionPackage): string => `${purl}\n${part}`;
  packages.sort((a, b) => (order(a) < order(b) ? -1 : 1));
  return { packages, problems, notes };
}

/** The package URL of a package. @see https://github.com/package-url/purl-spec, type npm */
export function packageUrl(name: string, version: string): string {
  return `pkg:npm/${name.split("/").map(encodeURIComponent).join("/")}@${encodeURIComponent(version)}`;
}

/** Name and version of a package URL of a version: the schema has seen to its form. */
export function parsePackageUrl(purl: string): { readonly name: string; readonly version: string } {
  const [, name = "", version = ""] = PACKAGE_URL.exec(purl) ?? [];
  return { name: decodeURIComponent(name), version: decodeURIComponent(version) };
}

interface LockFile {
  readonly packages?: Readonly<Record<string, { readonly version?: unknown; readonly integrity?: unknown }>>;
}

/** The digest of a package that a lock file of npm states. Other lock files are kept, but not read. */
export async function lockedIntegrity(lock: string, found: InstalledPackage): Promise<string | undefined> {
  if (!["package-lock.json", "npm-shrinkwrap.json"].includes(basename(lock))) return undefined;
  const place = relative(dirname(lock), found.root).split(sep).join("/");
  const { packages } = await readJson<LockFile>(lock);
  const entry = ownValue(packages, place);
  // A lock file of another time would vouch for another package.
  const vouches = entry?.version === found.version && typeof entry.integrity === "string";
  return vouches ? (entry.integrity as string) : undefined;
}

async function readJson<T>(path: string): Promise<T> {
  const text = await readFile(path, "utf8");
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new FileUnreadableError(
      path,
      `it is no JSON: ${(error as Error).message}. Mend it, or let npm make it anew.`,
      {
        cause: error,
      },
    );
  }
}
