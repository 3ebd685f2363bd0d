import { InvalidArgumentError } from "../../core/index.ts";
import { type Innovation, LinearEstimate, type LinearEstimateState } from "./linear-estimate.ts";

/** Options of {@link RecursiveLeastSquares}. */
export interface RecursiveLeastSquaresOptions {
  /** Parameters before the first value. */
  readonly start: readonly number[];
  /** Their standard errors, and the most that the errors of later estimates grow to. */
  readonly errors: readonly number[];
  /** Standard deviation of a value's noise. */
  readonly noise: number;
  /** Weight of a value against its successor's, above 0 to 1; 1 forgets nothing. Memory: 1 / (1 - forgetting) values. */
  readonly forgetting?: number;
}

/** What {@link RecursiveLeastSquares} remembers. */
export interface RecursiveLeastSquaresState extends LinearEstimateState {
  readonly count: number;
}

/**
 * Least squares of a linear model, one value at a time, that forgets exponentially.
 *
 * Forgetting makes the covariance grow; without new information it would grow for ever, and the next value would do
 * anything. So no error grows beyond the one given at the start.
 *
 * With `forgetting` 1 the estimate is that of weighted least squares with the start as one more measurement of each
 * parameter. Below 1 the errors are of parameters that walk: by (1 / forgetting - 1) of the covariance at each value.
 *
 * @see L. Ljung, T. Söderström, "Theory and Practice of Recursive Identification", MIT Press 1983, section 2.2; covariance
 *   resetting: G. C. Goodwin, K. S. Sin, "Adaptive Filtering Prediction and Control", 1984, section 3.3.
 */
export class RecursiveLeastSquares {
  readonly #estimate: LinearEstimate;
  readonly #options: Required<RecursiveLeastSquaresOptions>;
  #count = 0;

  /** @throws `TWIN_INVALID_ARGUMENT` for options out of range. */
  constructor(options: RecursiveLeastSquaresOptions) {
    const { start, errors, noise, forgetting = 1 } = options;
    const isPositive = (number: number) => number > 0 && number < Number.POSITIVE_INFINITY;
    if (start.length === 0 || errors.length !== start.length || ![noise, ...errors].every(isPositive)) {
      throw new InvalidArgumentError(
        "Least squares need parameters to start from, an error above 0 for each, and noise above 0.",
      );
    }
    if (!(forgetting > 0 && forgetting <= 1)) {
      throw new InvalidArgumentError(`The forgetting factor is above 0 and at most 1; got ${forgetting}.`);
    }
    this.#options = { start, errors, noise, forgetting };
    this.#estimate = new LinearEstimate(start, errors);
  }

  /** Values taken. */
  get count(): number {
    return this.#count;
  }

  get parameters(): Float64Array {
    return this.#estimate.mean.slice();
  }

  /** Standard errors of the parameters. */
  get errors(): Float64Array {
    return this.#estimate.mean.map((_, i) => this.#estimate.error(i));
  }

  /** `[n, n]` row-major. */
  get covariance(): Float64Array {
    return this.#estimate.covariance.slice();
  }

  /**
   * Takes a value of row · parameters + noise.
   *
   * @throws `TWIN_INVALID_ARGUMENT` for another number of coefficients, or numbers that are not finite, or whose squares are not.
   */
  update(row: ArrayLike<number>, value: number): Innovation {
    const { errors, forgetting, noise } = this.#options;
    if (row.length !== errors.length || !Number.isFinite(value) || !Array.from(row).every(Number.isFinite)) {
      throw new InvalidArgumentError(`Least squares take ${errors.length} finite coefficients and a finite value.`);
    }
    const growth = 1 / Math.sqrt(forgetting);
    for (const [i, most] of errors.entries()) {
      this.#estimate.scale(i, growth);
      const error = this.#estimate.error(i);
      if (error > most) this.#estimate.scale(i, most / error);
    }
    const innovation = this.#estimate.observe(row, value, noise * noise);
    this.#count++;
    return innovation;
  }

  /** Keeps the parameters, with the errors of the start: after a change they are soon right again. */
  resetCovariance(): void {
    const { mean } = this.#estimate;
    this.#estimate.restore(new LinearEstimate(mean, this.#options.errors).state());
  }

  /** Plain JSON, from which an object with the same options goes on bit for bit. */
  state(): RecursiveLeastSquaresState {
    return { count: this.#count, ...this.#estimate.state() };
  }

  /** @throws `TWIN_INVALID_ARGUMENT` for a state of another number of parameters, or one that `state` did not give; nothing has changed then. */
  restore(state: RecursiveLeastSquaresState): void {
    if (!(Number.isSafeInteger(state.count) && state.count >= 0)) {
      throw new InvalidArgumentError(`A state of least squares counts its values; got ${state.count}.`);
    }
    this.#estimate.restore(state);
    this.#count = state.count;
  }
}
