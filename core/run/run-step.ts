import { mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { canonicalJson } from "../canonical/canonical-json.ts";
import { digestFile } from "../canonical/digest.ts";
import type { JsonValue } from "../canonical/json-value.ts";
import type { Clock } from "../contracts/clock.ts";
import type { Connector } from "../contracts/connector.ts";
import type { Log } from "../contracts/log.ts";
import { AccessLog } from "../data/access/access-log.ts";
import { reasonOf } from "../errors/reason.ts";
import { isFile } from "../files/is-file.ts";
import { ArtifactChangedError } from "../spec/errors.ts";
import type { CheckedStep } from "./check-plan.ts";
import type { StepCheckpoint } from "./checkpoint.ts";
import { InputChangedError, OutputMissingError, TaskStoppedError } from "./errors.ts";
import { fileRecord } from "./file-record.ts";
import type { ErrorRecord, FileRecord, StepRecord } from "./run-record.ts";

/** What a step needs of the run it is part of. */
export interface StepContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly stopping: AbortSignal;
  /** Where the step keeps what it has done, by its inputs; `undefined` in a run without checkpoints. */
  checkpoint(inputs: Readonly<Record<string, FileRecord>>): Promise<StepCheckpoint | undefined>;
  readonly connectors: readonly Connector[];
  resolve(step: CheckedStep): Readonly<Record<string, unknown>>;
  progress(fraction: number, doing: string): void;
  /** Where an input is, and its digests where a step of this run wrote it. */
  locate(from: CheckedStep["inputs"][string]): { readonly path: string; readonly sealed?: FileRecord };
  /** Folder to write in while the step runs. */
  readonly workFolder: string;
  /** What the record calls an output file. */
  shown(file: string): string;
  /** Moves the finished files to where dependents find them. */
  settle(): Promise<void>;
}

/** How a step ended, and with which error. */
export interface StepOutcome {
  readonly record: StepRecord;
  readonly error?: unknown;
  /** What it saved, to be removed when the run has succeeded. */
  readonly checkpoint?: StepCheckpoint | undefined;
}

/** Runs one step: digests its inputs, runs its task, seals its outputs. Never rejects. */
export async function runStep(step: CheckedStep, context: StepContext): Promise<StepOutcome> {
  const startedMs = context.clock.now();
  const inputs: Record<string, FileRecord> = {};
  const access = new AccessLog();
  const finish = (end: Pick<StepRecord, "state"> & Partial<StepRecord>): StepRecord => {
    const endedMs = context.clock.now();
    return {
      task: step.task.name,
      parameters: step.checked as JsonValue,
      inputs,
      outputs: {},
      ...(!access.isEmpty && { reads: access.record() }),
      result: null,
      startedAt: new Date(startedMs).toISOString(),
      endedAt: new Date(endedMs).toISOString(),
      durationMs: endedMs - startedMs,
      ...end,
    };
  };
  try {
    const paths = await sealInputs(step, context, inputs);
    const checkpoint = await context.checkpoint(inputs);
    const result = await callTask(step, context, { inputs: paths, access, checkpoint });
    await checkUnchanged(paths, inputs, context);
    const outputs = await sealOutputs(step, context);
    return { record: finish({ state: "succeeded", result, outputs }), checkpoint };
  } catch (error) {
    if (context.signal.aborted || error instanceof TaskStoppedError)
      return { record: finish({ state: "canceled" }), error };
    return { record: finish({ state: "failed", error: errorRecord(error) }), error };
  }
}

/** A step that was not started. */
export function skippedStep(step: CheckedStep): StepRecord {
  const { task, checked } = step;
  return {
    task: task.name,
    state: "skipped",
    parameters: checked as JsonValue,
    inputs: {},
    outputs: {},
    result: null,
    startedAt: null,
    endedAt: null,
    durationMs: null,
  };
}

const GONE = "gone";

/** An input file as it was when its digest was taken. */
interface SealedInput {
  readonly path: string;
  readonly stamp: string;
}

