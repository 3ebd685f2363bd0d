import { TwinError } from "../../errors/twin-error.ts";

/** A dataset has no time axis, several, or one whose steps do not increase; or steps are not those that an operation needs. */
export class InvalidTimeAxisError extends TwinError {
  override readonly name = "InvalidTimeAxisError";
  override readonly code = "TWIN_TIME_AXIS_INVALID";
}

/** A frequency is none of those that periods can have: `YS`, `QS-DEC`, `MS`, `D`, …. */
export class InvalidFrequencyError extends TwinError {
  override readonly name = "InvalidFrequencyError";
  override readonly code = "TWIN_FREQUENCY_INVALID";
}
