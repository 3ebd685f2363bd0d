import type { Digest } from "../../canonical/digest.ts";
import { TwinError } from "../../errors/twin-error.ts";
import type { VersionState } from "../schema.ts";

/** The log of a twin is damaged: an event is missing, altered, or says what cannot follow. */
export class LogBrokenError extends TwinError {
  override readonly name = "LogBrokenError";
  override readonly code = "TWIN_LOG_BROKEN";
  readonly twin: string;
  /** The event that cannot be trusted; the chain vouches for those before it. */
  readonly sequence: number;
  readonly file: string;

  constructor(twin: string, sequence: number, where: { readonly file: string; readonly problem: string }) {
    const trusted = sequence === 1 ? "No event can be trusted" : `Events 1 to ${sequence - 1} can be trusted`;
    super(
      `The log of twin "${twin}" is broken at event ${sequence} ("${where.file}"): ${where.problem} ${trusted}; nothing was changed. Copy the file from another copy of the store, or unpack an archive that has it; \`twinloom store verify\` gives the commands.`,
    );
    this.twin = twin;
    this.sequence = sequence;
    this.file = where.file;
  }
}

/** An alias is no longer on the version that the caller expected: somebody else moved it. */
export class AliasMovedError extends TwinError {
  override readonly name = "AliasMovedError";
  override readonly code = "TWIN_ALIAS_MOVED";
  readonly alias: string;
  readonly expected: Digest | null;
  /** Where it is now; `null` when there is no such alias. */
  readonly actual: Digest | null;

  constructor(
    alias: { readonly twin: string; readonly name: string },
    found: {
      readonly expected: Digest | null;
      readonly actual: Digest | null;
      readonly show: (digest: Digest | null) => string;
    },
  ) {
    super(
      `Alias "${alias.name}" of twin "${alias.twin}" was expected ${found.show(found.expected)} and is ${found.show(found.actual)}. It was not moved. Look at the log for why it was moved, and decide anew.`,
    );
    this.alias = alias.name;
    this.expected = found.expected;
    this.actual = found.actual;
  }
}

/** A version cannot have a state: the table does not allow it, or evidence is missing. */
export class StateRefusedError extends TwinError {
  override readonly name = "StateRefusedError";
  override readonly code = "TWIN_STATE_REFUSED";
  readonly from: VersionState;
  readonly to: VersionState;
  /** States that the table allows from here. */
  readonly allowed: readonly VersionState[];
  /** What is missing for `to`; empty when the table does not allow it. */
  readonly missing: readonly string[];

  constructor(
    version: string,
    refused: {
      readonly from: VersionState;
      readonly to: VersionState;
      readonly allowed: readonly VersionState[];
      readonly missing: readonly string[];
    },
  ) {
    const { from, to, allowed, missing } = refused;
    super(
      missing.length > 0
        ? `${version} cannot become ${to}. Missing:\n${missing.map((each) => `  - ${each}`).join("\n")}`
        : `${version} is ${from} and cannot become ${to}. ${allowed.length === 0 ? `${from} is final.` : `From here it can become: ${allowed.join(", ")}.`}`,
    );
    this.from = from;
    this.to = to;
    this.allowed = allowed;
    this.missing = missing;
  }
}

/** No version has a name. */
export class VersionNotFoundError extends TwinError {
  override readonly name = "VersionNotFoundError";
  override readonly code = "TWIN_VERSION_NOT_FOUND";
  readonly wanted: string;
  /** What there is instead, as a sentence. */
  readonly problem: string;

  constructor(wanted: string, problem: string) {
    super(`No version is called "${wanted}": ${problem}`);
    this.wanted = wanted;
    this.problem = problem;
  }
}

/** A policy is not of the form that the reference describes. */
export class PolicyInvalidError extends TwinError {
  override readonly name = "PolicyInvalidError";
  override readonly code = "TWIN_POLICY_INVALID";
  readonly problems: readonly string[];

  constructor(policy: string, problems: readonly string[]) {
    super(`The policy ${policy} cannot be used:\n${problems.map((each) => `  - ${each}`).join("\n")}`);
    this.problems = problems;
  }
}

/** An attestation is not of the schema, or about another version. */
export class AttestationInvalidError extends TwinError {
  override readonly name = "AttestationInvalidError";
  override readonly code = "TWIN_ATTESTATION_INVALID";
}
