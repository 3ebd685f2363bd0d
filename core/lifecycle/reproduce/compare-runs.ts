import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import type { RunRecord } from "../../run/run-record.ts";
import { rankCauses } from "./causes.ts";
import { compareLayers } from "./compare-layers.ts";
import { type CompareRunsOptions, compareOutputs } from "./compare-outputs.ts";
import { type FoundRun, findRun } from "./find-run.ts";
import type { ComparedRun, LayerComparison, OutputComparison, ReproductionReport, Verdict } from "./report.ts";
import { checkToleranceNames } from "./tolerance-names.ts";
import { parseTolerances } from "./tolerances.ts";

/**
 * Whether a run is a reproduction of another, output by output, and if not, which layer explains it.
 *
 * The verdict, from the records and, with `files`, the contents of what differs:
 *
 * - `identical`: every output has equal content (or, where nothing reads it, equal bytes); rows say which.
 * - `equivalent`: the others are within the tolerances.
 * - `different`: an output is further off, missing, or extra.
 * - `incomparable`: other data went in, so that other results say nothing; a file was altered after its run; or neither run
 *   has an output.
 * - `failed`: a run did not succeed.
 *
 * The same for (a, b) as for (b, a), but that `missing` and `extra` change places.
 *
 * Files that are at hand are checked against the records first.
 *
 * @param first - The original: its folder, its `run.json`, or its record.
 * @param second - The repeat. Where both are folders, what is in them is compared without `files`, too, as far as it is JSON.
 * @throws `TWIN_INVALID_RULES` for tolerances that are none, or that are for outputs that neither run has;
 *   `TWIN_FILE_NOT_FOUND`, `TWIN_RUN_RECORD_DAMAGED`; what a connector throws for a damaged file.
 *
 * @example
 * (await compareRuns("first", "second")).verdict; // => "identical"
 */
export async function compareRuns(
  first: RunRecord | string,
  second: RunRecord | string,
  options: CompareRunsOptions = {},
): Promise<ReproductionReport> {
  const [one, other] = await Promise.all([givenRun(first), givenRun(second)]);
  const [original, repeat] = [one.record, other.record];
  const folders = one.folder !== undefined &&
    other.folder !== undefined && { original: one.folder, repeat: other.folder };
  const files = options.files ?? (folders ? { ...folders, connectors: [] } : undefined);
  const tolerances = options.tolerances && parseTolerances(options.tolerances);
  if (tolerances !== undefined) checkToleranceNames(tolerances, [original, repeat]);
  const layers = compareLayers(original, repeat);
  const outputs = await compareOutputs(original, repeat, { ...options, files, tolerances });
  return {
    schemaVersion: 1,
    verdict: verdictOf([original, repeat], layers.data, outputs),
    original: comparedRun(original),
    repeat: comparedRun(repeat),
    layers,
    compared: files === undefined ? "records" : "files",
    outputs: [...outputs],
    causes: rankCauses(layers, { runs: [original, repeat], outputs }),
    tolerances: tolerances ?? null,
  };
}

async function givenRun(run: RunRecord | string | undefined): Promise<FoundRun> {
  if (typeof run === "string") return await findRun(run, undefined);
  if (run?.steps !== undefined) return { record: run, folder: undefined };
  throw new InvalidArgumentError("A run to be compared is its folder, or what readRunRecord() gives.");
}

/** What a report keeps of a run. */
export function comparedRun({ id, digest, state, twin, version }: RunRecord): ComparedRun {
  return { id, record: digest, state, specDigest: twin.specDigest, version: version ?? null };
}

function verdictOf(runs: readonly RunRecord[], data: LayerComparison, outputs: readonly OutputComparison[]): Verdict {
  if (data.state === "different") return "incomparable";
  if (runs.some(({ state }) => state !== "succeeded")) return "failed";
  const matches = new Set(outputs.map(({ match }) => match));
  if (matches.size === 0 || matches.has("altered")) return "incomparable";
  if (matches.has("different") || matches.has("missing") || matches.has("extra")) return "different";
  return matches.has("within-tolerance") ? "equivalent" : "identical";
}
