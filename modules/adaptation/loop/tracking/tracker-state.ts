import type { LinearEstimateState } from "../../linear-estimate.ts";
import type { FeatureWindowState } from "../feature-window.ts";
import type { TrackedPathState } from "./tracked-path.ts";

/** A condition that is tracked, now; plain JSON. */
export interface TrackedCondition {
  readonly index: number;
  readonly condition: string;
  readonly value: number;
  /** Standard error. */
  readonly error: number;
  /**
   * With the effect of slow control: the condition times 1 + coefficient × (slow control - reference), for one that a tracked
   * coefficient multiplies. Better known than either by itself.
   */
  readonly response?: { readonly value: number; readonly error: number };
}

/** What a `Tracker` remembers; plain JSON. */
export interface TrackerState {
  readonly filter: LinearEstimateState;
  /** Until when time has passed for the filter, and when the block began: nanoseconds, as decimal numbers. */
  readonly passedNs: string;
  readonly beganNs: string;
  readonly block: FeatureWindowState;
  /** Of each coefficient, whether events of the block were without slow control. */
  readonly missing: number;
  readonly path: TrackedPathState;
  readonly overdispersion: number;
  /** Slow control of the last event, and the readings that stand in where it is missing. */
  readonly last: readonly number[];
  readonly lastNs: string;
  /** As last decided, when, and how events since then were described by it and by the path. */
  readonly told: readonly number[];
  readonly toldNs: string;
  readonly differences: TrackedDifferences;
  /** The last block that was not as expected, and how many were so one after the other. */
  readonly beyond: { readonly at: number[]; readonly score: number[]; readonly information: number[] } | null;
  readonly beyondCount: number;
}

/** How deviances under the conditions told last differ from those along the path, over the events since; plain JSON. */
export interface TrackedDifferences {
  readonly events: number;
  readonly mean: number;
  /** Of squares about the mean. */
  readonly squares: number;
}
