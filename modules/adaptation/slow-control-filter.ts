import { InvalidArgumentError } from "../../core/index.ts";
import { type Innovation, LinearEstimate, type LinearEstimateState } from "./linear-estimate.ts";

/** A number with its standard error. */
export interface Estimated {
  readonly value: number;
  readonly error: number;
}

/** A quantity that slow control measures, and on which the response depends: a temperature. */
export interface SlowControlRegressor {
  /** Its value at which the response is the offset. */
  readonly reference: number;
  /** What is known of the coefficient before: response per unit of the regressor. */
  readonly coefficient: Estimated;
  /** How far the coefficient walks: standard deviation per √(unit of time); 0 by default. */
  readonly coefficientWalk?: number;
  /** How far the regressor walks after its last value: its standard deviation per √(unit of time). */
  readonly walk: number;
  /** Age, in units of time, beyond which its last value says nothing about the coefficient. */
  readonly staleAfter: number;
}

/** Options of {@link SlowControlFilter}. */
export interface SlowControlFilterOptions {
  /** What is known of the response at reference conditions. */
  readonly offset: Estimated;
  /** How far the offset walks by itself: standard deviation per √(unit of time). */
  readonly offsetWalk: number;
  readonly regressors: readonly SlowControlRegressor[];
}

/** A measurement of the response. */
export interface ResponseMeasurement {
  /** Event time, in the unit of the options. */
  readonly time: number;
  readonly value: number;
  /** Standard error of the value. */
  readonly error: number;
}

/** What a {@link SlowControlFilter} remembers. */
export interface SlowControlFilterState extends LinearEstimateState {
  /** Of the last measurement; null before. */
  readonly time: number | null;
  /** Last values of the regressors, their times, and until when what they may have done since is counted; null before. */
  readonly regressors: readonly {
    readonly value: number;
    readonly time: number | null;
    readonly until: number | null;
  }[];
}

interface Known {
  value: number;
  time: number | null;
  until: number | null;
}

/**
 * Kalman filter of a response that drifts by itself and with slow control: offset + Σ coefficient · (regressor - reference).
 *
 * Offset and coefficients are learned together; a known temperature so explains at once what the offset alone would follow
 * late. What a regressor does unseen after its last value is a random walk of its own, coefficient · walk, which begins anew
 * with each value that is heard in time. While a regressor is stale (missing, or late), its coefficient does not learn; values
 * that are stale when they come are left out, since the measurements know better by then.
 *
 * Time is event time; a measurement from before the last one is taken as of the same time.
 *
 * @see R. E. Kalman, J. Basic Engineering 82 (1960) 35; coefficients that are considered but not learned: S. F. Schmidt,
 *   "Application of state-space methods to navigation problems", Advances in Control Systems 3 (1966) 293.
 */
export class SlowControlFilter {
  readonly #options: SlowControlFilterOptions;
  /** Offset, coefficients, and for each regressor what it may have done unseen. */
  readonly #estimate: LinearEstimate;
  readonly #known: Known[];
  #time: number | null = null;

