import { z } from "zod";

/** A number from `min` to `max`, both included; its error says so. -0 is 0, as it is in JSON. */
export function between(min: number, max: number, unit?: string): z.ZodNumber {
  const error = `It must be a number from ${min} to ${max}${unit === undefined ? "" : `, in ${unit}`}.`;
  return z
    .number({ error })
    .min(min, { error })
    .max(max, { error })
    .overwrite((value) => value + 0);
}
