import type { JsonValue } from "../../canonical/json-value.ts";
import type { PartEntry } from "../../spec/read-spec.ts";
import { plainValue } from "../../spec/spec-document.ts";
import { changeOf, type VersionChange, valueChanges } from "./value-changes.ts";

/** How what two twins are composed of differs. */
export interface SpecChanges {
  /** Parts by name: the plugin that each uses, and the range of its versions. */
  readonly parts: readonly VersionChange[];
  /** Options of the parts that both have. */
  readonly options: readonly VersionChange[];
  /** Needs of parts, and the parts that meet them. */
  readonly wiring: readonly VersionChange[];
  /** Plans, by name, step and what of the step. */
  readonly plans: readonly VersionChange[];
  /** How far outputs of two runs may be apart. */
  readonly tolerances: readonly VersionChange[];
}

// Sealed files are named by digest, so that the folder does not matter.
const FOLDER = "/";

/**
 * Compares two texts of a twin.yaml. Imports no plugin: options are compared as they are written, and the defaults of a
 * plugin are not known.
 */
export async function specChanges(a: string, b: string): Promise<SpecChanges> {
  // Imported here: only programs that read or write specs need YAML.
  const { readSpec } = await import("../../spec/read-spec.ts");
  const [one, other] = [readSpec(a, `${FOLDER}twin.yaml`), readSpec(b, `${FOLDER}twin.yaml`)];
  const names = [...new Set([...one.parts.keys(), ...other.parts.keys()])];
  const pairs = names.map((part) => ({ part, a: one.parts.get(part), b: other.parts.get(part) }));
  return {
    parts: pairs.flatMap(({ part, a, b }) => [
      ...changeOf("use", a?.use, b?.use, part),
      ...(a && b ? changeOf("version", a.version, b.version, part) : []),
    ]),
    options: pairs.flatMap(({ part, a, b }) => (a && b ? optionChanges(part, a, b) : [])),
    wiring: pairs.flatMap(({ part, a, b }) => valueChanges("", a?.wire ?? {}, b?.wire ?? {}, part)),
    plans: valueChanges("", plain(one.plans ?? {}), plain(other.plans ?? {})),
    tolerances: valueChanges("", plain(one.tolerances ?? {}), plain(other.tolerances ?? {})),
  };
}

function optionChanges(part: string, a: PartEntry, b: PartEntry): readonly VersionChange[] {
  return valueChanges("", plain(a.options), plain(b.options), part);
}

function plain(value: unknown): JsonValue {
  return plainValue(value, FOLDER);
}
