import { type Adaptable, InvalidArgumentError } from "../../../../core/index.ts";
import { type Tracked, trackedConditions } from "./drift-model.ts";
import { SlowControlReadings } from "./slow-control-readings.ts";

/** Which conditions are tracked, and what stands in for slow control that is missing. */
export class Tracking {
  readonly tracked: readonly Tracked[];
  readonly readings: SlowControlReadings;

  /** @throws `TWIN_INVALID_ARGUMENT` for conditions that cannot be tracked. */
  constructor(twin: Adaptable, names: readonly string[]) {
    this.tracked = trackedConditions(twin, names);
    if (this.tracked.length > 8) throw new InvalidArgumentError("At most 8 conditions can be tracked.");
    this.readings = new SlowControlReadings(this.tracked.map(({ slowControl }) => slowControl));
  }
}
