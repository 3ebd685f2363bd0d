import { InvalidArgumentError } from "../../core/index.ts";
import { cusumThreshold } from "./cusum-threshold.ts";
import { checkedValue, checkState, type DetectorState, type DriftAlarm, type SequentialDetector } from "./detector.ts";
import { PageRecursion, type PageState } from "./page-recursion.ts";

/** Options of {@link PageHinkley}. */
export interface PageHinkleyOptions {
  /** The shift of the mean to detect fastest, in standard deviations; the tolerance δ is half of it. */
  readonly shift: number;
  /** Values between false alarms on average. */
  readonly averageRunLength: number;
  /** Of a value, in its unit; 1 by default. */
  readonly standardDeviation?: number;
}

/** What a {@link PageHinkley} remembers. */
export interface PageHinkleyState extends DetectorState, PageState {
  /** Mean of the values since the start, and how many they are. */
  readonly mean: number;
  readonly values: number;
}

const STATISTIC = "page-hinkley";

/**
 * Page and Hinkley's test: as `Cusum`, of a stream whose mean is not known before but learned from the stream itself. So it
 * needs no reference sample, but must have seen several times as many values before a change as it takes to notice it (see
 * `cusumDelay`) to be as fast; else, and if the change is slow, what changed becomes the mean. Only the standard deviation is
 * given. After an alarm it learns the mean anew.
 *
 * It sums the deviation of each value from the mean of those before it, divided by that difference's standard deviation
 * σ√(1 + 1/n): such deviations are independent and Gaussian (Brown, Durbin and Evans, J. Royal Statistical Society B 37
 * (1975) 149), so the average run length is that of a cumulative sum with a known mean, from the second value on.
 *
 * @see D. V. Hinkley, "Inference about the change-point from cumulative sum tests", Biometrika 58 (1971) 509;
 *   D. M. Hawkins, "Self-starting cusum charts for location and scale", The Statistician 36 (1987) 299.
 */
export class PageHinkley implements SequentialDetector<PageHinkleyState> {
  readonly averageRunLength: number;
  /** In standard deviations of a value. */
  readonly threshold: number;
  readonly #standardDeviation: number;
  readonly #sums: PageRecursion;
  #count = 0;
  #values = 0;
  #mean = 0;

  /** @throws `TWIN_INVALID_ARGUMENT` as `cusumThreshold` does, and for a standard deviation that is not above 0. */
  constructor(options: PageHinkleyOptions) {
    const { averageRunLength, shift, standardDeviation = 1 } = options;
    if (!(standardDeviation > 0 && standardDeviation < Number.POSITIVE_INFINITY)) {
      throw new InvalidArgumentError(`A standard deviation must be finite and above 0; got ${standardDeviation}.`);
    }
    this.averageRunLength = averageRunLength;
    this.threshold = cusumThreshold({ shift }, averageRunLength);
    this.#standardDeviation = standardDeviation;
    this.#sums = new PageRecursion(shift / 2, this.threshold);
  }

  get count(): number {
    return this.#count;
  }

  update(value: number): DriftAlarm | undefined {
    checkedValue(STATISTIC, value);
    const at = this.#count++;
    const before = this.#values++;
    const deviation = value - this.#mean;
    this.#mean += deviation / this.#values;
    if (before === 0) return undefined;
    const standardised = deviation / (this.#standardDeviation * Math.sqrt(1 + 1 / before));
    const crossing = this.#sums.add(standardised, at);
    if (!crossing) return undefined;
    this.reset();
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
    this.#values = 0;
    this.#mean = 0;
    this.#sums.restart(this.#count);
  }

  state(): PageHinkleyState {
    const { up, upSince, down, downSince } = this.#sums.state();
    return {
      statistic: STATISTIC,
      count: this.#count,
      mean: this.#mean,
      values: this.#values,
      up,
      upSince,
      down,
      downSince,
    };
  }

  restore(state: PageHinkleyState): void {
    const { mean, values, up, upSince, down, downSince } = state;
    checkState(STATISTIC, state, [mean, values, up, upSince, down, downSince]);
    this.#sums.restore({ up, upSince, down, downSince });
    this.#count = state.count;
    this.#mean = mean;
    this.#values = values;
  }
}
