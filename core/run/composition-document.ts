import type { Composition } from "../kernel/composition.ts";
import type { JsonValue } from "./task.ts";

/** What a twin is composed of, as plain JSON: what a run record seals. */
export function compositionDocument(composition: Composition): JsonValue {
  const { name = "twin", plugins, wire, versions } = composition;
  return {
    twin: name,
    plugins: Object.fromEntries(
      Object.entries(plugins).map(([part, { definition, options }]) => [
        part,
        { use: definition.name, ...(plain(options) as object) },
      ]),
    ),
    ...(wire && { wire: plain(wire) }),
    ...(versions && { versions: plain(versions) }),
  } as JsonValue;
}

/** Plain JSON of options; what is no JSON (a function, an instance) is told by its kind. */
function plain(value: unknown): JsonValue {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object") return `(${typeof value})`;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [name, plain(member)]),
  );
}
