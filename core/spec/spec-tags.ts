import { isScalar, Scalar, type Tags } from "yaml";

/** Tags of a twin.yaml beside YAML's own. */
export const SPEC_TAGS: Tags = [
  { tag: "!artifact", resolve: (text: string) => text },
  { tag: "!artifact", collection: "map" },
  { tag: "!bigint", resolve: (text: string) => text },
];
/** Their names, for messages. */
export const SPEC_TAG_NAMES: readonly string[] = ["!artifact", "!bigint"];

/** The text of a map's key. */
export function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}

/** Whether a key is the `<<` of YAML 1.1; in quotes it is a key like any other. */
export function isMergeKey(key: unknown): key is Scalar {
  return isScalar(key) && key.value === "<<" && key.type === Scalar.PLAIN;
}
