import type { DatasetPart, FederatedDataset } from "../core/index.ts";
import type { CommandIo, OptionDefinitions } from "./command.ts";

/** How several files become one dataset. */
export interface FederationChoice {
  readonly along?: string | undefined;
  readonly merge?: boolean | undefined;
  readonly overlaps?: "refuse" | "first" | "last" | undefined;
  readonly missing?: "refuse" | "fill" | undefined;
  readonly calendars?: "refuse" | "by-date" | undefined;
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
    placeholder: "file",
    description: "twin.yaml whose formats, sources and credentials are used",
  },
} as const satisfies OptionDefinitions;

/** Makes one dataset of several files. */
export async function federateFiles(
  parts: readonly DatasetPart[],
  { along, merge = false, ...choice }: FederationChoice,
  { signal }: Pick<CommandIo, "signal">,
): Promise<FederatedDataset> {
  const { federate } = await import("../core/index.ts");
  const dimension = merge ? undefined : (along ?? (await growingDimension(parts, signal)));
  const { overlaps, missing, calendars, match, unavailable } = choice;
  return await federate({ parts, along: dimension, overlaps, missing, calendars, match, unavailable, signal });
}

/** `time` where the first file that opens has it, else the dimension that may grow, else none: the files are merged. */
async function growingDimension(parts: readonly DatasetPart[], signal: AbortSignal): Promise<string | undefined> {
  for (const part of parts) {
    try {
      const dataset = await part.open({ signal });
      try {
        if (Object.hasOwn(dataset.dims, "time")) return "time";
        return Object.entries(dataset.dims).find(([, { unlimited }]) => unlimited)?.[0];
      } finally {
        await dataset.close();
      }
    } catch {
      signal.throwIfAborted();
    }
  }
  return undefined;
}
