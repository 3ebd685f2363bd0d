import { z } from "zod";
import { checkSchema } from "../errors/check-schema.ts";
import { checkVersions } from "./check-versions.ts";
import type { Composition, Problem } from "./composition.ts";
import { type Plugin, providedTokens } from "./plugin.ts";

const NO_OPTIONS = z.strictObject({});

/** Who a message is about: `Part "detector" (twinloom/thematic/detector)`. */
export function describePart(part: string, plugin: Plugin): string {
  return `Part "${part}" (${plugin.definition.name})`;
}

/** Versions and options of a usable plugin; the options with their defaults when they are valid. */
export function checkOptions(
  part: string,
  plugin: Plugin,
  composition: Composition,
): { readonly options: unknown; readonly problems: readonly Problem[] } {
  const who = describePart(part, plugin);
  const problems: Problem[] = checkVersions(plugin.definition, ownValue(composition.versions, part)).map(
    ({ of, message }): Problem => ({
      code: "TWIN_VERSION_MISMATCH",
      part,
      message: `${who}: ${message}`,
      ...(of === "pin"
        ? { path: ["versions", part], at: "value" as const }
        : { path: ["plugins", part], at: "key" as const }),
    }),
  );
  const checked = checkSchema(plugin.definition.options ?? NO_OPTIONS, plugin.options);
  if (checked.problems === undefined) return { options: checked.value, problems };
  const wrong = checked.problems.map(
    ({ path, message, at }): Problem => ({
      code: "TWIN_INVALID_OPTIONS",
      part,
      message: path.length === 0 ? `${who}: options: ${message}` : `${who}: option "${path.join(".")}": ${message}`,
      path: ["plugins", part, ...path],
      at: at ?? "value",
    }),
  );
  return { options: undefined, problems: [...problems, ...wrong] };
}

/** A value that was not made by a plugin's factory; forgetting to call the factory is the likely slip. */
export function checkPlugin(part: string, plugin: unknown): Problem | undefined {
  const at = { code: "TWIN_INVALID_PLUGIN", part, path: ["plugins", part], at: "value" } as const;
  const factory = typeof plugin === "function" && "definition" in plugin;
  if (factory) {
    return { ...at, message: `Part "${part}" is a plugin's factory, not a plugin: call it, with its options.` };
  }
  const definition = (plugin as Partial<Plugin> | null | undefined)?.definition;
  if (typeof definition?.name !== "string" || typeof definition.create !== "function") {
    return { ...at, message: `Part "${part}" is not a plugin. Plugins are made by factories such as hdf5().` };
  }
  const tokens: unknown = providedTokens(definition);
  if (!Array.isArray(tokens) || !tokens.every((token) => typeof token === "symbol")) {
    return { ...at, message: `${describePart(part, plugin as Plugin)} provides something that is not a token.` };
  }
  const names = (definition.tasks ?? []).map((task) => task.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined
    ? undefined
    : {
        ...at,
        code: "TWIN_NAME_CLASH",
        message: `${describePart(part, plugin as Plugin)} has two tasks of the name "${twice}".`,
      };
}

/** A problem with the place where it is written. */
export function locate(problem: Problem, { source }: Composition): Problem {
  return source === undefined ? problem : { ...problem, position: source.locate(problem.path, problem.at) };
}

/** An own property; never one of Object.prototype, whatever a user's part is called. */
export function ownValue<T>(record: Readonly<Record<string, T | undefined>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
