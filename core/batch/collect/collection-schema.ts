import { z } from "zod";
import { DigestSchema } from "../../canonical/digest-schema.ts";
import { FILE_PATH } from "../../files/file-path.ts";
import { STEP_NAME } from "../../run/run-record-schema.ts";

const count = z.number().int().min(0);
const path = z.string().regex(FILE_PATH, { error: "It must be relative, without a way up." });

const CollectedFileSchema = z.strictObject({
  path: path.describe("Relative to the folder of the batch."),
  bytes: count,
  fileDigest: DigestSchema,
  contentDigest: DigestSchema.nullable().describe("Of what the file says, however it is stored."),
});

const CollectedRunSchema = z.strictObject({
  run: count.describe("Index of its point."),
  state: z.enum([
    ...(["created", "queued", "preparing", "running", "preempted", "unknown", "canceling"] as const),
    ...(["succeeded", "failed", "canceled", "skipped"] as const),
  ]),
  attempt: count.describe("How many attempts were made, as far as the client of the batch knows."),
  problem: z.string().optional().describe("Why there is no result that counts, a sentence."),
  accepted: z
    .strictObject({
      folder: path.describe("Of the attempt that counts, relative to the folder of the batch."),
      record: DigestSchema.describe("Seal of its run record."),
      outputs: z.record(z.string(), CollectedFileSchema),
      startedAt: z.string(),
      endedAt: z.string(),
      durationMs: z.number(),
    })
    .optional(),
});

const GatheredFileSchema = z.strictObject({
  output: z.string(),
  path: path.describe("Relative to the folder of the results."),
  bytes: count,
  fileDigest: DigestSchema,
  from: DigestSchema.describe("Digest of what it was made of."),
});

/** The record of a batch: what became of every task run, and which files its results are. */
export const CollectionSchema = z.strictObject({
  schemaVersion: z.literal(1),
  batch: DigestSchema.describe("Id of the sealed batch."),
  name: z.string(),
  kind: z.enum(["task", "plan"]),
  twin: z.strictObject({ name: z.string(), version: DigestSchema }),
  contentDigest: DigestSchema.describe(
    "Of the content of all outputs by stage and run, wherever and whenever they were made. A file without a content digest counts by its bytes.",
  ),
  submissions: z.array(
    z.strictObject({
      token: z.string(),
      stage: z.string(),
      ids: z.array(z.string()).describe("The executor's names of the array."),
      elements: count,
      submittedAt: z.string(),
    }),
  ),
  stages: z.array(
    z.strictObject({
      name: z.string().regex(STEP_NAME),
      task: z.string(),
      counts: z.record(z.string(), count).describe("Number of task runs by state."),
      runs: z.array(CollectedRunSchema),
      gathered: z.array(GatheredFileSchema),
      notGathered: z.array(z.strictObject({ output: z.string(), reason: z.string() })),
    }),
  ),
  collectedAt: z.string(),
  digest: DigestSchema.describe("Of this record without this member: the seal."),
});

/** The record of a batch: what became of every task run, and which files its results are. */
export type Collection = Readonly<z.output<typeof CollectionSchema>>;
/** What became of a task run. */
export type CollectedRun = Readonly<z.output<typeof CollectedRunSchema>>;
/** One stage of a batch. */
export type CollectedStage = Collection["stages"][number];
/** A file into which the outputs of all runs were gathered. */
export type GatheredFile = Readonly<z.output<typeof GatheredFileSchema>>;

/** JSON Schema (draft 2020-12) of {@link Collection}, which the package has as `schemas/collection.schema.json`. */
export function collectionJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...body } = z.toJSONSchema(CollectionSchema, { unrepresentable: "any", io: "input" });
  return { $schema, title: "Record of a batch", ...body };
}
