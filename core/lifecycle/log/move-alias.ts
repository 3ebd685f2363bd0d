import type { Digest } from "../../canonical/digest.ts";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { describeNames } from "../../errors/nearest-names.ts";
import type { Change } from "../schema.ts";
import { checkAliasName } from "./alias-name.ts";
import { AliasMovedError, VersionNotFoundError } from "./errors.ts";
import { versionName } from "./find-version.ts";
import type { TwinState } from "./twin-state.ts";

/** What an alias is to become. */
export interface AliasTarget {
  readonly alias: string;
  /** `null`: it is taken away. */
  readonly to: Digest | null;
  /** Where it must be for the move to happen; `null`: nowhere. */
  readonly expected: Digest | null;
  readonly reason: string | null;
  readonly isRollback?: boolean | undefined;
}

/** The event of a move; `undefined` where the alias is there already. */
export function decideMove(
  state: TwinState,
  { alias, to, expected, reason, isRollback }: AliasTarget,
): Change | undefined {
  checkAliasName(alias);
  const from = state.aliases.get(alias) ?? null;
  if (from !== expected) {
    throw new AliasMovedError(
      { twin: state.twin, name: alias },
      { expected, actual: from, show: (digest) => shown(state, digest) },
    );
  }
  if (from === to) return undefined;
  checkReason(state, alias, reason);
  const entry = to === null ? undefined : state.versions.get(to);
  if (entry?.state === "withdrawn") {
    const why = entry.stateReason === null ? "" : ` ("${entry.stateReason}")`;
    throw new InvalidArgumentError(
      `Alias "${alias}" cannot be put on ${versionName(entry)}, which was withdrawn${why}. Choose another version.`,
    );
  }
  return { type: "aliasMoved", alias, from, to, ...(isRollback && { isRollback }) };
}

/** An alias that is on a version is moved for a reason. @throws `TWIN_INVALID_ARGUMENT` */
export function checkReason(state: TwinState, alias: string, reason: string | null | undefined): void {
  const from = state.aliases.get(alias);
  if (from === undefined || (reason ?? "").trim() !== "") return;
  throw new InvalidArgumentError(
    `Alias "${alias}" of twin "${state.twin}" is ${shown(state, from)}: give a reason for moving it.`,
  );
}

/**
 * The version that an alias was on before. Moves are a stack, and a rollback takes off what it leaves: a second one goes one
 * further back, and never returns to what was rolled away from. Withdrawn versions are passed over.
 *
 * @throws `TWIN_VERSION_NOT_FOUND` where there is no such alias, or no version before.
 */
export function versionBefore(state: TwinState, alias: string): Digest {
  if (!state.aliases.has(alias)) {
    const names = [...state.aliases.keys()];
    throw new VersionNotFoundError(`${state.twin}@${alias}`, `there is no such alias. ${describeNames(alias, names)}`);
  }
  const stack: (Digest | null)[] = [];
  for (const { to, isRollback } of state.moves.filter((move) => move.alias === alias)) {
    if (isRollback) stack.length = stack.lastIndexOf(to, -2) + 1;
    else stack.push(to);
  }
  const before = stack
    .slice(0, -1)
    .findLast((digest) => digest !== null && state.versions.get(digest)?.state !== "withdrawn");
  if (before == null) {
    throw new VersionNotFoundError(
      `${state.twin}@${alias}`,
      "the alias was on no other version before that could be used.",
    );
  }
  return before;
}

function shown(state: TwinState, digest: Digest | null): string {
  const entry = digest === null ? undefined : state.versions.get(digest);
  return entry === undefined ? "nowhere" : `on v${entry.number} (${entry.digest.slice(0, 19)}…)`;
}
