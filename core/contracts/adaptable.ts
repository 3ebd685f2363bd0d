import type { JsonValue } from "../canonical/json-value.ts";
import type { StreamEvent } from "../streams/event.ts";
import type { CounterFaults, Counters, Marks } from "./counters.ts";
import { type Token, token } from "./token.ts";

/**
 * A twin that measurements can correct. Free of field words: it tells which of its conditions may move, how far, and what
 * events say about them; when to move them is decided elsewhere, from nothing but these numbers.
 *
 * Vectors of conditions are in the order of {@link conditions}; one of another length, or with a number that is not finite, is
 * refused with `TWIN_INVALID_ARGUMENT`. All of it is deterministic: equal events give equal numbers, bit for bit, in batches of
 * whatever size (sums over events within rounding).
 */
export interface Adaptable {
  /** What may be adapted. */
  readonly conditions: readonly AdaptableCondition[];
  /** What may be the cause of a change, the gentlest first. */
  readonly causes: readonly Cause[];
  /**
   * The conditions that the twin in this process is under: those {@link apply} took last; before, those it
   * began with (its `calibration`, or their `initial`). A copy.
   */
  readonly current: Float64Array;
  /** What it counts besides; absent where it counts nothing. */
  readonly counters?: Counters | undefined;

  /**
   * What the twin looks at in events: some numbers of each, all that is kept of it.
   *
   * @throws `TWIN_EVENT_INVALID` for the first event that has no such features (a tensor or condition that is missing, has
   *   another shape, or is outside the range that the twin covers): what was expected, and what came.
   */
  features(events: readonly StreamEvent[]): Features;

  /**
   * What the twin, under these conditions, expects of events, given a reference: events from a time at which those
   * conditions are right. The reference serves to take out what the twin describes wrongly then as well.
   *
   * @throws `TWIN_INVALID_ARGUMENT` for a reference that is too small; the signal's reason.
   */
  expect(
    reference: Features,
    conditions: Float64Array,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<Expectation>;

  /** An expectation as {@link Expectation.toJSON} told it. @throws `TWIN_INVALID_ARGUMENT` if it is none of this twin's. */
  restore(expectation: JsonValue): Expectation;

  /**
   * The twin in this process is under these conditions from now on.
   *
   * @param faults - Of its counters, from now on; without them they stay as they are.
   * @throws `TWIN_OUT_OF_DOMAIN` for one outside its bounds, naming it; `TWIN_INVALID_ARGUMENT` for faults of counters that
   *   there are not; nothing has changed then.
   */
  apply(conditions: Float64Array, faults?: CounterFaults): Promise<void>;

  /**
   * The conditions as a document to seal with a version: plain JSON, units in it. The plugin of an adaptable twin takes a file
   * of it as its option `calibration`, an artifact, and begins under these conditions; sealed, it is data with the role `calibration`.
   *
   * @param faults - Of its counters; without them those that hold.
   */
  calibration(conditions: Float64Array, faults?: CounterFaults): JsonValue;
}
export const Adaptable: Token<Adaptable> = token("adaptable");

/** A number of a twin that may be adapted. */
export interface AdaptableCondition {
  /** Unique: `"gain of layer 7"`, `"absorber thickness"`. */
  readonly name: string;
  readonly unit: string;
  /** Bounds, ends included: it is never moved outside. */
  readonly min: number;
  readonly max: number;
  /** Where it is before anything has been adapted. */
  readonly initial: number;
  /** The least move that is worth a new version, in its unit. */
  readonly worth: number;
  /** How it drifts by itself; absent where it changes only when something happens to the instrument. */
  readonly drift?: ConditionDrift | undefined;
  /** What it is the coefficient of; absent where it is none. */
  readonly slowControl?: SlowControlCoefficient | undefined;
}

/** How a condition drifts: a random walk, and a rate that comes and goes, as of a ramp. */
export interface ConditionDrift {
  /** Standard deviation of the walk after 1 s; it grows with the root of time. In the unit of the condition per √s. */
  readonly walk: number;
  /** Standard deviation of the rate, in the unit of the condition per s; 0 where it only walks. */
  readonly rate: number;
}

/** A condition that multiplies another one by 1 + value × (slow control - reference): the coefficient of a temperature. */
export interface SlowControlCoefficient {
  /** Index of the other one. */
  readonly multiplies: number;
  /** Column of the features that slow control is in; `NaN` there where it is missing. */
  readonly feature: number;
  /** Slow control at which the coefficient has no effect; what a missing one counts as. */
  readonly reference: number;
  /** Standard deviation of its rate of change, per s: what it may do while it is missing. */
  readonly usualPerSecond: number;
  /** The most that it changes in a second. What goes beyond that and {@link resolution} is no change: it is news of an earlier one. */
  readonly mostPerSecond: number;
  /** By how much a reading may be off the one before without a change. */
  readonly resolution: number;
}

/** Why events may have changed: some conditions move and the others stay. */
export interface Cause {
  /** Unique: `"absorber thickness"`. */
  readonly name: string;
  /** 1 for what is exact and undone by the inverse, higher ones for what interferes more. */
  readonly rung: number;
  /** Indices of the conditions that move, ascending. */
  readonly conditions: readonly number[];
  /** Whether several such causes of this rung may come together, as single cells or layers may. */
  readonly mayJoin: boolean;
}

/** Numbers of events, row by row. */
export interface Features {
  readonly count: number;
  /** `[event, feature]` row-major. */
  readonly values: Float64Array;
  /** Nanoseconds since 1970, `[event]`. */
  readonly timesNs: BigInt64Array;
  /** Where the twin has counters. */
  readonly marks?: Marks | undefined;
}

/**
 * A statistical model of events, given conditions. With the log likelihood ℓ of an event, up to a constant.
 *
 * Features that are `NaN` were not measured: they add nothing. Conditions outside their bounds may be asked for, as a fit does
 * on its way. Features of another number of columns are refused with `TWIN_INVALID_ARGUMENT`.
 */
export interface Expectation {
  /**
   * The derivative of ℓ by each condition, `[event, condition]` row-major: 0 on average where the conditions are right.
   * What has no bearing on an event scores 0.
   */
  scores(features: Features, conditions: Float64Array): Float64Array;
  /** Fisher information of these events together, `[condition, condition]`: the covariance that their scores should have. */
  information(features: Features, conditions: Float64Array): Float64Array;
  /** -2 ℓ of each event, `[event]`: how badly it is described; two conditions are compared by the differences. */
  deviance(features: Features, conditions: Float64Array): Float64Array;
  /**
   * The same expectation with the spread that events have under these conditions; that of `expect` has the spread of its reference.
   * The spread of an expectation stays while conditions are asked about, so that fits are of least squares; but an instrument
   * that reads more also fluctuates more. `around` conditions that are right, deviances are distributed as they were in the reference,
   * whatever has moved since. Left out where the spread does not depend on conditions.
   *
   * @throws `TWIN_OUT_OF_DOMAIN` for conditions outside their bounds.
   */
  around?(conditions: Float64Array): Expectation;
  /** All of it, so that `restore` gives the same numbers bit for bit. */
  toJSON(): JsonValue;
}
