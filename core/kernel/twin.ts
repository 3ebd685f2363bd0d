import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { describeNames } from "../errors/nearest-names.ts";
import type { SealResult } from "../lifecycle/version/seal.ts";
import type { SealTwinOptions } from "../lifecycle/version/seal-twin.ts";
import type { AnyTask } from "../run/task.ts";
import { checkPlugin, describePart, ownValue } from "./check-part.ts";
import { chooseProviders } from "./choose-providers.ts";
import type { Composition, Parts, Plugins, Problem } from "./composition.ts";
import { CompositionError, TaskNotFoundError, TwinStoppedError } from "./errors.ts";
import { describeNeed, type Needs, type Resolved } from "./plugin.ts";
import type { Providers } from "./providers.ts";

/** A running twin: every part under the user's name, typed as its plugin makes it. */
export type Twin<P extends Plugins = Plugins> = Parts<P> & TwinControl;

/**
 * What every twin has beside its parts. Not an interface, so that every twin is a `Twin`: only type aliases are
 * assignable to a record.
 */
export type TwinControl = {
  /**
   * Stops all parts, dependents first. Calling it again gives the same promise.
   *
   * @throws `TWIN_STOP_FAILED` when parts fail to stop; all of them were asked to.
   */
  stop(): Promise<void>;
  /**
   * Seals what the twin was made of as a version in a store; see {@link sealVersion}. Works on a stopped twin too.
   *
   * @throws as {@link sealVersion} does.
   *
   * @example
   * const { entry } = await twin.seal({ reason: "new weights", alias: "champion" });
   */
  seal(options?: SealTwinOptions): Promise<SealResult>;
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
};

/** A task of a twin, and the part whose plugin brings it. */
export interface TwinTask {
  readonly part: string;
  readonly task: AnyTask;
}

/** What a twin is made of. */
export interface TwinComposition extends Composition {
  readonly name: string;
  /** All tasks, in the order of the composition; two parts of one plugin bring the same tasks. */
  readonly tasks: readonly TwinTask[];
}

/** What the engine keeps of a twin. */
export interface TwinState {
  readonly composition: TwinComposition;
  readonly parts: ReadonlyMap<string, unknown>;
  readonly providers: Providers;
  stopped: boolean;
}

const states = new WeakMap<object, TwinState>();

/** Ties a twin to what the engine keeps of it. */
export function rememberTwin(twin: object, state: TwinState): void {
  states.set(twin, state);
}

/** The tasks of a composition; parts that are no plugins are left to its checks. */
export function tasksOf({ plugins }: Composition): readonly TwinTask[] {
  return Object.entries(plugins).flatMap(([part, plugin]) =>
    checkPlugin(part, plugin) === undefined ? (plugin.definition.tasks ?? []).map((task) => ({ part, task })) : [],
  );
}

/** What a twin was made of, and its tasks. Works on a stopped twin too. */
export function compositionOf(twin: TwinControl): TwinComposition {
  return stateOf(twin).composition;
}

/**
 * The task of a name.
 *
 * @param name - `"simulate"`; or `"detector.simulate"`, with the part, where several parts bring a task of that name.
 * @throws `TWIN_TASK_NOT_FOUND` when there is none, or when the name alone does not say whose.
 */
export function findTask(twin: TwinControl, name: string): TwinTask {
  const { composition } = stateOf(twin);
  const { tasks } = composition;
  const qualified = tasks.filter(({ part, task }) => `${part}.${task.name}` === name);
  const found = qualified.length > 0 ? qualified : tasks.filter(({ task }) => task.name === name);
  const [only] = found;
  if (only === undefined) {
    const names = new Set(tasks.map(({ task }) => task.name));
    throw new TaskNotFoundError(
      name,
      `Twin "${composition.name}" has no task "${name}". ${describeNames(name, names)}`,
    );
  }
  if (found.length > 1) {
    const names = found.map(({ part, task }) => `${part}.${task.name}`);
    throw new TaskNotFoundError(
      name,
      `Several parts of twin "${composition.name}" bring a task "${name}". Say whose: ${names.join(" or ")}.`,
    );
  }
  return only;
}

/**
 * The parts of a running twin that meet needs, chosen as for plugins. This is also how code that got its twin from a
 * twin.yaml reaches parts with their types: `resolveNeeds(twin, { files: Connector }).files`.
 *
 * @param options - `part`: whose task it is; the task then follows the wiring of that part, and prefers the part itself.
 *   `needer`: who asks, as a message begins; `"The caller"` by default.
 * @throws `TWIN_INVALID_COMPOSITION` with the problems `TWIN_UNMET_NEED` and `TWIN_AMBIGUOUS_PROVIDER`; `TWIN_STOPPED`.
 */
export function resolveNeeds<N extends Needs>(
  twin: TwinControl,
  needs: N,
  options: { readonly part?: string; readonly needer?: string } = {},
): Resolved<N> {
  const { composition, parts, providers, stopped } = stateOf(twin);
  if (stopped) throw new TwinStoppedError(composition.name);
  const { part } = options;
  const plugin = part === undefined ? undefined : ownValue(composition.plugins, part);
  const owner = part === undefined || plugin === undefined ? "The caller" : describePart(part, plugin);
  const needer = options.needer ?? owner;
  const problems: Problem[] = [];
  const resolved = Object.entries(needs).map(([name, need]): [string, unknown] => {
    const wired = part === undefined ? undefined : ownValue(ownValue(composition.wire, part), name);
    const choice = chooseProviders(
      { name, need, needer, own: "preferred", wired, ...(part === undefined ? {} : { part }) },
      providers,
    );
    if (!("parts" in choice)) {
      problems.push({
        code: choice.code,
        part: part ?? "",
        message: choice.message,
        path: part === undefined ? ["plugins"] : ["plugins", part],
        at: "key",
      });
      return [name, undefined];
    }
    const values = choice.parts.map((chosen) => parts.get(chosen));
    return [name, describeNeed(need).kind === "many" ? values : values[0]];
  });
  if (problems.length > 0) {
    throw new CompositionError(`Needs of twin "${composition.name}" cannot be met`, problems);
  }
  return Object.fromEntries(resolved) as Resolved<N>;
}

function stateOf(twin: object): TwinState {
  const state = states.get(twin);
  if (state === undefined) throw new InvalidArgumentError("This is not a twin. Twins are made by createTwin().");
  return state;
}
