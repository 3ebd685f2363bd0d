import { canonicalJson } from "../../canonical/canonical-json.ts";
import { digestBytes } from "../../canonical/digest.ts";
import type { JsonValue } from "../../canonical/json-value.ts";
import { ownValue } from "../../kernel/check-part.ts";
import { namesOfBoth } from "./names.ts";
import type { Difference } from "./report.ts";

/** Longer values are named by their digest. */
const LONGEST = 120;

/** Where two JSON values differ, member by member; lists are compared as a whole. `undefined`: there is none. */
export function jsonDifferences(
  what: string,
  original: JsonValue | undefined,
  repeat: JsonValue | undefined,
): readonly Difference[] {
  if (isObject(original) && isObject(repeat)) {
    return namesOfBoth(original, repeat).flatMap((name) =>
      jsonDifferences(what === "" ? name : `${what}.${name}`, ownValue(original, name), ownValue(repeat, name)),
    );
  }
  if (original !== undefined && repeat !== undefined && canonicalJson(original) === canonicalJson(repeat)) return [];
  if (original === undefined && repeat === undefined) return [];
  return [{ what, original: shown(original), repeat: shown(repeat) }];
}

function shown(value: JsonValue | undefined): string | null {
  if (value === undefined) return null;
  const text = typeof value === "string" ? value : canonicalJson(value);
  return text.length <= LONGEST ? text : digestBytes(text);
}

function isObject(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
