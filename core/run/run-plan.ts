import { join } from "node:path";
import type { Log } from "../contracts/log.ts";
import type { SchemaProblem } from "../errors/check-schema.ts";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { describeNames } from "../errors/nearest-names.ts";
import { reasonOf } from "../errors/reason.ts";
import { CompositionError, TaskNotFoundError } from "../kernel/errors.ts";
import { compositionOf, findTask, type TwinComposition, type TwinControl } from "../kernel/twin.ts";
import { checkPlan } from "./check-plan.ts";
import { currentEnvironment, processors } from "./environment.ts";
import { InvalidParametersError, InvalidPlanError, RunFailedError, TaskStoppedError } from "./errors.ts";
import { file, given, type Plan, type PlanStep } from "./plan.ts";
import { planDocument, planFromDocument } from "./plan-document.ts";
import { fileProblems, overridden, seeded } from "./prepare-plan.ts";
import { RunFolder } from "./run-folder.ts";
import { RECORD_FILE, type RunRecord, type RunState, type StepRecord, sealRunRecord } from "./run-record.ts";
import type { StepOutcome } from "./run-step.ts";
import { type RunProgress, runSteps } from "./run-steps.ts";
import type { AnyTask } from "./task.ts";
import { type TwinFacts, twinFacts } from "./twin-facts.ts";
import { uuid7 } from "./uuid.ts";

/** How to run a task or a plan. */
export interface RunOptions {
  /** Folder of the run, made if need be. It appears when the run has ended, with `run.json` in it. */
  readonly out: string;
  /** `"refuse"` (default) a folder that holds an earlier run, or `"replace"` that run. */
  readonly existing?: "refuse" | "replace";
  /** Parameters by name; of a plan by `step.name`. They go before those in the plan. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** 0 to 2^64 - 1. It becomes the parameter `seed` of each task that has one and was given none. */
  readonly seed?: number | bigint;
  readonly signal?: AbortSignal;
  /** Called when a step tells how far it is. */
  readonly onProgress?: (progress: RunProgress) => void;
  /** Largest number of steps run at the same time; the number of processors, at most 4, by default. */
  readonly concurrency?: number;
  /**
   * Folder where tasks that can keep what they have done so far, made if need be. It outlives a run that is stopped, fails
   * or is killed; the next run with the same folder continues there, as far as its work is the same (task, parameters,
   * inputs by digest, twin, engine). What a run saved is removed when it has succeeded.
   */
  readonly checkpoints?: string;
  /**
   * Aborted when the run should save and stop soon: a time limit is near. Tasks with a checkpoint then stop, no step is
   * started any more, and the run ends with {@link TaskStoppedError}, without a record. Only heeded with `checkpoints`.
   */
  readonly stopping?: AbortSignal;
}

/** A task's input files, beside the {@link RunOptions}. */
export interface RunTaskOptions extends RunOptions {
  /** Paths by input name. */
  readonly inputs?: Readonly<Record<string, string>>;
}

/**
 * Runs one task of a twin and seals the record of the run.
 *
 * @param task - Name of a task that a plugin of the twin brings, or a task.
 * @returns The sealed record, also in `out/run.json`; the outputs lie beside it.
 * @throws `TWIN_TASK_NOT_FOUND`, {@link InvalidParametersError} or {@link InvalidPlanError} (inputs), `TWIN_RUN_FOLDER_EXISTS`
 *   before anything runs; {@link RunFailedError} when the task fails, with the record; {@link TaskStoppedError}
 *   when it was asked to stop and did; the signal's reason when canceled.
 *
 * @example
 * const record = await runTask(twin, "simulate", { parameters: { seed: 7 }, inputs: { energies: "showers.h5" }, out: "run-1" });
 * record.steps.simulate?.outputs.showers?.contentDigest; // => "sha256:…"
 */
