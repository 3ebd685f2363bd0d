import { z } from "zod";
import { type Digest, digestBytes } from "../../canonical/digest.ts";
import { checkSchema } from "../../errors/check-schema.ts";
import { parseYaml } from "../../spec/parse-yaml.ts";
import { checkReadable } from "../objects/check-limit.ts";
import { PolicyInvalidError } from "./errors.ts";

const MetricRule = z
  .strictObject({
    metric: z.string().min(1).describe("Name of a number that attestations have: `S.layer_energy`."),
    max: z.number().optional().describe("The largest value that passes."),
    min: z.number().optional().describe("The smallest value that passes."),
    kind: z
      .enum(["validation", "reproduction", "audit"])
      .default("validation")
      .describe("Kind of the attestations that it is taken from."),
  })
  .superRefine(({ max, min }, context) => {
    const problem = (message: string): void => context.addIssue({ code: "custom", path: [], message });
    if (max === undefined && min === undefined) problem("A metric needs `max`, `min` or both.");
    if (max !== undefined && min !== undefined && min > max)
      problem(`No number is at least ${min} and at most ${max}.`);
  })
  .meta({ anyOf: [{ required: ["max"] }, { required: ["min"] }] });
export type MetricRule = z.output<typeof MetricRule>;

const Demands = z.strictObject({
  metrics: z.array(MetricRule).default([]).describe("All of them must pass."),
});

/** A fidelity gate: what must be shown of a version for each state. */
export const PolicySchema = z.strictObject({
  schemaVersion: z.literal(1),
  name: z.string().min(1).optional().describe("For people."),
  validated: Demands.prefault({}).describe("Beside a validation that passed."),
  released: Demands.extend({
    reproduction: z
      .enum(["equivalent", "identical"])
      .default("equivalent")
      .describe("The least verdict of the reproduction."),
  })
    .prefault({})
    .describe("Beside a reproduction and an audit, or a waiver of the audit."),
});

/** A policy and which one it is. */
export interface Policy {
  readonly rules: z.output<typeof PolicySchema>;
  /** Of its text. */
  readonly digest: Digest;
  readonly text: string;
}

/**
 * Reads a policy.
 *
 * @param text - YAML 1.2.
 * @param name - Which one it is, for messages: `"that was given"`.
 * @throws `TWIN_POLICY_INVALID` with all that is wrong; `TWIN_INVALID_ARGUMENT` for one of more than 16 MiB.
 */
export async function readPolicy(text: string, name: string): Promise<Policy> {
  checkReadable(`The policy ${name}`, text);
  const yaml = await parseYaml(text);
  if (yaml.problem !== undefined) throw new PolicyInvalidError(name, [yaml.problem]);
  const checked = checkSchema(PolicySchema, yaml.value);
  if (checked.problems) {
    const problems = checked.problems.map(({ path, message }) => `${path.join(".") || "as a whole"}: ${message}`);
    throw new PolicyInvalidError(name, problems);
  }
  return { rules: checked.value, digest: digestBytes(text), text };
}
