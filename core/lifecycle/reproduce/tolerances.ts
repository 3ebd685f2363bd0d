import { z } from "zod";
import { InvalidRulesError } from "../../data/quality/errors.ts";
import { checkSchema, type SchemaProblem } from "../../errors/check-schema.ts";

const limits = {
  absolute: z
    .number()
    .min(0)
    .optional()
    .describe("Largest difference allowed, in the unit of the values; 0 by default."),
  relative: z
    .number()
    .min(0)
    .lt(1, { error: "It must be less than 1: any two numbers of one sign are within 100 % of the larger." })
    .optional()
    .describe("The same, as a part of the larger of the two; 0 by default."),
};

const OutputToleranceSchema = z.strictObject({
  ...limits,
  values: z
    .record(z.string(), z.strictObject(limits))
    .optional()
    .describe("For single variables or JSON values, and what is below them: `/layers/energy`."),
  ignore: z
    .array(z.string().min(1))
    .optional()
    .describe("Variables, JSON values (`/wall_time`) and attributes (`@history`, `/energy@note`) that do not count."),
});

/**
 * How far apart outputs of two runs may be and still count as equivalent. Two numbers are close when
 * |a - b| <= max(relative * max(|a|, |b|), absolute): the same for (a, b) as for (b, a).
 *
 * @see Source: PEP 485, "A Function for testing approximate equality" (the symmetric test).
 */
export const TolerancesSchema = z.strictObject({
  outputs: z
    .record(z.string(), OutputToleranceSchema)
    .describe('By `step.output`; by `step` for what its task returned; `"*"` for all others.'),
});
/** Within which differences outputs count as equivalent. */
export type Tolerances = z.output<typeof TolerancesSchema>;
/** The tolerance of one output. */
export type OutputTolerance = z.output<typeof OutputToleranceSchema>;

/** Two limits; either one suffices. */
export interface Limits {
  readonly absolute: number;
  readonly relative: number;
}

/**
 * Checks that a value is a policy of tolerances.
 *
 * @throws `TWIN_INVALID_RULES` with everything that is wrong.
 */
export function parseTolerances(value: unknown, placeOf?: (problem: SchemaProblem) => string): Tolerances {
  const checked = checkSchema(TolerancesSchema, value);
  if (checked.problems) throw new InvalidRulesError("A reproduction", checked.problems, placeOf);
  // As JSON has it: what is undefined is not there.
  return JSON.parse(JSON.stringify(checked.value)) as Tolerances;
}

/** The tolerance of an output, and its name in the policy; `undefined` where it has none. */
export function toleranceOf(
  tolerances: Tolerances | undefined,
  { step, output }: { readonly step: string; readonly output: string | null },
): { readonly name: string; readonly tolerance: OutputTolerance } | undefined {
  const own = output === null ? step : `${step}.${output}`;
  for (const name of [own, "*"]) {
    if (tolerances && Object.hasOwn(tolerances.outputs, name)) {
      return { name, tolerance: tolerances.outputs[name] as OutputTolerance };
    }
  }
  return undefined;
}

/** The limits for a value: those of the longest path that it lies at or below, else those of the output. */
export function limitsAt(tolerance: OutputTolerance | undefined, path: string): Limits {
  const names = Object.keys(tolerance?.values ?? {}).filter((name) => isAtOrBelow(path, name));
  const nearest = names.sort((a, b) => b.length - a.length)[0];
  const { absolute = 0, relative = 0 } = (nearest === undefined ? tolerance : tolerance?.values?.[nearest]) ?? {};
  return { absolute, relative };
}

/** Whether a value does not count. */
export function isIgnored(tolerance: OutputTolerance | undefined, path: string): boolean {
  return (tolerance?.ignore ?? []).some((name) => isAtOrBelow(path, name));
}

/** `/a/b` is below `/a`, and so is its attribute `/a@unit`. */
function isAtOrBelow(path: string, name: string): boolean {
  return path === name || path.startsWith(`${name}/`) || path.startsWith(`${name}@`);
}
