import { z } from "zod";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { ExactSum } from "../math/exact-sum.ts";
import { readState } from "./read-state.ts";

/** A {@link WindowSummary} as JSON, for the way from worker to decider and for journals. */
export const WindowSummarySchema = z.object({
  startNs: z.string().regex(/^-?\d{1,20}$/, "Digits are needed"),
  count: z.int().min(0),
  sums: z.array(z.string()),
});

/** A {@link WindowSummary} as JSON: sums as the texts of `ExactSum`. */
export type WindowSummaryState = z.output<typeof WindowSummarySchema>;

/**
 * What is known of the events of one window. Counts and sums are exact, so summaries of parts of the events merge to that of
 * all of them, to the bit, whoever saw which part, and in whatever order they are merged.
 */
export class WindowSummary {
  /** When it begins, ns since 1970. */
  readonly startNs: bigint;
  /** Of each feature over the events. */
  readonly sums: readonly ExactSum[];
  #count: number;

  constructor(startNs: bigint, sums: readonly ExactSum[], count: number = 0) {
    this.startNs = startNs;
    this.sums = sums;
    this.#count = count;
  }

  /** That of no events, with so many features. */
  static empty(startNs: bigint, features: number): WindowSummary {
    return new WindowSummary(
      startNs,
      Array.from({ length: features }, () => new ExactSum()),
    );
  }

  /**
   * The summary of a state that {@link toJSON} gave.
   *
   * @throws `TWIN_INVALID_ARGUMENT` when it is none.
   */
  static fromJSON(state: unknown): WindowSummary {
    const { startNs, count, sums } = readState(WindowSummarySchema, state, "summary of a window");
    return new WindowSummary(
      BigInt(startNs),
      sums.map((sum) => ExactSum.fromJSON(sum)),
      count,
    );
  }

  /** How many events. */
  get count(): number {
    return this.#count;
  }

  /**
   * Takes one more event.
   *
   * @param values - A number for each feature.
   * @throws `TWIN_INVALID_ARGUMENT` when they are not as many.
   */
  add(values: ArrayLike<number>): void {
    const { length } = this.sums;
    if (values.length !== length) {
      throw new InvalidArgumentError(`An event came with ${values.length} features; the summary has ${length}.`);
    }
    this.#count++;
    for (let feature = 0; feature < length; feature++) this.sums[feature]?.add(values[feature] as number);
  }

  /**
   * Takes the events of another summary of the same window.
   *
   * @throws `TWIN_INVALID_ARGUMENT` when it is of another window or has other features.
   */
  merge(other: WindowSummary): void {
    if (other.startNs !== this.startNs || other.sums.length !== this.sums.length) {
      throw new InvalidArgumentError(
        `A summary from ${other.startNs} ns with ${other.sums.length} features is none of the window from ${this.startNs} ns with ${this.sums.length}.`,
      );
    }
    this.#count += other.count;
    other.sums.forEach((sum, feature) => {
      this.sums[feature]?.merge(sum);
    });
  }

  /** As JSON; equal summaries are equal texts. */
  toJSON(): WindowSummaryState {
    return { startNs: String(this.startNs), count: this.#count, sums: this.sums.map((sum) => sum.toJSON()) };
  }
}
