import type { z } from "zod";
import type { Log } from "../contracts/log.ts";
import type { Token } from "../contracts/token.ts";
import type { AnyTask } from "../run/task.ts";

/** A need that may stay unmet: the part gets `undefined`. */
export interface OptionalNeed<T> {
  readonly kind: "optional";
  readonly token: Token<T>;
  /** Whether only a wire of the composition meets it. */
  readonly onlyWired: boolean;
}

/** A need for every provider of a capability, none included. */
export interface ManyNeed<T> {
  readonly kind: "many";
  readonly token: Token<T>;
}

/** What a plugin or task may ask for. */
export type Need = Token<unknown> | OptionalNeed<unknown> | ManyNeed<unknown>;
/** Needs under the names the plugin uses. */
export type Needs = Readonly<Record<string, Need>>;

/** The parts that meet the needs `N`. */
export type Resolved<N extends Needs> = {
  readonly [K in keyof N]: N[K] extends OptionalNeed<infer T>
    ? T | undefined
    : N[K] extends ManyNeed<infer T>
      ? readonly T[]
      : N[K] extends Token<infer T>
        ? T
        : never;
};

/**
 * States a need that may stay unmet.
 *
 * @param options - `onlyWired`: met only by the part that the composition's `wire` names, never by whoever happens to
 *   provide it. For a second, special use of a token: two parts with such a need of what both provide do not need each
 *   other. False by default.
 */
export function optional<T>(of: Token<T>, options: { readonly onlyWired?: boolean } = {}): OptionalNeed<T> {
  return { kind: "optional", token: of, onlyWired: options.onlyWired ?? false };
}

/** States a need for all providers of a capability. */
export function many<T>(of: Token<T>): ManyNeed<T> {
  return { kind: "many", token: of };
}

/** One token, or several that one part provides together. */
export type Provides = Token<unknown> | readonly Token<unknown>[];

/** What a part must be to provide `P`. */
export type Provided<P extends Provides> = P extends readonly Token<unknown>[]
  ? Intersection<{ [K in keyof P]: P[K] extends Token<infer T> ? [T] : never }[number]>
  : P extends Token<infer T>
    ? T
    : never;

type Intersection<U> = (U extends [infer T] ? (all: T) => void : never) extends (all: infer I) => void ? I : never;

/** A part may have a start and a stop; both are called at most once, stop only after start. */
export interface Startable {
  /** Called after all that this part needs has started; rejecting stops the twin's creation. */
  start?(options: { readonly signal: AbortSignal }): void | Promise<void>;
  /** Called after all that needs this part has stopped. */
  stop?(): void | Promise<void>;
}

/** What a plugin knows of the twin it is created in. */
export interface PluginContext {
  /** The user's name for this part. */
  readonly part: string;
  readonly log: Log;
  /** Aborted when creation of the twin is. */
  readonly signal: AbortSignal;
}

/** What a plugin author writes; see `docs/write-a-plugin.md`. */
export interface PluginDefinition<
  P extends Provides = Provides,
  N extends Needs = Needs,
  S extends z.ZodType = z.ZodType,
  Part = unknown,
> {
  /**
   * How a twin.yaml names this plugin: the module specifier that exports its factory, with `#…` where the module exports
   * several: `"twinloom/modules/hdf5"`, `"twinloom/thematic/detector#gflash"`.
   */
  readonly name: string;
  /** Semantic version of the plugin. */
  readonly version: string;
  /** Range of engine versions it works with, as in package.json; any by default. */
  readonly engine?: string;
  readonly provides: P;
  readonly needs?: N;
  /** Options, each with a description; no options by default. */
  readonly options?: S;
  /** Tasks that `twinloom run` offers when this plugin is part of a twin. */
  readonly tasks?: readonly AnyTask[];
  /** Makes the part. Import heavy packages here, not at module load. */
  create(needs: Resolved<N>, options: z.output<S>, context: PluginContext): Part | Promise<Part>;
}

/** A plugin with its options: a value, not yet a part. */
export interface Plugin<Part = unknown> {
  // biome-ignore lint/suspicious/noExplicitAny: a definition is invariant in its needs; the kernel pairs them at run time.
  readonly definition: PluginDefinition<any, any, any, Part>;
  /** Options as the user gave them, before defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  /** How a twin.yaml named its module, where the definition's own name does not say it. */
  readonly importedFrom?: string;
}

/** Makes a plugin from its options. */
export interface PluginFactory<Options extends object, Part> {
  (...options: Record<never, never> extends Options ? [options?: Options] : [options: Options]): Plugin<Part>;
  // biome-ignore lint/suspicious/noExplicitAny: as in Plugin.
  readonly definition: PluginDefinition<any, any, any, Part>;
}

/**
 * Declares a plugin. Returns its factory.
 *
 * @example
 * export const hdf5: PluginFactory<Hdf5Options, Hdf5> = definePlugin({
 *   name: "twinloom/modules/hdf5", version: "0.1.0", provides: [Connector, HdfFiles],
 *   options: z.object({ cacheBytes: z.number().int().min(0).default(64e6).describe("…") }),
 *   create: (_needs, { cacheBytes }) => new Hdf5(cacheBytes),
 * });
 */
export function definePlugin<
  const P extends Provides,
  Part extends Provided<P>,
  N extends Needs = Record<never, never>,
  S extends z.ZodType<object> = z.ZodType<Record<never, never>, Record<never, never>>,
>(definition: PluginDefinition<P, N, S, Part>): PluginFactory<z.input<S> & object, Part> {
  const factory = (options: object = {}): Plugin<Part> => ({ definition, options: { ...options } });
  return Object.assign(factory, { definition }) as PluginFactory<z.input<S> & object, Part>;
}

/** The tokens of a plugin as a list, each once. */
export function providedTokens(definition: { readonly provides: Provides }): readonly Token<unknown>[] {
  const { provides } = definition;
  return typeof provides === "symbol" ? [provides] : [...new Set(provides)];
}

/** A need as its kind and its token. */
export function describeNeed(need: Need): {
  readonly kind: "one" | "optional" | "many";
  readonly token: Token<unknown>;
  readonly onlyWired?: boolean;
} {
  return typeof need === "symbol" ? { kind: "one", token: need } : need;
}
