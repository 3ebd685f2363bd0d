import type { CounterFaults } from "../../../core/index.ts";
import type { DecisionBase } from "../decision-base.ts";

/** What a counter is: it counts as the others of its group let expect, no more, or by itself, too. */
export type CounterCondition = "sound" | "silent" | "noisy";

/** A counter that is not what it was held for; plain JSON. */
export interface CounterFinding {
  readonly counter: number;
  /** As the twin names it. */
  readonly name: string;
  readonly from: CounterCondition;
  readonly to: CounterCondition;
  /** Events that had been taken when it was suspected, and from which on it looks like this. */
  readonly at: number;
  readonly changedAt: number;
  /** The sum that raised the suspicion, and what it had to reach: logarithms of likelihood ratios. */
  readonly value: number;
  readonly threshold: number;
}

/** A finding with what later events say of it; plain JSON. */
export interface ProvenCounterFinding extends CounterFinding {
  readonly proof: {
    /** Other events than those that raised the suspicion. */
    readonly events: number;
    /** What it counted in them, and what the others of its group let expect if it were sound. */
    readonly counted: number;
    readonly expected: number;
    /** Logarithm of the likelihood ratio, and what it has to reach. */
    readonly value: number;
    readonly threshold: number;
  };
  /** Probability that it counts by itself in an event; null where it is not noisy. */
  readonly rate: number | null;
}

/** How often counters count is known: they are watched from here on. */
export interface CountersReferredDecision extends DecisionBase {
  readonly kind: "counters-referred";
  /** Events in which each counts. */
  readonly counted: number;
  /**
   * Counters that count too seldom, or that nothing can be compared with: if they were silent, it would take longer to see than to
   * a false alarm. And those that were known to be faulty, once they are sound again.
   */
  readonly blindToSilence: readonly number[];
  /** Counters that count so often that noise makes too little of a difference; and those that were known to be faulty, likewise. */
  readonly blindToNoise: readonly number[];
}

/** Some counters seem to be no longer what they were. */
export interface CountersAlarmedDecision extends DecisionBase {
  readonly kind: "counters-alarmed";
  readonly findings: readonly CounterFinding[];
}

/** Later events do not say so. */
export interface CountersDismissedDecision extends DecisionBase {
  readonly kind: "counters-dismissed";
  readonly findings: readonly ProvenCounterFinding[];
}

/** Later events say so, too: the twin has other faults from here on. */
export interface CountersAcceptedDecision extends DecisionBase {
  readonly kind: "counters-accepted";
  readonly findings: readonly ProvenCounterFinding[];
  readonly faultsBefore: CounterFaults;
  readonly faultsAfter: CounterFaults;
}

/** What was decided about counters, and why; plain JSON. */
export type CounterDecision =
  | CountersReferredDecision
  | CountersAlarmedDecision
  | CountersDismissedDecision
  | CountersAcceptedDecision;
