import { type Token, tokenName } from "../contracts/token.ts";
import type { Plugins } from "./composition.ts";
import { providedTokens } from "./plugin.ts";

/** Which parts of a composition provide what. */
export class Providers {
  readonly #byToken = new Map<symbol, string[]>();

  constructor(plugins: Plugins) {
    for (const [part, plugin] of Object.entries(plugins)) {
      for (const token of providedTokens(plugin.definition)) {
        const parts = this.#byToken.get(token);
        if (parts === undefined) this.#byToken.set(token, [part]);
        else parts.push(part);
      }
    }
  }

  /** The user's parts that provide a token, in the order of the composition. */
  of(token: Token<unknown>): readonly string[] {
    return this.#byToken.get(token) ?? [];
  }

  /** What is provided and by whom, for messages: `connector (files), generator (gflash, shower)`. */
  describe(): string {
    const entries = [...this.#byToken].map(([token, parts]) => `${tokenName(token)} (${parts.join(", ")})`);
    return entries.length === 0 ? "nothing" : entries.join(", ");
  }
}
