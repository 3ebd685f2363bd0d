import type { SchemaProblem } from "../errors/check-schema.ts";
import type { Composition } from "../kernel/composition.ts";
import { type TwinTask, tasksOf } from "../kernel/twin.ts";
import { checkPlan } from "../run/check-plan.ts";
import { InvalidPlanError } from "../run/errors.ts";
import { planFromDocument } from "../run/plan-document.ts";

/**
 * Everything that is wrong with the plans of a composition and can be known without running them; paths are within the
 * composition.
 */
export function checkPlans(composition: Composition): readonly SchemaProblem[] {
  const tasks = tasksOf(composition);
  return Object.entries(composition.plans ?? {}).flatMap(([name, steps]) =>
    problemsOf(name, steps, tasks).map(({ path, message, ...rest }) => ({
      ...rest,
      message: `Plan "${name}"${path.length > 0 ? `, ${path.join(".")}` : ""}: ${message}`,
      path: ["plans", name, ...path],
    })),
  );
}

function problemsOf(name: string, steps: unknown, tasks: readonly TwinTask[]): readonly SchemaProblem[] {
  try {
    return checkPlan(planFromDocument(name, steps, tasks)).problems;
  } catch (error) {
    if (error instanceof InvalidPlanError) return error.problems;
    throw error;
  }
}
