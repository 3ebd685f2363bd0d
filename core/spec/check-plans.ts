import type { Composition } from "../kernel/composition.ts";
import { tasksOf } from "../kernel/twin.ts";
import { checkPlan } from "../run/check-plan.ts";
import { InvalidPlanError } from "../run/errors.ts";
import { planFromDocument } from "../run/plan-document.ts";

/** One thing that is wrong with a plan of a composition. */
export interface PlanProblem {
  readonly message: string;
  readonly path: readonly (string | number)[];
}

/** Everything that is wrong with the plans of a composition and can be known without running them. */
export function checkPlans(composition: Composition): readonly PlanProblem[] {
  const tasks = tasksOf(composition);
  return Object.entries(composition.plans ?? {}).flatMap(([name, steps]) =>
    problemsOf(name, steps, tasks).map(({ path, message }) => ({
      message: `Plan "${name}"${path.length > 0 ? `, ${path.join(".")}` : ""}: ${message}`,
      path: ["plans", name, ...path],
    })),
  );
}

function problemsOf(name: string, steps: unknown, tasks: ReturnType<typeof tasksOf>): readonly PlanProblem[] {
  try {
    return checkPlan(planFromDocument(name, steps, tasks)).problems;
  } catch (error) {
    if (error instanceof InvalidPlanError) return error.problems;
    throw error;
  }
}
