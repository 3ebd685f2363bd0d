/**
 * Climate: indices, extremes, storms, and a twin of a field that follows observations.
 *
 * @module
 */
export { ClimateInputError, UnknownIndexError } from "./errors.ts";
export { type ClimateIndexOptions, climateIndex } from "./indices/climate-index.ts";
export type { IndexContext, IndexDefinition, IndexInput, IndexParameter } from "./indices/definition.ts";
export { INDICES } from "./indices/index.ts";
