import type { OptionDefinitions } from "./command.ts";

/** Option of every command that has to do with versions. */
export const STORE_OPTION = {
  store: {
    kind: "text",
    placeholder: "folder",
    description: "store of versions (default: .twinloom in the working directory, or in the nearest folder above)",
  },
} as const satisfies OptionDefinitions;

/** Option of every command that runs a twin. */
export const FORCE_OPTION = {
  force: { kind: "flag", description: "use a version although it was withdrawn" },
} as const satisfies OptionDefinitions;

/** Option of every command that writes into the log of a twin. */
export const REASON_OPTION = {
  reason: { kind: "text", placeholder: "text", description: "why, for the log" },
} as const satisfies OptionDefinitions;

/** How a version is named. */
export const VERSION_ARGUMENT = "version: twin (its newest), twin@v7, twin@alias, sha256:…";

/** How a twin is named, where a version will do. */
export const NAMED_TWIN = "twin.yaml, or a version in a store: twin@v7, twin@alias";

/** Option of every command that adds evidence. */
export const EVIDENCE_OPTION = {
  evidence: {
    kind: "text",
    placeholder: "file",
    description: "what a validation found, JSON: the output of detector validate --json, say",
  },
} as const satisfies OptionDefinitions;
