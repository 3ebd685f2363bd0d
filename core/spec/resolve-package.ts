import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/**
 * Where `import` would find a package's module, seen from a folder. Node tells this only from the importing file itself
 * (`import.meta.resolve` takes no other parent, `require.resolve` refuses packages that only export `import`).
 *
 * @param specifier - `"package"`, `"@scope/package/subpath"`.
 * @returns URL of the module; `undefined` when no `node_modules` above the folder has the package.
 * @throws Error when the package is there, but does not export that subpath.
 * @see Source: Node.js documentation, "Modules: Packages", exports; conditions `node`, `import`, `default`.
 */
export function resolvePackage(specifier: string, folder: string): URL | undefined {
  const [, name, rest = ""] = /^((?:@[^/]+\/)?[^/@][^/]*)(\/.+)?$/.exec(specifier) ?? [];
  if (name === undefined) return undefined;
  const root = findPackage(name, folder);
  return root === undefined ? undefined : resolveExport(root, `.${rest}`);
}

/**
 * Where a module of Twinloom is in this very copy of the engine: a second copy would have other classes and registries.
 * Sources name sources, built code names built code.
 *
 * @param subpath - `"."`, `"./modules/hdf5"`.
 */
export function resolveOwnModule(subpath: string): URL {
  const root = ownPackage();
  return resolveExport(root, subpath, runsFromSource() ? "@twinloom/source" : "default");
}

/** Subpaths of this package that export plugins: `./modules/…` and `./thematic/…`. */
export function ownPluginModules(): readonly string[] {
  const { exports = {} } = readManifest(ownPackage());
  return Object.keys(exports as object).filter((subpath) => /^\.\/(?:modules|thematic)\//.test(subpath));
}

function runsFromSource(): boolean {
  return import.meta.url.endsWith(".ts");
}

/** Folder of this very copy of the engine. */
export function ownPackage(): string {
  return fileURLToPath(new URL(runsFromSource() ? "../../" : "../../../", import.meta.url));
}

/** Folder of a package in a `node_modules` above a folder. */
export function findPackage(name: string, folder: string): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const candidate = join(at, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return candidate;
    if (dirname(at) === at) return undefined;
  }
}

interface Manifest {
  readonly exports?: unknown;
  readonly main?: string;
}

function readManifest(root: string): Manifest {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
}

/** Where a package's own export is. @param first - Conditions before Node's own. @throws Error when there is none. */
export function resolveExport(root: string, subpath: string, ...first: string[]): URL {
  const { exports, main } = readManifest(root);
  if (exports === undefined) {
    const file = subpath === "." ? (main ?? "index.js") : subpath;
    return pathToFileURL(join(root, file));
  }
  const target = pickTarget(exports, subpath, new Set([...first, "node", "import", "default"]));
  const file = target === undefined ? undefined : resolve(root, target);
  if (file === undefined || !file.startsWith(resolve(root) + sep)) {
    throw new Error(`the package at ${root} does not export "${subpath}"`);
  }
  return pathToFileURL(file);
}

function pickTarget(exports: unknown, subpath: string, conditions: ReadonlySet<string>): string | undefined {
  const isMap = typeof exports === "object" && exports !== null && !Array.isArray(exports);
  const bySubpath = isMap && Object.keys(exports).some((key) => key.startsWith("."));
  if (!bySubpath) return subpath === "." ? pickCondition(exports, conditions) : undefined;
  const map = exports as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(map, subpath)) return pickCondition(map[subpath], conditions);
  const patterns = Object.keys(map)
    .filter((key) => key.includes("*"))
    .sort((a, b) => b.indexOf("*") - a.indexOf("*") || b.length - a.length);
  for (const pattern of patterns) {
    const [before = "", after = ""] = pattern.split("*");
    const fits = subpath.startsWith(before) && subpath.endsWith(after) && subpath.length >= pattern.length;
    if (!fits) continue;
    const matched = subpath.slice(before.length, subpath.length - after.length);
    return pickCondition(map[pattern], conditions)?.replaceAll("*", matched);
  }
  return undefined;
}

function pickCondition(target: unknown, conditions: ReadonlySet<string>): string | undefined {
  if (typeof target === "string") return target;
  if (Array.isArray(target)) {
    return target.map((each) => pickCondition(each, conditions)).find((each) => each !== undefined);
  }
  if (typeof target !== "object" || target === null) return undefined;
  for (const [condition, below] of Object.entries(target)) {
    const picked = conditions.has(condition) ? pickCondition(below, conditions) : undefined;
    if (picked !== undefined) return picked;
  }
  return undefined;
}
