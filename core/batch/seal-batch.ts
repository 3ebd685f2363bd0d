import { rm } from "node:fs/promises";
import { lockFile } from "../files/lock-file.ts";
import type { VersionEntry } from "../lifecycle/log/twin-state.ts";
import { openStore } from "../lifecycle/store.ts";
import { type LoadVersionOptions, loadVersion } from "../lifecycle/version/load-version.ts";
import type { BatchDocument } from "./batch-document.ts";
import { BatchFolder } from "./batch-folder.ts";
import { batchPlan, checkShared, stagesOf } from "./batch-plan.ts";
import { type BatchTwin, bringTwin } from "./bring-twin.ts";
import { checkPoints } from "./check-points.ts";
import type { Sweep } from "./sweep.ts";

/** What {@link sealBatch} seals. */
export interface SealBatchOptions extends Pick<LoadVersionOptions, "importPlugin" | "force"> {
  readonly twin: BatchTwin;
  /** Name of a plan of the twin, or else of a task. */
  readonly name: string;
  /** Points; by default a single one, where nothing is swept. */
  readonly sweep?: Sweep | undefined;
  /** The same at every point; of a plan `step.name`. Those of a point go before them. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  /** Input files of a task, by name. They are not copied: elements must find them under the same path. */
  readonly inputs?: Readonly<Record<string, string>> | undefined;
  /** 0 to 2^64 - 1. It becomes the parameter `seed` of each task that has one and was given none. */
  readonly seed?: number | bigint | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told what somebody should know of the sealed twin. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** What {@link sealBatch} made. */
export interface SealedBatch {
  readonly folder: BatchFolder;
  /** The version of the twin that runs. */
  readonly version: VersionEntry;
}

/**
 * Seals a batch: everything that its task runs need to know, in a folder of its own. What they run is the twin as it is now,
 * and files as they are now; nothing is planned again later. Parameters of every point are validated here, so that none
 * fails for that after hours in a queue.
 *
 * @param path - A folder that is empty or new, which all processes of the batch can reach under the same path.
 * @throws `TWIN_BATCH_FOLDER_EXISTS`; `TWIN_FILE_LOCKED` while another seals there; `TWIN_INVALID_SWEEP` with everything that
 *   is wrong at any point; `TWIN_TASK_NOT_FOUND`, `TWIN_INVALID_PLAN`, `TWIN_INVALID_PARAMETERS`; `TWIN_ARTIFACT_CHANGED`;
 *   what `sealVersion` and `loadVersion` throw; `TWIN_WRITE_FAILED`; the signal's reason. Then the folder is empty again.
 *
 * @example
 * const { parameters, ...sweep } = parseSweep(["energyMeV=1000,2000", "seed=0..99"]);
 * const { folder } = await sealBatch("scan", { twin: await loadSpec("twin.yaml"), name: "simulate", sweep, parameters });
 */
export async function sealBatch(path: string, options: SealBatchOptions): Promise<SealedBatch> {
  const { signal = new AbortController().signal } = options;
  signal.throwIfAborted();
  const paths = await BatchFolder.reserve(path);
  const unlock = await lockFile(paths.document);
  try {
    await BatchFolder.checkUnsealed(paths.root);
    try {
      return await seal(paths.root, paths.store, { ...options, signal });
    } catch (error) {
      await rm(paths.store, { recursive: true, force: true }).catch(() => undefined);
      throw error;
    }
  } finally {
    await unlock();
  }
}

async function seal(
  path: string,
  storeFolder: string,
  options: SealBatchOptions & { readonly signal: AbortSignal },
): Promise<SealedBatch> {
  const { twin, name, seed, signal, force, importPlugin, onNote = () => undefined } = options;
  const { sweep = { swept: [], points: [{}] }, parameters = {}, inputs = {} } = options;
  const { digest } = await bringTwin(twin, storeFolder, { signal, onNote });
  await using store = await openStore(storeFolder);
  // As elements will have it: files that the twin names are those in the store of the batch.
  const { entry, composition } = await loadVersion(store, digest, {
    signal,
    onNote,
    force,
    ...(importPlugin && { importPlugin }),
  });
  const batch = batchPlan(composition, name, { parameters, inputs });
  const order = await checkShared(batch, sweep, seed);
  checkPoints(batch, sweep, seed);
  const document: BatchDocument = {
    schemaVersion: 1,
    name,
    kind: batch.kind,
    twin: { name: entry.twin, version: entry.digest },
    seed: seed === undefined ? null : String(seed),
    swept: sweep.swept,
    points: sweep.points,
    stages: await stagesOf(batch.plan, order, signal),
  };
  signal.throwIfAborted();
  return { folder: await BatchFolder.create(path, document), version: entry };
}
