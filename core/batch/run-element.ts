import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../canonical/digest.ts";
import type { JsonValue } from "../canonical/json-value.ts";
import type { Clock } from "../contracts/clock.ts";
import type { Log } from "../contracts/log.ts";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { reasonOf } from "../errors/reason.ts";
import { compositionOf, type Twin } from "../kernel/twin.ts";
import { InputChangedError, RunRecordDamagedError, TaskStoppedError } from "../run/errors.ts";
import { runTask } from "../run/run-plan.ts";
import { type RunRecord, readRunRecord } from "../run/run-record.ts";
import type { BatchDocument, StageDocument, TaskRunId } from "./batch-document.ts";
import type { BatchFolder } from "./batch-folder.ts";
import { type AttemptId, relativeAttempt } from "./batch-paths.ts";
import { fileProblem } from "./collect/check-results.ts";
import { checkInputsRead, type ElementInput, ElementInputs } from "./element-inputs.ts";
import { noteStop, STOOD_STILL } from "./standstill.ts";

/** Which element of which submission a process is, and what it works with. */
export interface ElementOptions {
  readonly token: string;
  readonly element: number;
  /** How often it was started before under the same job. */
  readonly restart: number;
  /** Id of the array that the executor started it for. */
  readonly job: string;
  /**
   * Makes a running twin of a version in a store: `(store, version) => openTwin(version, { store })`. Called once, and only
   * if there is something to run.
   */
  readonly openTwin: (store: string, version: Digest) => Promise<Twin>;
  /** Aborted when the element is canceled: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Aborted when the element is to save where it is and stop, because its time is nearly up. */
  readonly stopping?: AbortSignal | undefined;
  /** Told how far the element is. */
  readonly onProgress?: ((progress: ElementProgress) => void) | undefined;
  readonly log?: Log | undefined;
  readonly clock?: Clock | undefined;
}

/** How far an element is. */
export interface ElementProgress {
  readonly run: number;
  /** Runs behind it, of how many. */
  readonly done: number;
  readonly of: number;
  /** Of the run, 0 to 1. */
  readonly fraction: number;
  readonly doing: string;
}

/** What became of one task run. */
export interface ElementRun {
  readonly run: number;
  /**
   * `accepted`: its result counts; `already`: there was one; `skipped`: a stage before has no result for it; `failed`;
   * `left`: the element was stopped before it, or in it.
   */
  readonly state: "accepted" | "already" | "skipped" | "failed" | "left";
  /** Of what failed: its code, `null` where it has none. */
  readonly code?: string | null;
  /** Why it was skipped, or failed. */
  readonly message?: string;
}

/** What became of an element. */
export interface ElementResult {
  /** `done`: each of its runs has a result; `stopped`: start it again; `failed`: some runs failed or were skipped. */
  readonly state: "done" | "stopped" | "failed";
  /** The array that the element belongs to, where it is another's: nothing was done. */
  readonly takenBy?: string;
  readonly runs: readonly ElementRun[];
}

/** What the runs of an element share. */
interface Element {
  readonly folder: BatchFolder;
  readonly stage: StageDocument;
  readonly inputs: ElementInputs;
  readonly attempt: AttemptId;
  readonly twin: () => Promise<Twin>;
  readonly signal: AbortSignal;
  readonly stopping: AbortSignal;
  readonly tell: (progress: { readonly fraction: number; readonly doing: string }) => void;
}

/**
 * Runs the task runs of one element of an array one after the other, and makes their results count: the program that an
 * executor starts. Its first act is a witness. Runs that have a result are not run again; one that fails does not stop the
 * others. Any number of processes may do so at the same time: of each task run, one result is accepted. One that was stopped six
 * times in a row without coming any further fails, so that it is not started again for ever.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for an element that is not in the submission, or a twin of another version than the one
 *   sealed; `TWIN_BATCH_DAMAGED`; what `openTwin` throws; the signal's reason.
 */
