import { z } from "zod";
import { DigestSchema } from "../../canonical/digest-schema.ts";

/** Name of the list in an archive. */
export const PACK_LIST = "pack.json";

/** Folder of packages in an archive: where Node looks for them beside it, too. */
export const PACKAGES = "node_modules";

/** The packages that the engine needs, all in `node_modules`. */
const PackedEngineSchema = z.strictObject({
  version: z.string(),
  /** Range of Node.js that it runs on. */
  node: z.string(),
  /** What it runs on; `null` where none of the packages has native code. */
  platform: z.strictObject({ os: z.string(), arch: z.string(), libc: z.string().nullable() }).nullable(),
  /** Package URLs, by folder. */
  packages: z.record(z.string(), z.string()),
});
/** The packages that the engine needs, in an archive. */
export type PackedEngine = z.output<typeof PackedEngineSchema>;

/** What is in an archive: its first file. */
export const PackListSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Manifests of the versions that are there with all that they need; the logs may name more. */
  versions: z.array(DigestSchema),
  /** Every other file, by path. */
  files: z.record(
    z.string(),
    z.strictObject({
      bytes: z.number().int().min(0),
      digest: DigestSchema,
      executable: z.literal(true).optional(),
    }),
  ),
  engine: PackedEngineSchema.optional(),
});
export type PackList = z.output<typeof PackListSchema>;
