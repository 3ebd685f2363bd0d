import { TwinError } from "../../core/index.ts";

/**
 * A dataset does not hold what is to be computed from: a variable is missing, has no time, no unit or one of another kind, or steps
 * that are not daily (or what else is needed). The message says which, and what is needed.
 */
export class ClimateInputError extends TwinError {
  override readonly name = "ClimateInputError";
  override readonly code = "TWIN_CLIMATE_INPUT_INVALID";
}

/** There is no climate index of that name. The message lists those that there are. */
export class UnknownIndexError extends TwinError {
  override readonly name = "UnknownIndexError";
  override readonly code = "TWIN_CLIMATE_INDEX_UNKNOWN";
}
