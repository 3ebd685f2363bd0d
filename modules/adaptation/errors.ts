import { TwinError } from "../../core/index.ts";

/** What is decided of the events now is not what the journal says was decided of them. */
export class DecisionsDivergedError extends TwinError {
  override readonly name = "DecisionsDivergedError";
  override readonly code = "TWIN_DECISIONS_DIVERGED";
}
