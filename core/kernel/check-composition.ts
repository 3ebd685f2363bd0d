import { z } from "zod";
import { Log } from "../contracts/log.ts";
import type { Token } from "../contracts/token.ts";
import { checkSchema } from "../errors/check-schema.ts";
import { describeNames } from "../errors/nearest-names.ts";
import { checkPartName } from "./check-names.ts";
import { checkVersions } from "./check-versions.ts";
import { chooseProviders } from "./choose-providers.ts";
import type { Composition, Problem } from "./composition.ts";
import { dependencyOrder } from "./dependency-order.ts";
import { ENGINE_PARTS } from "./engine-parts.ts";
import { type Needs, type Plugin, providedTokens } from "./plugin.ts";
import { Providers } from "./providers.ts";

/** A part before it is created. */
export interface PlannedPart {
  readonly part: string;
  readonly plugin: Plugin;
  /** Options with their defaults. */
  readonly options: unknown;
  /** By need, the parts that meet it. */
  readonly providers: ReadonlyMap<string, readonly string[]>;
}

/** A composition after all checks. When there are problems, the rest is incomplete. */
export interface CheckedComposition {
  readonly problems: readonly Problem[];
  readonly parts: ReadonlyMap<string, PlannedPart>;
  /** Parts, each after those it depends on; the engine's own parts included where something needs them. */
  readonly order: readonly string[];
  readonly providers: Providers;
}

const NO_OPTIONS = z.strictObject({});

/** Finds everything that is wrong with a composition, without creating anything. */
export function checkComposition(composition: Composition): CheckedComposition {
  const problems: Problem[] = [];
  const plugins: [string, Plugin][] = [];
  for (const [part, plugin] of Object.entries(composition.plugins)) {
    const wrongName = checkPartName(part);
    const wrongPlugin = checkPlugin(part, plugin);
    problems.push(...[wrongName, wrongPlugin].filter((problem) => problem !== undefined));
    if (wrongPlugin === undefined) plugins.push([part, plugin]);
  }
  const providers = new Providers(Object.fromEntries(plugins));
  const parts = new Map<string, PlannedPart>();
  for (const { part, plugin } of ENGINE_PARTS.values()) {
    parts.set(part, { part, plugin, options: {}, providers: new Map() });
  }
  for (const [part, plugin] of plugins) {
    const planned = planPart({ part, plugin, composition, providers });
    parts.set(part, planned.part);
    problems.push(...planned.problems);
  }
  problems.push(...checkWiredParts(composition));
  const { order, cycles } = dependencyOrder(dependenciesOf(parts, providers));
  problems.push(...cycles.map((cycle) => describeCycle(cycle, parts)));
  return { problems: problems.map((problem) => locate(problem, composition)), parts, order, providers };
}

/** The problems of one part alone: its name, plugin, versions and options. Needs are left to {@link checkComposition}. */
export function checkPart(part: string, plugin: Plugin, composition: Composition): readonly Problem[] {
  const unusable = [checkPartName(part), checkPlugin(part, plugin)].filter((problem) => problem !== undefined);
  const own = checkPlugin(part, plugin) === undefined ? checkOwn(part, plugin, composition).problems : [];
  return [...unusable, ...own].map((problem) => locate(problem, composition));
}

/** Who a message is about: `Part "detector" (twinloom/thematic/detector)`. */
export function describePart(part: string, plugin: Plugin): string {
  return `Part "${part}" (${plugin.definition.name})`;
}

/** By part, those it depends on: what the log needs first, so that the others can be heard; no engine part in vain. */
function dependenciesOf(
  parts: ReadonlyMap<string, PlannedPart>,
  providers: Providers,
): ReadonlyMap<string, readonly string[]> {
  const dependencies = [...parts].map(([part, { providers: met }]): [string, string[]] => [
    part,
    [...met.values()].flat(),
  ]);
  const needed = new Set(dependencies.flatMap(([, met]) => met));
  const replaced = [...ENGINE_PARTS]
    .filter(([token, { part }]) => providers.of(token as Token<unknown>).length > 0 && !needed.has(part))
    .map(([, { part }]) => part);
  const logs = providers.of(Log);
  const rank = ([part]: [string, unknown]): number => (logs.includes(part) ? 0 : 1);
  return new Map(dependencies.filter(([part]) => !replaced.includes(part)).sort((a, b) => rank(a) - rank(b)));
}

interface PartFacts {
  readonly part: string;
  readonly plugin: Plugin;
  readonly composition: Composition;
  readonly providers: Providers;
}

