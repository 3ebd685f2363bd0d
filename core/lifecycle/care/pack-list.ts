import { z } from "zod";
import { DigestSchema } from "../../canonical/digest-schema.ts";

/** Name of the list in an archive. */
export const PACK_LIST = "pack.json";

/** What is in an archive: its first file. */
export const PackListSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Manifests of the versions that are there with all that they need; the logs may name more. */
  versions: z.array(DigestSchema),
  /** Every other file, by path. */
  files: z.record(z.string(), z.strictObject({ bytes: z.number().int().min(0), digest: DigestSchema })),
});
export type PackList = z.output<typeof PackListSchema>;
