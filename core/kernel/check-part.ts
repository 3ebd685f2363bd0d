import { z } from "zod";
import { checkSchema } from "../errors/check-schema.ts";
import type { AnyTask } from "../run/task.ts";
import { checkVersions } from "./check-versions.ts";
import type { Composition, Problem } from "./composition.ts";
import type { Needs, Plugin, PluginDefinition } from "./plugin.ts";

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
  if (![definition.provides].flat().every((token) => typeof token === "symbol")) {
    return { ...at, message: `${describePart(part, plugin as Plugin)} provides something that is not a token.` };
  }
  const wrong = malformed(definition as Partial<PluginDefinition>);
  if (wrong !== undefined) return { ...at, message: `${describePart(part, plugin as Plugin)} ${wrong}` };
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

/** What of a definition is not as its type says: plugins come in JavaScript, too, and imports may go in circles. */
function malformed({ needs, tasks = [] }: Partial<PluginDefinition>): string | undefined {
  const wrongNeed = wrongNeedOf(needs ?? {});
  if (wrongNeed !== undefined) return `has a need that is ${wrongNeed}`;
  if (!Array.isArray(tasks)) return "has tasks that are no list.";
  for (const task of tasks as readonly (Partial<AnyTask> | null | undefined)[]) {
    if (typeof task?.name !== "string" || typeof task.run !== "function" || task.parameters?._zod === undefined) {
      return "has a task that is none. Tasks are made by defineTask().";
    }
    const lacking = (["needs", "inputs", "outputs"] as const).find((key) => !isRecord(task[key]));
    if (lacking !== undefined) return `has a task "${task.name}" without \`${lacking}\`, which may be {}.`;
    const wrong = wrongNeedOf(task.needs as Needs);
    if (wrong !== undefined) return `has a task "${task.name}" with a need that is ${wrong}`;
  }
  return undefined;
}

function wrongNeedOf(needs: unknown): string | undefined {
  if (!isRecord(needs)) return "not listed by name.";
  const wrong = Object.entries(needs).find(([, need]) => !isNeed(need));
  return wrong && `no token: "${wrong[0]}". Modules that import each other in a circle may be the reason.`;
}

function isNeed(need: unknown): boolean {
  return typeof need === "symbol" || (isRecord(need) && typeof need["token"] === "symbol");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A problem with the place where it is written. */
export function locate(problem: Problem, { source }: Composition): Problem {
  return source === undefined ? problem : { ...problem, position: source.locate(problem.path, problem.at) };
}

/** An own property; never one of Object.prototype, whatever a user's part is called. */
export function ownValue<T>(record: Readonly<Record<string, T | undefined>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