  /** @throws `TWIN_INVALID_ARGUMENT` for numbers that are not finite, or errors and walks below 0. */
  constructor(options: SlowControlFilterOptions) {
    const { offset, offsetWalk, regressors } = options;
    const values = regressors.flatMap(({ reference, coefficient }) => [reference, coefficient.value]);
    const spreads = regressors.flatMap(({ coefficient, coefficientWalk = 0, walk, staleAfter }) => [
      coefficient.error,
      coefficientWalk,
      walk,
      staleAfter,
    ]);
    if (
      ![offset.value, ...values].every(Number.isFinite) ||
      ![offset.error, offsetWalk, ...spreads].every((s) => s >= 0 && s < Number.POSITIVE_INFINITY)
    ) {
      throw new InvalidArgumentError(
        "A filter with slow control takes finite values, and errors, walks and ages from 0 on.",
      );
    }
    this.#options = options;
    this.#estimate = new LinearEstimate(
      [offset.value, ...regressors.map(({ coefficient }) => coefficient.value), ...regressors.map(() => 0)],
      [offset.error, ...regressors.map(({ coefficient }) => coefficient.error), ...regressors.map(() => 0)],
    );
    this.#known = regressors.map(({ reference }) => ({ value: reference, time: null, until: null }));
  }

  /** Response at reference conditions. */
  get offset(): Estimated {
    return { value: this.#estimate.mean[0] as number, error: this.#estimate.error(0) };
  }

  /** Response per unit of each regressor. */
  get coefficients(): readonly Estimated[] {
    return this.#known.map((_, i) => ({
      value: this.#estimate.mean[1 + i] as number,
      error: this.#estimate.error(1 + i),
    }));
  }

  /** Response at the conditions of the last measurement. */
  get response(): Estimated {
    return this.#estimate.predict(this.#row());
  }

  /**
   * Takes values of slow control; those from before the last ones, or stale at the time of the last measurement, are left out.
   *
   * @param values - One for each regressor; NaN for those that are not told.
   * @throws `TWIN_INVALID_ARGUMENT` for another number of values, infinite ones, or a time that is not finite.
   */
  regress(time: number, values: ArrayLike<number>): void {
    const isOurs = Array.from(values).every((value) => Number.isFinite(value) || Number.isNaN(value));
    if (values.length !== this.#known.length || !Number.isFinite(time) || !isOurs) {
      throw new InvalidArgumentError(
        `Slow control has ${this.#known.length} values here, finite or NaN, at a finite time.`,
      );
    }
    this.#known.forEach((known, i) => {
      const value = values[i] as number;
      const { staleAfter } = this.#options.regressors[i] as SlowControlRegressor;
      const isLate = this.#time !== null && this.#time - time > staleAfter;
      if (Number.isNaN(value) || isLate || (known.time !== null && time < known.time)) return;
      known.value = value + 0;
      known.time = time;
      known.until = null;
    });
  }

  /**
   * Takes a measurement of the response.
   *
   * @returns How far it was from what was expected; divided by its error it is standard normal while the model holds.
   * @throws `TWIN_INVALID_ARGUMENT` for numbers that are not finite, or an error that is not above 0.
   */
  observe({ time, value, error }: ResponseMeasurement): Innovation {
    if (!(Number.isFinite(time) && Number.isFinite(value) && error > 0 && error < Number.POSITIVE_INFINITY)) {
      throw new InvalidArgumentError(
        `A response has finite time and value and an error above 0; got ${time}, ${value}, ${error}.`,
      );
    }
    const now = this.#time === null ? time : Math.max(time, this.#time);
    const since = now - (this.#time ?? now);
    this.#time = now;
    this.#estimate.diffuse(0, this.#options.offsetWalk ** 2 * since);
    const isStale = this.#options.regressors.map((regressor, i) => this.#advance(regressor, i, now, since));
    const coefficients = this.#known.length;
    return this.#estimate.observe(
      this.#row(),
      value,
      error * error,
      (i) => i >= 1 && i <= coefficients && (isStale[i - 1] as boolean),
    );
  }

  /** Plain JSON, from which a filter with the same options goes on bit for bit. */
  state(): SlowControlFilterState {
    return { time: this.#time, regressors: this.#known.map((known) => ({ ...known })), ...this.#estimate.state() };
  }

  /** @throws `TWIN_INVALID_ARGUMENT` for a state of another number of regressors, or one that `state` did not give; nothing has changed then. */
  restore(state: SlowControlFilterState): void {
    const isTime = (time: unknown) => time === null || Number.isFinite(time);
    const isOurs =
      isTime(state.time) &&
      state.regressors?.length === this.#known.length &&
      state.regressors.every((known) => Number.isFinite(known?.value) && isTime(known.time) && isTime(known.until));
    if (!isOurs) {
      throw new InvalidArgumentError(
        `This is no state of a filter with ${this.#known.length} regressors. Restore what state() gave.`,
      );
    }
    this.#estimate.restore(state);
    this.#time = state.time;
    this.#known.splice(
      0,
      this.#known.length,
      ...state.regressors.map(({ value, time, until }) => ({ value, time, until })),
    );
  }

  /** Lets time pass for a regressor; tells whether it is stale. */
  #advance(regressor: SlowControlRegressor, i: number, now: number, since: number): boolean {
    const { coefficientWalk = 0, staleAfter, walk } = regressor;
    const known = this.#known[i] as Known;
    const [coefficient, unseen] = [1 + i, 1 + this.#known.length + i];
    this.#estimate.diffuse(coefficient, coefficientWalk ** 2 * since);
    if (known.until === null) {
      // What it did unseen is in its value now.
      this.#estimate.mean[unseen] = 0;
      this.#estimate.scale(unseen, 0);
    }
    const from = Math.min(now, known.until ?? known.time ?? now - since);
    const response = (this.#estimate.mean[coefficient] as number) ** 2 + this.#estimate.error(coefficient) ** 2;
    this.#estimate.diffuse(unseen, response * walk ** 2 * (now - from));
    known.until = now;
    return known.time === null || now - known.time > staleAfter;
  }

  #row(): Float64Array {
    const deviations = this.#options.regressors.map(({ reference }, i) => (this.#known[i] as Known).value - reference);
    return Float64Array.from([1, ...deviations, ...deviations.map(() => 1)]);
  }
}