export async function runTask(twin: TwinControl, task: string | AnyTask, options: RunTaskOptions): Promise<RunRecord> {
  const found = typeof task === "string" ? findTask(twin, task) : { task };
  const paths = Object.entries(given(options.inputs ?? {})) as [string, string][];
  const inputs = Object.fromEntries(paths.map(([name, path]) => [name, file(path)]));
  const { name } = found.task;
  const step: PlanStep = { ...found, parameters: given(options.parameters ?? {}), inputs };
  const plan: Plan = { name, steps: { [name]: step } };
  try {
    return await execute(twinFacts(twin), plan, { ...options, kind: "task" });
  } catch (error) {
    throw error instanceof InvalidPlanError ? asTaskError(name, error) : error;
  }
}

/**
 * Runs the steps of a plan here, those that do not wait for each other at the same time, and seals the record of the
 * run. What a step hands over is checked by digest. When a step fails, the steps after it are not run; the others are.
 *
 * Outputs lie in `out/<step>/`; files of steps that did not succeed are kept in `out/partial/<step>/`, unsealed.
 *
 * @param plan - A plan, or the name of one in the twin's composition (`plans:` of its twin.yaml).
 * @returns The sealed record, also in `out/run.json`.
 * @throws `TWIN_TASK_NOT_FOUND` for an unknown name; {@link InvalidPlanError} with everything that is wrong and `TWIN_RUN_FOLDER_EXISTS`, before anything runs;
 *   {@link RunFailedError} when a step fails, with the record; {@link TaskStoppedError} when it was asked to stop
 *   and did; the signal's reason when canceled.
 */
export async function runPlan(twin: TwinControl, plan: Plan | string, options: RunOptions): Promise<RunRecord> {
  const { parameters = {}, ...rest } = options;
  if (typeof plan !== "string") {
    return await execute(twinFacts(twin), overridden(plan, parameters), { ...rest, kind: "plan" });
  }
  try {
    return await execute(twinFacts(twin), overridden(planOf(twin, plan), parameters), { ...rest, kind: "plan" });
  } catch (error) {
    throw error instanceof InvalidPlanError ? located(error, compositionOf(twin)) : error;
  }
}

/** The same error, saying where in the twin.yaml each problem is. */
function located({ plan, problems }: InvalidPlanError, { source }: TwinComposition): InvalidPlanError {
  return new InvalidPlanError(plan, problems, ({ path, at }) => source?.locate(["plans", plan, ...path], at));
}

/**
 * A plan of a twin's composition.
 *
 * @throws `TWIN_TASK_NOT_FOUND` when there is none of that name; {@link InvalidPlanError}.
 */
export function planOf(twin: TwinControl, name: string): Plan {
  const { name: twinName, plans = {}, tasks } = compositionOf(twin);
  if (Object.hasOwn(plans, name)) return planFromDocument(name, plans[name], tasks);
  throw new TaskNotFoundError(
    name,
    `Twin "${twinName}" has no plan "${name}". ${describeNames(name, Object.keys(plans))}`,
  );
}

type Execution = RunOptions & { readonly kind: RunRecord["kind"] };