function planPart({ part, plugin, composition, providers }: PartFacts): { part: PlannedPart; problems: Problem[] } {
  const own = checkOwn(part, plugin, composition);
  const problems = [...own.problems];
  const wire = ownValue(composition.wire, part);
  const met = new Map<string, readonly string[]>();
  const needs: Needs = plugin.definition.needs ?? {};
  for (const [name, need] of Object.entries(needs)) {
    const choice = chooseProviders(
      { name, need, needer: describePart(part, plugin), part, own: "excluded", wired: ownValue(wire, name) },
      providers,
    );
    if ("parts" in choice) {
      met.set(name, choice.parts);
    } else {
      const { code, message } = choice;
      problems.push(
        choice.in === "wire"
          ? { code, part, message, path: ["wire", part, name], at: "value" }
          : { code, part, message, path: ["plugins", part], at: "key" },
      );
    }
  }
  const known = new Set([...Object.keys(needs), ...taskNeeds(plugin)]);
  for (const name of Object.keys(wire ?? {}).filter((wired) => !known.has(wired))) {
    problems.push({
      code: "TWIN_INVALID_WIRE",
      part,
      message: `${describePart(part, plugin)} has no need "${name}" to wire. ${describeNames(name, known)}`,
      path: ["wire", part, name],
      at: "key",
    });
  }
  return { part: { part, plugin, options: own.options, providers: met }, problems };
}

function checkOwn(part: string, plugin: Plugin, composition: Composition): { options: unknown; problems: Problem[] } {
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
    ({ path, message }): Problem => ({
      code: "TWIN_INVALID_OPTIONS",
      part,
      message: path.length === 0 ? `${who}: options: ${message}` : `${who}: option "${path.join(".")}": ${message}`,
      path: ["plugins", part, ...path],
      at: "value",
    }),
  );
  return { options: undefined, problems: [...problems, ...wrong] };
}

/** A value that was not made by a plugin's factory; forgetting to call the factory is the likely slip. */
function checkPlugin(part: string, plugin: unknown): Problem | undefined {
  const at = { code: "TWIN_INVALID_PLUGIN", part, path: ["plugins", part], at: "value" } as const;
  const factory = typeof plugin === "function" && "definition" in plugin;
  if (factory) {
    return { ...at, message: `Part "${part}" is a plugin's factory, not a plugin: call it, with its options.` };
  }
  const definition = (plugin as Partial<Plugin> | null | undefined)?.definition;
  if (typeof definition?.name !== "string" || typeof definition.create !== "function") {
    return { ...at, message: `Part "${part}" is not a plugin. Plugins are made by factories such as hdf5().` };
  }
  const tokens: readonly unknown[] = providedTokens(definition);
  if (!tokens.every((token) => typeof token === "symbol")) {
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

function checkWiredParts(composition: Composition): Problem[] {
  const names = Object.keys(composition.plugins);
  const unknown = (key: "wire" | "versions", code: "TWIN_INVALID_WIRE" | "TWIN_VERSION_MISMATCH"): Problem[] =>
    Object.keys(composition[key] ?? {})
      .filter((part) => !names.includes(part))
      .map((part) => ({
        code,
        part,
        message: `\`${key}\` names the part "${part}", which this twin does not have. ${describeNames(part, names)}`,
        path: [key, part],
        at: "key",
      }));
  return [...unknown("wire", "TWIN_INVALID_WIRE"), ...unknown("versions", "TWIN_VERSION_MISMATCH")];
}

function describeCycle(cycle: readonly string[], parts: ReadonlyMap<string, PlannedPart>): Problem {
  const steps = cycle.slice(0, -1).map((part, index) => {
    const next = cycle[index + 1];
    const need = [...(parts.get(part)?.providers ?? [])].find(([, met]) => next !== undefined && met.includes(next));
    return `${part} needs ${next} (${need?.[0]})`;
  });
  const first = cycle[0] as string;
  return {
    code: "TWIN_DEPENDENCY_CYCLE",
    part: first,
    message: `Parts need each other in a circle: ${cycle.join(" → ")}. ${steps.join("; ")}.`,
    path: ["plugins", first],
    at: "key",
  };
}

function taskNeeds(plugin: Plugin): string[] {
  return (plugin.definition.tasks ?? []).flatMap((task) => Object.keys(task.needs));
}

function locate(problem: Problem, { source }: Composition): Problem {
  return source === undefined ? problem : { ...problem, position: source.locate(problem.path, problem.at) };
}

/** An own property; never one of Object.prototype, whatever a user's part is called. */
function ownValue<T>(record: Readonly<Record<string, T | undefined>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
