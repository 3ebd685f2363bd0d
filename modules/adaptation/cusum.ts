import { type CusumDesign, cusumThreshold } from "./cusum-threshold.ts";
import { checkedValue, checkState, type DetectorState, type DriftAlarm, type SequentialDetector } from "./detector.ts";
import { PageRecursion, type PageState } from "./page-recursion.ts";

/** Options of {@link Cusum}. */
export interface CusumOptions extends CusumDesign {
  /** Values between false alarms on average. */
  readonly averageRunLength: number;
}

/** What a {@link Cusum} remembers. */
export interface CusumState extends DetectorState, PageState {}

const STATISTIC = "cusum";

/**
 * Two-sided cumulative sum for a shift of the mean of known size, and good for shifts from half to twice of it. Each side is the
 * fastest there is for its sign in the worst case (Moustakides, Annals of Statistics 14 (1986) 1379); not to know the sign
 * costs some events, see `leastDetectionDelay`. Values are standardised: independent, mean 0,
 * standard deviation 1, Gaussian before the change; see `NormalScores` for how they become so.
 *
 * The change point it tells is where its sum was 0 last: the most likely one for a shift of the size it looks for.
 *
 * @example
 * const cusum = new Cusum({ shift: 0.2, averageRunLength: 1e6 });
 * const alarm = cusum.update(scores.scoreOf(value)); // undefined, or { at, changedAt, direction, … }
 * @see E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954) 100; the threshold by {@link cusumThreshold}.
 */
export class Cusum implements SequentialDetector<CusumState> {
  readonly averageRunLength: number;
  /** In standard deviations of a value. */
  readonly threshold: number;
  readonly #sums: PageRecursion;
  #count = 0;

  /** @throws `TWIN_INVALID_ARGUMENT` as {@link cusumThreshold} does. */
  constructor(options: CusumOptions) {
    this.averageRunLength = options.averageRunLength;
    this.threshold = cusumThreshold(options, options.averageRunLength);
    this.#sums = new PageRecursion(options.shift / 2, this.threshold);
  }

  get count(): number {
    return this.#count;
  }

  update(value: number): DriftAlarm | undefined {
    const at = this.#count;
    const crossing = this.#sums.add(checkedValue(STATISTIC, value), at);
    this.#count++;
    if (!crossing) return undefined;
    const { direction, since } = crossing;
    return {
      statistic: STATISTIC,
      at,
      changedAt: since,
      direction,
      value: crossing.value,
      threshold: this.threshold,
    };
  }

  reset(): void {
    this.#sums.restart(this.#count);
  }

  state(): CusumState {
    return { statistic: STATISTIC, count: this.#count, ...this.#sums.state() };
  }

  restore(state: CusumState): void {
    const { up, upSince, down, downSince } = state;
    checkState(STATISTIC, state, [up, upSince, down, downSince]);
    this.#sums.restore({ up, upSince, down, downSince });
    this.#count = state.count;
  }
}
