/** Count, mean and variance of numbers added one by one, without cancellation (Welford, Technometrics 4 (1962) 419). */
export class RunningMoments {
  #count = 0;
  #mean = 0;
  #squares = 0;

  /** Takes one more value. */
  add(value: number): void {
    this.#count++;
    const delta = value - this.#mean;
    this.#mean += delta / this.#count;
    this.#squares += delta * (value - this.#mean);
  }

  get count(): number {
    return this.#count;
  }

  /** NaN for no values. */
  get mean(): number {
    return this.#count > 0 ? this.#mean : Number.NaN;
  }

  /** With `ddof` 1 (sample variance) by default; NaN where there are not enough values. */
  variance(ddof: 0 | 1 = 1): number {
    return this.#count > ddof ? this.#squares / (this.#count - ddof) : Number.NaN;
  }

  /** Square root of {@link variance}. */
  standardDeviation(ddof: 0 | 1 = 1): number {
    return Math.sqrt(this.variance(ddof));
  }

  /** Standard error of the mean. */
  get meanError(): number {
    return this.standardDeviation() / Math.sqrt(this.#count);
  }
}

/** {@link RunningMoments} of an array. */
export function moments(values: ArrayLike<number>): RunningMoments {
  const running = new RunningMoments();
  for (let i = 0; i < values.length; i++) running.add(values[i] as number);
  return running;
}
