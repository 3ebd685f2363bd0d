import type { IndexDefinition } from "../definition.ts";
import { standardizedPrecipitationIndex } from "./standardized-precipitation.ts";

/** Indices of drought. */
export const droughtIndices: readonly IndexDefinition[] = [standardizedPrecipitationIndex];
