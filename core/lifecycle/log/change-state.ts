import type { Change, VersionState } from "../schema.ts";
import { StateRefusedError } from "./errors.ts";
import { versionName } from "./find-version.ts";
import type { GateCheck } from "./gate.ts";
import { TRANSITIONS } from "./transitions.ts";
import type { VersionEntry } from "./twin-state.ts";

/** Whether a state needs evidence. */
export function isGated(state: VersionState): state is "validated" | "released" {
  return state === "validated" || state === "released";
}

/**
 * The event of a change of state.
 *
 * @param checks - Of a gated state.
 * @throws {@link StateRefusedError} telling what is allowed from here, or everything that is missing.
 */
export function decideState(
  entry: VersionEntry,
  to: VersionState,
  { reason, checks }: { readonly reason: string | null; readonly checks: readonly GateCheck[] },
): Extract<Change, { type: "stateChanged" }> {
  const { state: from, digest } = entry;
  const allowed = TRANSITIONS[from];
  const refuse = (missing: readonly string[]): never => {
    throw new StateRefusedError(versionName(entry), { from, to, allowed, missing });
  };
  if (!allowed.includes(to)) refuse([]);
  const missing = checks.filter(({ isMet }) => !isMet).map(({ demand, found }) => `${demand}: ${found}`);
  if (!isGated(to) && (reason ?? "").trim() === "")
    missing.push(`a reason${to === "deprecated" ? ", such as its successor" : ""}`);
  if (missing.length > 0) refuse(missing);
  const evidence = [...new Set(checks.map((check) => check.evidence))].filter((each) => each !== undefined);
  return { type: "stateChanged", version: digest, from, to, evidence, policies: [] };
}
