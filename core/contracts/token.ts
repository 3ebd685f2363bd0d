const PREFIX = "twinloom/";

declare const contract: unique symbol;

/**
 * The name of a capability at run time. An interface `X` and a constant `X: Token<X>` share one name, so that
 * `needs: { files: Connector }` is checked by the compiler and resolved by the kernel.
 */
export type Token<T> = symbol & { readonly [contract]: T };

/**
 * Creates a token. `Symbol.for` keeps its identity when two copies of the SDK are loaded.
 *
 * @param name - Unique name: `"connector"`, or `"package/contract"` for contracts outside Twinloom.
 */
export function token<T>(name: string): Token<T> {
  return Symbol.for(`${PREFIX}${name}`) as Token<T>;
}

/** The name that {@link token} was given, for messages. */
export function tokenName(of: symbol): string {
  return (of.description ?? "").slice(PREFIX.length);
}
