import { dependencyOrder } from "../kernel/dependency-order.ts";
import type { RunRecord, StepRecord } from "../run/run-record.ts";

/** The steps of a run, each after those that it reads from; a record that was read from a file has them by name. */
export function stepsInOrder({ plan, steps }: RunRecord): readonly (readonly [string, StepRecord])[] {
  const before = Object.keys(steps).map((name): [string, readonly string[]] => {
    const inputs = Object.values(plan.steps[name]?.inputs ?? {});
    const from = inputs.flatMap((input) => (typeof input === "string" ? [input.split(".")[0] as string] : []));
    return [name, [...new Set(from)].filter((step) => Object.hasOwn(steps, step))];
  });
  return dependencyOrder(new Map(before)).order.map((name) => [name, steps[name] as StepRecord]);
}
