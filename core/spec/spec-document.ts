import { dirname, resolve } from "node:path";
import type { JsonValue } from "../canonical/json-value.ts";
import type { Composition } from "../kernel/composition.ts";
import { isArtifact } from "./artifact.ts";
import { useOf } from "./import-plugin.ts";
import { isSecret } from "./secret.ts";

/**
 * A composition as plain JSON: what a run record seals and digests. The same on every machine and in every folder: paths
 * are relative to the file that the composition came from (the working directory for one made in code), an artifact with
 * a digest is that digest alone, and secrets are references. What is no plain data is told by its kind.
 */
export function specDocument(composition: Composition): { readonly [key: string]: JsonValue } {
  const { name, plugins, wire, versions, plans, tolerances, source } = composition;
  const folder = dirname(resolve(source?.file ?? "twin.yaml"));
  const parts = Object.entries(plugins).map(([part, plugin]): [string, JsonValue] => [
    part,
    { use: useOf(plugin, folder), options: plainValue(plugin.options, folder) },
  ]);
  return {
    ...(name !== undefined && { twin: name }),
    plugins: Object.fromEntries(parts),
    ...(wire !== undefined && { wire: plainValue(wire, folder) }),
    ...(versions !== undefined && { versions: plainValue(versions, folder) }),
    ...(plans !== undefined && { plans: plainValue(plans, folder) }),
    ...(tolerances !== undefined && { tolerances: plainValue(tolerances, folder) }),
  };
}

/** A value of a composition as plain JSON. @param folder - That paths of artifacts are relative to. */
export function plainValue(value: unknown, folder: string, above: readonly unknown[] = []): JsonValue {
  if (isSecret(value)) return { secret: value.toString() };
  if (isArtifact(value)) {
    return { artifact: value.digest === undefined ? { path: value.pathFrom(folder) } : { digest: value.digest } };
  }
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : { number: String(value) };
  if (typeof value === "bigint") return { bigint: String(value) };
  if (typeof value !== "object") return { kind: typeof value };
  if (above.includes(value)) return { kind: "cycle" };
  if (Array.isArray(value)) return Array.from(value, (item) => plainValue(item, folder, [...above, value]));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return { kind: (value as object).constructor?.name || "object" };
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, plainValue(member, folder, [...above, value])]));
}
