import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, extname, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { LOCK_FILES } from "../../run/environment.ts";
import { placeInside } from "./artifact-files.ts";
import { moduleImports, packageOf } from "./module-imports.ts";

/** The code of a twin that is no package. */
export interface CodeFiles {
  /** Files by where they will lie in the folder of the restored twin.yaml. */
  readonly files: ReadonlyMap<string, string>;
  /** Packages that it imports. */
  readonly packages: ReadonlySet<string>;
  /** What keeps it from being brought together elsewhere. */
  readonly problems: readonly string[];
  /** What may be missing elsewhere. */
  readonly notes: readonly string[];
}

/** Where modules lie that are not below the folder of the twin.yaml. */
const OUTSIDE = "outside";
const SCANNED = new Set([".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"]);
/** What `require` tries; an `import` names its file in full. */
const ENDINGS = ["", ".js", ".json", ".cjs", "/index.js"];
/**
 * Modules and what they import by relative paths, on and on; with the package.json that applies to them, which says how
 * Node reads them, and the lock file beside it.
 *
 * @param modules - Absolute paths.
 * @param folder - Of the twin.yaml.
 */
export async function codeFiles(modules: Iterable<string>, folder: string): Promise<CodeFiles> {
  const found = new Set<string>();
  const packages = new Set<string>();
  const problems: string[] = [];
  const notes: string[] = [];
  const crossings: string[] = [];
  const waiting = [...new Set(modules)];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    if (!SCANNED.has(extname(file).toLowerCase())) continue;
    const shown = relative(folder, file);
    const { specifiers, hasComputed } = moduleImports(await readFile(file, "utf8"));
    if (hasComputed) notes.push(`${shown} imports what it decides while it runs; only files named in full are kept.`);
    for (const specifier of specifiers) {
      if (/^(?:\/|file:)/.test(specifier)) {
        problems.push(`${shown} imports "${specifier}", a path of this machine. Write it relative to the module.`);
        continue;
      }
      const target = locate(specifier, file);
      if (target === undefined) {
        const name = packageOf(specifier);
        if (name !== undefined && !isBuiltin(specifier)) packages.add(name);
        if (specifier.startsWith("#")) notes.push(`${shown} imports "${specifier}", which is not followed.`);
      } else if (target === "missing") {
        notes.push(`${shown} refers to "${specifier}", and there is no such file.`);
      } else {
        const isInside = (path: string): boolean => placeInside(path, folder) !== undefined;
        if (isInside(file) !== isInside(target)) crossings.push(`${shown} imports "${specifier}"`);
        waiting.push(target);
      }
    }
  }
  for (const crossing of crossings) {
    problems.push(
      `${crossing}, from one side of the folder of the twin.yaml to the other. Keep them together: all modules below that folder, or none.`,
    );
  }
  const files = places(found, folder);
  if (files.size > 0) for (const [path, file] of packageFiles(files, folder)) files.set(path, file);
  return { files, packages, problems, notes };
}

function locate(specifier: string, from: string): string | "missing" | undefined {
  if (!/^\.{1,2}(?:\/|$)/.test(specifier)) return undefined;
  const url = new URL(specifier, pathToFileURL(from));
  const path = fileURLToPath(new URL(url.pathname, "file:"));
  return ENDINGS.map((ending) => path + ending).find(isFile) ?? "missing";
}

function places(files: ReadonlySet<string>, folder: string): Map<string, string> {
  const outside = [...files].filter((file) => placeInside(file, folder) === undefined);
  const above = commonFolder(outside);
  return new Map(
    [...files].map((file) => {
      const place = placeInside(file, folder) ?? `${OUTSIDE}/${relative(above, file).split(sep).join("/")}`;
      return [place, file];
    }),
  );
}

function commonFolder(files: readonly string[]): string {
  const [first, ...others] = files.map((file) => dirname(file).split(sep));
  let length = first?.length ?? 0;
  for (const other of others) {
    while (length > 0 && !first?.slice(0, length).every((name, index) => name === other[index])) length--;
  }
  return first?.slice(0, length).join(sep) || sep;
}

/** The package.json files that Node would find for the modules: those beside and above them, up to the folder's own. */
function packageFiles(files: ReadonlyMap<string, string>, folder: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const file of files.values()) {
    for (let at = dirname(file); placeInside(join(at, "package.json"), folder) !== undefined; at = dirname(at)) {
      const path = join(at, "package.json");
      if (isFile(path)) found.set(placeInside(path, folder) as string, path);
    }
  }
  for (let at = folder; !found.has("package.json"); at = dirname(at)) {
    if (isFile(join(at, "package.json"))) found.set("package.json", join(at, "package.json"));
    if (at === dirname(at)) break;
  }
  const top = found.get("package.json");
  for (const name of LOCK_FILES) {
    const lock = join(dirname(top ?? sep), name);
    if (top !== undefined && isFile(lock)) found.set(name, lock);
  }
  return found;
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}
