import { resolve } from "node:path";
import { type Digest, digestFile } from "../canonical/digest.ts";
import type { JsonValue } from "../canonical/json-value.ts";
import type { SchemaProblem } from "../errors/check-schema.ts";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { describeNames } from "../errors/nearest-names.ts";
import type { Composition } from "../kernel/composition.ts";
import { TaskNotFoundError } from "../kernel/errors.ts";
import { tasksOf } from "../kernel/twin.ts";
import { checkPlan } from "../run/check-plan.ts";
import { InvalidParametersError, InvalidPlanError } from "../run/errors.ts";
import { type FileInput, given, type Plan } from "../run/plan.ts";
import { planFromDocument } from "../run/plan-document.ts";
import { fileProblems, overridden, seeded } from "../run/prepare-plan.ts";
import { ArtifactChangedError } from "../spec/errors.ts";
import type { BatchFile, StageDocument } from "./batch-document.ts";
import type { Sweep } from "./sweep.ts";

/** What a batch runs, before it has points. */
export interface BatchPlan {
  readonly kind: "task" | "plan";
  /** Of a single task a plan of one step. */
  readonly plan: Plan;
}

/** What is the same at every point. */
export interface SharedOptions {
  /** By name; of a plan `step.name`. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Paths of a task's input files. */
  readonly inputs: Readonly<Record<string, string>>;
}

/**
 * The plan of that name, or else the task, with what is the same at every point.
 *
 * @throws `TWIN_TASK_NOT_FOUND`, `TWIN_INVALID_PLAN`; `TWIN_INVALID_ARGUMENT` for inputs of a plan, which has its own.
 */
export function batchPlan(composition: Composition, name: string, { parameters, inputs }: SharedOptions): BatchPlan {
  const { name: twin = "twin", plans = {} } = composition;
  const tasks = tasksOf(composition);
  if (Object.hasOwn(plans, name)) {
    if (Object.keys(inputs).length > 0) {
      throw new InvalidArgumentError(`"${name}" is a plan, whose inputs are in it. Inputs can be given to a task.`);
    }
    return { kind: "plan", plan: overridden(planFromDocument(name, plans[name], tasks), parameters) };
  }
  const found = tasks.find(({ part, task }) => task.name === name || `${part}.${task.name}` === name);
  if (found === undefined) {
    const names = new Set([...Object.keys(plans), ...tasks.map(({ task }) => task.name)]);
    throw new TaskNotFoundError(name, `Twin "${twin}" has no plan or task "${name}". ${describeNames(name, names)}`);
  }
  const files = Object.entries(inputs).map(([input, file]) => [input, { file: resolve(file) }]);
  const step = { task: name, parameters: given(parameters), inputs: Object.fromEntries(files) };
  return { kind: "task", plan: planFromDocument(found.task.name, { [found.task.name]: step }, tasks) };
}

/** The plan as it is at a point. */
export function planAt({ kind, plan }: BatchPlan, point: Readonly<Record<string, JsonValue>>): Plan {
  if (kind === "plan") return overridden(plan, point);
  const steps = Object.entries(plan.steps).map(([name, step]) => [
    name,
    { ...step, parameters: { ...step.parameters, ...point } },
  ]);
  return { ...plan, steps: Object.fromEntries(steps) };
}

/**
 * Checks all but the values of the steps that are swept.
 *
 * @returns Names of the steps, each after those that it needs.
 * @throws `TWIN_INVALID_PLAN`, `TWIN_INVALID_PARAMETERS` with everything that is wrong.
 */
export async function checkShared(
  batch: BatchPlan,
  { swept, points }: Sweep,
  seed: number | bigint | undefined,
): Promise<readonly string[]> {
  const { kind, plan } = batch;
  const first = seeded(planAt(batch, points[0] ?? {}), seed);
  const checked = checkPlan(first);
  const isSwept = (step: string): boolean => swept.some((name) => kind === "task" || name.startsWith(`${step}.`));
  const problems: SchemaProblem[] = [
    // At each point, below.
    ...checked.problems.filter(({ path }) => !(path[1] === "parameters" && isSwept(String(path[0])))),
    ...(await fileProblems(plan)),
  ];
  if (problems.length === 0) return [...checked.steps.keys()];
  if (kind === "task" && problems.every(({ path }) => path[1] === "parameters")) {
    const inner = problems.map(({ path, message }) => ({ path: path.slice(2), message }));
    throw new InvalidParametersError(plan.name, inner);
  }
  throw new InvalidPlanError(plan.name, problems);
}

/**
 * The stages of a checked plan, its input files digested, each once.
 *
 * @throws `TWIN_ARTIFACT_CHANGED` for a file that has not the digest stated; the signal's reason; Node's error for a file
 *   that cannot be read.
 */
export async function stagesOf(
  plan: Plan,
  order: readonly string[],
  signal: AbortSignal,
): Promise<readonly StageDocument[]> {
  const digests = new Map<string, Digest>();
  const sealed = async ({ file, digest: stated }: FileInput): Promise<BatchFile> => {
    const path = resolve(file);
    const fileDigest = digests.get(path) ?? (await digestFile(path, { signal })).digest;
    digests.set(path, fileDigest);
    if (stated !== undefined && stated !== fileDigest) throw new ArtifactChangedError(path, stated, fileDigest);
    return { file: path, fileDigest };
  };
  const stages: StageDocument[] = [];
  for (const name of order) {
    // The order is of its own steps, and what was checked is JSON.
    const { task, part, parameters, inputs } = plan.steps[name] as Plan["steps"][string];
    const found: Record<string, StageDocument["inputs"][string]> = {};
    for (const [input, from] of Object.entries(inputs)) {
      found[input] = "file" in from ? await sealed(from) : { stage: from.step, output: from.output };
    }
    stages.push({
      name,
      task: task.name,
      ...(part !== undefined && { part }),
      parameters: given(parameters) as Record<string, JsonValue>,
      inputs: found,
    });
  }
  return stages;
}
