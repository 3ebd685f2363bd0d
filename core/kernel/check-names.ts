import type { Problem } from "./composition.ts";

/** What a twin itself has or will have: a part of that name would hide it, or make the twin look like a promise. */
export const RESERVED_PART_NAMES: readonly string[] = ["then", "stop", "run", "seal", "spec"];

const PART_NAME = /^\p{L}[\p{L}\p{N}_-]*$/u;

/** What is wrong with the user's name of a part. */
export function checkPartName(part: string): Problem | undefined {
  const at = { part, path: ["plugins", part], at: "key" } as const;
  if (!PART_NAME.test(part)) {
    return {
      ...at,
      code: "TWIN_INVALID_NAME",
      message: `${JSON.stringify(part)} cannot name a part. A name begins with a letter and goes on with letters, digits, "-" and "_".`,
    };
  }
  if (RESERVED_PART_NAMES.includes(part) || part in Object.prototype) {
    return {
      ...at,
      code: "TWIN_NAME_CLASH",
      message: `"${part}" cannot name a part: every twin has something of that name already. Choose another name.`,
    };
  }
  return undefined;
}
