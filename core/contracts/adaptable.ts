import type { JsonValue } from "../canonical/json-value.ts";
import type { StreamEvent } from "../streams/event.ts";
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
  /** The conditions that the twin in this process is under: those {@link apply} took last, their `initial` before. A copy. */
  readonly current: Float64Array;

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
   * @throws `TWIN_OUT_OF_DOMAIN` for one outside its bounds, naming it; nothing has changed then.
   */
  apply(conditions: Float64Array): Promise<void>;

  /** The conditions as a document to seal with a version, as data with the role `calibration`: plain JSON, units in it. */
  calibration(conditions: Float64Array): JsonValue;
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
  /** All of it, so that `restore` gives the same numbers bit for bit. */
  toJSON(): JsonValue;
}
