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
  const known = namesIn(runs);
  const unknown = Object.keys(outputs).filter((name) => !isOf(name, known, runs));
  if (unknown.length === 0) return;
  throw new InvalidRulesError(
    "A reproduction",
    unknown.map((name) => ({
      path: ["outputs", name],
      message: `The runs have no such output or result. ${describeNames(name, known)}`,
    })),
  );
}

/** Those of a twin's tolerances that are for a run of it: a twin has other plans, too. */
export function tolerancesOf({ outputs }: Tolerances, run: RunRecord): Tolerances {
  const known = namesIn([run]);
  return { outputs: Object.fromEntries(Object.entries(outputs).filter(([name]) => isOf(name, known, [run]))) };
}

function namesIn(runs: readonly RunRecord[]): ReadonlySet<string> {
  const steps = runs.flatMap((run) => Object.entries(run.steps));
  return new Set(
    steps.flatMap(([step, { outputs, result }]) => [
      ...Object.keys(outputs).map((output) => `${step}.${output}`),
      ...(result === null ? [] : [step]),
    ]),
  );
}

function isOf(name: string, known: ReadonlySet<string>, runs: readonly RunRecord[]): boolean {
  if (name === "*" || known.has(name)) return true;
  const step = name.split(".")[0] as string;
  const states = runs.map((run) => ownValue(run.steps, step)?.state);
  return states.some((state) => state !== undefined && state !== "succeeded");
}
