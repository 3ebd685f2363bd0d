import { TwinError } from "./twin-error.ts";

/** An argument is missing, unknown, of the wrong length, or not a number that the function takes. */
export class InvalidArgumentError extends TwinError {
  override readonly name = "InvalidArgumentError";
  override readonly code = "TWIN_INVALID_ARGUMENT";
}
