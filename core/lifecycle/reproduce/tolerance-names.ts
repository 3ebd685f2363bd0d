import { InvalidRulesError } from "../../data/quality/errors.ts";
import { describeNames } from "../../errors/nearest-names.ts";
import { ownValue } from "../../kernel/check-part.ts";
import type { RunRecord } from "../../run/run-record.ts";
import type { Tolerances } from "./tolerances.ts";

/**
 * Checks that each tolerance is for an output or a result that one of the runs has: one that is misspelt would be ignored.
 * Of a step that did not succeed, outputs are not known.
 *
 * @throws `TWIN_INVALID_RULES`
 */
export function checkToleranceNames({ outputs }: Tolerances, runs: readonly RunRecord[]): void {
  const steps = runs.flatMap((run) => Object.entries(run.steps));
  const known = new Set(
    steps.flatMap(([step, { outputs, result }]) => [
      ...Object.keys(outputs).map((output) => `${step}.${output}`),
      ...(result === null ? [] : [step]),
    ]),
  );
  const isOpen = (step: string): boolean =>
    runs.some((run) => {
      const state = ownValue(run.steps, step)?.state;
      return state !== undefined && state !== "succeeded";
    });
  const unknown = Object.keys(outputs).filter(
    (name) => name !== "*" && !known.has(name) && !isOpen(name.split(".")[0] as string),
  );
  if (unknown.length === 0) return;
  throw new InvalidRulesError(
    "A reproduction",
    unknown.map((name) => ({
      path: ["outputs", name],
      message: `The runs have no such output or result. ${describeNames(name, known)}`,
    })),
  );
}
