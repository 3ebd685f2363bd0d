import type { RunRecord } from "../../run/run-record.ts";
import { rankCauses } from "./causes.ts";
import { compareLayers } from "./compare-layers.ts";
import { type CompareRunsOptions, compareOutputs } from "./compare-outputs.ts";
import type { ComparedRun, LayerComparison, OutputComparison, ReproductionReport, Verdict } from "./report.ts";
import { parseTolerances } from "./tolerances.ts";

/**
 * Whether a run is a reproduction of another, output by output, and if not, which layer explains it.
 *
 * The verdict, from the records and, with `files`, the contents of what differs:
 *
 * - `identical`: every output has equal content (or, where nothing reads it, equal bytes); rows say which.
 * - `equivalent`: the others are within the tolerances.
 * - `different`: an output is further off, missing, or extra.
 * - `incomparable`: other data went in, so that other results say nothing.
 * - `failed`: a run did not succeed.
 *
 * The same for (a, b) as for (b, a), but that `missing` and `extra` change places.
 *
 * @throws `TWIN_INVALID_RULES` for tolerances that are none; what a connector throws for a damaged file.
 *
 * @example
 * const [first, second] = await Promise.all(["first", "second"].map((run) => readRunRecord(`${run}/run.json`)));
 * (await compareRuns(first, second)).verdict; // => "identical"
 */
export async function compareRuns(
  original: RunRecord,
  repeat: RunRecord,
  options: CompareRunsOptions = {},
): Promise<ReproductionReport> {
  const tolerances = options.tolerances && parseTolerances(options.tolerances);
  const layers = compareLayers(original, repeat);
  const outputs = await compareOutputs(original, repeat, { ...options, tolerances });
  return {
    schemaVersion: 1,
    verdict: verdictOf([original, repeat], layers.data, outputs),
    original: comparedRun(original),
    repeat: comparedRun(repeat),
    layers,
    outputs: [...outputs],
    causes: rankCauses(layers, { runs: [original, repeat], outputs }),
    tolerances: tolerances ?? null,
  };
}

/** What a report keeps of a run. */
export function comparedRun({ id, digest, state, twin, version }: RunRecord): ComparedRun {
  return { id, record: digest, state, specDigest: twin.specDigest, version: version ?? null };
}

function verdictOf(runs: readonly RunRecord[], data: LayerComparison, outputs: readonly OutputComparison[]): Verdict {
  if (data.state === "different") return "incomparable";
  if (runs.some(({ state }) => state !== "succeeded")) return "failed";
  const matches = new Set(outputs.map(({ match }) => match));
  if (matches.has("different") || matches.has("missing") || matches.has("extra")) return "different";
  return matches.has("within-tolerance") ? "equivalent" : "identical";
}
