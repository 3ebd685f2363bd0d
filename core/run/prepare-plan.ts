import { z } from "zod";
import type { SchemaProblem } from "../errors/check-schema.ts";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { describeNames } from "../errors/nearest-names.ts";
import { isFile } from "../files/is-file.ts";
import { InvalidPlanError } from "./errors.ts";
import { given, type Plan, type PlanStep } from "./plan.ts";

/** The plan with parameters set from outside: `step.name`. */
export function overridden(plan: Plan, parameters: Readonly<Record<string, unknown>>): Plan {
  const steps: Record<string, PlanStep> = { ...plan.steps };
  const problems: SchemaProblem[] = [];
  for (const [key, value] of Object.entries(given(parameters))) {
    const dot = key.indexOf(".");
    const name = key.slice(0, Math.max(0, dot));
    const step = Object.hasOwn(steps, name) ? steps[name] : undefined;
    if (step) steps[name] = { ...step, parameters: { ...step.parameters, [key.slice(dot + 1)]: value } };
    else
      problems.push({
        path: [key],
        message: `Write \`step.parameter\`. ${describeNames(name || key, Object.keys(steps))}`,
      });
  }
  if (problems.length > 0) throw new InvalidPlanError(plan.name, problems);
  return { ...plan, steps };
}

/** The plan with the seed of the run given to each step whose task has a parameter `seed` and was given none. */
export function seeded(plan: Plan, seed: number | bigint | undefined): Plan {
  if (seed === undefined) return plan;
  if (!(typeof seed === "bigint" || Number.isSafeInteger(seed)) || seed < 0 || BigInt(seed) >= 1n << 64n) {
    throw new InvalidArgumentError(
      `Seed ${String(seed)} must be an integer from 0 to 2^64 - 1 (a bigint beyond 2^53 - 1).`,
    );
  }
  // Parameters are JSON, so a seed that no number holds is its decimal text.
  const value = Number.isSafeInteger(Number(seed)) ? Number(seed) : String(seed);
  const steps = Object.entries(plan.steps).map(([name, step]): [string, PlanStep] => {
    const schema: unknown = step.task.parameters;
    const takesSeed = schema instanceof z.ZodObject && "seed" in schema.shape && !("seed" in step.parameters);
    return [name, takesSeed ? { ...step, parameters: { ...step.parameters, seed: value } } : step];
  });
  return { ...plan, steps: Object.fromEntries(steps) };
}

/** Inputs that are files, and are not there. */
export async function fileProblems(plan: Plan): Promise<readonly SchemaProblem[]> {
  const problems: SchemaProblem[] = [];
  for (const [name, { inputs }] of Object.entries(plan.steps)) {
    for (const [input, from] of Object.entries(inputs)) {
      if ("step" in from || (await isFile(from.file))) continue;
      problems.push({ path: [name, "inputs", input], message: `There is no file "${from.file}".` });
    }
  }
  return problems;
}
