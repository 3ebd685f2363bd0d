import { canonicalJson } from "../../canonical/canonical-json.ts";
import type { Clock } from "../../contracts/clock.ts";
import type { Connector } from "../../contracts/connector.ts";
import { FileNotFoundError } from "../../files/errors.ts";
import { makeFolders } from "../../files/make-folders.ts";
import { system } from "../../files/write-atomically.ts";
import { BatchFolder } from "../batch-folder.ts";
import { readBatchState } from "../client/batch-journal.ts";
import type { BatchState } from "../client/batch-state.ts";
import { BatchDamagedError } from "../errors.ts";
import { type CheckedResult, checkResults, type DamagedResult } from "./check-results.ts";
import type { CollectedRun, CollectedStage, Collection } from "./collection-schema.ts";
import { gatherStage } from "./gather-stage.ts";
import { contentOf, readCollection, sealCollection, writeCollection } from "./read-collection.ts";

/** How {@link collectResults} works. */
export interface CollectResultsOptions {
  /** Those of the twin: an output that one recognises is gathered. */
  readonly connectors: readonly Connector[];
  /** Writes gathered files, in its first format: `hdf5`. */
  readonly writer: Connector;
  /** Folder of the results; `results` in that of the batch by default. */
  readonly out?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told how far it is. */
  readonly onProgress?: ((progress: CollectResultsProgress) => void) | undefined;
}

/** How far {@link collectResults} is. */
export interface CollectResultsProgress {
  /** Of all, 0 to 1. */
  readonly fraction: number;
  readonly doing: string;
}

/** What {@link collectResults} gave. */
export interface CollectedResults {
  readonly collection: Collection;
  /** Folder of the results, absolute. */
  readonly folder: string;
  /** Accepted results that are not as they were. They are in no gathered file; `quarantineResults` lets them be made again. */
  readonly damaged: readonly DamagedResult[];
  /** Whether anything is other than what was collected before. */
  readonly isChanged: boolean;
}

/** Checking takes a part of the time, and gathering the rest. */
const CHECKING = 0.5;

/**
 * Checks every accepted result of a batch, gathers outputs into one file each, and seals the record of the batch:
 * `results/<stage>/<output>.h5` and `results/collection.json`. May be called while runs are still made; called again it
 * replaces what has changed, each file atomically and the record last.
 *
 * @param batch - Folder of a batch.
 * @throws `TWIN_BATCH_NOT_FOUND`, `TWIN_BATCH_DAMAGED` for the batch itself; `TWIN_READ_FAILED` where the file system fails;
 *   `TWIN_WRITE_FAILED`; the signal's reason.
 */
export async function collectResults(
  batch: BatchFolder | string,
  options: CollectResultsOptions,
): Promise<CollectedResults> {
  const { connectors, writer, clock = { now: () => Date.now() }, signal, onProgress } = options;
  const folder = typeof batch === "string" ? await BatchFolder.open(batch) : batch;
  const out = options.out ?? folder.paths.results;
  const before = await collectedBefore(out);
  const state = await readBatchState(folder, signal);
  const { stages: documents, points } = folder.document;
  const stages: CollectedStage[] = [];
  const damaged: DamagedResult[] = [];
  for (const [number, { name, task }] of documents.entries()) {
    const tell = (fraction: number, doing: string): void =>
      onProgress?.({ fraction: (number + Math.min(1, fraction)) / documents.length, doing });
    let checked = 0;
    const onRun = (): void => tell((CHECKING * ++checked) / points.length, `${name}: checking results`);
    const results = await checkResults(folder, name, { signal, onRun });
    for (const each of results) if (each?.state === "damaged") damaged.push(withoutState(each));
    const runs = results.map((result, run) => collectedRun(run, result, state.runs(name)[run]));
    const files = await gatherStage(
      folder,
      { name, task, runs, results },
      {
        connectors,
        writer,
        out,
        before: before?.stages.find((stage) => stage.name === name)?.gathered ?? [],
        signal,
        onProgress: (fraction, output) => tell(CHECKING + (1 - CHECKING) * fraction, `${name}: gathering "${output}"`),
      },
    );
    stages.push({ name, task, counts: countsOf(runs), runs, ...files });
  }
  const { name, kind, twin } = folder.document;
  const facts: Omit<Collection, "digest" | "collectedAt"> = {
    schemaVersion: 1,
    batch: folder.id,
    name,
    kind,
    twin,
    contentDigest: contentOf(stages),
    submissions: submissionsOf(state),
    stages,
  };
  signal?.throwIfAborted();
  if (before && isSame(facts, before)) return { collection: before, folder: out, damaged, isChanged: false };
  const collection = sealCollection({ ...facts, collectedAt: new Date(clock.now()).toISOString() });
  await system(out, () => makeFolders(out));
  await writeCollection(out, collection);
  onProgress?.({ fraction: 1, doing: "collected" });
  return { collection, folder: out, damaged, isChanged: true };
}

/** A record that is damaged is replaced; nothing is taken from it. */
async function collectedBefore(out: string): Promise<Collection | undefined> {
  try {
    return await readCollection(out);
  } catch (error) {
    if (error instanceof FileNotFoundError || error instanceof BatchDamagedError) return undefined;
    throw error;
  }
}

function isSame(facts: Omit<Collection, "digest" | "collectedAt">, before: Collection): boolean {
  const { digest: _, collectedAt: __, ...rest } = before;
  return canonicalJson(rest) === canonicalJson(facts);
}

function withoutState({ stage, run, problem }: DamagedResult): DamagedResult {
  return { stage, run, problem };
}

/** A result that was accepted counts, whatever the client has heard of it so far. */
function collectedRun(
  run: number,
  result: CheckedResult,
  standing: ReturnType<BatchState["runs"]>[number] | undefined,
): CollectedRun {
  const attempt = standing?.attempt ?? 0;
  if (result?.state === "sound") {
    return { run, state: "succeeded", attempt: Math.max(1, attempt), accepted: result.accepted };
  }
  if (result?.state === "damaged") return { run, state: "failed", attempt, problem: result.problem };
  const state = standing?.state ?? "created";
  // The element ended well, and what it should have left is not there.
  if (state === "succeeded") return { run, state: "unknown", attempt, problem: "There is no result of it." };
  return { run, state, attempt, ...(standing?.reason !== undefined && { problem: standing.reason }) };
}

function countsOf(runs: readonly CollectedRun[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state } of runs) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

function submissionsOf(state: BatchState): Collection["submissions"] {
  return state.submissions.map(({ token, stage, ids, elements, at }) => ({
    token,
    stage,
    ids: [...ids],
    elements: elements.length,
    submittedAt: new Date(at).toISOString(),
  }));
}
