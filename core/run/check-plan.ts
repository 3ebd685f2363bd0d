import { canonicalJson } from "../canonical/canonical-json.ts";
import { checkSchema, type SchemaProblem } from "../errors/check-schema.ts";
import { describeNames } from "../errors/nearest-names.ts";
import { reasonOf } from "../errors/reason.ts";
import { isFilePath } from "../files/file-path.ts";
import { dependencyOrder } from "../kernel/dependency-order.ts";
import type { Plan, PlanStep } from "./plan.ts";
import { RESERVED } from "./run-folder.ts";
import { STEP_NAME } from "./run-record-schema.ts";
import type { TaskInput, TaskOutput } from "./task.ts";

/** A step whose parameters were validated. */
export interface CheckedStep extends PlanStep {
  /** As the task gets them, defaults filled in. */
  readonly checked: unknown;
}

/** What came of {@link checkPlan}. */
export interface CheckedPlan {
  /** Steps in an order in which each comes after those it reads from; only meaningful without problems. */
  readonly steps: ReadonlyMap<string, CheckedStep>;
  /** All that is wrong; paths are within the plan: `["simulate", "parameters", "seed"]`. */
  readonly problems: readonly SchemaProblem[];
}

/** Checks all that can be checked without running: parameters, inputs, references, cycles. */
export function checkPlan(plan: Plan): CheckedPlan {
  const problems: SchemaProblem[] = [];
  const checked = new Map<string, CheckedStep>();
  for (const [name, step] of Object.entries(plan.steps)) {
    const parameters = checkSchema(step.task.parameters, step.parameters);
    for (const problem of parameters.problems ?? []) {
      problems.push({ ...problem, path: [name, "parameters", ...problem.path] });
    }
    if (!parameters.problems) problems.push(...jsonProblems(name, { given: step.parameters, read: parameters.value }));
    problems.push(...nameProblems(name), ...inputProblems(plan, name, step), ...outputProblems(name, step));
    checked.set(name, { ...step, checked: parameters.problems ? undefined : parameters.value });
  }
  if (checked.size === 0) problems.push({ path: [], message: "A plan needs at least one step." });
  const isStep = (name: string): boolean => checked.has(name);
  const { order, cycles } = dependencyOrder(
    new Map([...checked].map(([name, step]) => [name, stepsBefore(step).filter(isStep)])),
  );
  for (const cycle of cycles) {
    problems.push({ path: [cycle[0] as string], message: `Waits for itself: ${cycle.join(" reads from ")}.` });
  }
  return { steps: new Map(order.map((name) => [name, checked.get(name) as CheckedStep])), problems };
}

/** Names of the steps that a step reads from. */
export function stepsBefore(step: PlanStep): readonly string[] {
  return [...new Set(Object.values(step.inputs).flatMap((from) => ("step" in from ? [from.step] : [])))];
}

/** Step names become folders and are written in `step.output`. */
function nameProblems(name: string): readonly SchemaProblem[] {
  if (STEP_NAME.test(name) && !RESERVED.includes(name)) return [];
  return [
    {
      path: [name],
      message: `"${name}" is no step name: use lower-case letters, digits and dashes, and not "partial".`,
    },
  ];
}

/** Parameters are sealed in the record, as they were given and as the task sees them. */
function jsonProblems(name: string, parameters: Readonly<Record<string, unknown>>): readonly SchemaProblem[] {
  try {
    canonicalJson(parameters);
    return [];
  } catch (error) {
    return [{ path: [name, "parameters"], message: `The record of the run cannot hold them: ${reasonOf(error)}` }];
  }
}

function inputProblems(plan: Plan, name: string, step: PlanStep): readonly SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  const known = Object.keys(step.task.inputs);
  for (const [input, from] of Object.entries(step.inputs)) {
    const report = (message: string): void => void problems.push({ path: [name, "inputs", input], message });
    if (!known.includes(input)) report(`Task "${step.task.name}" has no such input. ${describeNames(input, known)}`);
    if ("file" in from) continue;
    const source = Object.hasOwn(plan.steps, from.step) ? plan.steps[from.step] : undefined;
    if (!source) {
      const steps = describeNames(from.step, Object.keys(plan.steps));
      report(`There is no step "${from.step}". ${steps} A file is written !artifact ${from.step}.${from.output}.`);
    } else if (!Object.hasOwn(source.task.outputs, from.output)) {
      report(
        `Step "${from.step}" has no output "${from.output}". ${describeNames(from.output, Object.keys(source.task.outputs))}`,
      );
    }
  }
  for (const [input, { optional, description }] of Object.entries(
    step.task.inputs as Readonly<Record<string, TaskInput>>,
  )) {
    if (optional || Object.hasOwn(step.inputs, input)) continue;
    problems.push({
      path: [name, "inputs", input],
      message: `Missing; task "${step.task.name}" needs it: ${description}`,
    });
  }
  return problems;
}

/** Output files lie in the step's folder, beside nothing of the runner's. */
function outputProblems(name: string, step: PlanStep): readonly SchemaProblem[] {
  const outputs = Object.entries(step.task.outputs as Readonly<Record<string, TaskOutput>>);
  return outputs.flatMap(([output, { file }], index): readonly SchemaProblem[] => {
    const path = [name, "outputs", output];
    if (!isFilePath(file) || RESERVED.includes(file.split("/")[0] as string)) {
      return [
        {
          path,
          message: `"${file}" must be a path in the task's folder, with forward slashes and no ".", and not be named ${RESERVED.join(" or ")}.`,
        },
      ];
    }
    const same = outputs.slice(0, index).find(([, other]) => other.file === file);
    return same ? [{ path, message: `"${file}" is the file of output "${same[0]}", too. Give each its own.` }] : [];
  });
}
