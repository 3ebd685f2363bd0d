import type { Attributes } from "../dataset.ts";

/** How the parts of a federation were brought together: everything that a reader should know, and may want to refuse. */
export interface FederationReport {
  /** Steps of the coordinate that are larger than half as much again as the usual one; see {@link CoordinateGap}. */
  readonly gaps: readonly CoordinateGap[];
  /** Coordinate values that several parts have. */
  readonly overlaps: readonly CoordinateOverlap[];
  /** Variables whose values are converted: units, calendars, types. */
  readonly converted: readonly FederatedConversion[];
  /** Variables that a part lacks and others have along the dimension. */
  readonly missing: readonly { readonly part: string; readonly variable: string }[];
  /** Variables that have another name in a part. */
  readonly renamed: readonly { readonly part: string; readonly from: string; readonly to: string }[];
  /** Coordinate values that a merge left out. */
  readonly unmatched: readonly { readonly part: string; readonly dimension: string; readonly count: number }[];
  /** Variables of merged parts that are shown from another part. */
  readonly duplicates: readonly { readonly part: string; readonly variable: string; readonly shownFrom: string }[];
}

/** A step of the coordinate that is larger than usual. Values are in the unit of the federation. */
export interface CoordinateGap {
  readonly after: number;
  readonly before: number;
  /** Names of the parts on either side. */
  readonly parts: readonly [string, string];
}

/** Coordinate values that two parts have. */
export interface CoordinateOverlap {
  readonly parts: readonly [string, string];
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Name of the part whose values are kept. */
  readonly kept: string;
}

/** A variable of a part that is shown in another unit, calendar or type. */
export interface FederatedConversion {
  readonly part: string;
  readonly variable: string;
  /** `degC`, `days since 1850-01-01 (noleap)`, `int16`. */
  readonly from: string;
  readonly to: string;
}

/** A part of an open federation. */
export interface FederatedPart {
  readonly name: string;
  /** Whether it could be read the last time. */
  readonly state: "available" | "unavailable";
  /** Why not. */
  readonly error: Error | undefined;
  /** What is known of it since it could first be opened; `undefined` where it never could. */
  readonly facts: FederatedPartFacts | undefined;
}

/** What an open part said of itself. */
export interface FederatedPartFacts {
  readonly location: string;
  readonly format: string;
  readonly version: string | undefined;
  /** Its own attributes; the federation has those in which all parts agree. */
  readonly attributes: Attributes;
  /** Its variables' own attributes, by path in the federation. */
  readonly variables: Readonly<Record<string, Attributes>>;
  /** First and last value of the coordinate along which it was joined, in the unit of the federation. */
  readonly extent: { readonly from: number; readonly to: number; readonly count: number } | undefined;
}
