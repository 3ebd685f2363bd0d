import { canonicalJson } from "../../canonical/canonical-json.ts";
import type { JsonValue } from "../../canonical/json-value.ts";
import { ownValue } from "../../kernel/check-part.ts";
import { namesOfBoth } from "../names-of-both.ts";

/** One thing that two versions do not share. */
export interface VersionChange {
  /** Where: `layers[2].scale`, `models/shower.onnx`, `zod`. */
  readonly path: string;
  /** The part of the twin that it is about. */
  readonly part?: string;
  readonly change: "added" | "removed" | "changed";
  /** In the first version; absent where it was added. */
  readonly a?: JsonValue;
  /** In the second version; absent where it was removed. */
  readonly b?: JsonValue;
}

/** A value, or nothing: there is none. */
type Side = JsonValue | undefined;

/** The change from one value to another, without looking inside; none where they are equal. */
export function changeOf(path: string, a: Side, b: Side, part?: string): readonly VersionChange[] {
  const at = { path, ...(part !== undefined && { part }) };
  if (a === undefined) return b === undefined ? [] : [{ ...at, change: "added", b }];
  if (b === undefined) return [{ ...at, change: "removed", a }];
  return canonicalJson(a) === canonicalJson(b) ? [] : [{ ...at, change: "changed", a, b }];
}

/**
 * Where two JSON values differ: member by member, and lists of equal length item by item. A list that became longer or
 * shorter is one change: which of its items are new cannot be told.
 */
export function valueChanges(path: string, a: Side, b: Side, part?: string): readonly VersionChange[] {
  if (isMap(a) && isMap(b)) {
    return namesOfBoth(a, b).flatMap((key) =>
      valueChanges(path === "" ? key : `${path}.${key}`, ownValue(a, key), ownValue(b, key), part),
    );
  }
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) {
    return a.flatMap((item, index) => valueChanges(`${path}[${index}]`, item as JsonValue, b[index], part));
  }
  return changeOf(path, a, b, part);
}

/** Compares two sets of named values, each as a whole. */
export function mapChanges<T extends JsonValue>(
  a: ReadonlyMap<string, T>,
  b: ReadonlyMap<string, T>,
): readonly VersionChange[] {
  const names = [...new Set([...a.keys(), ...b.keys()])].sort((one, other) => (one < other ? -1 : 1));
  return names.flatMap((name) => changeOf(name, a.get(name), b.get(name)));
}

// An artifact is one value: its digest.
function isMap(value: Side): value is { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !Object.hasOwn(value, "artifact");
}