export async function runElement(folder: BatchFolder, options: ElementOptions): Promise<ElementResult> {
  const { token, element, restart, job, log, clock } = options;
  const { signal = new AbortController().signal, stopping = new AbortController().signal } = options;
  const claim = await folder.claimElement(token, element, { job, restart, clock });
  if (claim !== "ours") {
    log?.info({ token, element, job, takenBy: claim.takenBy }, "The submission came twice; the other array does this");
    return { state: "done", takenBy: claim.takenBy, runs: [] };
  }
  signal.throwIfAborted();
  const submission = await folder.readSubmission(token);
  const runs = submission.elements[element];
  if (runs === undefined) {
    throw new InvalidArgumentError(
      `Submission ${token} has no element ${element}; the last is ${submission.elements.length - 1}.`,
    );
  }
  const stage = folder.stage(submission.stage);
  const ended: ElementRun[] = [];
  let opened: Twin | undefined;
  const shared = {
    folder,
    stage,
    inputs: new ElementInputs(folder, stage),
    attempt: { token, restart },
    twin: async (): Promise<Twin> => (opened ??= await open(folder, options)),
    signal,
    stopping,
  };
  try {
    for (const run of runs) {
      signal.throwIfAborted();
      const tell: Element["tell"] = ({ fraction, doing }) =>
        options.onProgress?.({ run, done: ended.length, of: runs.length, fraction, doing });
      const result = stopping.aborted ? { run, state: "left" as const } : await runOne(run, { ...shared, tell });
      ended.push(result);
      tellEnd(result, stage.name, log);
    }
  } finally {
    await stop(opened, log);
  }
  const states = new Set(ended.map(({ state }) => state));
  if (states.has("left")) {
    const left = ended.flatMap((each) => (each.state === "left" ? [each.run] : []));
    const lost = await noteStop(folder, { token, element, stage: stage.name, restart, log }, left);
    if (lost.size === 0) return { state: "stopped", runs: ended };
    for (const run of lost) tellEnd({ run, ...GIVEN_UP }, stage.name, log);
    return { state: "failed", runs: ended.map((each) => (lost.has(each.run) ? { run: each.run, ...GIVEN_UP } : each)) };
  }
  return { state: states.has("failed") || states.has("skipped") ? "failed" : "done", runs: ended };
}

const GIVEN_UP = { state: "failed", code: null, message: STOOD_STILL } as const;

async function open({ paths, document }: BatchFolder, { openTwin }: ElementOptions): Promise<Twin> {
  const { version } = document.twin;
  const twin = await openTwin(paths.store, version);
  const { restoredFrom } = compositionOf(twin);
  if (restoredFrom === version) return twin;
  await twin.stop();
  throw new InvalidArgumentError(
    `The batch was sealed with ${version} of twin "${document.twin.name}"; the one opened is ${restoredFrom ?? "of no version"}.`,
  );
}

/** Never rejects but with the reason of the signal, and where no twin can be opened, which no other run could do without. */
async function runOne(run: number, element: Element): Promise<ElementRun> {
  const { folder, stage, inputs, signal } = element;
  const id: TaskRunId = { stage: stage.name, run };
  let found: Readonly<Record<string, ElementInput>>;
  try {
    if (await folder.isAccepted(id)) return { run, state: "already" };
    const looked = await inputs.find(run, signal);
    if (isMissing(looked)) return { run, state: "skipped", message: `Stage "${looked.missing}" has no result for it.` };
    found = looked;
    const earlier = await adopt(id, element, found);
    if (earlier) return { run, state: earlier };
  } catch (error) {
    return await failed(id, element, error);
  }
  const twin = await element.twin();
  try {
    return { run, state: await attempt(id, element, { twin, inputs: found }) };
  } catch (error) {
    if (error instanceof TaskStoppedError) return { run, state: "left", message: error.message };
    return await failed(id, element, error);
  }
}

async function attempt(
  id: TaskRunId,
  { folder, stage, attempt, signal, stopping, tell }: Element,
  { twin, inputs }: { readonly twin: Twin; readonly inputs: Readonly<Record<string, ElementInput>> },
): Promise<"accepted" | "already"> {
  const { seed } = folder.document;
  const record = await runTask(twin, stage.part === undefined ? stage.task : `${stage.part}.${stage.task}`, {
    out: folder.paths.attempt(id, attempt),
    parameters: parametersOf(folder.document, id),
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, { path }]) => [name, path])),
    ...(seed !== null && { seed: BigInt(seed) }),
    signal,
    stopping,
    checkpoints: folder.paths.checkpoints(id),
    onProgress: tell,
  });
  checkInputsRead(record, inputs);
  return await accept(id, folder, { attempt, record });
}

