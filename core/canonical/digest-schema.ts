import { z } from "zod";
import type { Digest } from "./digest.ts";

/** Digests as they are written in records and stores. */
export const DigestSchema: z.ZodType<Digest, Digest> = z
  .custom<Digest>((value) => typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value), {
    error: 'It must be "sha256:" and 64 lower-case hexadecimal digits.',
  })
  .meta({ type: "string", pattern: "^sha256:[0-9a-f]{64}$" });
