import { canonicalJson } from "../../canonical/canonical-json.ts";
import { digestBytes } from "../../canonical/digest.ts";
import type { JsonValue } from "../../canonical/json-value.ts";
import { valueChanges } from "../compare/value-changes.ts";
import type { Difference, LayerComparison } from "./report.ts";

/** Longer values are named by their digest. */
const LONGEST = 120;

/** `different` where anything differs, else `unknown` where anything is not known. */
export function layer(different: readonly Difference[], unknown: readonly Difference[] = []): LayerComparison {
  if (different.length > 0) return { state: "different", differences: [...different] };
  return { state: unknown.length > 0 ? "unknown" : "same", differences: [...unknown] };
}

/** Where two JSON values differ. */
export function jsonDifferences(original: JsonValue, repeat: JsonValue): readonly Difference[] {
  return valueChanges("", original, repeat).map(({ path, a, b }) => ({
    what: path,
    original: shown(a),
    repeat: shown(b),
  }));
}

function shown(value: JsonValue | undefined): string | null {
  if (value === undefined) return null;
  const text = typeof value === "string" ? value : canonicalJson(value);
  return text.length <= LONGEST ? text : digestBytes(text);
}
