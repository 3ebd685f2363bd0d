/** A sum that carries the rounding error along (Neumaier's variant of Kahan's summation). */
export class CompensatedSum {
  #sum = 0;
  #lost = 0;

  /** Takes one more value. */
  add(value: number): void {
    const next = this.#sum + value;
    // What the rounding of `next` lost, from the larger of the two.
    this.#lost += Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - next + value : value - next + this.#sum;
    this.#sum = next;
  }

  /** Takes another sum, with what it lost. */
  merge(other: CompensatedSum): void {
    this.add(other.#sum);
    this.#lost += other.#lost;
  }

  get value(): number {
    // Once an infinity or NaN is in, what was lost is NaN.
    return Number.isFinite(this.#sum) ? this.#sum + this.#lost : this.#sum;
  }
}

/** Sum with an error of a few ulp of the result plus n·ε² of the sum of magnitudes. */
export function compensatedSum(values: ArrayLike<number>): number {
  const sum = new CompensatedSum();
  for (let i = 0; i < values.length; i++) sum.add(values[i] as number);
  return sum.value;
}
