import type { Attestation, VersionState } from "../schema.ts";

/** What a version can become. Nothing goes back to `sealed`, and `withdrawn` is final. */
export const TRANSITIONS: Readonly<Record<VersionState, readonly VersionState[]>> = {
  sealed: ["validated", "withdrawn"],
  validated: ["released", "deprecated", "withdrawn"],
  released: ["deprecated", "withdrawn"],
  deprecated: ["validated", "withdrawn"],
  withdrawn: [],
};

/** Kinds of evidence that a state takes: one of each row. What they must say, the gate asks. */
export const EVIDENCE: Readonly<Record<VersionState, readonly (readonly Attestation["kind"][])[]>> = {
  sealed: [],
  validated: [["validation"]],
  released: [["reproduction"], ["audit", "waiver"]],
  deprecated: [],
  withdrawn: [],
};
