import { isAbsolute } from "node:path";
import { z } from "zod";
import { DigestSchema } from "../canonical/digest-schema.ts";
import type { JsonValue } from "../canonical/json-value.ts";
import { STEP_NAME } from "../run/run-record-schema.ts";
import type { BatchDocument } from "./batch-document.ts";
import { TOKEN } from "./submission.ts";

/** Most points of a batch. */
export const MOST_POINTS = 1_000_000;

// What is read was JSON; to look at each value again would take longer than all else.
const json = z.custom<JsonValue>((value) => value !== undefined);
const parameters = z.record(z.string(), json);
const name = z.string().regex(STEP_NAME, { error: "It must be lower-case letters, digits and dashes." });

const StageSchema = z.strictObject({
  name,
  task: z.string().min(1),
  part: z.string().min(1).optional(),
  parameters,
  inputs: z.record(
    z.string(),
    z.union([
      z.strictObject({ file: z.string().refine(isAbsolute, "It must be absolute."), fileDigest: DigestSchema }),
      z.strictObject({ stage: name, output: z.string().min(1) }),
    ]),
  ),
});

/** What a sealed batch must be to be used. */
export const BatchSchema = z.strictObject({
  schemaVersion: z.literal(1),
  name: z.string().min(1),
  kind: z.enum(["task", "plan"]),
  twin: z.strictObject({ name: z.string().min(1), version: DigestSchema }),
  seed: z
    .string()
    .regex(/^\d{1,20}$/)
    .nullable(),
  swept: z.array(z.string().min(1)),
  points: z.array(parameters).min(1).max(MOST_POINTS),
  stages: z.array(StageSchema).min(1),
});

/** What one array runs, as it is written down. */
export const SubmissionSchema = z.strictObject({
  token: z.string().regex(TOKEN, { error: "It must be 32 lower-case hexadecimal digits." }),
  batch: DigestSchema,
  stage: name,
  elements: z.array(z.array(z.number().int().min(0)).min(1)).min(1),
});

/** The first act of an element. */
export const WitnessSchema = z.strictObject({
  job: z.string(),
  element: z.number().int().min(0),
  restart: z.number().int().min(0),
  host: z.string(),
  pid: z.number().int(),
  startedAt: z.iso.datetime(),
});

/** Which attempt counts. */
export const AcceptedSchema = z.strictObject({
  stage: name,
  run: z.number().int().min(0),
  attempt: z.string(),
  record: DigestSchema,
});

/** What is wrong between the members of a batch, as a sentence; nothing where all is well. */
export function batchProblem({ kind, swept, points, stages }: BatchDocument): string | undefined {
  const seen = new Set<string>();
  for (const stage of stages) {
    if (seen.has(stage.name)) return `Two stages are named "${stage.name}".`;
    for (const [input, from] of Object.entries(stage.inputs)) {
      if ("stage" in from && !seen.has(from.stage)) {
        return `Input "${input}" of stage "${stage.name}" comes from "${from.stage}", which is no stage before it.`;
      }
    }
    seen.add(stage.name);
  }
  if (kind === "task" && stages.length > 1) return "It is a single task, and has several stages.";
  const names = new Set(swept);
  if (names.size !== swept.length) return "A parameter is swept twice.";
  const stray = kind === "plan" ? swept.find((each) => !seen.has(each.split(".")[0] as string)) : undefined;
  if (stray !== undefined) return `The swept parameter "${stray}" is of no stage.`;
  const odd = points.findIndex((point) => !hasNames(point, names));
  return odd < 0 ? undefined : `Point ${odd} has not a value for each swept parameter, and for no other.`;
}

function hasNames(point: object, names: ReadonlySet<string>): boolean {
  const own = Object.keys(point);
  return own.length === names.size && own.every((each) => names.has(each));
}
