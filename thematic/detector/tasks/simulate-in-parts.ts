import {
  type DataChunk,
  type Dataset,
  type Log,
  NdArray,
  type TaskCheckpoint,
  TaskStoppedError,
  type Variable,
} from "../../../core/index.ts";
import type { Showers } from "../contracts.ts";
import { BY_FALLBACK, FallbackFlags } from "../showers/fallback-flags.ts";
import { KeptShowers } from "../showers/kept-showers.ts";
import { expandVoxels } from "../showers/shower-chunks.ts";

/** A part is saved when it is this part of the work, … */
const PARTS = 20;
/** … though not before, as saving more often costs more than doing that again, … */
const LEAST_MS = 1_000;
/** … and at the latest after this, or with so many bytes. */
const MOST_MS = 60_000;
const MOST_BYTES = 64 * 2 ** 20;
const DEFAULT_BATCH = 100;

/** What {@link simulateInParts} needs of the run. */
export interface PartsContext {
  readonly checkpoint: TaskCheckpoint;
  readonly stopping: AbortSignal;
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly batchSize: number | undefined;
  /** Showers `[0, done)` have been made. */
  progress(done: number): void;
}

/**
 * Makes showers and saves them part by part, after those that an earlier run saved. They are compressed as the file stores
 * them, so that writing the dataset at the end only copies.
 *
 * @returns The dataset of all of them, as `showers.toDataset()` gives it.
 * @throws {@link TaskStoppedError} when it was asked to stop: all showers so far are saved.
 */
export async function simulateInParts(showers: Showers, context: PartsContext): Promise<Dataset> {
  const { checkpoint, stopping, signal, log, batchSize = DEFAULT_BATCH } = context;
  const dataset = showers.toDataset();
  const voxels = dataset.variables["showers"] as Variable;
  const kept = new KeptShowers(showers, checkpoint, voxels.storage.chunkShape as [number, number]);
  const found = await checkpoint.load({ signal });
  const problem = found && (await kept.restore(found));
  if (problem !== undefined) log.warn({ reason: problem }, "The showers of a checkpoint are not used.");
  const { count } = showers;
  context.progress(kept.done);

  let part = { start: kept.done, sinceMs: performance.now() };
  const isFull = (): boolean => {
    const ageMs = performance.now() - part.sinceMs;
    const isLarge = kept.done - part.start >= count / PARTS && ageMs >= LEAST_MS;
    return isLarge || ageMs >= MOST_MS || kept.unsavedBytes >= MOST_BYTES;
  };
  if (kept.done < count) {
    const atOnce = Math.min(batchSize, Math.ceil(count / PARTS));
    for await (const batch of showers.batches({ start: kept.done, batchSize: atOnce, signal })) {
      await kept.add(batch);
      context.progress(kept.done);
      const isLast = kept.done === count;
      // What fits into one part is not worth saving when it is done.
      if (!(stopping.aborted && !isLast) && !(isLast ? kept.isSaved : isFull())) continue;
      await kept.save();
      if (stopping.aborted && !isLast) throw new TaskStoppedError("simulate", `${kept.done} of ${count} showers`);
      part = { start: kept.done, sinceMs: performance.now() };
    }
  }
  return await joined(dataset, kept);
}

/** The dataset with voxels that come, compressed, from where they were kept. */
async function joined(dataset: Dataset, kept: KeptShowers): Promise<Dataset> {
  const voxels = dataset.variables["showers"] as Variable;
  const chunks = await kept.chunks();
  const flags = dataset.variables[BY_FALLBACK];
  if (flags instanceof FallbackFlags) for (const chunk of chunks) flags.note(chunk);
  const { chunkShape } = kept;
  const width = chunkShape[1];
  async function* stored({ signal }: { readonly signal?: AbortSignal | undefined } = {}): AsyncGenerator<DataChunk> {
    for (const chunk of chunks) {
      signal?.throwIfAborted();
      const { start, count } = chunk;
      const bytes = await kept.read(chunk);
      yield {
        selection: { event: { start, stop: start + count }, voxel: { start: 0, stop: width } },
        compressed: { shape: chunkShape, bytes },
        get array() {
          const values = expandVoxels(bytes, chunkShape[0] * width).subarray(0, count * width);
          return new NdArray(values, { dtype: "float32", shape: [count, width], dims: ["event", "voxel"] });
        },
      };
    }
  }
  const { name, path, dtype, dims, shape, unit, attributes, storage } = voxels;
  const showers: Variable = {
    ...{ name, path, dtype, dims, shape, unit, attributes, storage },
    read: (...given) => voxels.read(...given),
    readMany: (...given) => voxels.readMany(...given),
    chunks: stored,
  };
  return { ...dataset, variables: { ...dataset.variables, showers } };
}
