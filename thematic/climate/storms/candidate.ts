import type { Place } from "./sphere.ts";

/** A low of one step: where pressure is lower than all around it, with what belongs to it. */
export interface StormCandidate extends Place {
  /** Index of the step along time. */
  readonly step: number;
  /** As ISO 8601, in the calendar of the data: `"1996-01-08T12:00:00"`. */
  readonly time: string;
  /** Hours since 1970-01-01 in that calendar. */
  readonly hours: number;
  /** Degrees north, between the points of the grid (`fittedCentre`). */
  readonly lat: number;
  /** Degrees east, in [-180, 180). */
  readonly lon: number;
  /** Lowest value of the grid, Pa. */
  readonly pressure: number;
  /** `"edge"`: the data end (at the end of the grid, or at missing values) before it is known whether the contour is closed. */
  readonly closed: "yes" | "edge";
  /** The lowest point lies beside the end of the data: the centre may be beyond it. */
  readonly atRim: boolean;
  /** How far the data end from it, in degrees; left out beyond the radius of the contour. */
  readonly edgeDistance?: number;
  /** Greatest wind speed within the radius of wind, m s-1; left out where no wind was given, or none is there. */
  readonly windSpeed?: number;
  /** Whether the layer above is warmest near the centre, by a closed contour of its own; left out where no layer was given. */
  readonly warmCore?: "yes" | "edge" | "no";
  /** Greatest vorticity within the radius of wind, s-1, positive where it is cyclonic in its hemisphere. */
  readonly vorticity?: number;
}

/** What is looked for around each low. */
export interface StormCriteria {
  readonly contour: { readonly rise: number; readonly radius: number };
  readonly mergeRadius: number;
  readonly windRadius: number;
  readonly maxHeight: number;
  readonly warmCore: { readonly drop: number; readonly radius: number; readonly within: number };
}

/** The fields of one step, `[point]` each; those that were not given are left out. */
export interface StormFields {
  /** Pa. */
  readonly pressure: Float64Array;
  /** What lows are found in: pressure, or its difference from the mean. */
  readonly searched: Float64Array;
  readonly wind?: readonly [u: Float64Array, v: Float64Array];
  readonly warmth?: Float64Array;
  readonly lowerWind?: readonly [u: Float64Array, v: Float64Array];
  readonly height?: Float64Array;
}
