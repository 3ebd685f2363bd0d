import { join } from "node:path";
import { canonicalJson } from "../../canonical/canonical-json.ts";
import { digestFile } from "../../canonical/digest.ts";
import { ownValue } from "../../kernel/check-part.ts";
import type { FileRecord, RunRecord, StepRecord } from "../../run/run-record.ts";
import { namesOfBoth } from "../names-of-both.ts";
import { stepsInOrder } from "../step-order.ts";
import { Closeness } from "./closeness.ts";
import { compareFiles, type RunFiles } from "./compare-files.ts";
import { compareJson } from "./compare-json.ts";
import type { OutputComparison } from "./report.ts";
import { type Tolerances, toleranceOf } from "./tolerances.ts";

/** How outputs of two runs are compared. */
export interface CompareRunsOptions {
  /** Where the outputs are; without, contents that differ by their digests are not compared. */
  readonly files?: RunFiles | undefined;
  /** How far apart they may be. */
  readonly tolerances?: Tolerances | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Pair<T> = readonly [original: T | undefined, repeat: T | undefined];

/** One row for each output that either run has, and for each result that a task returned: none is left out. */
export async function compareOutputs(
  original: RunRecord,
  repeat: RunRecord,
  options: CompareRunsOptions,
): Promise<readonly OutputComparison[]> {
  const rows: OutputComparison[] = [];
  const read = new Set([...outputsRead(original), ...outputsRead(repeat)]);
  const names = [original, repeat].flatMap((run) => stepsInOrder(run).map(([step]) => step));
  for (const step of new Set(names)) {
    const steps: Pair<StepRecord> = [ownValue(original.steps, step), ownValue(repeat.steps, step)];
    for (const output of namesOfBoth(steps[0]?.outputs ?? {}, steps[1]?.outputs ?? {})) {
      const files: Pair<FileRecord> = [ownValue(steps[0]?.outputs, output), ownValue(steps[1]?.outputs, output)];
      const role = read.has(`${step}.${output}`) ? "intermediate" : "final";
      const path = files[0]?.path ?? files[1]?.path ?? null;
      rows.push({ step, output, path, role, ...(await compareOutput(files, { step, output }, options)) });
    }
    const result = compareResults(steps, step, options);
    if (result) rows.push({ step, output: null, path: null, role: "result", ...result });
  }
  return rows;
}

type Match = Pick<OutputComparison, "match" | "reason" | "metric" | "tolerance">;

const EQUAL = { reason: null, metric: null, tolerance: null } as const;

async function compareOutput(
  [original, repeat]: Pair<FileRecord>,
  name: { readonly step: string; readonly output: string },
  { files, tolerances, signal }: CompareRunsOptions,
): Promise<Match> {
  const alone = inOneAlone([original, repeat]);
  if (alone || original === undefined || repeat === undefined) return alone as Match;
  const states =
    files && (await Promise.all([stateOf(files.original, original, signal), stateOf(files.repeat, repeat, signal)]));
  const altered = ["original", "repeat"].filter((_, index) => states?.[index] === "altered");
  if (altered.length > 0) {
    const reason = `The file of the ${altered.join(" and of the ")} is not the one that was recorded: it was changed after the run.`;
    return { match: "altered", ...EQUAL, reason };
  }
  if (original.fileDigest === repeat.fileDigest) return { match: "bitwise", ...EQUAL };
  const hasContent = original.contentDigest !== null && repeat.contentDigest !== null;
  if (hasContent && original.contentDigest === repeat.contentDigest) return { match: "canonical", ...EQUAL };
  const different = (reason: string): Match => ({ match: "different", ...EQUAL, reason });
  if (!hasContent) return different("The bytes differ, and nothing in the twin reads what they say.");
  if (files === undefined || states?.includes("gone")) {
    return different("The contents differ; the files are not here to see how far.");
  }
  const found = toleranceOf(tolerances, name);
  const closeness = new Closeness(found?.tolerance);
  const paths = [join(files.original, original.path), join(files.repeat, repeat.path)] as const;
  if (!(await compareFiles(paths, files.connectors, closeness, { signal }))) {
    return different("The contents differ, and nothing here reads both of them.");
  }
  return judged(closeness, found?.name);
}

/** Whether a file is as it was recorded, whatever its record is compared with. */
async function stateOf(
  folder: string,
  { path, fileDigest }: FileRecord,
  signal: AbortSignal | undefined,
): Promise<"recorded" | "altered" | "gone"> {
  try {
    return (await digestFile(join(folder, path), { signal })).digest === fileDigest ? "recorded" : "altered";
  } catch {
    signal?.throwIfAborted();
    return "gone";
  }
}

/** A result is in the record, and so it is always there to be compared. */
function compareResults(
  [original, repeat]: Pair<StepRecord>,
  step: string,
  options: CompareRunsOptions,
): Match | undefined {
  const [a, b] = [original?.result ?? undefined, repeat?.result ?? undefined];
  if (a === undefined && b === undefined) return undefined;
  const alone = inOneAlone([a, b]);
  if (alone || a === undefined || b === undefined) return alone;
  if (canonicalJson(a) === canonicalJson(b)) return { match: "bitwise", ...EQUAL };
  const found = toleranceOf(options.tolerances, { step, output: null });
  const closeness = new Closeness(found?.tolerance);
  compareJson(a, b, closeness);
  return judged(closeness, found?.name);
}

function inOneAlone([original, repeat]: Pair<unknown>): Match | undefined {
  if (original !== undefined && repeat !== undefined) return undefined;
  return { match: repeat === undefined ? "missing" : "extra", ...EQUAL };
}

/** Without a tolerance nothing is close enough: the digests have said that the contents differ. */
function judged(closeness: Closeness, tolerance: string | undefined): Match {
  const { metric } = closeness;
  const reason =
    closeness.reason ?? (tolerance === undefined ? "The contents differ, and no tolerance is given." : null);
  return { match: reason === null ? "within-tolerance" : "different", reason, metric, tolerance: tolerance ?? null };
}

/** Outputs that a later step of the plan reads, as `step.output`. */
function outputsRead({ plan }: RunRecord): readonly string[] {
  return Object.values(plan.steps).flatMap(({ inputs = {} }) =>
    Object.values(inputs).filter((from): from is string => typeof from === "string"),
  );
}
