import { type Counters, InvalidArgumentError } from "../../../core/index.ts";
import { meanBounds } from "./mean-bounds.ts";

/** How probable it may be that any bound of any counter is wrong. */
const WRONG = 0.01;

/** Of the marks of a group, which share each counter has: by a reference. */
export class CounterShares {
  readonly groups: Uint32Array;
  /** Events of the reference, and how many of them marked each counter. */
  readonly events: number;
  readonly counts: Uint32Array;
  /** Shares, and bounds on them. */
  readonly shares: Float64Array;
  readonly lower: Float64Array;
  /** In groups that nothing marked in the reference, a bound on how often the counter counts in an event. */
  readonly upper: Float64Array;
  /** Marks of each group in the reference. */
  readonly totals: Float64Array;

  constructor({ groups, size }: Pick<Counters, "groups" | "size">, events: number, counts: Uint32Array) {
    if (counts.length !== size) {
      throw new InvalidArgumentError(`The reference is of ${counts.length} counters, and the twin has ${size}.`);
    }
    [this.groups, this.events, this.counts] = [groups, events, counts];
    const totals = new Float64Array(groups.reduce((most, group) => Math.max(most, group + 1), 0));
    this.totals = totals;
    counts.forEach((count, counter) => {
      totals[groups[counter] as number] = (totals[groups[counter] as number] as number) + count;
    });
    [this.shares, this.lower, this.upper] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
    const level = WRONG / (2 * size);
    // Many counters count equally often.
    const known = new Map<number, ReturnType<typeof meanBounds>>();
    counts.forEach((count, counter) => {
      const total = totals[groups[counter] as number] as number;
      const bounds = known.get(count) ?? meanBounds(count, level);
      known.set(count, bounds);
      if (total === 0) {
        this.upper[counter] = bounds.upper / events;
        return;
      }
      this.shares[counter] = count / total;
      this.lower[counter] = bounds.lower / total;
      this.upper[counter] = bounds.upper / total;
    });
  }

  /** In an event of the reference, how many counters of the group of one were marked. */
  groupRate(counter: number): number {
    const share = this.shares[counter] as number;
    return share === 0 ? 0 : (this.counts[counter] as number) / share / this.events;
  }
}
