import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { resolveExport } from "../../spec/resolve-package.ts";
import type { VersionEntry } from "../log/twin-state.ts";
import type { TwinStore } from "../store.ts";
import { readVersion } from "../version/manifest.ts";
import { moduleImports, packageOf } from "../version/module-imports.ts";
import type { PlacedPackage } from "./engine-packages.ts";

const SCRIPT = /\.[cm]?[jt]s$/;
/** Modules of Twinloom that bring plugins. */
const OWN_MODULE = /\btwinloom\/((?:modules|thematic)\/[\w-]+)/g;

/**
 * Twinloom's optional packages that versions can reach: those that are imported in the folder of a module of Twinloom whose
 * name occurs in a twin.yaml, in the code beside it, or in a package that depends on Twinloom. What is only named in a
 * comment is found too; that costs space, nothing more.
 *
 * @param packages - The engine and the packages of the versions.
 */
export async function reachablePeers(
  store: TwinStore,
  entries: readonly VersionEntry[],
  packages: readonly PlacedPackage[],
): Promise<ReadonlySet<string>> {
  const engine = packages.find(({ place }) => place === "node_modules/twinloom") as PlacedPackage;
  const { exports = {}, peerDependencies = {} } = engine.manifest;
  const imported = new Set<string>();
  for (const subpath of await namedModules(store, entries, packages)) {
    if (!Object.hasOwn(exports, subpath)) continue;
    for (const text of await scriptsIn(dirname(fileURLToPath(resolveExport(engine.root, subpath))))) {
      for (const specifier of moduleImports(text).specifiers) imported.add(packageOf(specifier) ?? "");
    }
  }
  return new Set(Object.keys(peerDependencies).filter((name) => imported.has(name)));
}

async function namedModules(
  store: TwinStore,
  entries: readonly VersionEntry[],
  packages: readonly PlacedPackage[],
): Promise<ReadonlySet<string>> {
  const texts: string[] = [];
  for (const { digest, twin } of entries) {
    const { config } = await readVersion(store.objects, digest, twin);
    const scripts = config.code.files.filter(({ path }) => SCRIPT.test(path));
    for (const file of [config.spec, ...scripts.map(({ descriptor }) => descriptor)]) {
      texts.push(Buffer.from(await store.objects.get(file.digest)).toString());
    }
  }
  for (const { root, manifest } of packages) {
    if (Object.hasOwn({ ...manifest.dependencies, ...manifest.peerDependencies }, "twinloom")) {
      texts.push(...(await scriptsIn(root)));
    }
  }
  return new Set(texts.flatMap((text) => [...text.matchAll(OWN_MODULE)].map(([, module]) => `./${module}`)));
}

/** Texts of the scripts of a package, without those of the packages below it. */
async function scriptsIn(folder: string): Promise<readonly string[]> {
  const texts: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== "node_modules") texts.push(...(await scriptsIn(path)));
    else if (entry.isFile() && SCRIPT.test(entry.name)) texts.push(await readFile(path, "utf8"));
  }
  return texts;
}
