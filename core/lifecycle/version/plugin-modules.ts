import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Composition } from "../../kernel/composition.ts";
import type { Plugin } from "../../kernel/plugin.ts";
import { packageOf } from "./module-imports.ts";

/** What brings the plugins of a composition. */
export interface PluginModules {
  /** Path of the module, by part, where it is no package. */
  readonly paths: ReadonlyMap<string, string>;
  /** Package that brings the plugin, by part. */
  readonly packages: ReadonlyMap<string, string>;
  readonly problems: readonly string[];
}

/** Finds what brings the plugins. @param folder - Of the twin.yaml. */
export function pluginModules({ plugins }: Composition, folder: string): PluginModules {
  const paths = new Map<string, string>();
  const packages = new Map<string, string>();
  const problems: string[] = [];
  for (const [part, plugin] of Object.entries(plugins)) {
    const [specifier] = splitUse(plugin);
    const name = packageOf(specifier);
    if (specifier.startsWith("file:")) paths.set(part, fileURLToPath(specifier));
    else if (/^\.{1,2}\//.test(specifier)) paths.set(part, resolve(folder, specifier));
    else if (name !== undefined) packages.set(part, name);
    else problems.push(`Part "${part}": its plugin calls itself "${specifier}", which names no module.`);
  }
  return { paths, packages, problems };
}

/** Specifier of a plugin's module, and which of its plugins it is, where it has several. */
export function splitUse({ definition, importedFrom }: Plugin): readonly [string, string?] {
  const name = importedFrom ?? definition.name;
  const at = name.indexOf("#");
  return at < 0 ? [name] : [name.slice(0, at), name.slice(at + 1)];
}
