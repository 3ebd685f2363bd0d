import type { z } from "zod";
import { checkSchema } from "../errors/check-schema.ts";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";

/**
 * A state from its JSON.
 *
 * @throws `TWIN_INVALID_ARGUMENT` when it is none.
 */
export function readState<S extends z.ZodType>(schema: S, state: unknown, what: string): z.output<S> {
  const checked = checkSchema(schema, state);
  if (!checked.problems) return checked.value;
  throw invalidState(what, checked.problems.map(({ path, message }) => `${path.join(".")}: ${message}`).join(" "));
}

/** The error for a state that has the form of one, and does not fit itself. */
export function invalidState(what: string, problem: string): InvalidArgumentError {
  return new InvalidArgumentError(`This is no ${what}: ${problem}`);
}
