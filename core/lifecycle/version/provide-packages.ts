import { rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolders } from "../../files/make-folders.ts";
import { PackageMissingError } from "../../kernel/errors.ts";
import { ENGINE_VERSION } from "../../kernel/version.ts";
import { findPackage, ownPackage } from "../../spec/resolve-package.ts";
import type { SealedVersion } from "./manifest.ts";
import { type InstalledPackage, installedPackage, parsePackageUrl } from "./packages.ts";

/**
 * Makes the packages of a version reachable from the folder that it was restored to: those that are installed for the
 * working directory or for the engine are linked.
 *
 * @param shown - What messages call the version.
 * @returns Where a package is another version than the one that was sealed.
 * @throws `TWIN_PACKAGE_MISSING` with the command that installs what is missing.
 */
export async function providePackages({ config }: SealedVersion, folder: string, shown: string): Promise<string[]> {
  const { code, environment } = config;
  const notes: string[] = [];
  const missing: string[] = [];
  for (const { purl } of environment.packages) {
    const wanted = parsePackageUrl(purl);
    const isEngine = wanted.name === "twinloom";
    const found = isEngine
      ? { name: wanted.name, version: ENGINE_VERSION, root: ownPackage() }
      : ((await installedPackage(wanted.name, folder)) ?? (await installedPackage(wanted.name, process.cwd())));
    if (found === undefined) {
      missing.push(`${wanted.name}@${wanted.version}`);
      continue;
    }
    // The engine's own modules need none: only code that lies in the folder looks for packages from there.
    const isLookedFor = code.files.length > 0 || !isEngine;
    if (isLookedFor && findPackage(wanted.name, folder) === undefined) await link(found, folder);
    if (!isEngine && found.version !== wanted.version) {
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

async function link({ name, root }: InstalledPackage, folder: string): Promise<void> {
  const path = join(folder, "node_modules", name);
  await makeFolders(dirname(path));
  // Left by an earlier opening, with another place of the package.
  await rm(path, { force: true });
  // A junction needs no rights on Windows; elsewhere the type does not matter.
  await symlink(root, path, "junction").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}
