import type { StormCandidate } from "./candidate.ts";
import type { Place } from "./sphere.ts";

/** A storm at one time. Tracks that were found have all of a {@link StormCandidate}; those that were read have what their file states. */
export interface TrackPoint
  extends Place,
    Partial<
      Pick<StormCandidate, "step" | "closed" | "atRim" | "edgeDistance" | "windSpeed" | "warmCore" | "vorticity">
    > {
  /** As ISO 8601, in the calendar of the track. */
  readonly time: string;
  /** Hours since 1970-01-01 in that calendar. */
  readonly hours: number;
  /** Pa; left out where it is not known. */
  readonly pressure?: number;
}

/** The way of one storm, by time. */
export interface StormTrack {
  readonly id: string;
  /** As files name it; left out where they do not. */
  readonly name?: string;
  readonly points: readonly TrackPoint[];
  /** Why it begins where it does: the storm came in over the edge of the data, was there at the first step (or the first after time that the data lack), or arose. Left out where it was read. */
  readonly begin?: "edge" | "record" | "genesis";
  /** Why it ends: the storm went out over the edge, the data end in time, or it filled (or went into another one). */
  readonly end?: "edge" | "record" | "lysis";
}
