import {
  compositionOf,
  Generator,
  InvalidArgumentError,
  Model,
  many,
  resolveNeeds,
  type TwinControl,
} from "../../../core/index.ts";
import type { BatchingOptions } from "./options.ts";

/** Something to serve: a model or a generator. */
export interface Servable {
  readonly model?: Model | undefined;
  readonly generator?: Generator | undefined;
  /** Name on the wire; its own by default. */
  readonly name?: string | undefined;
  /** Version on the wire; `"1"` by default. */
  readonly version?: string | undefined;
  /** How requests are put together, beyond what the server says; `false` for a model whose rows are not independent. */
  readonly batching?: BatchingOptions | false | undefined;
  /** Added to what its metadata tell. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

/** What {@link servablesOf} adds to each. */
export interface ServablesOptions {
  /** Version on the wire: `"7"`. */
  readonly version?: string | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

/**
 * Every model and generator of a twin. A model that has the name of a generator is served as `<name>.model`.
 *
 * @throws `TWIN_INVALID_ARGUMENT` when the twin has none, or two of one name. `TWIN_STOPPED`.
 */
export function servablesOf(twin: TwinControl, options: ServablesOptions = {}): readonly Servable[] {
  const { name } = compositionOf(twin);
  const parts = resolveNeeds(twin, { models: many(Model), generators: many(Generator) }, { needer: "Serving" });
  const properties = { twin: name, ...options.properties };
  const servables = namedServables(parts, { version: options.version, properties });
  if (servables.length > 0) return servables;
  throw new InvalidArgumentError(
    `The twin "${name}" has nothing to serve: no part of it provides a model or a generator.`,
  );
}

/** {@link servablesOf}, of parts. */
export function namedServables(
  { models, generators }: { readonly models: readonly Model[]; readonly generators: readonly Generator[] },
  options: ServablesOptions = {},
): readonly Servable[] {
  const taken = new Set(generators.map(({ model }) => model));
  const servables: readonly Servable[] = [
    ...generators.map((generator) => ({ ...options, generator, name: generator.model })),
    ...models.map((model) => ({ ...options, model, name: taken.has(model.name) ? `${model.name}.model` : model.name })),
  ];
  checkNames(servables.map(servedName));
  return servables;
}

/** The name on the wire. */
export function servedName({ name, model, generator }: Servable): string {
  return name ?? generator?.model ?? model?.name ?? "";
}

/** @throws `TWIN_INVALID_ARGUMENT` for a name that two would have. */
export function checkNames(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new InvalidArgumentError(
    `Two models would be served as "${twice}". Give one of them another name: the option \`name\` of its plugin, or of what is published.`,
  );
}
