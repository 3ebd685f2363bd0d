import type { Clock } from "../../contracts/clock.ts";
import type { Executor } from "../../contracts/executor.ts";
import type { Log } from "../../contracts/log.ts";
import type { BatchClient } from "./batch-client.ts";
import type { SubmitSettings } from "./batch-entry.ts";
import type { BatchStatus } from "./batch-status.ts";

/** How a batch is opened to be submitted and watched. */
export interface OpenBatchOptions {
  readonly executor: Executor;
  readonly clock?: Clock | undefined;
  readonly log?: Log | undefined;
  /** How long a result may take to be seen on a shared file system, and a submission to be found [ms]. 2 minutes by default. */
  readonly graceMs?: number | undefined;
  /** How long nothing may be heard of an element before its runs count as lost [ms]. 10 minutes by default. */
  readonly lostMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How the arrays of a batch are submitted. It is written down: {@link BatchClient.resume} knows it. */
export interface SubmitBatchOptions {
  /** Program and arguments that start the command line of Twinloom where elements run; `batch work …` is added. */
  readonly command: readonly [string, ...string[]];
  /** Absolute. The folder of the batch by default. */
  readonly workingFolder?: string | undefined;
  /** Beside those of an element; without secrets. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Most elements of an array that run at the same time. */
  readonly atOnce?: number | undefined;
  /** What an element has. */
  readonly resources?: SubmitSettings["resources"] | undefined;
  /** What elements of a stage have beside that, by its name. */
  readonly stageResources?: Readonly<Record<string, SubmitSettings["resources"]>> | undefined;
  /** Task runs per element, of each stage by its name; 1 by default. More where the array would be larger than allowed. */
  readonly packing?: Readonly<Record<string, number>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a batch is resumed. What is not given is as it was submitted. */
export interface ResumeBatchOptions extends Partial<SubmitBatchOptions> {
  /**
   * Gives up arrays of which nobody knows whether they were submitted, and submits anew what they were to run. Should one
   * of them start after all, it does nothing.
   */
  readonly force?: boolean | undefined;
}

/** How it is looked at a batch. */
export interface RefreshBatchOptions {
  /**
   * How often each task run is submitted anew that failed for no fault of its own: its node failed, it was pre-empted for
   * good, was lost, could not be started, left no result though its element ended well, or its time was over and it has a
   * checkpoint to go on from. Counted since it was submitted or resumed, and not after {@link BatchClient.cancel}. Never by
   * default.
   */
  readonly retries?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a batch is watched. */
export interface WatchBatchOptions extends RefreshBatchOptions {
  /** Called after each look. */
  readonly onStatus?: ((status: BatchStatus) => void) | undefined;
  /** How long is waited between looks [ms]; longer, to 30 s, where nothing changes. 2 s by default. */
  readonly intervalMs?: number | undefined;
}
