import { z } from "zod";
import type { JsonValue } from "../canonical/json-value.ts";
import { checkSchema, type SchemaProblem } from "../errors/check-schema.ts";
import { describeNames } from "../errors/nearest-names.ts";
import type { TwinTask } from "../kernel/twin.ts";
import { InvalidPlanError } from "./errors.ts";
import type { FileInput, Plan, PlanInput, PlanStep } from "./plan.ts";

/** A plan as plain JSON: what twin.yaml holds and a run record seals. */
export interface PlanDocument {
  readonly name: string;
  readonly steps: Readonly<Record<string, StepDocument>>;
}

/** A step as plain JSON. */
export interface StepDocument {
  /** Name of a task of the twin; `part.task` where several parts bring it. */
  readonly task: string;
  readonly parameters?: Readonly<Record<string, JsonValue>>;
  /** `step.output`, or a file. */
  readonly inputs?: Readonly<Record<string, string | FileInput>>;
}

/** The plain form of a plan. */
export function planDocument(plan: Plan): PlanDocument {
  const steps = Object.entries(plan.steps).map(([name, { task, part, parameters, inputs }]): [string, StepDocument] => [
    name,
    {
      task: part === undefined ? task.name : `${part}.${task.name}`,
      parameters: parameters as Record<string, JsonValue>,
      inputs: Object.fromEntries(
        Object.entries(inputs).map(([input, from]) => [
          input,
          "file" in from ? fileInput(from) : `${from.step}.${from.output}`,
        ]),
      ),
    },
  ]);
  return { name: plan.name, steps: Object.fromEntries(steps) };
}

/** A file as plain data; an artifact becomes one. */
function fileInput({ file, digest }: FileInput): FileInput {
  return { file, ...(digest && { digest }) };
}

const FileSchema: z.ZodType<FileInput> = z.custom<FileInput>(
  (value) => typeof value === "object" && value !== null && "file" in value && typeof value.file === "string",
);

const StepSchema = z.object({
  task: z.string(),
  parameters: z.record(z.string(), z.unknown()).default({}),
  inputs: z
    .record(
      z.string(),
      z.union([z.string(), FileSchema], {
        error: "It must be the output of a step, `step.output`, or a file, `!artifact path`",
      }),
    )
    .default({}),
});

/**
 * The plan of its plain form, as in `plans:` of a twin.yaml.
 *
 * @param name - Name of the plan.
 * @param steps - By name: `{ task, parameters, inputs }`; an input is `"step.output"` or `{ file }`.
 * @param tasks - Those that the twin has.
 * @throws {@link InvalidPlanError} with everything that is wrong in the form and with task names; the rest is checked by
 *   {@link checkPlan}.
 */
export function planFromDocument(name: string, steps: unknown, tasks: readonly TwinTask[]): Plan {
  const problems: SchemaProblem[] = [];
  const read = checkSchema(z.record(z.string(), z.unknown()), steps);
  if (read.problems) throw new InvalidPlanError(name, read.problems);
  const found = Object.entries(read.value).map(([step, value]): [string, PlanStep | undefined] => [
    step,
    readStep(value, tasks, (path, message, at) => problems.push({ path: [step, ...path], message, ...(at && { at }) })),
  ]);
  if (problems.length > 0) throw new InvalidPlanError(name, problems);
  return { name, steps: Object.fromEntries(found) as Record<string, PlanStep> };
}

function readStep(
  value: unknown,
  tasks: readonly TwinTask[],
  report: (path: SchemaProblem["path"], message: string, at?: "key") => void,
): PlanStep | undefined {
  const read = checkSchema(StepSchema, value);
  if (read.problems) {
    for (const { path, message, at } of read.problems) report(path, message, at);
    return undefined;
  }
  const { parameters, inputs } = read.value;
  const found = taskNamed(read.value.task, tasks);
  if (typeof found === "string") report(["task"], found);
  const entries = Object.entries(inputs).map(([input, from]): [string, PlanInput | undefined] => {
    if (typeof from !== "string") return [input, fileInput(from)];
    const match = /^([^.]+)\.([^.]+)$/.exec(from);
    if (!match)
      report(
        ["inputs", input],
        `"${from}" is not the output of a step. Write \`step.output\`, or a file as \`!artifact path\`.`,
      );
    return [input, match ? { step: match[1] as string, output: match[2] as string } : undefined];
  });
  if (typeof found === "string") return undefined;
  return { ...found, parameters, inputs: Object.fromEntries(entries) as Record<string, PlanInput> };
}

/** The task of a name, with its part where the name says it; or what is wrong with the name. */
function taskNamed(name: string, tasks: readonly TwinTask[]): Pick<PlanStep, "task" | "part"> | string {
  const qualified = tasks.find(({ part, task }) => `${part}.${task.name}` === name);
  if (qualified) return qualified;
  const [only, ...more] = tasks.filter(({ task }) => task.name === name);
  if (only === undefined) {
    const names = new Set(tasks.map(({ task }) => task.name));
    return `This twin has no task "${name}". ${describeNames(name, names)}`;
  }
  if (more.length === 0) return { task: only.task };
  return `Several parts bring a task "${name}". Say whose: ${[only, ...more].map(({ part }) => `${part}.${name}`).join(" or ")}.`;
}
