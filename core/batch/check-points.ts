import { canonicalJson } from "../canonical/canonical-json.ts";
import type { JsonValue } from "../canonical/json-value.ts";
import { checkSchema } from "../errors/check-schema.ts";
import { reasonOf } from "../errors/reason.ts";
import { seeded } from "../run/prepare-plan.ts";
import { type BatchPlan, planAt } from "./batch-plan.ts";
import { InvalidSweepError } from "./errors.ts";
import type { Sweep } from "./sweep.ts";

/** Problems told; more of other kinds are counted. */
const TOLD = 10;

/** The same thing wrong at some points. */
interface PointProblem {
  readonly where: string;
  readonly message: string;
  readonly first: number;
  count: number;
}

/**
 * Validates the parameters of every point before anything is submitted.
 *
 * @throws {@link InvalidSweepError} with everything that is wrong, what is wrong at many points once.
 */
export function checkPoints(batch: BatchPlan, { swept, points }: Sweep, seed: number | bigint | undefined): void {
  const problems = new Map<string, PointProblem>();
  const report = (point: number, where: string, message: string): void => {
    const key = `${where}: ${message}`;
    const known = problems.get(key);
    if (known) known.count++;
    else problems.set(key, { where, message, first: point, count: 1 });
  };
  // Which parameters are given, and so whether a step gets the seed of the batch, is the same at every point.
  const first = seeded(planAt(batch, points[0] ?? {}), seed);
  for (const [name, { task, parameters }] of Object.entries(first.steps)) {
    const prefix = batch.kind === "plan" ? `${name}.` : "";
    const own = swept
      .filter((each) => each.startsWith(prefix))
      .map((each) => [each, each.slice(prefix.length)] as const);
    if (own.length === 0) continue;
    for (const [index, point] of points.entries()) {
      const values = { ...parameters };
      for (const [each, inner] of own) values[inner] = point[each];
      const checked = checkSchema(task.parameters, values);
      for (const { path, message } of checked.problems ?? []) report(index, prefix + path.join("."), message);
      if (checked.problems === undefined) {
        const problem = notJson(checked.value);
        if (problem !== undefined) report(index, prefix, `The record of a run cannot hold it: ${problem}`);
      }
    }
  }
  if (problems.size > 0) throw new InvalidSweepError(described([...problems.values()], points, batch));
}

function notJson(value: unknown): string | undefined {
  try {
    canonicalJson(value);
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

function described(problems: readonly PointProblem[], points: Sweep["points"], { kind, plan }: BatchPlan): string {
  const lines = problems.slice(0, TOLD).map(({ where, message, first, count }) => {
    const at = `point ${first} (${shownPoint(points[first] ?? {})})`;
    const when =
      count === points.length ? "at every point" : count === 1 ? `at ${at}` : `at ${count} points, first at ${at}`;
    return `  ${where || "(all)"}: ${message} It is so ${when}.`;
  });
  const more = problems.length > TOLD ? `\n  and ${problems.length - TOLD} problems more.` : "";
  return `Points of the batch do not fit ${kind} "${plan.name}":\n${lines.join("\n")}${more}`;
}

function shownPoint(point: Readonly<Record<string, JsonValue>>): string {
  const text = Object.entries(point)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
