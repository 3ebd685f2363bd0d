import type { JsonValue } from "../../../core/index.ts";

/** Where two values of JSON differ first, and what is there: `settings.windowEvents: 2500, and now 1000`. `undefined` where they are equal. */
export function firstDifference(before: unknown, now: unknown): string | undefined {
  return differenceAt(before as JsonValue | undefined, now as JsonValue | undefined, []);
}

function differenceAt(
  before: JsonValue | undefined,
  now: JsonValue | undefined,
  path: readonly string[],
): string | undefined {
  if (isParent(before) && isParent(now) && Array.isArray(before) === Array.isArray(now)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
      const found = differenceAt(own(before, name), own(now, name), [...path, name]);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (before === now) return undefined;
  return `${path.join(".") || "as a whole"}: ${shown(before)}, and now ${shown(now)}`;
}

type Parent = { readonly [name: string]: JsonValue } | readonly JsonValue[];

function isParent(value: JsonValue | undefined): value is JsonValue & Parent {
  return typeof value === "object" && value !== null;
}

function own(parent: Parent, name: string): JsonValue | undefined {
  return Object.hasOwn(parent, name) ? (parent as { readonly [name: string]: JsonValue })[name] : undefined;
}

const MOST_SHOWN = 80;

function shown(value: JsonValue | undefined): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN)}…`;
}
