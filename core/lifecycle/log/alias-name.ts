import { InvalidArgumentError } from "../../errors/invalid-argument.ts";

/** Words of an alias, between slashes. */
const WORD = /^\p{L}[\p{L}\p{N}._-]*$/u;
/** They would look like a number of a version, or like the newest one, which is the name of the twin alone. */
const SHADOW = /^(?:v?\d+|latest|newest|head)$/i;
const LONGEST = 100;

/**
 * Checks the name of an alias: words between slashes, such as `prod/champion`.
 *
 * @throws `TWIN_INVALID_ARGUMENT`
 */
export function checkAliasName(alias: string): void {
  const words = alias.split("/");
  const shadow = words.find((word) => SHADOW.test(word));
  if (shadow !== undefined) {
    throw new InvalidArgumentError(
      `${JSON.stringify(alias)} cannot be an alias: "${shadow}" looks like the number of a version, or its newest one, which the name of the twin alone stands for.`,
    );
  }
  if (alias.length > LONGEST || !words.every((word) => WORD.test(word))) {
    throw new InvalidArgumentError(
      `${JSON.stringify(alias)} cannot be an alias. Each word between slashes begins with a letter and goes on with letters, digits, ".", "-" and "_"; at most ${LONGEST} letters in all.`,
    );
  }
}
