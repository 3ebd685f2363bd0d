import type { DatasetPart, FederatedDataset } from "../core/index.ts";
import type { CommandIo } from "./command.ts";
import type { FederationChoice } from "./federation-options.ts";
import { pairs } from "./parameters.ts";

/** Makes one dataset of several files. */
export async function federateFiles(
  parts: readonly DatasetPart[],
  { along, merge = false, rename = [], ...choice }: FederationChoice,
  { signal }: Pick<CommandIo, "signal">,
): Promise<FederatedDataset> {
  const { federate } = await import("../core/index.ts");
  const dimension = merge ? undefined : (along ?? (await growingDimension(parts, signal)));
  const { context, overlaps, missing, calendars, duplicates, match, unavailable } = choice;
  return await federate({
    parts,
    along: dimension,
    overlaps,
    missing,
    calendars,
    context,
    duplicates,
    match,
    unavailable,
    rename: Object.fromEntries(pairs(rename)),
    signal,
  });
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
