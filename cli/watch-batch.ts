import { setTimeout } from "node:timers/promises";
import { type BatchClient, type BatchStatus, readBatchStatus } from "../core/index.ts";
import { progressDetails, stagesTable } from "./batch-text.ts";
import type { CommandIo } from "./command.ts";
import { BatchIncompleteError, UsageError } from "./errors.ts";
import { harmless } from "./harmless.ts";
import type { WatchChoice } from "./watch-options.ts";

/** Between two looks at what another process writes down [ms]. */
const READ_MS = 1_000;

/** A batch that is watched. */
export interface WatchedBatch {
  /** As it was typed. */
  readonly shown: string;
  /** Absolute path. */
  readonly folder: string;
}

/** @throws `TWIN_USAGE` for retries where nobody watches: only who looks after a batch submits anew. */
export function checkRetries({ watch, retries }: WatchChoice): void {
  if (watch || retries === undefined) return;
  throw new UsageError("--retries is for who watches a batch. Give --watch, too, or leave it out.");
}

/**
 * Watches a batch to its end; its client looks after it meanwhile.
 *
 * @param batch - With how often each task run is submitted anew that failed for no fault of its own; never by default.
 */
export async function watchBatch(
  client: BatchClient,
  batch: WatchedBatch & Pick<WatchChoice, "retries">,
  io: CommandIo,
): Promise<BatchStatus> {
  const { retries } = batch;
  return await told(batch, io, () =>
    client.watch({ signal: io.signal, retries, intervalMs: 1_000, onStatus: (status) => draw(status, io) }),
  );
}

/** Watches a batch that another process looks after, by what that writes down. */
export async function watchOthersBatch(batch: WatchedBatch, io: CommandIo): Promise<BatchStatus> {
  const { signal } = io;
  return await told(batch, io, async () => {
    for (;;) {
      const status = await readBatchStatus(batch.folder, { signal });
      draw(status, io);
      if (status.isEnded || status.isStalled) return status;
      await setTimeout(READ_MS, undefined, { signal });
    }
  });
}

/** @throws `TWIN_BATCH_INCOMPLETE` for a batch that was watched to its end, when there are task runs without a result. */
export function checkComplete(status: BatchStatus, shown: string): void {
  if (status.counts.succeeded < status.total) throw new BatchIncompleteError(shown, status.counts, status.total);
}

async function told(
  { shown }: WatchedBatch,
  io: CommandIo,
  watching: () => Promise<BatchStatus>,
): Promise<BatchStatus> {
  try {
    return await watching();
  } catch (error) {
    if (io.signal.aborted) io.warn(`The batch goes on. To watch it again: twinloom jobs show ${shown} --watch`);
    throw error;
  }
}

function draw(status: BatchStatus, io: CommandIo): void {
  const lines = [...stagesTable(status).split("\n"), ...status.problems.map(harmless)];
  io.progress(status.progress, status.name, progressDetails(status), lines);
}
