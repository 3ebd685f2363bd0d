export { canonicalJson } from "./canonical-json.ts";
export { type Digest, digestBytes, digestFile, digestJson } from "./digest.ts";
export { NotCanonicalError } from "./errors.ts";
export type { JsonValue } from "./json-value.ts";
