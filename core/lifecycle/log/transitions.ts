import type { VersionState } from "../schema.ts";

/** What a version can become. Nothing goes back to `sealed`, and `withdrawn` is final. */
export const TRANSITIONS: Readonly<Record<VersionState, readonly VersionState[]>> = {
  sealed: ["validated", "withdrawn"],
  validated: ["released", "deprecated", "withdrawn"],
  released: ["deprecated", "withdrawn"],
  deprecated: ["validated", "withdrawn"],
  withdrawn: [],
};
