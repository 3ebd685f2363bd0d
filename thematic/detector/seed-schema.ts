import { z } from "zod";

const RULE = { error: "It must be an integer from 0 to 2^64 - 1; beyond 2^53 - 1 its digits as text." };

/** A seed of 64 bits in JSON: a number, or where that cannot hold it, its digits. */
export const seedSchema = z.union(
  [
    z.int().min(0),
    z
      .string()
      .regex(/^\d{1,20}$/, { ...RULE, abort: true })
      .refine((digits) => BigInt(digits) < 1n << 64n, RULE),
  ],
  RULE,
);
