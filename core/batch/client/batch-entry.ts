import { z } from "zod";
import { DigestSchema } from "../../canonical/digest-schema.ts";
import { TASK_RUN_STATES } from "./states.ts";

const index = z.number().int().min(0);
const RangesSchema = z.array(z.union([index, z.tuple([index, index]).readonly()])).readonly();
const token = z.string().regex(/^[0-9a-f]{32}$/);
/** When, in milliseconds since 1970. */
const at = z.number();

const ResourcesSchema = z.object({
  timeLimitS: z.number().optional(),
  warnS: z.number().optional(),
  cpus: z.number().optional(),
  memoryMiB: z.number().optional(),
  gpus: z.number().optional(),
});

const SettingsSchema = z.object({
  command: z.tuple([z.string()], z.string()),
  /** The folder of the batch, wherever it is by then, where it is not said. */
  workingFolder: z.string().optional(),
  environment: z.record(z.string(), z.string()).optional(),
  atOnce: z.number().optional(),
  resources: ResourcesSchema,
  stageResources: z.record(z.string(), ResourcesSchema),
  packing: z.record(z.string(), z.number().int().min(1)),
});

const ChangeSchema = z.object({
  runs: RangesSchema,
  state: z.enum(TASK_RUN_STATES),
  cause: z.enum(["executor", "system", "timeout", "oom", "node", "lost", "outputs"]).optional(),
  /** A sentence. */
  reason: z.string().optional(),
  /** Whether another attempt begins with it: nothing follows in the one that has ended. */
  isAnother: z.literal(true).optional(),
});

/** What a client writes down, each before it acts on it. */
const BatchEntrySchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("opened"), at, batch: DigestSchema }),
  /** What is to be submitted, and how; it stays so until it was, or the executor refused. Begins another attempt of what has ended. */
  z.object({
    type: z.literal("wanted"),
    at,
    runs: z.record(z.string(), RangesSchema),
    settings: SettingsSchema,
    /** Whether nobody asked for it, but that what fails for no fault of its own is tried again. */
    isRetry: z.literal(true).optional(),
  }),
  /** An array is about to be submitted, after those with the tokens `after`. */
  z.object({
    type: z.literal("submitting"),
    at,
    token,
    stage: z.string(),
    elements: z.array(z.array(index)),
    after: z.array(token),
  }),
  /** An array is known to the executor; more than one id where it took an array twice. */
  z.object({ type: z.literal("submitted"), at, token, id: z.string() }),
  /** The executor took nothing. */
  z.object({ type: z.literal("refused"), at, token, reason: z.string() }),
  /** Whether it was submitted is not known; its elements were taken from it, so that nothing runs under its token. */
  z.object({ type: z.literal("abandoned"), at, token, why: z.string() }),
  z.object({ type: z.literal("states"), at, stage: z.string(), changes: z.array(ChangeSchema) }),
  /** Elements that ended well, and whose results were not there at that time. */
  z.object({ type: z.literal("silent"), at, token, elements: RangesSchema }),
  /** All that has not ended is to end. */
  z.object({ type: z.literal("canceling"), at }),
]);

/** What a client writes down. */
export type BatchEntry = z.output<typeof BatchEntrySchema>;
/** How arrays are submitted. */
export type SubmitSettings = z.output<typeof SettingsSchema>;
/** A state that task runs have got into. */
export type StateChange = z.output<typeof ChangeSchema>;

/** An entry as a record of a journal. */
export function encodeEntry(entry: BatchEntry): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(entry));
}

/** @returns The entry of a record, or what is wrong with it: it is of a newer version, or somebody else's. */
export function decodeEntry(record: Uint8Array): BatchEntry | string {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(record));
  } catch (error) {
    return (error as Error).message;
  }
  const parsed = BatchEntrySchema.safeParse(value);
  return parsed.success ? parsed.data : z.prettifyError(parsed.error);
}
