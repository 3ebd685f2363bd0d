import type { Adaptable, Features } from "../../contracts/adaptable.ts";
import { EventInvalidError } from "../errors.ts";
import type { StreamEvent } from "../event.ts";

/** Events with their features. */
export interface Measured {
  readonly events: readonly StreamEvent[];
  readonly features: Features;
}

/**
 * The features of events, of many at once where possible: those that are refused are found by halving.
 *
 * @param refuse - Hears of each event that has no features, and why.
 */
export function measure<E extends StreamEvent>(
  adaptable: Pick<Adaptable, "features">,
  events: readonly E[],
  refuse: (event: E, error: EventInvalidError) => void,
): (Measured & { readonly events: readonly E[] })[] {
  if (events.length === 0) return [];
  try {
    return [{ events, features: adaptable.features(events) }];
  } catch (error) {
    if (!(error instanceof EventInvalidError)) throw error;
    const [only] = events;
    if (only && events.length === 1) {
      refuse(only, error);
      return [];
    }
    const middle = events.length >>> 1;
    const halves = [events.slice(0, middle), events.slice(middle)];
    return halves.flatMap((half) => measure(adaptable, half, refuse));
  }
}
