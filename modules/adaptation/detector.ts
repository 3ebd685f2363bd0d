import { InvalidArgumentError } from "../../core/index.ts";

/** Which way a stream moved; `"either"` where a statistic does not tell. */
export type DriftDirection = "up" | "down" | "either";

/** A detector says that a stream is no longer what it was. */
export interface DriftAlarm {
  /** Name of the statistic: `cusum`, `page-hinkley`, `ks-window`, `adwin`. */
  readonly statistic: string;
  /** Index of the value that raised the alarm, from 0 for the first one that the detector ever took. */
  readonly at: number;
  /** Index of the first value after the change, as far as the statistic tells. */
  readonly changedAt: number;
  readonly direction: DriftDirection;
  /** The statistic when it alarmed, and what it had to reach. */
  readonly value: number;
  readonly threshold: number;
}

/** What a detector remembers: plain JSON, from which it goes on bit for bit. Options, thresholds among them, are not in it. */
export interface DetectorState {
  readonly statistic: string;
  /** Values taken so far. */
  readonly count: number;
}

/**
 * A statistic of a stream of numbers, one at a time. It is a pure function of the values: no clock, no random numbers.
 *
 * After an alarm a detector starts again by itself. So the alarms of a stream that does not change are a renewal process:
 * `values / averageRunLength` of them on average.
 */
export interface SequentialDetector<State extends DetectorState = DetectorState> {
  /** Values between false alarms on average, at least; what the threshold was made for. */
  readonly averageRunLength: number;
  /** Values taken so far; a reset does not change it. */
  readonly count: number;
  /**
   * Takes the next value.
   *
   * @throws `TWIN_INVALID_ARGUMENT` for a value that the statistic does not take, NaN and infinities among them; nothing
   *   has changed then.
   */
  update(value: number): DriftAlarm | undefined;
  /** Forgets what it has gathered, as after the stream's description was adapted. */
  reset(): void;
  /** What it remembers now. */
  state(): State;
  /** @throws `TWIN_INVALID_ARGUMENT` for the state of another statistic, or one that no detector wrote. */
  restore(state: State): void;
}

/** The value, if it is a number to compute with. */
export function checkedValue(statistic: string, value: number): number {
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError(
    `The statistic "${statistic}" takes finite numbers; got ${value}. Leave such values out, or replace them before.`,
  );
}

/** Refuses an average run length that is no number above `least`. */
export function checkRunLength(averageRunLength: number, least: number): void {
  if (averageRunLength > least && averageRunLength < Number.POSITIVE_INFINITY) return;
  throw new InvalidArgumentError(
    `The average run length must be a finite number of values above ${least}; got ${averageRunLength}.`,
  );
}

/** Refuses the state of another statistic, and numbers that none of ours writes. */
export function checkState(statistic: string, state: DetectorState, numbers: readonly number[]): void {
  const isOurs = state.statistic === statistic && Number.isInteger(state.count) && state.count >= 0;
  if (isOurs && numbers.every(Number.isFinite)) return;
  throw new InvalidArgumentError(
    `This is no state of the statistic "${statistic}": ${JSON.stringify(state).slice(0, 200)}. Restore what state() gave, into a detector with the same options.`,
  );
}
