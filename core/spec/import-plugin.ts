import { existsSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describeNames } from "../errors/nearest-names.ts";
import type { Plugin, PluginDefinition, PluginFactory } from "../kernel/plugin.ts";
import type { SpecCode } from "./errors.ts";
import { ownPluginModules, resolveOwnModule, resolvePackage } from "./resolve-package.ts";

/** Imports the module of a plugin. Replace it to bundle plugins, or to allow only some. */
export type ImportPlugin = (specifier: string, options: { readonly folder: string }) => Promise<object>;

// biome-ignore lint/suspicious/noExplicitAny: the plugin of a name in a file has any type.
type AnyFactory = PluginFactory<any, unknown>;

/** A plugin's definition, or why there is none. */
export type ImportedPlugin =
  | {
      readonly definition: PluginDefinition;
      /** Where it was imported from, where its own name does not say it. */
      readonly importedFrom?: string;
    }
  | { readonly code: SpecCode; readonly message: string; readonly cause?: unknown };

/**
 * Imports the plugin that `use` names.
 *
 * @param use - A specifier as in `import`, with `#…` where the module exports several plugins.
 * @param folder - Of the twin.yaml: relative specifiers start there, and packages are looked for from there first.
 */
export async function importPluginOf(
  use: string,
  folder: string,
  importModule: ImportPlugin = importFrom,
): Promise<ImportedPlugin> {
  const [specifier = "", fragment] = splitUse(use);
  let module: object;
  try {
    module = await importModule(specifier, { folder });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return error instanceof ModuleNotFound
      ? { code: "TWIN_PLUGIN_NOT_FOUND", message }
      : {
          code: "TWIN_PLUGIN_IMPORT_FAILED",
          message: `"${specifier}" failed while it was imported: ${message}`,
          cause: error,
        };
  }
  const name = isPath(specifier) ? withFragment(moduleUrl(specifier, folder).href, fragment) : use;
  const chosen = chooseFactory(module, { use, name, fragment });
  if (typeof chosen === "string") return { code: "TWIN_PLUGIN_NOT_FOUND", message: chosen };
  const { definition } = chosen;
  return { definition, ...(definition.name !== name && { importedFrom: name }) };
}

/** How a twin.yaml in a folder names a plugin. */
export function useOf(
  { definition, importedFrom }: Pick<Plugin, "definition" | "importedFrom">,
  folder: string,
): string {
  const name = importedFrom ?? definition.name;
  const [specifier = "", fragment] = splitUse(name);
  if (!specifier.startsWith("file:")) return name;
  const path = relative(folder, fileURLToPath(specifier)).split(sep).join("/");
  return withFragment(path.startsWith("../") ? path : `./${path}`, fragment);
}

/** Plugin factories that a module exports. */
export function factoriesOf(module: object): ReadonlyMap<string, AnyFactory> {
  return new Map(Object.entries(module).filter((entry): entry is [string, AnyFactory] => isFactory(entry[1])));
}

class ModuleNotFound extends Error {}

/** Twinloom's own modules from this copy of the engine, relative ones from the folder, packages from the folder first. */
const importFrom: ImportPlugin = async (specifier, { folder }) => {
  const url = locateModule(specifier, folder);
  // The URL is a file's: a bundler has nothing to follow here.
  return (await import(/* @vite-ignore */ url.href)) as object;
};

function locateModule(specifier: string, folder: string): URL {
  try {
    if (specifier === "twinloom" || specifier.startsWith("twinloom/")) {
      return resolveOwnModule(`.${specifier.slice("twinloom".length)}`);
    }
    if (isPath(specifier)) return existing(moduleUrl(specifier, folder));
    if (/^[a-z][a-z0-9+.-]*:/i.test(specifier)) {
      throw new ModuleNotFound(`"${specifier}" is neither a package nor a path.`);
    }
    const found =
      resolvePackage(specifier, folder) ?? resolvePackage(specifier, dirname(fileURLToPath(import.meta.url)));
    if (found !== undefined) return found;
  } catch (error) {
    if (error instanceof ModuleNotFound) throw error;
    throw new ModuleNotFound(`There is no module "${specifier}": ${(error as Error).message}.`, { cause: error });
  }
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  // "hdf5" is more often ours cut short than somebody else's package of that name.
  const own = ownPluginModules().find((subpath) => subpath.endsWith(`/${specifier}`));
  throw new ModuleNotFound(
    own === undefined
      ? `The package "${name}" is not installed. In the folder of this file, run: npm install ${name}`
      : `There is no package "${specifier}" here. Did you mean "twinloom${own.slice(1)}"?`,
  );
}

function existing(url: URL): URL {
  if (existsSync(url)) return url;
  throw new ModuleNotFound(`There is no file "${fileURLToPath(url)}".`);
}

function chooseFactory(
  module: object,
  wanted: { readonly use: string; readonly name: string; readonly fragment: string | undefined },
): AnyFactory | string {
  const { use, name, fragment } = wanted;
  const factories = factoriesOf(module);
  const distinct = [...new Map([...factories.values()].map((factory) => [factory.definition, factory])).values()];
  const named = distinct.find(({ definition }) => definition.name === name);
  if (named !== undefined) return named;
  const choices =
    fragment === undefined ? distinct : distinct.filter(({ definition }) => definition.name.endsWith(`#${fragment}`));
  const byExport = fragment === undefined ? undefined : factories.get(fragment);
  const [only] = choices;
  if (only !== undefined && choices.length === 1) return only;
  if (byExport !== undefined) return byExport;
  if (distinct.length === 0) return `"${splitUse(use)[0]}" exports no plugin (no result of definePlugin).`;
  const names = [...factories].map(([key, { definition }]) => splitUse(definition.name)[1] ?? key);
  return fragment === undefined
    ? `"${use}" exports several plugins. Say which: ${names.map((each) => `"${use}#${each}"`).join(", ")}.`
    : `"${splitUse(use)[0]}" exports no plugin "${fragment}". ${describeNames(fragment, names)}`;
}

function isFactory(value: unknown): value is AnyFactory {
  if (typeof value !== "function" || !("definition" in value)) return false;
  return typeof (value.definition as Partial<PluginDefinition> | undefined)?.name === "string";
}

function splitUse(use: string): readonly [string, string?] {
  const at = use.indexOf("#");
  return at < 0 ? [use] : [use.slice(0, at), use.slice(at + 1)];
}

function withFragment(specifier: string, fragment: string | undefined): string {
  return fragment === undefined ? specifier : `${specifier}#${fragment}`;
}

function isPath(specifier: string): boolean {
  return /^\.{0,2}\//.test(specifier) || specifier.startsWith("file:") || isAbsolute(specifier);
}

function moduleUrl(specifier: string, folder: string): URL {
  return specifier.startsWith("file:") ? new URL(specifier) : pathToFileURL(resolve(folder, specifier));
}
