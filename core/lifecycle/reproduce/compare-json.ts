import type { JsonValue } from "../../canonical/json-value.ts";
import { namesOfBoth } from "../names-of-both.ts";
import type { Closeness } from "./closeness.ts";

/** Compares two JSON values: members and lengths must be the same, numbers may be close. Paths are JSON pointers (RFC 6901). */
export function compareJson(a: JsonValue, b: JsonValue, closeness: Closeness, path = ""): void {
  if (closeness.ignores(path)) return;
  const shown = path === "" ? "The whole" : `"${path}"`;
  if (typeof a === "number" && typeof b === "number") {
    closeness.addNumbers(path, [a], [b]);
  } else if (isObject(a) && isObject(b)) {
    compareObjects(a, b, { closeness, path });
  } else if (isArray(a) && isArray(b)) {
    if (a.length !== b.length) {
      closeness.differ(`${shown} has another number of items.`);
      return;
    }
    for (const [index, item] of a.entries()) compareJson(item, b[index] as JsonValue, closeness, `${path}/${index}`);
  } else if (a !== b) {
    closeness.differ(`${shown} has another value.`);
  }
}

function compareObjects(
  a: { readonly [key: string]: JsonValue },
  b: { readonly [key: string]: JsonValue },
  { closeness, path }: { readonly closeness: Closeness; readonly path: string },
): void {
  for (const key of namesOfBoth(a, b)) {
    const below = `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    if (closeness.ignores(below)) continue;
    if (Object.hasOwn(a, key) && Object.hasOwn(b, key)) {
      compareJson(a[key] as JsonValue, b[key] as JsonValue, closeness, below);
    } else {
      closeness.differ(`"${below}" is in one run alone.`);
    }
  }
}

function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
