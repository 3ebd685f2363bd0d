import { z } from "zod";
import { DigestSchema } from "../canonical/digest-schema.ts";
import { FILE_PATH } from "../files/file-path.ts";

/** Steps become folders and are written in `step.output`. */
export const STEP_NAME: RegExp = /^[a-z0-9]+(-[a-z0-9]+)*$/;

const time = z.string().nullable();

const fileFacts = {
  bytes: z.number().int().min(0),
  fileDigest: DigestSchema,
  contentDigest: DigestSchema.nullable(),
};

const StepSchema = z.object({
  task: z.string(),
  state: z.enum(["succeeded", "failed", "canceled", "skipped"]),
  parameters: z.json(),
  inputs: z.record(z.string(), z.object({ path: z.string(), ...fileFacts })),
  outputs: z.record(
    z.string(),
    z.object({ path: z.string().regex(FILE_PATH, { error: "It must lie in the folder of the run." }), ...fileFacts }),
  ),
  reads: z
    .object({
      sources: z.array(
        z.object({ location: z.string(), version: z.string().nullable(), digest: DigestSchema.optional() }),
      ),
    })
    .optional(),
  result: z.json(),
  error: z.object({ code: z.string().nullable(), name: z.string(), message: z.string() }).optional(),
  startedAt: time,
  endedAt: time,
  durationMs: z.number().nullable(),
});

const stepName = z.string().regex(STEP_NAME);

/**
 * What a record of a run must be for the engine to use it: it may come from anybody, and its seal says only that nobody
 * changed it. More members are allowed, and none of them is looked at.
 */
export const RunRecordSchema = z.object({
  id: z.guid(),
  state: z.enum(["succeeded", "failed", "canceled"]),
  twin: z.object({ name: z.string(), specDigest: DigestSchema, spec: z.record(z.string(), z.json()) }),
  version: DigestSchema.optional(),
  plan: z.object({
    name: z.string(),
    steps: z.record(
      stepName,
      z.object({
        task: z.string(),
        parameters: z.record(z.string(), z.json()).optional(),
        inputs: z.record(z.string(), z.union([z.string(), z.object({ file: z.string() })])).optional(),
      }),
    ),
  }),
  kind: z.enum(["task", "plan"]),
  seed: z
    .string()
    .regex(/^\d{1,20}$/)
    .nullable(),
  steps: z.record(stepName, StepSchema),
  environment: z.object({
    engine: z.string(),
    node: z.string(),
    lock: z.object({ file: z.string(), digest: DigestSchema }).nullable(),
    os: z.object({ platform: z.string(), release: z.string() }),
    cpu: z.object({
      architecture: z.string(),
      model: z.string(),
      count: z.number(),
      endianness: z.string(),
    }),
    plugins: z.record(z.string(), z.object({ plugin: z.string(), version: z.string() })),
    models: z.record(z.string(), z.object({ name: z.string(), digest: z.string().nullable() })).optional(),
  }),
  startedAt: z.string(),
  endedAt: z.string(),
  durationMs: z.number(),
});
