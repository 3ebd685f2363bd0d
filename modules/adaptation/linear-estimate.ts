import { InvalidArgumentError } from "../../core/index.ts";

/** An estimate of several numbers with their covariance; plain JSON. */
export interface LinearEstimateState {
  readonly mean: readonly number[];
  /** `[n, n]` row-major. */
  readonly covariance: readonly number[];
}

/** A measured value against what was expected of it. */
export interface Innovation {
  /** Measured less expected. */
  readonly residual: number;
  /** Standard deviation of the residual: of expectation and measurement together. */
  readonly error: number;
}

/**
 * A Gaussian estimate that takes one linear measurement at a time, in Joseph's form: the covariance stays symmetric and, up to
 * rounding of its largest element, positive semidefinite, also for gains that are not the optimal ones. So errors that
 * are known and noise may differ by some 7 digits; beyond, a variance may come out below 0, and counts as 0.
 *
 * @see R. S. Bucy, P. D. Joseph, "Filtering for Stochastic Processes with Applications to Guidance", 1968, chapter 16.
 */
export class LinearEstimate {
  readonly mean: Float64Array;
  /** `[n, n]` row-major, symmetric. */
  readonly covariance: Float64Array;

  constructor(mean: ArrayLike<number>, errors: ArrayLike<number>) {
    // Without -0, which JSON does not keep.
    this.mean = Float64Array.from(mean, (value) => value + 0);
    this.covariance = new Float64Array(mean.length ** 2);
    for (let i = 0; i < mean.length; i++) this.covariance[i * mean.length + i] = (errors[i] as number) ** 2;
  }

  error(i: number): number {
    return Math.sqrt(Math.max(0, this.covariance[i * this.mean.length + i] as number));
  }

  /** What a row of coefficients gives, and its standard error. */
  predict(row: ArrayLike<number>): { readonly value: number; readonly error: number } {
    return { value: dot(row, this.mean), error: Math.sqrt(Math.max(0, dot(row, this.#times(row)))) };
  }

  /**
   * Takes `value` = row · mean + noise.
   *
   * @param variance - Of the noise.
   * @param isHeld - Elements that do not learn from it; what is not known of them still counts (Schmidt's filter).
   * @throws `TWIN_INVALID_ARGUMENT` for numbers so large or so small that nothing can be computed; nothing is learned then.
   */
  observe(
    row: ArrayLike<number>,
    value: number,
    variance: number,
    isHeld: (i: number) => boolean = () => false,
  ): Innovation {
    const n = this.mean.length;
    const p = this.covariance;
    const spread = this.#times(row);
    const total = dot(row, spread) + variance;
    const residual = value - dot(row, this.mean);
    if (total === 0 || !Number.isFinite(total) || !Number.isFinite(residual)) {
      throw new InvalidArgumentError(
        `A value of ${value} is ${residual} from what was expected, with a variance of ${total}: give numbers whose squares a float64 can hold.`,
      );
    }
    const gain = spread.map((element, i) => (isHeld(i) ? 0 : element / total));
    for (let i = 0; i < n; i++) this.mean[i] = (this.mean[i] as number) + (gain[i] as number) * residual;
    // P ← (I - K h) P (I - K h)ᵀ + K variance Kᵀ, in two steps.
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) p[i * n + j] = (p[i * n + j] as number) - (gain[i] as number) * (spread[j] as number);
    }
    const half = this.#times(row);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        const noise = (gain[i] as number) * variance - (half[i] as number);
        const element = (p[i * n + j] as number) + noise * (gain[j] as number);
        p[i * n + j] = element;
        p[j * n + i] = element;
      }
    }
    return { residual, error: Math.sqrt(Math.max(total, variance)) };
  }

  /** What is not known of an element grows by this variance. */
  diffuse(i: number, variance: number): void {
    const at = i * this.mean.length + i;
    this.covariance[at] = (this.covariance[at] as number) + variance;
  }

  /** What is not known of two elements together grows by this covariance. */
  correlate(i: number, j: number, covariance: number): void {
    const n = this.mean.length;
    for (const at of [i * n + j, j * n + i]) this.covariance[at] = (this.covariance[at] as number) + covariance;
  }

  /** Adds to an element `factor` times another one; not to its mean, if `factor` is a derivative only. */
  mix(i: number, j: number, factor: number, { isDerivative = false }: { readonly isDerivative?: boolean } = {}): void {
    const n = this.mean.length;
    const p = this.covariance;
    if (!isDerivative) this.mean[i] = (this.mean[i] as number) + factor * (this.mean[j] as number);
    for (let k = 0; k < n; k++) p[i * n + k] = (p[i * n + k] as number) + factor * (p[j * n + k] as number);
    for (let k = 0; k < n; k++) p[k * n + i] = (p[k * n + i] as number) + factor * (p[k * n + j] as number);
  }

  /** Multiplies the covariance of an element with all others by `factor`, its variance by `factor` squared. */
  scale(i: number, factor: number): void {
    const n = this.mean.length;
    for (let j = 0; j < n; j++) {
      this.covariance[i * n + j] = (this.covariance[i * n + j] as number) * factor;
      this.covariance[j * n + i] = (this.covariance[j * n + i] as number) * factor;
    }
  }

  copy(): LinearEstimate {
    const copy = new LinearEstimate(this.mean, this.mean);
    copy.covariance.set(this.covariance);
    return copy;
  }

  state(): LinearEstimateState {
    const plain = (numbers: Float64Array) => Array.from(numbers, (number) => number + 0);
    return { mean: plain(this.mean), covariance: plain(this.covariance) };
  }

  /** @throws `TWIN_INVALID_ARGUMENT` for a state of another size, or with elements that are not finite. */
  restore({ mean, covariance }: LinearEstimateState): void {
    const n = this.mean.length;
    const isOurs =
      mean?.length === n && covariance?.length === n * n && [...mean, ...covariance].every(Number.isFinite);
    if (!isOurs)
      throw new InvalidArgumentError(`This is no state of an estimate of ${n} numbers. Restore what state() gave.`);
    this.mean.set(mean);
    this.covariance.set(covariance);
  }

  #times(row: ArrayLike<number>): Float64Array {
    const n = this.mean.length;
    return Float64Array.from(this.mean, (_, i) => dot(row, this.covariance.subarray(i * n, (i + 1) * n)));
  }
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