async function sealInputs(
  step: CheckedStep,
  context: StepContext,
  records: Record<string, FileRecord>,
): Promise<Readonly<Record<string, SealedInput>>> {
  const paths: Record<string, SealedInput> = {};
  for (const [input, from] of Object.entries(step.inputs)) {
    const { path, sealed } = context.locate(from);
    paths[input] = { path, stamp: await stampOf(path) };
    const shown = "file" in from ? from.file : (sealed?.path ?? path);
    if (sealed === undefined) {
      const record = await fileRecord({ path, shown }, context.connectors, context);
      records[input] = record;
      if ("file" in from && from.digest !== undefined && from.digest !== record.fileDigest) {
        throw new ArtifactChangedError(path, from.digest, record.fileDigest);
      }
      continue;
    }
    const { digest } = await digestFile(path, context);
    if (digest !== sealed.fileDigest) throw new InputChangedError(input, shown);
    records[input] = sealed;
  }
  return paths;
}

async function callTask(
  step: CheckedStep,
  context: StepContext,
  given: {
    readonly inputs: Readonly<Record<string, SealedInput>>;
    readonly access: AccessLog;
    readonly checkpoint: StepCheckpoint | undefined;
  },
): Promise<JsonValue> {
  const { task } = step;
  const { inputs, access, checkpoint } = given;
  const outputs: Record<string, string> = {};
  await mkdir(context.workFolder, { recursive: true }); // also for a task that only returns a result
  for (const [output, { file }] of declaredOutputs(step)) {
    outputs[output] = join(context.workFolder, file);
    await mkdir(dirname(outputs[output]), { recursive: true });
  }
  const returned: JsonValue | undefined = await task.run({
    parameters: step.checked,
    needs: context.resolve(step),
    inputs: Object.fromEntries(Object.keys(task.inputs).map((input) => [input, inputs[input]?.path])),
    outputs,
    signal: context.signal,
    stopping: context.stopping,
    ...(checkpoint !== undefined && { checkpoint }),
    log: context.log,
    recordReads: (dataset) => access.watch(dataset),
    progress: context.progress,
  });
  // In JavaScript a task may well return nothing.
  const result = returned ?? null;
  // Fails now, and names the place, rather than when the record is sealed.
  canonicalJson(result);
  context.signal.throwIfAborted();
  return result;
}

async function sealOutputs(step: CheckedStep, context: StepContext): Promise<Record<string, FileRecord>> {
  const missing: { name: string; file: string }[] = [];
  for (const [name, { file }] of declaredOutputs(step)) {
    if (!(await isFile(join(context.workFolder, file)))) missing.push({ name, file });
  }
  if (missing.length > 0) throw new OutputMissingError(step.task.name, missing);
  const records: Record<string, FileRecord> = {};
  for (const [name, { file }] of declaredOutputs(step)) {
    const place = { path: join(context.workFolder, file), shown: context.shown(file) };
    records[name] = await fileRecord(place, context.connectors, context);
  }
  await context.settle();
  return records;
}

function declaredOutputs(step: CheckedStep): readonly [string, { readonly file: string }][] {
  return Object.entries(step.task.outputs as Readonly<Record<string, { readonly file: string }>>);
}

/** The task has read its inputs after their digests were taken; were they still the same files? */
async function checkUnchanged(
  paths: Readonly<Record<string, SealedInput>>,
  records: Readonly<Record<string, FileRecord>>,
  context: StepContext,
): Promise<void> {
  for (const [input, { path, stamp }] of Object.entries(paths)) {
    // A new stamp alone may be a `touch`: only other bytes count.
    const now = await stampOf(path);
    if (now === stamp) continue;
    if (now === GONE || (await digestFile(path, context)).digest !== records[input]?.fileDigest) {
      throw new InputChangedError(input, path);
    }
  }
}

async function stampOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch {
    return GONE;
  }
}

function errorRecord(error: unknown): ErrorRecord {
  // What is thrown may be anything, and the record holds only text that UTF-8 can hold.
  const text = (value: unknown): string => reasonOf(value).toWellFormed();
  if (!(error instanceof Error)) return { code: null, name: typeof error, message: text(error) };
  const code = "code" in error && typeof error.code === "string" ? text(error.code) : null;
  return { code, name: text(error.name), message: text(error.message) };
}
