import { type Token, tokenName } from "../contracts/token.ts";
import { describeNames } from "../errors/nearest-names.ts";
import type { ProblemCode } from "./composition.ts";
import { ENGINE_PARTS } from "./engine-parts.ts";
import { describeNeed, type Need } from "./plugin.ts";
import type { Providers } from "./providers.ts";

/** A need, and all that bears on who meets it. */
export interface NeedRequest {
  readonly name: string;
  readonly need: Need;
  /** Who needs it, as a message begins: `Part "detector" (twinloom/thematic/detector)`. */
  readonly needer: string;
  /** The part that needs it, or that owns the task that does. */
  readonly part?: string;
  /** A part never meets a need of its own; a task may use the part that it belongs to, and prefers it. */
  readonly own: "excluded" | "preferred";
  /** The user's choice. */
  readonly wired?: string | readonly string[] | undefined;
}

/** The parts that meet a need, or why none can be told. */
export type Choice =
  | { readonly parts: readonly string[] }
  | { readonly code: ProblemCode; readonly message: string; readonly in: "need" | "wire" };

/**
 * Chooses who meets a need: the user's choice; else, for a task, the part it belongs to; else the only other provider;
 * else the engine's own part for it.
 */
export function chooseProviders(request: NeedRequest, providers: Providers): Choice {
  const { kind, token, onlyWired } = describeNeed(request.need);
  const all = providers.of(token);
  const candidates = request.own === "excluded" ? all.filter((part) => part !== request.part) : all;
  if (request.wired !== undefined) return chooseWired(request, candidates, request.wired);
  if (onlyWired) return { parts: [] };
  const engine = ENGINE_PARTS.get(token);
  if (candidates.length === 0 && engine !== undefined) return { parts: [engine.part] };
  if (kind === "many") return { parts: candidates };
  if (request.own === "preferred" && candidates.some((part) => part === request.part)) {
    return { parts: candidates.filter((part) => part === request.part) };
  }
  if (candidates.length === 1 || (candidates.length === 0 && kind === "optional")) return { parts: candidates };
  return candidates.length === 0
    ? unmet(request, token, { others: all.length > 0, providers })
    : ambiguous(request, token, candidates);
}

function chooseWired(request: NeedRequest, candidates: readonly string[], wired: string | readonly string[]): Choice {
  const { kind, token } = describeNeed(request.need);
  const parts = typeof wired === "string" ? [wired] : wired;
  const problem = (message: string): Choice => ({
    code: "TWIN_INVALID_WIRE",
    message: `${request.needer}: the wire of its need "${request.name}" ${message}`,
    in: "wire",
  });
  if (!Array.isArray(parts) || parts.some((part) => typeof part !== "string")) {
    return problem("must be the name of a part.");
  }
  if (kind !== "many" && parts.length !== 1) return problem(`must name one part, not ${parts.length}.`);
  if (new Set(parts).size !== parts.length) return problem("names a part twice.");
  for (const part of parts) {
    if (part === request.part && request.own === "excluded") return problem("names the part itself.");
    if (!candidates.includes(part)) {
      const provided = `Parts that provide "${tokenName(token)}": `;
      return problem(
        `names "${part}", which does not provide it. ${provided}${candidates.join(", ") || "none"}. ${candidates.length > 0 ? describeNames(part, candidates).replace(/ ?There .*$/, "") : ""}`.trim(),
      );
    }
  }
  return { parts };
}

function unmet(
  request: NeedRequest,
  token: Token<unknown>,
  { others, providers }: { readonly others: boolean; readonly providers: Providers },
): Choice {
  return {
    code: "TWIN_UNMET_NEED",
    message: `${request.needer} needs ${article(tokenName(token))} (its need "${request.name}"), but no ${others ? "other " : ""}plugin in this twin provides one. Provided: ${providers.describe()}.`,
    in: "need",
  };
}

function ambiguous(request: NeedRequest, token: Token<unknown>, candidates: readonly string[]): Choice {
  const example = `wire: { ${request.part ?? "<part>"}: { ${request.name}: "${candidates[0]}" } }`;
  return {
    code: "TWIN_AMBIGUOUS_PROVIDER",
    message: `${request.needer} needs one ${tokenName(token)} (its need "${request.name}"), but ${candidates.length} parts provide it: ${candidates.join(", ")}. Choose one, for example ${example}.`,
    in: "need",
  };
}

function article(name: string): string {
  return /^[aeiou]/.test(name) ? `an ${name}` : `a ${name}`;
}
