/**
 * Climate: indices, extremes, storms, and a twin of a field that follows observations.
 *
 * @module
 */
export { ClimateInputError, UnknownIndexError } from "./errors.ts";
export type { IndexContext, IndexDefinition, IndexInput, IndexParameter } from "./indices/definition.ts";
