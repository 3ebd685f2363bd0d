import type { Difference, LayerComparison } from "./report.ts";

/** `different` where anything differs, else `unknown` where anything is not known. */
export function layer(different: readonly Difference[], unknown: readonly Difference[] = []): LayerComparison {
  if (different.length > 0) return { state: "different", differences: [...different] };
  return { state: unknown.length > 0 ? "unknown" : "same", differences: [...unknown] };
}
