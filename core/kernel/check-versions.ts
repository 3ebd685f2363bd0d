import satisfies from "semver/functions/satisfies.js";
import valid from "semver/functions/valid.js";
import validRange from "semver/ranges/valid.js";
import type { PluginDefinition } from "./plugin.ts";
import { ENGINE_VERSION } from "./version.ts";

/** What is wrong with the versions of one plugin, each as a sentence. `pinned`: the range that the composition asks for. */
export function checkVersions(
  definition: Pick<PluginDefinition, "name" | "version" | "engine">,
  pinned: string | undefined,
): readonly { readonly of: "plugin" | "pin"; readonly message: string }[] {
  const { name, version, engine } = definition;
  const problems: { of: "plugin" | "pin"; message: string }[] = [];
  const add = (of: "plugin" | "pin", message: string): void => void problems.push({ of, message });
  if (valid(version) === null) {
    add("plugin", `its plugin ${name} has the version "${version}", which is not a semantic version like "1.2.0".`);
  }
  if (engine !== undefined && !isRange(engine)) {
    add("plugin", `its plugin ${name} asks for the engine version "${engine}", which is not a range like "^1.2".`);
  } else if (engine !== undefined && !within(ENGINE_VERSION, engine)) {
    add(
      "plugin",
      `its plugin ${name} ${version} works with twinloom ${engine}, but this is twinloom ${ENGINE_VERSION}. Install versions that fit each other.`,
    );
  }
  if (pinned !== undefined && !isRange(pinned)) {
    add("pin", `the composition asks for version "${String(pinned)}" of ${name}, which is not a range like "^1.2".`);
  } else if (pinned !== undefined && valid(version) !== null && !within(version, pinned)) {
    add("pin", `the composition asks for version ${pinned} of ${name}, but ${version} is installed.`);
  }
  return problems;
}

function isRange(range: unknown): boolean {
  return typeof range === "string" && validRange(range) !== null;
}

/** Whether a version is in a range. */
export function within(version: string, range: string): boolean {
  return satisfies(version, range, { includePrerelease: true });
}
