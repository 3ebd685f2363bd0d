import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson } from "../canonical/canonical-json.ts";
import { type Digest, digestJson } from "../canonical/digest.ts";
import type { JsonValue } from "../canonical/json-value.ts";
import type { AccessRecord } from "../data/access/access-log.ts";
import { writeFileAtomically } from "../files/write-atomically.ts";
import type { Environment } from "./environment.ts";
import { RunRecordDamagedError } from "./errors.ts";
import type { PlanDocument } from "./plan-document.ts";
import { RunRecordSchema } from "./run-record-schema.ts";

/** Name of the record in the folder of a run. */
export const RECORD_FILE = "run.json";

/** How a run or a step ended. `skipped`: not started, because a step before it did not succeed. */
export type RunState = "succeeded" | "failed" | "canceled";

/** Everything there is to know of a run, sealed at its end: `run.json` in the folder of the run. */
export interface RunRecord {
  readonly schemaVersion: 1;
  /** UUID version 7: unique, and sorted by time. */
  readonly id: string;
  readonly state: RunState;
  readonly twin: {
    readonly name: string;
    /** Digest of `spec`. */
    readonly specDigest: Digest;
    /** What the twin was composed of. Secrets are references. */
    readonly spec: JsonValue;
  };
  /** The version of the twin, where it came from a store; absent for any other. */
  readonly version?: Digest;
  /** What was asked for: a plan, or one task as a plan of one step. */
  readonly plan: PlanDocument;
  /** Whether `plan` is a single task; its outputs then lie in the folder itself, else in one folder per step. */
  readonly kind: "task" | "plan";
  /** Seed of the run, decimal (0 to 2^64 - 1); `null` where none was given. */
  readonly seed: string | null;
  readonly steps: Readonly<Record<string, StepRecord>>;
  readonly environment: Environment;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly durationMs: number;
  /** Digest of this record without this field: the seal. */
  readonly digest: Digest;
}

/** What one step did. */
export interface StepRecord {
  readonly task: string;
  readonly state: RunState | "skipped";
  /** As the task saw them, defaults filled in. */
  readonly parameters: JsonValue;
  readonly inputs: Readonly<Record<string, FileRecord>>;
  /** Empty unless the step succeeded. */
  readonly outputs: Readonly<Record<string, FileRecord>>;
  /** What the task read of the datasets that it asked to have recorded; absent where it read nothing of such. */
  readonly reads?: AccessRecord;
  /** What the task returned; `null` unless it succeeded. */
  readonly result: JsonValue;
  readonly error?: ErrorRecord;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly durationMs: number | null;
}

/** A file that a step read or wrote. */
export interface FileRecord {
  /** An input as it was given; an output relative to the folder of the run. */
  readonly path: string;
  readonly bytes: number;
  /** Digest of the bytes. */
  readonly fileDigest: Digest;
  /**
   * Digest of what the file says, independent of how it is stored: {@link contentDigest} where a connector of the twin
   * recognises the file, the canonical form of a `.json` file, else `null`.
   */
  readonly contentDigest: Digest | null;
}

/** Why a step failed. */
export interface ErrorRecord {
  /** `TWIN_…`, or another error's own code; `null` where there is none. */
  readonly code: string | null;
  readonly name: string;
  readonly message: string;
}

/** Seals a record: adds its digest. */
export function sealRunRecord(record: Omit<RunRecord, "digest">): RunRecord {
  return { ...record, digest: digestJson(record) };
}

/** Writes a record as canonical JSON, atomically. */
export async function writeRunRecord(path: string, record: RunRecord): Promise<void> {
  await writeFileAtomically(path, canonicalJson(record));
}

/**
 * Reads a record and checks its seal.
 *
 * @param path - The folder of the run, or its `run.json`.
 * @throws {@link RunRecordDamagedError} when it is no record, of a newer schema, or changed after sealing.
 */
export async function readRunRecord(path: string): Promise<RunRecord> {
  let text: string;
  try {
    const isFolder = (await stat(path)).isDirectory();
    text = await readFile(isFolder ? join(path, RECORD_FILE) : path, "utf8");
  } catch (error) {
    throw new RunRecordDamagedError(path, `cannot be read: ${(error as Error).message}`, { cause: error });
  }
  return parseRunRecord(text, path);
}

/**
 * A record of its text, its seal checked.
 *
 * @param location - Where the text is from, for messages.
 * @throws {@link RunRecordDamagedError} as {@link readRunRecord} does.
 */
export function parseRunRecord(text: string, location: string): RunRecord {
  let record: RunRecord | null;
  try {
    record = JSON.parse(text) as RunRecord | null;
  } catch (error) {
    throw new RunRecordDamagedError(location, `cannot be read: ${(error as Error).message}`, { cause: error });
  }
  if (record?.schemaVersion !== 1) {
    throw new RunRecordDamagedError(
      location,
      `has schema version ${record?.schemaVersion}; this engine reads version 1.`,
    );
  }
  const { digest, ...sealed } = record;
  if (digestJson(sealed) !== digest) {
    throw new RunRecordDamagedError(location, "was changed after it was sealed: its digest does not fit.");
  }
  const problem = RunRecordSchema.safeParse(record).error?.issues[0];
  if (problem !== undefined) {
    throw new RunRecordDamagedError(
      location,
      `is none that can be used: ${problem.path.join(".")}: ${problem.message}`,
    );
  }
  return record;
}
