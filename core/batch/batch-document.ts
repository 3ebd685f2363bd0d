import type { Digest } from "../canonical/digest.ts";
import type { JsonValue } from "../canonical/json-value.ts";

/** Name of the sealed batch in its folder. */
export const BATCH_FILE = "batch.json";

/**
 * What a batch is, sealed before anything is submitted: canonical JSON, whose digest is the id of the batch. Elements run
 * what it says; they do not plan again.
 */
export interface BatchDocument {
  readonly schemaVersion: 1;
  /** Name of the task or plan. */
  readonly name: string;
  readonly kind: "task" | "plan";
  /** The version that runs, kept in the batch's own store. */
  readonly twin: { readonly name: string; readonly version: Digest };
  /** Seed of the batch, decimal, given to each task that takes one and was given none; or null. */
  readonly seed: string | null;
  /** Names of swept parameters in the order they were given: of a plan `step.name`. They are the coordinates of results. */
  readonly swept: readonly string[];
  /** Values of the swept parameters, `[point]`. One empty point where nothing is swept. */
  readonly points: readonly Readonly<Record<string, JsonValue>>[];
  /** In an order in which each comes after those it needs. Each has one task run per point. */
  readonly stages: readonly StageDocument[];
}

/** One task of a batch, run once per point. */
export interface StageDocument {
  /** Name of the step; of a single task the task's. */
  readonly name: string;
  readonly task: string;
  readonly part?: string;
  /** The same for every point; a point's own go before them. */
  readonly parameters: Readonly<Record<string, JsonValue>>;
  /** A file is the same for every point; an output is that of the same point. */
  readonly inputs: Readonly<Record<string, BatchFile | { readonly stage: string; readonly output: string }>>;
}

/** A file as it was when the batch was sealed. */
export interface BatchFile {
  /** Absolute. */
  readonly file: string;
  readonly fileDigest: Digest;
}

/** A task run of a batch. */
export interface TaskRunId {
  readonly stage: string;
  /** Index of its point. */
  readonly run: number;
}