/** A try that came to a good end, and whose process was killed before its result was accepted. */
async function adopt(
  id: TaskRunId,
  { folder, signal }: Element,
  inputs: Readonly<Record<string, ElementInput>>,
): Promise<"accepted" | "already" | undefined> {
  for (const attempt of await folder.attempts(id)) {
    try {
      const record = await readRunRecord(folder.paths.attempt(id, attempt));
      if (record.state !== "succeeded" || record.version !== folder.document.twin.version) continue;
      checkInputsRead(record, inputs);
      // Perhaps it was accepted once, and taken away again because its files were not as they were.
      if (await isDamaged(folder.paths.attempt(id, attempt), record, signal)) continue;
      return await accept(id, folder, { attempt, record });
    } catch (error) {
      // Of no use: cut off, or made from an input that was not as it was sealed.
      if (!(error instanceof RunRecordDamagedError || error instanceof InputChangedError)) throw error;
    }
  }
  return undefined;
}

async function isDamaged(path: string, { steps }: RunRecord, signal: AbortSignal): Promise<boolean> {
  const outputs = Object.values(steps).flatMap((step) => Object.values(step.outputs));
  for (const output of outputs) if (await fileProblem(join(path, output.path), output, { signal })) return true;
  return false;
}

async function accept(
  id: TaskRunId,
  folder: BatchFolder,
  { attempt, record }: { readonly attempt: AttemptId; readonly record: RunRecord },
): Promise<"accepted" | "already"> {
  const accepted = await folder.accept(id, relativeAttempt(id, attempt), record.digest);
  // Whoever accepts first removes what any process has saved of this run; nobody goes on from it.
  await rm(folder.paths.checkpoints(id), { recursive: true, force: true }).catch(() => undefined);
  return accepted;
}

/** Parameters of a task run: those of its point go before those of the stage. */
export function parametersOf(
  { kind, points, stages }: BatchDocument,
  { stage, run }: TaskRunId,
): Readonly<Record<string, JsonValue>> {
  const shared = stages.find(({ name }) => name === stage)?.parameters;
  const before = `${stage}.`;
  const own = Object.entries(points[run] ?? {}).flatMap(([name, value]): [string, JsonValue][] => {
    if (kind === "task") return [[name, value]];
    return name.startsWith(before) ? [[name.slice(before.length), value]] : [];
  });
  return { ...shared, ...Object.fromEntries(own) };
}

async function failed(id: TaskRunId, { folder, signal }: Element, error: unknown): Promise<ElementRun> {
  signal.throwIfAborted();
  // Another process may have been faster, and have removed what this one was working with.
  if (await folder.isAccepted(id).catch(() => false)) return { run: id.run, state: "already" };
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
  return { run: id.run, state: "failed", code, message: reasonOf(error) };
}

function isMissing(
  found: Readonly<Record<string, ElementInput>> | { readonly missing: string },
): found is { readonly missing: string } {
  return typeof found["missing"] === "string";
}

/** All that the twin was to do is done: that it does not stop as it should is no failure of the runs. */
async function stop(twin: Twin | undefined, log: Log | undefined): Promise<void> {
  try {
    await twin?.stop();
  } catch (error) {
    log?.warn({ reason: reasonOf(error) }, "The twin did not stop as it should");
  }
}

function tellEnd({ state, ...run }: ElementRun, stage: string, log: Log | undefined): void {
  const fields = { stage, ...run };
  if (state === "failed") log?.error(fields, "A task run failed");
  else if (state === "skipped") log?.warn(fields, "A task run was skipped: a stage before has no result for it");
  else if (state === "left") log?.info(fields, "A task run is left for when the element is started again");
  else if (state === "already") log?.info(fields, "A task run had a result");
  else log?.info(fields, "The result of a task run was accepted");
}
