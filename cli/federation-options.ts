import type { OptionDefinitions } from "./command.ts";
import { STORE_OPTION } from "./store-options.ts";

/** How several files become one dataset. */
export interface FederationChoice {
  readonly along?: string | undefined;
  readonly merge?: boolean | undefined;
  readonly overlaps?: "refuse" | "first" | "last" | undefined;
  readonly missing?: "refuse" | "fill" | undefined;
  readonly calendars?: "refuse" | "by-date" | undefined;
  readonly duplicates?: "refuse" | "first" | undefined;
  readonly rename?: readonly string[] | undefined;
  /** Amounts are of liquid water: for commands that compute with precipitation. */
  readonly context?: "water" | undefined;
  readonly match?: "name" | "standard_name" | undefined;
  readonly unavailable?: "report" | "omit" | "refuse" | undefined;
}

/** Options of every command that takes several files. */
export const FEDERATION_OPTIONS = {
  along: {
    kind: "text",
    placeholder: "dimension",
    description: "dimension along which several files follow each other (default: time, or the one that may grow)",
  },
  merge: { kind: "flag", description: "several files have different variables on the same coordinates" },
  overlaps: {
    kind: "text",
    placeholder: "which",
    description: "which file's values to keep where several have the same coordinate: refuse, first, last",
    choices: ["refuse", "first", "last"],
  },
  missing: {
    kind: "text",
    placeholder: "how",
    description: "what becomes of variables that some files lack: refuse, fill",
    choices: ["refuse", "fill"],
  },
  calendars: {
    kind: "text",
    placeholder: "how",
    description: "what becomes of times in other calendars than the first file's: refuse, by-date",
    choices: ["refuse", "by-date"],
  },
  duplicates: {
    kind: "text",
    placeholder: "which",
    description: "of variables that several merged files have: refuse, or take those of the first",
    choices: ["refuse", "first"],
  },
  rename: {
    kind: "text",
    placeholder: "name=name",
    description: "new name of a variable or a dimension of several files: tx=tasmax",
    many: true,
  },
  match: {
    kind: "text",
    placeholder: "by",
    description: "how variables of several files are known to be the same: name, standard_name",
    choices: ["name", "standard_name"],
  },
  unavailable: {
    kind: "text",
    placeholder: "how",
    description: "what files that cannot be opened do: report, omit, refuse",
    choices: ["report", "omit", "refuse"],
  },
  twin: {
    kind: "text",
    placeholder: "twin",
    description: "twin.yaml or version whose formats, sources and credentials are used",
  },
  ...STORE_OPTION,
} as const satisfies OptionDefinitions;
