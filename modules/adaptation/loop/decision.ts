import type { CounterDecision } from "../counters/counter-decision.ts";
import type { DecisionBase } from "../decision-base.ts";
import type { Attribution } from "./attribute.ts";
import type { Comparison } from "./compare-conditions.ts";
import type { TrackedCondition } from "./tracking/tracker-state.ts";

export type { DecisionBase };

/** An alarm of the stream; plain JSON. */
export interface AdaptationAlarm {
  /** Name of the condition whose score moved; null where it is how well events are described at all. */
  readonly condition: string | null;
  readonly direction: "up" | "down";
  /** Number of the event, from 0, that raised the alarm. */
  readonly at: number;
  /** The first one after the change, as far as the cumulative sum tells. */
  readonly changedAt: number;
  /** The sum when it alarmed and what it had to reach, in standard deviations of a score. */
  readonly value: number;
  readonly threshold: number;
}

/** A reference under the conditions of now is complete: from here on the stream is watched. */
export interface ReferredDecision extends DecisionBase {
  readonly kind: "referred";
  /** Names of conditions that its events say nothing of: not watched. */
  readonly blind: readonly string[];
}

/** The stream is no longer what it was. */
export interface AlarmedDecision extends DecisionBase {
  readonly kind: "alarmed";
  readonly alarm: AdaptationAlarm;
}

/** Nothing beats no change: a false alarm. */
export interface DismissedDecision extends DecisionBase {
  readonly kind: "dismissed";
  readonly alarm: AdaptationAlarm;
  readonly attribution: Attribution;
}

/** A cause was found; it is to be proven on other events. */
export interface ProposedDecision extends DecisionBase {
  readonly kind: "proposed";
  readonly alarm: AdaptationAlarm;
  readonly attribution: Attribution;
}

/** A cause was found, and conditions stay as they are. */
export interface RefusedDecision extends DecisionBase {
  readonly kind: "refused";
  readonly alarm: AdaptationAlarm;
  readonly attribution: Attribution;
  /**
   * `not-worth`: no condition would move by what is worth a version. `held-off`: the cause was
   * refused or taken back not long ago. `not-better`: it did not prove itself. `too-soon`: so it did, but the last acceptance was
   * not long ago.
   */
  readonly reason: "not-worth" | "held-off" | "not-better" | "too-soon";
  /** Null where there was none. */
  readonly comparison: Comparison | null;
}

/** The twin is under new conditions. */
export interface AcceptedDecision extends DecisionBase {
  readonly kind: "accepted";
  readonly alarm: AdaptationAlarm;
  readonly attribution: Attribution;
  readonly comparison: Comparison;
}

/** What was accepted is worse on later events: the twin is under the old conditions again. */
export interface RolledBackDecision extends DecisionBase {
  readonly kind: "rolled-back";
  readonly alarm: AdaptationAlarm;
  readonly attribution: Attribution;
  /** Of the old conditions with those that were accepted: the old ones are `better`. */
  readonly comparison: Comparison;
}

/** Nothing that may be adapted explains the change: the twin has to learn anew. Nothing was adapted; a new reference begins. */
export interface RetrainingDecision extends DecisionBase {
  readonly kind: "retraining-requested";
  readonly alarm: AdaptationAlarm;
  readonly attribution: Attribution;
}

/**
 * Conditions that drift all the time have moved by what is worth a version: the twin is under other conditions, and nothing has
 * happened to the instrument. What has moved by less is told with the next decision that moves conditions.
 */
export interface TrackedDecision extends DecisionBase {
  readonly kind: "tracked";
  readonly tracked: readonly TrackedCondition[];
  /**
   * Of the conditions that were told last with those that were tracked, on all events since. Each event was looked at under
   * conditions that events before it told, so these are other events than those that the conditions come from.
   */
  readonly comparison: Comparison;
}

/** What the loop decided, and why; plain JSON. */
export type Decision =
  | CounterDecision
  | ReferredDecision
  | AlarmedDecision
  | DismissedDecision
  | ProposedDecision
  | RefusedDecision
  | AcceptedDecision
  | RolledBackDecision
  | RetrainingDecision
  | TrackedDecision;
