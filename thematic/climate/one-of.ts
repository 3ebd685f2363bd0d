import { InvalidArgumentError } from "../../core/index.ts";

/** Refuses a word that is none of those allowed; none at all is the default. @throws `TWIN_INVALID_ARGUMENT`. */
export function oneOf(name: string, value: string | undefined, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value)) return;
  throw new InvalidArgumentError(`\`${name}\` is "${value}"; give one of ${allowed.join(", ")}.`);
}
