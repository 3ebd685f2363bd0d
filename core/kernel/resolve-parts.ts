import { Container, ContainerModule } from "inversify";

/** How to make one part, once. */
export interface PartRecipe {
  readonly part: string;
  /** By need, the parts that meet it. */
  readonly providers: ReadonlyMap<string, readonly string[]>;
  /** Makes the part of the parts that meet its needs. */
  create(met: ReadonlyMap<string, readonly unknown[]>): unknown;
}

/**
 * A resolver of parts: each is created once, after those it depends on.
 *
 * The only file that knows inversify. Who meets which need is decided before (choose-providers.ts), so every part is
 * bound to a private identifier and asks for private identifiers; a `many` need asks for several.
 */
export function partResolver(recipes: Iterable<PartRecipe>): (part: string) => Promise<unknown> {
  const container = new Container({ defaultScope: "Singleton" });
  const identifiers = new Map<string, symbol>();
  const identify = (part: string): symbol => {
    const identifier = identifiers.get(part) ?? Symbol(part);
    identifiers.set(part, identifier);
    return identifier;
  };
  for (const { part, providers, create } of recipes) {
    const needs = [...providers];
    const injected = needs.flatMap(([, parts]) => parts.map(identify));
    container.load(
      new ContainerModule(({ bind }) => {
        // Asynchronous in any case: what is thrown synchronously, inversify takes for its own where it looks like
        // too deep a recursion, and it awaits no thenable but promises.
        bind(identify(part)).toResolvedValue(async (...values: unknown[]) => {
          const remaining = values.values();
          const take = (parts: readonly string[]): unknown[] => parts.map(() => remaining.next().value);
          return create(new Map(needs.map(([need, parts]) => [need, take(parts)])));
        }, injected);
      }),
    );
  }
  return (part) => container.getAsync(identify(part));
}
