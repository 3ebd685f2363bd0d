import { resolve } from "node:path";
import { digestFile } from "../../canonical/digest.ts";
import { Connector } from "../../contracts/connector.ts";
import { TwinError } from "../../errors/twin-error.ts";
import { ownValue } from "../../kernel/check-part.ts";
import { many } from "../../kernel/plugin.ts";
import { compositionOf, resolveNeeds, type TwinControl } from "../../kernel/twin.ts";
import { fileRecord } from "../../run/file-record.ts";
import type { PlanDocument } from "../../run/plan-document.ts";
import type { FileRecord, RunRecord } from "../../run/run-record.ts";
import { namedFiles } from "../version/artifact-files.ts";
import { isSameContent } from "./compare-data.ts";
import type { Difference } from "./report.ts";

/** The plan of a run with its input files where they are now. */
export interface FoundInputs {
  readonly plan: PlanDocument;
  /** Inputs that are gone or say something else. */
  readonly missing: readonly Difference[];
}

/**
 * Finds the files that a run was given, by digest: where the caller says, where they were, or among the files that the twin
 * names. What has other bytes and says the same is the same.
 *
 * @param given - Paths by `step.input`.
 */
export async function findInputs(
  { plan, steps }: RunRecord,
  twin: TwinControl,
  {
    given = {},
    signal,
  }: { readonly given?: Readonly<Record<string, string>>; readonly signal?: AbortSignal | undefined },
): Promise<FoundInputs> {
  const { connectors } = resolveNeeds(twin, { connectors: many(Connector) });
  const named = namedFiles(compositionOf(twin), resolve("."));
  const missing: Difference[] = [];
  const found: Record<string, PlanDocument["steps"][string]> = {};
  for (const [name, step] of Object.entries(plan.steps)) {
    const inputs: Record<string, string | { readonly file: string }> = {};
    for (const [input, from] of Object.entries(step.inputs ?? {})) {
      const wanted = ownValue(ownValue(steps, name)?.inputs, input);
      if (typeof from === "string" || wanted === undefined) {
        inputs[input] = from;
        continue;
      }
      const pinned = named.filter((each) => each.pinned === wanted.fileDigest).map(({ file }) => file);
      const own = ownValue(given, `${name}.${input}`);
      const places = own === undefined ? [from.file, ...pinned] : [own];
      const file = await firstWith(wanted, places, { connectors, signal });
      if (typeof file === "string") inputs[input] = { file };
      else
        missing.push({
          what: `input "${input}" of "${name}" (${places[0]})`,
          original: wanted.fileDigest,
          repeat: file.now,
        });
    }
    found[name] = { ...step, inputs };
  }
  return { plan: { ...plan, steps: found }, missing };
}

/** The first of several places where a file is; or the digest of what is at the first, `null` for nothing. */
async function firstWith(
  wanted: FileRecord,
  places: readonly string[],
  options: { readonly connectors: readonly Connector[]; readonly signal?: AbortSignal | undefined },
): Promise<string | { readonly now: string | null }> {
  let now: string | null = null;
  for (const place of places) {
    const digest = await digestOf(place, options.signal);
    now ??= digest ?? null;
    if (digest === undefined) continue;
    if (digest === wanted.fileDigest) return place;
    if (await saysTheSame(place, wanted, options)) return place;
  }
  return { now };
}

/** Whether a file of other bytes has the content that was recorded; one that cannot be read has not. */
async function saysTheSame(
  place: string,
  wanted: FileRecord,
  { connectors, signal }: { readonly connectors: readonly Connector[]; readonly signal?: AbortSignal | undefined },
): Promise<boolean> {
  try {
    const record = await fileRecord({ path: place, shown: place }, connectors, signal === undefined ? {} : { signal });
    return isSameContent(wanted, record);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof TwinError) return false;
    throw error;
  }
}

/** `undefined` where there is no file that can be read. */
async function digestOf(path: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  try {
    return (await digestFile(path, { signal })).digest;
  } catch (error) {
    signal?.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return undefined;
  }
}
