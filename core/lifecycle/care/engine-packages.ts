import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { findPackage } from "../../spec/resolve-package.ts";

type Names = Readonly<Record<string, unknown>>;

/** What a package.json says that matters for bringing the package along. */
export interface PackageManifest {
  readonly name?: string;
  readonly version?: string;
  readonly main?: string;
  readonly bin?: string | Readonly<Record<string, string>>;
  readonly files?: readonly string[];
  readonly engines?: { readonly node?: string };
  readonly exports?: object;
  readonly os?: unknown;
  readonly cpu?: unknown;
  readonly libc?: unknown;
  readonly dependencies?: Names;
  readonly optionalDependencies?: Names;
  readonly peerDependencies?: Names;
}

/** An installed package, and where it goes. */
export interface PlacedPackage {
  /** The name that others import it by. */
  readonly name: string;
  /** Its folder here, without links. */
  readonly root: string;
  /** Its folder there: `node_modules/pino`, `node_modules/pino/node_modules/split2`. */
  readonly place: string;
  readonly manifest: PackageManifest;
}

/** Reads the package.json of a package. */
export async function readManifestOf(root: string): Promise<PackageManifest> {
  return JSON.parse(await readFile(join(root, "package.json"), "utf8")) as PackageManifest;
}

/**
 * Packages with all that they depend on, as they are installed: each dependency is looked for as Node does, from the folder
 * of the package that depends on it. They are laid out anew, so that any way of installing (flat, nested, linked, global)
 * gives one tree of plain folders: at the top where its name is free, else below the package that needs another one.
 *
 * @param roots - The packages that go to the top, by name.
 * @param comesAlong - Whether a package that another would use if it were there comes along: optional ones and peers.
 */
export async function placePackages(
  roots: ReadonlyMap<string, string>,
  comesAlong: (name: string, dependent: PlacedPackage) => boolean = () => true,
): Promise<{ readonly packages: readonly PlacedPackage[]; readonly problems: readonly string[] }> {
  const placed = new Map<string, PlacedPackage>();
  const problems: string[] = [];
  const add = async (name: string, root: string, place: string): Promise<void> => {
    placed.set(place, { name, root, place, manifest: await readManifestOf(root) });
  };
  for (const [name, root] of roots) await add(name, await realpath(root), `node_modules/${name}`);
  // A map goes on to what is added meanwhile. Level by level: what lies below a package is all there before those look.
  for (const dependent of placed.values()) {
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = dependent.manifest;
    for (const name of new Set(Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }))) {
      const isRequired = Object.hasOwn(dependencies, name) && !Object.hasOwn(optionalDependencies, name);
      if (!isRequired && !comesAlong(name, dependent)) continue;
      const found = findPackage(name, dependent.root);
      if (found === undefined) {
        if (isRequired) problems.push(`"${dependent.name}" depends on "${name}", which is not installed.`);
        continue;
      }
      const root = await realpath(found);
      const there = lookUp(name, dependent.place).find((place) => placed.has(place));
      if (there === undefined) await add(name, root, `node_modules/${name}`);
      else if (placed.get(there)?.root !== root) await add(name, root, `${dependent.place}/node_modules/${name}`);
    }
  }
  return { packages: [...placed.values()], problems };
}

/** Where Node looks for a package, seen from one that was placed. */
function lookUp(name: string, place: string): readonly string[] {
  const folders = place
    .split("/node_modules/")
    .map((_, index, names) => names.slice(0, index + 1).join("/node_modules/"));
  return [...folders.reverse(), ""].map((folder) => `${folder && `${folder}/`}node_modules/${name}`);
}
