/** What the two sums remember. */
export interface PageState {
  readonly up: number;
  /** Index of the first value that the sum is about. */
  readonly upSince: number;
  readonly down: number;
  readonly downSince: number;
}

/** Which sum has crossed, and since when it had grown. */
export interface PageCrossing {
  readonly direction: "up" | "down";
  readonly value: number;
  readonly since: number;
}

/**
 * Page's recursion on both sides: sums of what values exceed an allowance by, which start again whenever they fall below 0.
 *
 * @see E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954) 100.
 */
export class PageRecursion {
  readonly #allowance: number;
  readonly #threshold: number;
  #up = 0;
  #upSince = 0;
  #down = 0;
  #downSince = 0;

  constructor(allowance: number, threshold: number) {
    this.#allowance = allowance;
    this.#threshold = threshold;
  }

  /** Adds the value with this index; starts again at the next when a sum has crossed. */
  add(value: number, index: number): PageCrossing | undefined {
    this.#up = Math.max(0, this.#up + (value - this.#allowance));
    if (this.#up === 0) this.#upSince = index + 1;
    this.#down = Math.max(0, this.#down + (-value - this.#allowance));
    if (this.#down === 0) this.#downSince = index + 1;
    const crossing = this.#crossing();
    if (crossing) this.restart(index + 1);
    return crossing;
  }

  /** Both sums are 0, and about values from this index on. */
  restart(index: number): void {
    this.restore({ up: 0, upSince: index, down: 0, downSince: index });
  }

  state(): PageState {
    return { up: this.#up, upSince: this.#upSince, down: this.#down, downSince: this.#downSince };
  }

  restore(state: PageState): void {
    this.#up = state.up;
    this.#upSince = state.upSince;
    this.#down = state.down;
    this.#downSince = state.downSince;
  }

  #crossing(): PageCrossing | undefined {
    if (this.#up >= this.#threshold && this.#up >= this.#down) {
      return { direction: "up", value: this.#up, since: this.#upSince };
    }
    if (this.#down < this.#threshold) return undefined;
    return { direction: "down", value: this.#down, since: this.#downSince };
  }
}
