import type { Comparison } from "../compare-conditions.ts";
import type { TrackedDifferences } from "./tracker-state.ts";

/**
 * Whether events are described better by the conditions that were tracked than by those that were told last. Each event was looked at
 * under conditions that those before it told: its deviance is that of a prediction, so it needs no window of its own.
 *
 * @see A. P. Dawid, "Present position and potential developments: some personal views: statistical theory: the prequential approach",
 *   J. Royal Statistical Society A 147 (1984) 278.
 */
export class PathProof {
  #sums: TrackedDifferences = { events: 0, mean: 0, squares: 0 };

  /** @param told - Deviances under the conditions told last. @param tracked - And under those of the path. */
  add(told: Float64Array, tracked: Float64Array): void {
    let { events, mean, squares } = this.#sums;
    for (let i = 0; i < told.length; i++) {
      const difference = (told[i] as number) - (tracked[i] as number);
      const away = difference - mean;
      mean += away / ++events;
      squares += away * (difference - mean);
    }
    this.#sums = { events, mean, squares };
  }

  reset(): void {
    this.#sums = { events: 0, mean: 0, squares: 0 };
  }

  /** @returns `undefined` where the path is not better by so many standard errors. */
  better(sigmas: number): Comparison | undefined {
    const { events, mean, squares } = this.#sums;
    if (events < 2) return undefined;
    const error = Math.sqrt(squares / (events - 1) / events);
    return mean > sigmas * error ? { events, meanDifference: mean, error, sigmas, verdict: "better" } : undefined;
  }

  state(): TrackedDifferences {
    return this.#sums;
  }

  restore(state: TrackedDifferences): void {
    this.#sums = state;
  }
}