async function execute(facts: TwinFacts, asked: Plan, options: Execution): Promise<RunRecord> {
  const { kind, existing = "refuse", signal = new AbortController().signal } = options;
  const { concurrency = Math.min(4, processors().length) } = options;
  if (!(concurrency >= 1)) throw new InvalidArgumentError(`concurrency is ${concurrency}; it must be 1 or more.`);
  signal.throwIfAborted();
  const plan = seeded(asked, options.seed);
  const { steps, problems } = checkPlan(plan);
  const all = [...problems, ...(await fileProblems(plan)), ...needProblems(plan, facts)];
  if (all.length > 0) throw new InvalidPlanError(plan.name, all);

  const folder = await RunFolder.create(options.out, { kind, existing });
  try {
    const startedMs = facts.clock.now();
    const { checkpoints, onProgress } = options;
    // Without a folder nothing can be saved, and stopping would lose what was done.
    const stopping = (checkpoints !== undefined && options.stopping) || new AbortController().signal;
    const shared = { facts, folder, signal, stopping, checkpoints, concurrency, onProgress };
    const outcomes = await runSteps(steps, shared);
    const stopped = stoppedBy(plan.name, outcomes, { signal, stopping });
    if (stopped) throw stopped;
    const endedMs = facts.clock.now();
    const records = Object.fromEntries(
      [...steps.keys()].map((name) => [name, (outcomes.get(name) as StepOutcome).record]),
    );
    const record = sealRunRecord({
      schemaVersion: 1,
      id: uuid7(startedMs),
      state: stateOf(Object.values(records)),
      twin: facts.spec,
      ...(facts.version !== undefined && { version: facts.version }),
      plan: planDocument(plan),
      kind,
      seed: options.seed === undefined ? null : String(options.seed),
      steps: records,
      environment: await currentEnvironment(facts),
      startedAt: new Date(startedMs).toISOString(),
      endedAt: new Date(endedMs).toISOString(),
      durationMs: endedMs - startedMs,
    });
    await folder.seal(record, existing);
    if (record.state === "canceled") signal.throwIfAborted();
    const failed = [...outcomes.values()].find((outcome) => outcome.record.state === "failed");
    if (failed) throw new RunFailedError(record, join(folder.path, RECORD_FILE), failed.error);
    await removeCheckpoints(outcomes, facts.log);
    return record;
  } finally {
    await folder.discard();
  }
}

/** What ends a run that was stopped, and neither failed nor was canceled. */
function stoppedBy(
  plan: string,
  outcomes: ReadonlyMap<string, StepOutcome>,
  { signal, stopping }: { readonly signal: AbortSignal; readonly stopping: AbortSignal },
): TaskStoppedError | undefined {
  const all = [...outcomes.values()];
  const states = all.map(({ record }) => record.state);
  if (signal.aborted || states.includes("failed")) return undefined;
  const stopped = all.map(({ error }) => error).find((error) => error instanceof TaskStoppedError);
  if (stopped !== undefined || !stopping.aborted || !states.includes("skipped")) return stopped;
  const done = states.filter((state) => state === "succeeded").length;
  return new TaskStoppedError(plan, `${done} of ${states.length} steps`);
}

/** The run is sealed: what is left behind where a file cannot be removed does no harm. */
async function removeCheckpoints(outcomes: ReadonlyMap<string, StepOutcome>, log: Log): Promise<void> {
  for (const { checkpoint } of outcomes.values()) {
    try {
      await checkpoint?.remove();
    } catch (error) {
      const fields = { checkpoint: checkpoint?.folder, reason: reasonOf(error) };
      log.warn(fields, "A checkpoint is needed no longer, and cannot be removed.");
    }
  }
}

function stateOf(steps: readonly StepRecord[]): RunState {
  if (steps.some((step) => step.state === "failed")) return "failed";
  return steps.every((step) => step.state === "succeeded") ? "succeeded" : "canceled";
}

function needProblems(plan: Plan, facts: TwinFacts): readonly SchemaProblem[] {
  return Object.entries(plan.steps).flatMap(([name, step]) => {
    try {
      facts.resolve(step);
      return [];
    } catch (error) {
      if (!(error instanceof CompositionError)) throw error;
      return error.problems.map(({ message }) => ({ path: [name], message }));
    }
  });
}

/** The problems of a one-step plan in the words of a task; parameters, where nothing else is wrong, have their own code. */
function asTaskError(task: string, { problems }: InvalidPlanError): InvalidParametersError | InvalidPlanError {
  if (problems.every(({ path }) => path[1] === "parameters")) {
    return new InvalidParametersError(
      task,
      problems.map(({ path, message }) => ({ path: path.slice(2), message })),
    );
  }
  return new InvalidPlanError(task, problems);
}
