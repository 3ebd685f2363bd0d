import { z } from "zod";
import { checkSchema } from "../../errors/check-schema.ts";
import { InvalidRulesError } from "./errors.ts";

/** What the values of a variable must be. */
export interface VariableRules {
  /** Unit that it must have, in whatever spelling. Limits are in this unit. */
  readonly unit?: string | undefined;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** Fraction of values that may be missing: NaN, or the fill value of integers. */
  readonly missing?: number | undefined;
  /** Whether infinities are refused. */
  readonly finite?: boolean | undefined;
  /** How the values of a coordinate go on; `"increasing"` and `"decreasing"` allow no equal ones. */
  readonly monotonic?: "increasing" | "decreasing" | "either" | undefined;
  /** Attributes that it must have; with a value, which one. */
  readonly attributes?: readonly string[] | Readonly<Record<string, string | number | boolean>> | undefined;
  /** Dimensions that it must have, in order. */
  readonly dims?: readonly string[] | undefined;
  /** Whether it may not be there at all. */
  readonly optional?: boolean | undefined;
}

/** What a dataset must be: a quality gate. */
export interface QualityRules {
  /** By name or path. What is named must be there, unless it is `optional`. */
  readonly variables?: Readonly<Record<string, VariableRules>> | undefined;
  /** Attributes that the dataset must have; with a value, which one. */
  readonly attributes?: VariableRules["attributes"];
}

const Attributes = z
  .union([z.array(z.string()).readonly(), z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))])
  .optional();

const VariableSchema = z
  .object({
    unit: z.string().optional().describe("Unit that it must have, in whatever spelling; limits are in this unit."),
    min: z.number().optional().describe("Smallest value allowed."),
    max: z.number().optional().describe("Largest value allowed."),
    missing: z.number().min(0).max(1).optional().describe("Fraction of values that may be missing."),
    finite: z.boolean().optional().describe("Whether infinities are refused."),
    monotonic: z.enum(["increasing", "decreasing", "either"]).optional().describe("How a coordinate goes on."),
    attributes: Attributes.describe("Attributes that it must have; with a value, which one."),
    dims: z.array(z.string()).readonly().optional().describe("Dimensions that it must have, in order."),
    optional: z.boolean().optional().describe("Whether it may not be there at all."),
  })
  .refine(({ min, max }) => min === undefined || max === undefined || min <= max, {
    error: "`min` is larger than `max`.",
  });

/** The schema of {@link QualityRules}, as YAML or JSON has them. */
export const QualityRulesSchema: z.ZodType<QualityRules> = z.object({
  variables: z.record(z.string(), VariableSchema).optional().describe("Rules by name or path of a variable."),
  attributes: Attributes.describe("Attributes that the dataset must have; with a value, which one."),
});

/**
 * Checks that rules are rules.
 *
 * @param value - As read from YAML or JSON.
 * @throws {@link InvalidRulesError} with everything that is wrong, unknown names with the nearest ones.
 */
export function parseQualityRules(value: unknown, what = "Data"): QualityRules {
  const { problems, value: rules } = checkSchema(QualityRulesSchema, value) as {
    readonly problems?: InvalidRulesError["problems"];
    readonly value: QualityRules;
  };
  if (problems) throw new InvalidRulesError(what, problems);
  if (Object.keys(rules.variables ?? {}).length + Object.keys(rules.attributes ?? {}).length === 0) {
    throw new InvalidRulesError(what, [{ path: [], message: "There is no rule in them, so anything would pass." }]);
  }
  return rules;
}
