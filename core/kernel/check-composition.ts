import { Log } from "../contracts/log.ts";
import type { Token } from "../contracts/token.ts";
import { describeNames } from "../errors/nearest-names.ts";
import { checkPartName } from "./check-names.ts";
import { checkOptions, checkPlugin, describePart, locate, ownValue } from "./check-part.ts";
import { chooseProviders } from "./choose-providers.ts";
import type { Composition, Problem } from "./composition.ts";
import { dependencyOrder } from "./dependency-order.ts";
import { ENGINE_PARTS } from "./engine-parts.ts";
import type { Need, Needs, Plugin } from "./plugin.ts";
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
  const wrongPlugin = checkPlugin(part, plugin);
  const unusable = [checkPartName(part), wrongPlugin].filter((problem) => problem !== undefined);
  const own = wrongPlugin === undefined ? checkOptions(part, plugin, composition).problems : [];
  return [...unusable, ...own].map((problem) => locate(problem, composition));
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

function planPart(facts: PartFacts): { readonly part: PlannedPart; readonly problems: readonly Problem[] } {
  const { part, plugin, composition } = facts;
  const { options, problems: own } = checkOptions(part, plugin, composition);
  const problems = [...own];
  const met = new Map<string, readonly string[]>();
  const needs: Needs = plugin.definition.needs ?? {};
  for (const [name, need] of Object.entries(needs)) {
    const choice = choose(facts, name, need, "excluded");
    if ("code" in choice) problems.push(choice);
    else met.set(name, choice);
  }
  problems.push(...checkWire(facts, needs));
  return { part: { part, plugin, options, providers: met }, problems };
}

/** Wires of needs that only tasks have, and wires of no need at all. */
function checkWire(facts: PartFacts, needs: Needs): Problem[] {
  const { part, plugin, composition } = facts;
  const ofTasks = new Map((plugin.definition.tasks ?? []).flatMap((task) => Object.entries(task.needs as Needs)));
  const known = new Set([...Object.keys(needs), ...ofTasks.keys()]);
  return Object.keys(ownValue(composition.wire, part) ?? {}).flatMap((name): Problem[] => {
    if (Object.hasOwn(needs, name)) return [];
    const need = ofTasks.get(name);
    const choice = need === undefined ? [] : choose(facts, name, need, "preferred");
    if ("code" in choice) return [choice];
    if (need !== undefined) return [];
    const message = `${describePart(part, plugin)} has no need "${name}" to wire. ${describeNames(name, known)}`;
    return [{ code: "TWIN_INVALID_WIRE", part, message, path: ["wire", part, name], at: "key" }];
  });
}

function choose(
  { part, plugin, composition, providers }: PartFacts,
  name: string,
  need: Need,
  own: "excluded" | "preferred",
): readonly string[] | Problem {
  const wired = ownValue(ownValue(composition.wire, part), name);
  const choice = chooseProviders({ name, need, needer: describePart(part, plugin), part, own, wired }, providers);
  if ("parts" in choice) return choice.parts;
  const { code, message } = choice;
  return choice.in === "wire"
    ? { code, part, message, path: ["wire", part, name], at: "value" }
    : { code, part, message, path: ["plugins", part], at: "key" };
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
